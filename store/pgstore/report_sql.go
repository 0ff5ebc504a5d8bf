package pgstore

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/report"
)

// reportSQL writes the statements of one report. Values go in as arguments; all text is its own.
type reportSQL struct {
	scope account.Scope
	sel   report.Selection
	cover report.Cover
	args  []any
}

// arg adds an argument and gives its place.
func (b *reportSQL) arg(value any) string {
	b.args = append(b.args, value)
	return "$" + strconv.Itoa(len(b.args))
}

// figures gives totals and items in one pass over the clicks, as the cover says, and one over the conversions of the
// period: a column that tells items, their keys k0…, the names of what the keys are ids of, the currency and the figures.
func (b *reportSQL) figures() string {
	var keys, noKeys, names, noNames, joins, order []string
	for i, d := range b.sel.GroupBy {
		key := fmt.Sprintf("k%d", i)
		keys, noNames = append(keys, key), append(noNames, "NULL::text")
		name, null, sorted := "NULL::text", "NULL::bigint", key+" NULLS LAST"
		if table, column := namedBy(d); table != "" {
			name = fmt.Sprintf("t%d.%s", i, column)
			joins = append(joins, fmt.Sprintf("LEFT JOIN %s t%d ON t%d.id = g.k%d", table, i, i, i))
		} else if d.OfTime() {
			sorted = key + " DESC"
		} else {
			null, sorted = "NULL::text", key+` COLLATE "C" NULLS LAST`
		}
		names, noKeys, order = append(names, name), append(noKeys, null), append(order, sorted)
	}
	by, sort := strings.Join(keys, ", "), strings.Join(order, ", ")+", nullif(currency, '') NULLS LAST"
	const sums = `sum(clicks)::bigint, sum(unique_clicks)::bigint, sum(invalid_clicks)::bigint, sum(conversions)::bigint,
		sum(approved)::bigint, sum(pending)::bigint, sum(rejected)::bigint, sum(commission), sum(revenue)`
	const figures = `clicks, unique_clicks, invalid_clicks, conversions, approved, pending, rejected, commission, revenue`
	return `WITH ` + b.clicked(by) + `,
` + b.earned(by) + `,
g (` + by + `, currency, ` + figures + `) AS MATERIALIZED (
	SELECT ` + by + `, currency, ` + sums + ` FROM (
		SELECT ` + by + `, currency, clicks, unique_clicks, invalid_clicks, 0 AS conversions, 0 AS approved, 0 AS pending,
			0 AS rejected, 0::numeric AS commission, 0::numeric AS revenue FROM clicked
		UNION ALL SELECT ` + by + `, currency, 0, 0, 0, conversions, approved, pending, rejected, commission, revenue FROM earned
	) f GROUP BY ` + by + `, currency
)
SELECT * FROM (
	SELECT false AS item, ` + as(noKeys, "k") + `, ` + as(noNames, "n") + `, currency, ` + sums + ` FROM g GROUP BY currency
	UNION ALL
	SELECT true, ` + by + `, ` + strings.Join(names, ", ") + `, g.currency, ` + figures + `
	FROM (SELECT * FROM g ORDER BY ` + sort + ` LIMIT ` + b.arg(b.sel.Limit+1) + ` OFFSET ` + b.arg(b.sel.Offset) + `) g
		` + strings.Join(joins, " ") + `
) answer ORDER BY item, ` + sort
}

func as(expressions []string, prefix string) string {
	named := make([]string, len(expressions))
	for i, e := range expressions {
		named[i] = fmt.Sprintf("%s AS %s%d", e, prefix, i)
	}
	return strings.Join(named, ", ")
}

// namedBy is where the name of a dimension's ids stands.
func namedBy(d report.Dimension) (table, column string) {
	switch d {
	case report.DimensionOffer:
		return "offers", "name"
	case report.DimensionAffiliate:
		return "affiliates", "name"
	case report.DimensionAdvertiser:
		return "advertisers", "name"
	case report.DimensionGoal:
		return "goals", "alias"
	}
	return "", ""
}

// earned adds up conversions.
func (b *reportSQL) earned(by string) string {
	currency, commission, revenue := "v.currency", "v.commission", "v.revenue"
	if b.sel.Currency != "" {
		currency = "CASE WHEN r.factor IS NULL THEN v.currency ELSE '" + string(b.sel.Currency) + "' END"
		commission = "coalesce(round(v.commission * r.factor), v.commission)"
		revenue = "coalesce(round(v.revenue * r.factor), v.revenue)"
	}
	return `earning AS (
	SELECT ` + as(b.keys("v", "k", "v.created_at"), "k") + `, ` + currency + ` AS currency, v.status, ` + commission + ` AS commission, ` + revenue + ` AS revenue
	` + b.fromConversions() + `
), earned AS (
	SELECT ` + by + `, currency, count(*) AS conversions, count(*) FILTER (WHERE status = 'approved') AS approved,
		count(*) FILTER (WHERE status IN ('pending', 'hold')) AS pending, count(*) FILTER (WHERE status = 'rejected') AS rejected,
		coalesce(sum(commission) FILTER (WHERE status <> 'rejected'), 0) AS commission,
		coalesce(sum(revenue) FILTER (WHERE status <> 'rejected'), 0) AS revenue
	FROM earning GROUP BY ` + by + `, currency
)`
}

