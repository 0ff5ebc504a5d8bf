package portalaffiliate

import (
	"math/big"
	"strings"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

const balancePath = "/balance"

// ledgerFilter is the list's address.
type ledgerFilter struct {
	portal.Period
	portal.Paging
}

// balanceView is what is owed to the affiliate, and how it came about.
type balanceView struct {
	balances []balanceCard
	list     listView
}

// balanceCard is the balance in one currency.
type balanceCard struct {
	id, title, total string
	parts            []ui.Pair
	pieces           []ui.Piece
}

func (s *pages) balance(f *portal.Frame) error {
	var in ledgerFilter
	if err := f.Query(&in); err != nil {
		return err
	}
	v := balanceView{}
	var err error
	if v.balances, err = s.balanceCards(f); err != nil {
		return err
	}
	list, err := s.listEntries(f, in, in.Slice())
	if err != nil {
		return err
	}
	path := f.Path(balancePath)
	v.list = listView{table: entriesTable(f, list.Items), pager: portal.Pager(path, in, in.Paging, list, "entry")}
	v.list.pager.Text = strings.Replace(v.list.pager.Text, "entrys", "entries", 1)
	v.list.head = ui.Head{Title: "Balance", Lead: "What you have earned, and every movement that it is made of."}
	v.list.filter = ui.Filter{ID: "filters", Action: path, Range: in.Picker(f, "dates", "All time"), ResetHref: path,
		Chips:   portal.Chips(path, in, "from", portal.Is("From", in.From), "to", portal.Is("To", in.To)),
		Actions: f.Export(portal.Export{Things: "ledger", Path: path, Routes: true, Filter: in, API: "/affiliates/" + idText(self(f)) + "/ledger", Asked: in.Asked(f)})}
	if in == (ledgerFilter{}) {
		v.list.table.Empty = ui.Empty(ui.Nothing{Icon: "wallet", Title: "Nothing earned yet", Text: "With your first conversion the money that it earns you stands here: pending while it is checked, approved once it is yours.",
			Next: ui.Button{Label: "See offers", Look: ui.Primary, Href: f.Path(offersPath)}})
	} else {
		v.list.table.Empty = ui.NoResults(path)
	}
	return f.Page("Balance", balancePath, balancePage(v))
}

// balanceCards are the balances, one for each currency.
func (s *pages) balanceCards(f *portal.Frame) ([]balanceCard, error) {
	all, err := s.Ledger.Balances(f.Context(), f.Actor, ledger.Affiliate(self(f)))
	if err != nil {
		return nil, err
	}
	var cards []balanceCard
	for _, b := range all {
		if b.IsZero() {
			continue
		}
		c := balanceCard{id: "balance-" + strings.ToLower(string(b.Currency)), title: "Balance in " + string(b.Currency), total: portal.Money(b.Approved)}
		var sum int64
		parts := []struct {
			label, colour string
			minor         int64
			text          string
		}{{"Approved", "brand", b.Approved.Minor(), portal.Money(b.Approved)}, {"Pending and on hold", "warn", b.Pending.Minor(), portal.Money(b.Pending)},
			{"Invoiced", "ok", b.Invoiced.Minor(), portal.Money(b.Invoiced)}, {"Paid", "mute", b.Paid.Minor(), portal.Money(b.Paid)}}
		for _, p := range parts {
			sum += max(p.minor, 0)
		}
		for i, p := range parts {
			if i > 1 && p.minor == 0 { // nothing was invoiced or paid yet
				continue
			}
			c.parts = append(c.parts, ui.Pair{Label: p.label, Text: p.text, Swatch: p.colour})
			if p.minor > 0 {
				c.pieces = append(c.pieces, ui.Piece{Label: p.label, Percent: percentOf(p.minor, sum), Colour: p.colour})
			}
		}
		cards = append(cards, c)
	}
	return cards, nil
}

// percentOf is part of whole in whole percent.
func percentOf(part, whole int64) int {
	if whole <= 0 {
		return 0
	}
	share := new(big.Int).Mul(big.NewInt(part), big.NewInt(100)) // beyond 64 bits
	return int(share.Quo(share, big.NewInt(whole)).Int64())
}

func (s *pages) listEntries(f *portal.Frame, in ledgerFilter, p domain.Page) (domain.Slice[ledger.Entry], error) {
	filter := ledger.Filter{Party: ledger.Affiliate(self(f))}
	filter.From, filter.To = in.Bounds(f)
	return s.Ledger.Entries(f.Context(), f.Actor, filter, p)
}

func entriesTable(f *portal.Frame, list []ledger.Entry) ui.Table {
	t := ui.Table{ID: "entries", Name: "Ledger", Columns: []ui.Column{{Label: "What", Wide: true}, {Label: "Time", Hide: true}, {Label: "From", Hide: true}, {Label: "To", Hide: true},
		{Label: "Conversion", Hide: true}, {Label: "Amount", Number: true}}}
	for _, e := range list {
		what := ui.Cell{Text: entryText(e), Sub: e.Note, Narrow: joined(f.Time(e.At), e.Note)}
		of := ui.Cell{Text: portal.None}
		if !e.ConversionID.IsZero() {
			what.Href = conversionHref(f, conversion.ID{UUID: e.ConversionID})
			of = ui.Cell{Text: portal.ShortID(e.ConversionID.String()), Mono: true, Title: e.ConversionID.String(), Href: what.Href}
		}
		t.Rows = append(t.Rows, ui.Row{ID: "e-" + e.ID.String(), Cells: []ui.Cell{what, {Text: f.Time(e.At), Title: f.Exact(e.At)}, {Text: f.AccountWords(e.From)}, {Text: f.AccountWords(e.To)}, of,
			{Text: signOf(e) + portal.Money(e.Amount), Strong: true}}})
	}
	return t
}

// bucket is the affiliate's own side of an account, empty for the network's.
func bucket(a ledger.Account) ledger.Bucket {
	party, name, _ := strings.Cut(string(a), ":")
	if party == "network" {
		return ""
	}
	return ledger.Bucket(name)
}

// entryText is what an entry did, in words.
func entryText(e ledger.Entry) string {
	from, to := bucket(e.From), bucket(e.To)
	switch {
	case e.Kind == ledger.KindReversal:
		return "Old amount taken back"
	case e.Kind == ledger.KindCorrection:
		return "Corrected amount"
	case from == "" && e.Kind == ledger.KindConversion && to == ledger.BucketPending:
		return "Commission earned, not approved yet"
	case from == "" && e.Kind == ledger.KindConversion:
		return "Commission earned and approved"
	case from == "":
		return "Commission given back to you"
	case to == "":
		return "Commission taken back"
	case to == ledger.BucketApproved:
		return "Commission approved"
	case to == ledger.BucketPending:
		return "Approval withdrawn"
	case to == ledger.BucketInvoiced:
		return "Put on a statement"
	case to == ledger.BucketPaid:
		return "Paid to you"
	}
	return strings.ReplaceAll(string(e.Kind), "_", " ")
}

// signOf tells what an entry adds to all that the affiliate has: nothing where money only moves on.
func signOf(e ledger.Entry) string {
	switch {
	case bucket(e.From) == "":
		return "+"
	case bucket(e.To) == "":
		return "−"
	}
	return ""
}

// balanceFile is the ledger as a file, with the columns that the API's has.
func (s *pages) balanceFile(f *portal.Frame) error {
	var in ledgerFilter
	if err := f.Query(&in); err != nil {
		return err
	}
	type row = ledger.Entry
	text := func(name string, of func(row) string) portal.FileColumn[row] {
		return portal.FileColumn[row]{Name: name, Text: of}
	}
	columns := []portal.FileColumn[row]{
		text("id", func(e row) string { return e.ID.String() }), text("transaction_id", func(e row) string { return e.TransactionID.String() }),
		text("at", func(e row) string { return e.At.Format(time.RFC3339) }), text("kind", func(e row) string { return string(e.Kind) }),
		text("from_account", func(e row) string { return string(e.From) }), text("to_account", func(e row) string { return string(e.To) }),
		{Name: "amount", Number: true, Text: func(e row) string { return e.Amount.String() }}, text("currency", func(e row) string { return string(e.Amount.Currency()) }),
		text("conversion_id", func(e row) string {
			if e.ConversionID.IsZero() {
				return ""
			}
			return e.ConversionID.String()
		}),
		text("note", func(e row) string { return e.Note }),
	}
	return portal.File(f, "ledger", columns, func(p domain.Page) (domain.Slice[row], error) { return s.listEntries(f, in, p) })
}
