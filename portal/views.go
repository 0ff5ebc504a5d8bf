package portal

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/waypost/waypost/domain/view"
	"github.com/waypost/waypost/ui"
)

// viewField names the open view in an address; noView there keeps a page from opening as its default view.
const (
	viewField = "view"
	noView    = "none"
)

// List adds a list or report that views can be saved of; it is one of view.Pages. Asked for without any query, it opens as
// the view that its reader chose for that.
func (g *Group) List(path string, h Handler) {
	g.GET(path, func(f *Frame) (err error) {
		if f.WantsFile() {
			return h(f)
		}
		f.list = path
		if f.views, err = g.portal.Views.OfPage(f.Context(), f.Actor, path); err != nil {
			return err
		}
		if preset := f.presetView(); preset != nil && f.Echo.Request().URL.RawQuery == "" && !f.Part() {
			return f.Redirect(f.viewHref(*preset))
		}
		return h(f)
	})
}

// presetView is the one that the page opens as; nil where none was chosen.
func (f *Frame) presetView() *view.View {
	for i := range f.views {
		if f.views[i].Default {
			return &f.views[i]
		}
	}
	return nil
}

// openView is the one that the address names; nil where it names none that the viewer can see.
func (f *Frame) openView() *view.View {
	for i := range f.views {
		if viewID(f.views[i]) == f.Echo.QueryParam(viewField) {
			return &f.views[i]
		}
	}
	return nil
}

func viewID(v view.View) string { return strconv.FormatInt(int64(v.ID), 10) }

func (f *Frame) today() time.Time { return f.Now.In(f.Zone) }

func (f *Frame) viewHref(v view.View) string { return f.Base + v.Address(f.today()) }

// offerViews adds the menu of the page's views to its filters, whose links keep the open one marked. Clearing the filters
// does not lead back into the default view.
func (f *Frame) offerViews(t *ui.Table, bar *ui.Filter, pager *ui.PageLinks) {
	if f.list == "" || bar.Columns == nil {
		return
	}
	open, preset := f.openView(), f.presetView()
	keep, reset := "", ""
	if preset != nil {
		keep, reset = noView, noView
	}
	if open != nil {
		keep = viewID(*open)
	}
	hidden := ui.Option{Label: viewField, Value: keep}
	if keep != "" {
		bar.Hidden = append(bar.Hidden[:len(bar.Hidden):len(bar.Hidden)], hidden)
		bar.Columns.ResetHref = withQuery(bar.Columns.ResetHref, viewField, keep)
		if !f.Echo.QueryParams().Has(viewField) {
			bar.Columns.Hidden = append(bar.Columns.Hidden, hidden)
		}
	}
	for _, href := range linksOf(bar, pager) {
		*href = withQuery(*href, viewField, keep)
	}
	bar.ResetHref = withQuery(bar.ResetHref, viewField, reset)
	if reset != "" && len(t.Rows) == 0 && len(bar.Chips) > 0 {
		t.Empty = ui.NoResults(bar.ResetHref)
	}
	m := viewsMenu{f: f, button: ui.Button{Label: "Views", Icon: "list-details", IconAfter: "chevron-down", Menu: "views", ID: "views-button"}}
	if open != nil {
		m.button.Label = shortened(open.Name, 24)
		m.button.Name = m.button.Label + ", the open view"
	}
	m.items = f.viewItems(open)
	if !f.Viewing() {
		query, err := f.viewQuery()
		if err == nil {
			m.form = &viewForm{f: f, in: viewInput{Page: f.list, Query: query}, action: f.Path("/account/views"), dated: bar.Range != nil, asShown: "As shown"}
			if bar.Range != nil {
				m.form.in.Span = view.SpanOf(bar.Range.From, bar.Range.To, f.today())
				m.form.asShown += ": " + bar.Range.Label
			}
		}
	}
	actions := ui.Btn(m.button)
	if bar.Actions != nil {
		actions = templ.Join(bar.Actions, actions)
	}
	bar.Actions, bar.After = actions, viewsPanel(m)
}

// viewQuery is the page's query as a view keeps it.
func (f *Frame) viewQuery() (string, error) {
	q := url.Values{}
	for name, values := range f.Echo.QueryParams() {
		q[name] = values
	}
	if asked := f.ColumnsAsked(); len(asked) > 0 {
		q.Set(columnsField, strings.Join(asked, ","))
	}
	return view.Canonical(q.Encode())
}

// viewsMenu is the button of a page's views, and what it opens.
type viewsMenu struct {
	f      *Frame
	button ui.Button
	items  []ui.MenuItem
	form   *viewForm // of a new one; nil where nothing may be changed
}