// missing gives the currencies without a rate and their days.
func (b *reportSQL) missing() string {
	const day = "(v.created_at AT TIME ZONE 'UTC')::date"
	return `SELECT v.currency, array_agg(DISTINCT ` + day + ` ORDER BY ` + day + `) ` + b.fromConversions() + `
		AND r.factor IS NULL GROUP BY v.currency ORDER BY v.currency`
}

// fromConversions is the conversions that count, with their click where a fact of it is asked for.
func (b *reportSQL) fromConversions() string {
	where := append([]string{"NOT v.test", "v.status <> 'trash'", "v.created_at >= " + b.arg(b.sel.From),
		"v.created_at < " + b.arg(b.sel.To)}, b.partiesOf("v")...)
	if id := b.sel.Filter.GoalID; id != 0 {
		where = append(where, "v.goal_id = "+b.arg(int64(id)))
	}
	facts := b.factsOf("k")
	from := "FROM conversions v"
	if len(facts) > 0 || b.needsClick() {
		from += " LEFT JOIN clicks k ON k.click_id = v.click_id AND k.created_at = v.clicked_at"
	}
	if b.sel.Currency != "" {
		var bases, factors []string
		var days []time.Time
		for _, r := range b.sel.Rates {
			bases, days, factors = append(bases, string(r.Base)), append(days, r.Day), append(factors, minorFactor(r, b.sel.Currency).String())
		}
		from += fmt.Sprintf(" LEFT JOIN unnest(%s::text[], %s::date[], %s::text[]::numeric[]) AS r (base, day, factor)"+
			" ON r.base = v.currency AND r.day = (v.created_at AT TIME ZONE 'UTC')::date", b.arg(bases), b.arg(days), b.arg(factors))
	}
	return from + " WHERE " + strings.Join(append(where, facts...), " AND ")
}

// minorFactor turns minor units of a rate's base into those of quote.
func minorFactor(r report.DayRate, quote money.Currency) money.Rate {
	factor := r.Rate
	for digits := r.Base.Exponent(); digits < quote.Exponent(); digits++ {
		factor = factor.Mul(money.RateFromInt(10))
	}
	for digits := quote.Exponent(); digits < r.Base.Exponent(); digits++ {
		factor = factor.Mul(money.MustRate("0.1"))
	}
	return factor
}

// keys gives the expression of each dimension over a row of clicks or conversions, that of the click with its facts, and
// the row's time. Spans of time are found in the list of their starts, so that zones are an affair of the domain alone.
func (b *reportSQL) keys(row, click, at string) []string {
	var keys []string
	for _, d := range b.sel.GroupBy {
		var key string
		switch d {
		case report.DimensionOffer, report.DimensionAffiliate, report.DimensionAdvertiser:
			key = fmt.Sprintf("%s.%s_id", row, d)
		case report.DimensionGoal:
			if key = "v.goal_id"; row == click {
				key = "NULL::bigint"
			}
		case report.DimensionStatus:
			if key = "v.status"; row == click {
				key = "NULL::text"
			}
		default:
			if d.OfTime() {
				key = fmt.Sprintf("width_bucket(%s, %s::timestamptz[])::bigint", at, b.arg(b.sel.Starts[d]))
			} else {
				key = fmt.Sprintf("coalesce(%s.%s, '')", click, factColumn(d))
			}
		}
		keys = append(keys, key)
	}
	return keys
}

// factColumn is where a fact of the click stands.
func factColumn(d report.Dimension) string {
	if number, ok := strings.CutPrefix(string(d), "sub"); ok {
		return "subs[" + number + "]"
	}
	return string(d)
}

// needsClick tells whether a dimension is a fact of the click.
func (b *reportSQL) needsClick() bool {
	for _, d := range b.sel.GroupBy {
		if table, _ := namedBy(d); table == "" && !d.OfTime() && d != report.DimensionStatus {
			return true
		}
	}
	return false
}

// partiesOf narrows clicks or conversions to the scope and to the ids of the filter.
func (b *reportSQL) partiesOf(row string) []string {
	var where []string
	only := func(column string, id int64) { where = append(where, row+"."+column+" = "+b.arg(id)) }
	if id, ok := b.scope.Affiliate(); ok {
		only("affiliate_id", id)
	} else if id, ok := b.scope.Advertiser(); ok {
		only("advertiser_id", id)
	} else if !b.scope.Network() {
		where = append(where, "false")
	}
	f := b.sel.Filter
	if f.OfferID != 0 {
		only("offer_id", int64(f.OfferID))
	}
	if f.AffiliateID != 0 {
		only("affiliate_id", int64(f.AffiliateID))
	}
	if f.AdvertiserID != 0 {
		only("advertiser_id", int64(f.AdvertiserID))
	}
	return where
}

// factsOf narrows by facts of the click.
func (b *reportSQL) factsOf(click string) []string {
	var where []string
	if f := b.sel.Filter; f.Country != "" {
		where = append(where, click+".country = "+b.arg(f.Country))
	}
	if f := b.sel.Filter; f.Sub1 != "" {
		where = append(where, "coalesce("+click+".subs[1], '') = "+b.arg(f.Sub1))
	}
	return where
}
