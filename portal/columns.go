package portal

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/waypost/waypost/ui"
)

const (
	columnsField = "columns"
	mostColumns  = 60
)

// ColumnsAsked are the columns that the address asks for, by their keys and in order; none for those that the page has by
// itself. They come joined by commas, or from the form of the chooser: then several, with "<key" or ">key" for the one that
// a button moves.
func (f *Frame) ColumnsAsked() (keys []string) {
	for _, text := range f.Echo.QueryParams()[columnsField] {
		for key := range strings.SplitSeq(text, ",") {
			if key = strings.TrimSpace(key); key == "" || len(keys) == mostColumns {
				continue
			}
			step, moved := -1, ""
			switch key[0] {
			case '<':
				moved = key[1:]
			case '>':
				step, moved = 1, key[1:]
			}
			at := slices.Index(keys, moved)
			switch to := at + step; {
			case moved == "" && !slices.Contains(keys, key):
				keys = append(keys, key)
			case at >= 0 && to >= 0 && to < len(keys):
				keys[at], keys[to] = keys[to], keys[at]
			}
		}
	}
	return keys
}

// Arrange lets the viewer choose the columns of a list's table and their order, by the address: of those that the page shows
// by itself, and of those of its file. The first ones, as many as fixed, stay. The links of bar and pager keep the choice.
// items are what the rows show. A page of Group.List gets the menu of its saved views, too.
func Arrange[T any](f *Frame, t *ui.Table, bar *ui.Filter, pager *ui.PageLinks, fixed int, items []T, file []FileColumn[T]) {
	arrangeColumns(f, t, bar, pager, fixed, items, file)
	f.offerViews(t, bar, pager)
}

func arrangeColumns[T any](f *Frame, t *ui.Table, bar *ui.Filter, pager *ui.PageLinks, fixed int, items []T, file []FileColumn[T]) {
	keys := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		keys[i] = columnKey(c.Label)
	}
	own := len(keys)
	known := slices.Clone(t.Columns)
	for _, c := range file {
		if !slices.Contains(keys, columnKey(c.Name)) {
			keys = append(keys, columnKey(c.Name))
			known = append(known, ui.Column{Label: columnWord(c.Name), Number: c.Number, Hide: true})
		}
	}
	asked := f.ColumnsAsked()
	shown := make([]int, 0, len(keys))
	for i := range fixed {
		shown = append(shown, i)
	}
	for _, key := range asked {
		if i := slices.Index(keys, key); i >= fixed {
			shown = append(shown, i)
		}
	}
	if len(asked) == 0 {
		for i := fixed; i < own; i++ {
			shown = append(shown, i)
		}
	}
	bar.Columns = columnChoice(f, t.ID, bar.Action, keys, known, fixed, own, shown)
	if len(asked) == 0 {
		return
	}
	texts := map[string]func(T) string{}
	for _, c := range file {
		texts[columnKey(c.Name)] = c.Text
	}
	pick := func(cells []ui.Cell, text func(key string) string) []ui.Cell {
		picked := make([]ui.Cell, len(shown))
		for i, at := range shown {
			switch {
			case at < len(cells) && at < own:
				picked[i] = cells[at]
			case at >= own:
				picked[i] = ui.Cell{Text: text(keys[at])}
			}
		}
		return picked
	}
	for i := range t.Rows {
		t.Rows[i].Cells = pick(t.Rows[i].Cells, func(key string) string { return Or(texts[key](items[i])) })
	}
	none := func(string) string { return "" }
	if len(t.Totals) > 0 {
		t.Totals = pick(t.Totals, none)
	}
	for i := range t.MoreTotals {
		t.MoreTotals[i] = pick(t.MoreTotals[i], none)
	}
	t.Columns = make([]ui.Column, len(shown))
	for i, at := range shown {
		t.Columns[i] = known[at]
	}
	joined := strings.Join(asked, ",")
	if bar.Action != "" && !slices.ContainsFunc(bar.Hidden, func(h ui.Option) bool { return h.Label == columnsField }) {
		bar.Hidden = append(slices.Clone(bar.Hidden), ui.Option{Label: columnsField, Value: joined})
	}
	for _, href := range append(linksOf(bar, pager), &bar.ResetHref) {
		*href = withQuery(*href, columnsField, joined)
	}
}

// linksOf are the links to the same list with less of a filter, or to another part of it.
func linksOf(bar *ui.Filter, pager *ui.PageLinks) []*string {
	hrefs := []*string{&pager.OlderHref, &pager.NewerHref}
	for i := range bar.Chips {
		hrefs = append(hrefs, &bar.Chips[i].Href)
	}
	return hrefs
}

// columnChoice is the chooser: first what is shown, in its order.
func columnChoice(f *Frame, id, action string, keys []string, known []ui.Column, fixed, own int, shown []int) *ui.ColumnChoice {
	c := &ui.ColumnChoice{ID: "columns-" + id, Action: action, Field: columnsField}
	for i := range fixed { // so that the fixed ones alone can be asked for
		c.Hidden = append(c.Hidden, ui.Option{Label: columnsField, Value: keys[i]})
	}
	q := f.Echo.QueryParams()
	for _, name := range slices.Sorted(maps.Keys(q)) {
		if name == columnsField || slices.Contains(passing, name) {
			continue
		}
		for _, value := range q[name] {
			c.Hidden = append(c.Hidden, ui.Option{Label: name, Value: value})
		}
	}
	add := func(at int, on bool) {
		item := ui.ColumnItem{Key: keys[at], Label: known[at].Label, On: on}
		if at >= own {
			item.Detail = "As in the file"
		}
		c.Items = append(c.Items, item)
	}
	for _, at := range shown[fixed:] {
		add(at, true)
	}
	for at := fixed; at < len(keys); at++ {
		if !slices.Contains(shown, at) {
			add(at, false)
		}
	}
	c.ResetHref = withQuery(f.here(), columnsField, "")
	return c
}

// passing is what an address says for the moment: the part of the list, and the kind of file.
var passing = []string{"cursor", "page", "format"}

// here is the address of the page without what passes.
func (f *Frame) here() string {
	q := maps.Clone(f.Echo.QueryParams())
	maps.DeleteFunc(q, func(name string, _ []string) bool { return slices.Contains(passing, name) })
	return (&url.URL{Path: f.Echo.Request().URL.Path, RawQuery: q.Encode()}).String()
}

// withQuery is an address with values set in its query; an empty one is taken out. No address stays none.
func withQuery(href string, pairs ...string) string {
	u, err := url.Parse(href)
	if err != nil || href == "" {
		return href
	}
	q := u.Query()
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		} else {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// columnKey is a column in the address: "click-id" for "Click id" and for click_id.
func columnKey(label string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(label), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), "-")
}

// columnWord is a name of the API as a label: "Click id" for click_id.
func columnWord(name string) string {
	words := strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}