func (f *Frame) viewItems(open *view.View) (items []ui.MenuItem) {
	for i, v := range f.views {
		item := ui.MenuItem{Label: v.Name, Href: f.viewHref(v), Icon: "table", Rule: i > 0 && f.own(f.views[i-1]) && !f.own(v)}
		var about []string
		if open != nil && open.ID == v.ID {
			item.Icon, about = "check", []string{"Open now"}
		}
		if !f.own(v) {
			about = append(about, "Shared by "+v.OwnerName)
		}
		if v.Default {
			about = append(about, "Opens with the page")
		}
		item.Detail = strings.Join(about, " · ")
		items = append(items, item)
	}
	rule := len(items) > 0
	if !f.Viewing() {
		if query, err := f.viewQuery(); err == nil && open != nil && f.own(*open) && !open.Same(query, f.today()) {
			items = append(items, ui.MenuItem{Label: "Save changes to ‘" + open.Name + "’", Icon: "refresh", Post: true, CSRF: f.CSRF, Rule: rule,
				Href: f.Path("/account/views/"+viewID(*open)+"/address") + "?" + query})
			rule = false
		}
		items = append(items, ui.MenuItem{Label: "Save this view…", Detail: "With its filters and columns", Icon: "plus", Dialog: "save-view", Rule: rule})
	}
	if f.presetView() != nil {
		items = append(items, ui.MenuItem{Label: "Page without a view", Icon: "x", Href: f.Path(f.list) + "?" + viewField + "=" + noView})
	}
	return append(items, ui.MenuItem{Label: "All views", Icon: "settings", Href: f.Path("/account/views")})
}

// own tells the viewer's own views from shared ones.
func (f *Frame) own(v view.View) bool { return f.Actor.UserID != 0 && v.OwnerID == f.Actor.UserID }

// shortened is a text of at most so many characters.
func shortened(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return strings.TrimSpace(string(runes[:most-1])) + "…"
	}
	return text
}

// viewInput is the form of a view.
type viewInput struct {
	Page     string        `form:"page"`
	Query    string        `form:"query"`
	Name     string        `form:"name"`
	Span     view.Span     `form:"span"`
	Shared   bool          `form:"shared"`
	Default  bool          `form:"default"`
	Schedule view.Schedule `form:"schedule"`
	Format   view.Format   `form:"file"`
}

func (in viewInput) apply(v *view.View) {
	v.Name, v.Span, v.Shared, v.Default, v.Schedule, v.Format = in.Name, in.Span, in.Shared, in.Default, in.Schedule, in.Format
}

// viewForm is what a view is saved by. asShown says which days it has without a span.
type viewForm struct {
	f       *Frame
	in      viewInput
	faults  Faults
	action  string
	dated   bool
	asShown string
}

func (v viewForm) name() ui.Field {
	return ui.Field{Name: "name", ID: "view-name", Label: "Name", Value: v.in.Name, MaxLength: 80, Autocomplete: "off", Error: v.faults["name"]}
}

func (v viewForm) days() ui.Field {
	return ui.Field{Name: "span", ID: "view-span", Label: "Days", Value: string(v.in.Span), Error: v.faults["span"], Hint: "All but the first move with the calendar.",
		Options: append([]ui.Option{{Label: v.asShown}}, ui.Spans()...)}
}

func (v viewForm) shared() ui.Field {
	return ui.Field{Name: "shared", ID: "view-shared", Label: "Share with my team", Type: "checkbox", Value: "1"}
}

func (v viewForm) preset() ui.Field {
	return ui.Field{Name: "default", ID: "view-default", Label: "Open the page with it", Type: "checkbox", Value: "1"}
}

func (v viewForm) schedule() ui.Field {
	return ui.Field{Name: "schedule", ID: "view-schedule", Label: "Send its file by e-mail", Value: string(v.in.Schedule), Error: v.faults["schedule"],
		Hint:    "At 07:00, " + v.f.Zone.String() + ".",
		Options: []ui.Option{{Label: "Never"}, {Value: "daily", Label: "Every day"}, {Value: "weekly", Label: "Every Monday"}, {Value: "monthly", Label: "On the first of each month"}}}
}

func (v viewForm) format() ui.Field {
	return ui.Field{Name: "file", ID: "view-file", Label: "As", Value: string(v.in.Format), Error: v.faults["format"],
		Options: []ui.Option{{Value: "csv", Label: "CSV file"}, {Value: "xlsx", Label: "Excel file (XLSX)"}}}
}

// problems are what is wrong with the form.
func (v viewForm) problems() []ui.Problem {
	return v.faults.Summary(v.name(), v.days(), v.schedule(), v.format())
}

// showViewForm is the form as a page: to change a view, or because it came back.
func (g *Group) showViewForm(f *Frame, status int, v viewForm) error {
	page := view.PageOf(f.Actor.Scope(), v.in.Page)
	v.f, v.dated = f, page.Dated
	q, _ := url.ParseQuery(v.in.Query)
	v.asShown = "As saved: " + Period{From: q.Get("from"), To: q.Get("to")}.Label("any time")
	return f.Render(status, "View", "/account", viewPage(v, page.Name))
}
