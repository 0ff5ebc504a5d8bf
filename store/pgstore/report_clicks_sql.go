package pgstore

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/waypost/waypost/domain/report"
)

// firstOfVisitor tells the first click of a visitor's UTC day, offer and affiliate, of the valid ones and of the refused
// ones. It needs all clicks c of that day before it. Visitors are compared by a hash of 64 bits, for a million clicks
// are sorted by it; the advertiser, which an offer has one of, lets each advertiser's clicks be read by themselves.
const firstOfVisitor = `row_number() OVER (PARTITION BY c.reason = '', hashint8extended(c.advertiser_id, hashint8extended(c.offer_id, hashint8extended(
	c.affiliate_id, hashtextextended(c.ip || E'\n' || c.user_agent, (c.created_at AT TIME ZONE 'UTC')::date - date '2000-01-01')))) ORDER BY c.click_id) = 1`

// clicked adds up clicks, by what the cover says. Of those that are read themselves, days are read from their start, for
// the first click of each visitor, and narrowed to a country, a sub id or a time only afterwards.
func (b *reportSQL) clicked(by string) string {
	const sums = `sum(c.clicks) AS clicks, sum(c.unique_clicks) AS unique_clicks, sum(c.invalid_clicks) AS invalid_clicks`
	var visit string
	var seen, places []string
	for i := range len(b.sel.GroupBy) + 1 {
		places = append(places, strconv.Itoa(i+1))
	}
	days := "stats_daily"
	if b.sel.Filter.Country != "" || slices.Contains(b.sel.GroupBy, report.DimensionCountry) {
		days = "stats_daily_country"
	}
	for _, rolled := range []struct {
		table   string
		periods []report.Period
	}{{days, b.cover.Days}, {"stats_halfhourly", b.cover.Halves}} {
		if len(rolled.periods) == 0 {
			continue
		}
		where := append(append([]string{b.within("c.starts_at", rolled.periods)}, b.clicksOf("c")...), b.factsOf("c")...)
		seen = append(seen, `SELECT `+as(b.keys("c", "c", "c.starts_at"), "k")+`, c.offer_id, `+sums+`
		FROM `+rolled.table+` c WHERE `+strings.Join(where, " AND ")+` GROUP BY `+strings.Join(places, ", "))
	}
	if len(b.cover.Clicks) > 0 || len(seen) == 0 {
		matching := append([]string{b.within("c.created_at", b.cover.Clicks)}, b.factsOf("c")...)
		where := append([]string{b.within("c.created_at", fromStartOfDay(b.cover.Clicks))}, b.clicksOf("c")...)
		visit = `visit AS (
	SELECT c.offer_id, c.reason = '' AS valid, ` + strings.Join(matching, " AND ") + ` AS matching, ` + as(b.keys("c", "c", "c.created_at"), "k") + `,
		` + firstOfVisitor + ` AS first
	FROM clicks c WHERE ` + strings.Join(where, " AND ") + `
), `
		seen = append(seen, `SELECT `+by+`, offer_id, count(*) FILTER (WHERE valid) AS clicks,
		count(*) FILTER (WHERE valid AND first) AS unique_clicks, count(*) FILTER (WHERE NOT valid) AS invalid_clicks
		FROM visit WHERE matching GROUP BY `+strings.Join(places, ", "))
	}
	return visit + `seen AS (
	` + strings.Join(seen, `
	UNION ALL `) + `
), clicked AS (
	SELECT ` + by + `, ` + b.clickCurrency() + ` AS currency, ` + sums + `
	FROM seen c LEFT JOIN offers o ON o.id = c.offer_id GROUP BY ` + by + `, ` + b.clickCurrency() + `
)`
}

// within narrows a time to periods, which are in order.
func (b *reportSQL) within(column string, periods []report.Period) string {
	if len(periods) == 0 {
		return "false"
	}
	spans := make([]string, len(periods))
	for i, p := range periods {
		spans[i] = column + " >= " + b.arg(p.From) + " AND " + column + " < " + b.arg(p.To)
	}
	return "(" + strings.Join(spans, " OR ") + ")"
}

// fromStartOfDay lets each period begin with its UTC day.
func fromStartOfDay(periods []report.Period) (days []report.Period) {
	for _, p := range periods {
		p.From = p.From.UTC().Truncate(24 * time.Hour)
		if last := len(days) - 1; last >= 0 && !days[last].To.Before(p.From) {
			days[last].To = p.To
			continue
		}
		days = append(days, p)
	}
	return days
}

// clicksOf narrows clicks, themselves or added up, to who and what is asked for.
func (b *reportSQL) clicksOf(row string) []string {
	where := b.partiesOf(row)
	if b.sel.Filter.GoalID != 0 {
		where = append(where, "false") // clicks have no goal
	}
	return where
}

func (b *reportSQL) clickCurrency() string {
	if b.sel.Currency != "" {
		return "'" + string(b.sel.Currency) + "'::text" // three capital letters
	}
	return "coalesce(o.currency, '')"
}
