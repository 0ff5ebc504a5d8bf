package ui

import (
	"strconv"

	"github.com/a-h/templ"
)

// Column is a column of a table.
type Column struct {
	Label    string
	Number   bool   // right-aligned
	Wide     bool   // takes the room that is left, cuts long text: the name; one per table, for two would leave the second no room
	Wrap     bool   // long text wraps
	Hide     bool   // not on narrow screens; put what matters into Cell.Narrow of the name
	Quiet    bool   // the label is for screen readers only
	SortHref string // the address that sorts by it
	Sorted   string // "ascending" or "descending", empty when it is not the one
}

// Cell is a cell. Text is the content; the rest is around it. Body, where it is set, replaces it all.
type Cell struct {
	Text   string
	Href   string
	Sheet  string // with Href: the title of the side sheet that shows that page's part
	Strong bool
	Mono   bool
	Title  string // shown on pointing: the exact time with its zone
	Badge  templ.Component
	Sub    string // second line
	Narrow string // second line on narrow screens
	Square string // initials of a square before the text; its colour follows Text
	Share  int    // 1 to 100 draws a bar below a number
	Spark  []float64
	Copy   string // adds a button that copies this
	Body   templ.Component
}

// Row is a row. ID makes it morph and live-update well. Actions stand at its end, in a column that the table adds.
type Row struct {
	ID      string
	Cells   []Cell
	Value   string // of its checkbox, in a table with Select
	Name    string // of the row, for the checkbox: "Select conversion 12"
	Actions templ.Component
	Fresh   bool // has just come in
}

// Table is a table with a name. It stands in a flush Card.
type Table struct {
	ID         string
	Name       string // for screen readers: "Conversions"
	Columns    []Column
	Rows       []Row
	Totals     []Cell   // foot over all rows, not only the page's
	MoreTotals [][]Cell // further lines of the foot: a total for each currency
	Actions    bool     // rows have Actions
	Compact    bool
	Empty      templ.Component // instead of the table when there are no rows

	Select     string // the checkboxes' field name; empty shows none
	BulkAction string // form address for the selected rows
	CSRF       string
	Bulk       templ.Component // buttons (Submit, with Field and Value) of the bulk bar

	Stream string // address of server-sent rows (TableRows) that come in at the top; at most 100 are kept
}

func (c Column) class() string {
	class := ""
	for _, add := range []struct {
		on   bool
		name string
	}{{c.Number, "n"}, {c.Wide, "wide"}, {c.Wrap, "wrap"}, {c.Hide, "hide-narrow"}} {
		if add.on {
			class += " " + add.name
		}
	}
	return class
}

func (c Column) sortIcon() string {
	switch c.Sorted {
	case "ascending":
		return "arrow-up"
	case "descending":
		return "arrow-down"
	default:
		return ""
	}
}

func (c Column) ariaSort() string {
	if c.Sorted == "" {
		return "none"
	}
	return c.Sorted
}

// foot are the lines of totals.
func (t Table) foot() [][]Cell {
	if len(t.Totals) == 0 {
		return nil
	}
	return append([][]Cell{t.Totals}, t.MoreTotals...)
}

func (t Table) rowsID() string { return t.ID + "-rows" }

// column is the i-th column, or none for a row that has more cells than the table columns.
func (t Table) column(i int) Column {
	if i < len(t.Columns) {
		return t.Columns[i]
	}
	return Column{}
}

func (r Row) selectName() string {
	if r.Name != "" {
		return "Select " + r.Name
	}
	return "Select row " + r.Value
}

// PageLinks is where a list stands: cursors of the store as addresses. Text is "1–50 of 418", or says that there is more.
type PageLinks struct{ Text, NewerHref, OlderHref string }

// Filter is a bar of filters: a GET form whose fields are the page's query. The active ones show as chips.
type Filter struct {
	ID, Action  string
	Search      string // field name of the search; empty shows none
	SearchLabel string // "Search conversions": name and placeholder
	SearchValue string
	Selects     []FilterSelect
	Range       *DateRange
	Fields      templ.Component // more fields of your own
	Hidden      []Option        // fields that are kept: Value is the value, Label the field's name
	Chips       []Chip
	ResetHref   string
	Actions     templ.Component // at the end: export
	Columns     *ColumnChoice   // at the end, too
	After       templ.Component // beside the form: what Actions open that has forms of its own
	HX          HX              // partial update of the list; Get is Action by itself
}

// FilterSelect is a select of a filter; its first option says "Any …". Choosing sends the form.
type FilterSelect struct {
	Field, Label, Any string
	Options           []Option
	Value             string
}

// Chip is an active filter: "Offer is Lumio Sleep"; Href is the page without it.
type Chip struct{ Text, Href string }

// DateRange is a date range as two fields of its form. From and To are YYYY-MM-DD in Zone; Today is that zone's day.
type DateRange struct {
	ID                 string
	FromField, ToField string // default "from", "to"
	From, To, Today    string
	Label              string // of the button: "22 Oct – 20 Nov 2026"
	Compared           string // "vs previous 30 days"; may be empty
	Zone               string // "Europe/Berlin"
	CompareField       string // select of the comparison; empty shows none
	Compare            string
	Max                string // latest day that can be chosen
}

func (d DateRange) from() string {
	if d.FromField == "" {
		return "from"
	}
	return d.FromField
}

func (d DateRange) to() string {
	if d.ToField == "" {
		return "to"
	}
	return d.ToField
}

// Spans are the periods that a DateRange offers, by their names in its script.
func Spans() []Option {
	return []Option{
		{Value: "today", Label: "Today"}, {Value: "yesterday", Label: "Yesterday"},
		{Value: "7d", Label: "Last 7 days"}, {Value: "14d", Label: "Last 14 days"},
		{Value: "30d", Label: "Last 30 days"}, {Value: "year", Label: "Year to date"},
		{Value: "week", Label: "This week"}, {Value: "last_week", Label: "Last week"},
		{Value: "month", Label: "This month"}, {Value: "last_month", Label: "Last month"},
		{Value: "quarter", Label: "This quarter"}, {Value: "last_quarter", Label: "Last quarter"},
	}
}

func compares() []Option {
	return []Option{
		{Value: "none", Label: "Nothing"}, {Value: "previous", Label: "Previous period"}, {Value: "year", Label: "Previous year"},
	}
}

func (f Filter) attrs() templ.Attributes {
	if f.HX.Target == "" {
		return nil
	}
	hx := f.HX
	hx.Get, hx.PushURL = f.Action, true
	return hx.attrs()
}

func selected(n int) string { return strconv.Itoa(n) + " selected" }
