package portaladvertiser

import (
	"fmt"
	"strings"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

const balancePath = "/balance"

// balanceFilter is the query of the ledger.
type balanceFilter struct {
	portal.Period
	portal.Paging
}

func (s *pages) balance(f *portal.Frame) error {
	var filter balanceFilter
	if err := f.Query(&filter); err != nil {
		return err
	}
	party := ledger.Advertiser(own(f))
	asked := ledger.Filter{Party: party}
	asked.From, asked.To = filter.Bounds(f)
	list := func(p domain.Page) (domain.Slice[ledger.Entry], error) {
		return s.Ledger.Entries(f.Context(), f.Actor, asked, p)
	}
	if f.WantsFile() {
		return portal.File(f, "ledger", entryColumns(), list)
	}
	balances, err := s.Ledger.Balances(f.Context(), f.Actor, party)
	if err != nil {
		return err
	}
	entries, err := list(filter.Slice())
	if err != nil {
		return err
	}
	path := f.Path(balancePath)
	v := listView{
		Head: ui.Head{Title: "Balance", Lead: "What your conversions cost, and each posting behind it. Times in " + f.Zone.String() + ".", Actions: f.Export(portal.Export{Things: "ledger", Path: path, Filter: filter, API: fmt.Sprintf("/advertisers/%d/ledger", own(f)), Asked: filter.Asked(f)})},
		Filter: ui.Filter{ID: "filter", Action: path, Range: filter.Picker(f, "dates", "Any time"), ResetHref: path,
			Chips: portal.Chips(path, filter, "from", since(filter.From), "to", until(filter.To))},
		Pager: portal.Pager(path, filter, filter.Paging, entries, "posting"),
	}
	v.Above = balanceStats(balances)
	v.Table = ui.Table{ID: "ledger", Name: "Postings", Empty: noPostings(f, len(v.Filter.Chips) > 0),
		Columns: []ui.Column{{Label: "When"}, {Label: "What", Wide: true}, {Label: "From", Hide: true}, {Label: "To", Hide: true}, {Label: "Conversion", Hide: true}, {Label: "Amount", Number: true}}}
	for _, e := range entries.Items {
		v.Table.Rows = append(v.Table.Rows, entryRow(f, e))
	}
	return f.Page("Balance", balancePath, listPage(v))
}

var kinds = map[ledger.Kind]string{ledger.KindConversion: "New conversion", ledger.KindStatusChange: "Status changed",
	ledger.KindReversal: "Old amount taken back", ledger.KindCorrection: "Amount corrected"}

func entryRow(f *portal.Frame, e ledger.Entry) ui.Row {
	what := kinds[e.Kind]
	if what == "" {
		what = strings.ReplaceAll(string(e.Kind), "_", " ")
	}
	about := ui.Cell{Text: portal.None}
	if !e.ConversionID.IsZero() {
		about = ui.Cell{Text: portal.ShortID(e.ConversionID.String()), Mono: true, Href: f.Path(conversionsPath + "/" + e.ConversionID.String()), Sheet: "Conversion"}
	}
	return ui.Row{ID: "entry-" + e.ID.String(), Cells: []ui.Cell{{Text: f.LogTime(e.At), Title: f.Exact(e.At)},
		{Text: what, Sub: e.Note, Narrow: f.AccountWords(e.From) + " → " + f.AccountWords(e.To)}, {Text: f.AccountWords(e.From)}, {Text: f.AccountWords(e.To)}, about, {Text: portal.Money(e.Amount), Strong: true}}}
}

func entryColumns() []portal.FileColumn[ledger.Entry] {
	type e = ledger.Entry
	return []portal.FileColumn[e]{
		{Name: "id", Text: func(e e) string { return e.ID.String() }},
		{Name: "transaction_id", Text: func(e e) string { return e.TransactionID.String() }},
		{Name: "at", Text: func(e e) string { return e.At.Format(time.RFC3339) }},
		{Name: "kind", Text: func(e e) string { return string(e.Kind) }},
		{Name: "from_account", Text: func(e e) string { return string(e.From) }},
		{Name: "to_account", Text: func(e e) string { return string(e.To) }},
		{Name: "amount", Number: true, Text: func(e e) string { return e.Amount.String() }},
		{Name: "currency", Text: func(e e) string { return string(e.Amount.Currency()) }},
		{Name: "conversion_id", Text: func(e e) string {
			if e.ConversionID.IsZero() {
				return ""
			}
			return e.ConversionID.String()
		}},
		{Name: "note", Text: func(e e) string { return e.Note }},
	}
}

// balanceFigures are the four stages of the money, by currency.
func balanceFigures(b ledger.Balance) []ui.Stat {
	return []ui.Stat{{Label: "Pending, " + string(b.Currency), Value: portal.Money(b.Pending)}, {Label: "Approved", Value: portal.Money(b.Approved)},
		{Label: "Invoiced", Value: portal.Money(b.Invoiced)}, {Label: "Paid", Value: portal.Money(b.Paid)}}
}
