package portaladmin

import (
	"cmp"
	"maps"
	"math/big"
	"slices"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// The filters that leave nothing out.
var (
	advertiserAny = advertiser.Filter{}
	affiliateAny  = affiliate.Filter{}
	offerAny      = offer.Filter{}
)

// share is what one thing brought.
type share struct {
	key         report.Key
	conversions int64
	revenue     *big.Int
}

// topBars are those of the dimension at a place of the report with most revenue in its main currency.
func topBars(f *portal.Frame, r report.Report, place int, path string) []ui.Bar {
	main := mainCurrency(f.Settings.Currency, r.Totals)
	sum := total(r.Totals, main).Revenue.Minor()
	of := map[int64]*share{}
	for _, row := range r.Items {
		if row.Currency != main {
			continue
		}
		key := row.Keys[place]
		if of[key.ID] == nil {
			of[key.ID] = &share{key: key, revenue: new(big.Int)}
		}
		of[key.ID].conversions += row.Conversions
		of[key.ID].revenue.Add(of[key.ID].revenue, row.Revenue.Minor())
	}
	all := slices.SortedFunc(maps.Values(of), func(a, b *share) int {
		return cmp.Or(b.revenue.Cmp(a.revenue), cmp.Compare(a.key.ID, b.key.ID))
	})
	var bars []ui.Bar
	for _, s := range all[:min(len(all), topCount)] {
		if s.revenue.Sign() <= 0 {
			break
		}
		name := s.key.Name
		if name == "" {
			name = portal.Unnamed("No.", s.key.ID)
		}
		bars = append(bars, ui.Bar{Label: name, Share: portal.Count(s.conversions) + " conv.", Value: portal.Sum(report.NewSum(s.revenue, main), main), Percent: percentOf(s.revenue, sum),
			Href: f.Path(path + "/" + fmtID(s.key.ID))})
	}
	return bars
}

// percentOf is a share in whole percent, for drawing.
func percentOf(part, whole *big.Int) int {
	if whole.Sign() <= 0 {
		return 0
	}
	return int(new(big.Int).Quo(new(big.Int).Mul(part, big.NewInt(100)), whole).Int64())
}
