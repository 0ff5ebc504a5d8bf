// Package report adds up traffic and money: clicks by the time of the click, conversions by the time of the conversion,
// grouped by what is asked for, one row per currency (contract section 5).
//
// What the figures mean:
//
//   - clicks: valid clicks, repeated ones included; invalid_clicks: clicks refused with a reason.
//   - unique_clicks: of the valid clicks of one UTC day, offer (with its advertiser), affiliate, address and user agent the
//     first one. Which click that is does not depend on grouping or filters, so the figure adds up like every other.
//   - conversions: all but trash; test conversions are in no figure. approved, pending (on hold too) and rejected tell
//     their status now and add up to conversions.
//   - commission and revenue: those of approved and pending conversions, so what lies in the balances; rejected ones
//     earn nothing. profit is revenue - commission.
//   - cr: conversions / clicks in percent; epc: commission / clicks, what a click earns the affiliate. Both are 0 where
//     there are no clicks.
//
// A click has no currency and stands in the row of its offer's, or of the one that all is converted to; a click whose
// offer does not exist stands in a row without a currency. A click has no goal and no status either: grouped by these,
// clicks stand in a row of their own, and a filter by goal leaves them out.
//
// Where one currency is asked for, each conversion is converted and rounded by itself, at the newest rate of its UTC
// day or the 7 days before, so that any grouping adds up to the same totals. A conversion without a rate stays in a row
// of its own currency, and the report lists the days that lack one.
//
// Half hours and days that are over are kept added up, so that a report reads few rows (Spans, Cover); the answer is
// always that of adding up the clicks themselves. The clicks of old days may be dropped; what their totals do not hold
// cannot be asked of those days any more, and a conversion of such a click stands where its facts are unknown.
package report
