package portal

import (
	"math/big"
	"testing"

	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/report"
)

func TestChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		was, is int64
		want    string
		up      bool
	}{{100, 150, "50.0%", true}, {200, 100, "50.0%", false}, {3, 4, "33.3%", true}, {1, 11, "1000.0%", true}, {1, 12, "over 1,000%", true}, {0, 5, "", false}, {-5, 5, "", false}, {-5, -10, "", false}, {7, 7, "", false}, {5, 0, "100.0%", false}} {
		got := Change(big.NewRat(c.was, 1), big.NewRat(c.is, 1))
		if got.Text != c.want || got.Up != c.up || got.Good != c.up {
			t.Errorf("from %d to %d: %+v, want %q", c.was, c.is, got, c.want)
		}
	}
	if got := Change(nil, big.NewRat(1, 1)); got.Text != "" {
		t.Errorf("from nothing: %+v", got)
	}
}

// TestFiguresCountOnce: clicks and conversions are counted whatever their currency, money in the main one alone.
func TestFiguresCountOnce(t *testing.T) {
	t.Parallel()
	row := func(day string, c money.Currency, clicks, conversions, revenue int64) report.Row {
		return report.Row{Keys: []report.Key{{Text: day}}, Currency: c, Clicks: clicks, Conversions: conversions, Revenue: report.NewSum(big.NewInt(revenue), c)}
	}
	items := []report.Row{row("2026-11-01", "USD", 4, 1, 500), row("2026-11-02", "USD", 10, 2, 1000), row("2026-11-02", "EUR", 5, 1, 700), row("2026-11-02", "", 3, 0, 0), row("2026-11-03", "JPY", 2, 0, 0)}
	all := []Figure{CountFigure("clicks", "Clicks", func(r report.Row) int64 { return r.Clicks }), SumFigure("revenue", "Revenue", func(r report.Row) report.Sum { return r.Revenue }), RateFigure()}
	v := NewFigures(all, "nothing", "USD", Days("2026-11-02", "2026-11-03"), Days("2026-10-31", "2026-11-01"), items, func(m string) string { return "?" + m })
	if v.KPIs[0].Value != "20" || v.KPIs[0].Previous != "4" || !v.KPIs[0].Chosen || v.KPIs[0].Change.Text != "400.0%" {
		t.Errorf("clicks: %+v", v.KPIs[0])
	}
	if v.KPIs[1].Value != "$10.00" || v.KPIs[1].Previous != "$5.00" || v.KPIs[1].Spark[0] != 10 || v.KPIs[1].Spark[1] != 0 {
		t.Errorf("revenue: %+v", v.KPIs[1])
	}
	if v.KPIs[2].Value != "15.00%" {
		t.Errorf("rate: %+v", v.KPIs[2])
	}
	if got := v.Chart.Series[0].Texts; len(got) != 2 || got[0] != "18" || got[1] != "2" {
		t.Errorf("the chart says %v", got)
	}
}
