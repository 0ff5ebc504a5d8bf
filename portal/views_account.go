package portal

import (
	"net/http"
	"strings"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/view"
	"github.com/waypost/waypost/ui"
)

// savedViewRoutes are the pages by which users look after their views.
func (g *Group) savedViewRoutes() {
	g.GET("/account/views", g.savedViews)
	g.POST("/account/views", g.saveView)
	g.GET("/account/views/:id", g.editView)
	g.POST("/account/views/:id", g.updateView)
	g.POST("/account/views/:id/address", g.moveView)
	g.POST("/account/views/:id/default", g.presetTo)
	g.POST("/account/views/:id/delete", g.deleteView)
}

// viewsView is the page of all views.
type viewsView struct {
	f           *Frame
	own, shared []view.View
	links       ui.PageLinks
}

func (g *Group) savedViews(f *Frame) error {
	var paging Paging
	if err := f.Query(&paging); err != nil {
		return err
	}
	list, err := g.portal.Views.List(f.Context(), f.Actor, view.Filter{}, domain.Page{Limit: domain.MaxLimit, Cursor: paging.Cursor})
	if err != nil {
		return err
	}
	v := viewsView{f: f}
	for _, one := range list.Items {
		if f.own(one) {
			v.own = append(v.own, one)
		} else {
			v.shared = append(v.shared, one)
		}
	}
	if list.NextCursor != "" || paging.Cursor != "" {
		v.links = Pager(f.Path("/account/views"), paging, paging, list, "view")
	}
	return f.Page("Views", "/account", viewsPage(v))
}

func (v viewsView) table(id, name string, views []view.View) ui.Table {
	t := ui.Table{ID: id, Name: name, Actions: !v.f.Viewing(), Columns: []ui.Column{{Label: "View", Wide: true}, {Label: "Page", Hide: true}, {Label: "Days", Hide: true}, {Label: "By e-mail", Hide: true}}}
	for _, one := range views {
		t.Rows = append(t.Rows, viewRow(v, one))
	}
	return t
}

func viewRow(v viewsView, one view.View) ui.Row {
	page := view.PageOf(v.f.Actor.Scope(), one.Page)
	name := ui.Cell{Text: one.Name, Href: v.f.viewHref(one), Sub: sharedWord(v.f, one), Narrow: strings.Trim(page.Name+" · "+sharedWord(v.f, one), " ·")}
	if one.Default {
		name.Badge = ui.Badge(ui.Brand, "opens with the page")
	}
	row := ui.Row{ID: "view-" + viewID(one), Cells: []ui.Cell{name, {Text: page.Name}, {Text: Or(daysWord(one, page))}, mailCell(v.f, one)}}
	if !v.f.Viewing() {
		row.Actions = viewButtons(v.f, one)
	}
	return row
}

func sharedWord(f *Frame, v view.View) string {
	switch {
	case !f.own(v):
		return "Shared by " + v.OwnerName
	case v.Shared:
		return "Shared with your team"
	}
	return ""
}

// daysWord is which days a view shows.
func daysWord(v view.View, page view.Page) string {
	for _, span := range ui.Spans() {
		if span.Value == string(v.Span) {
			return span.Label
		}
	}
	if !page.Dated {
		return ""
	}
	return "As saved"
}

func mailCell(f *Frame, v view.View) ui.Cell {
	if !f.own(v) || v.Schedule == view.Never {
		return ui.Cell{Text: "Never"}
	}
	word := map[view.Schedule]string{view.Daily: "Every day", view.Weekly: "Every Monday", view.Monthly: "Every month"}[v.Schedule]
	return ui.Cell{Text: word, Sub: "Next " + f.Time(v.NextAt), Title: f.Exact(v.NextAt)}
}

// saveView makes a view of the page that the form came from, and goes back there with it open.
func (g *Group) saveView(f *Frame) error {
	var in viewInput
	err := f.Bind(&in)
	var made view.View
	if err == nil {
		v := view.View{Page: in.Page, Query: in.Query}
		in.apply(&v)
		made, err = g.portal.Views.Create(f.Context(), f.Actor, v)
	}
	if faults, ok := FaultsOf(err); ok {
		return g.showViewForm(f, http.StatusUnprocessableEntity, viewForm{in: in, faults: faults, action: f.Path("/account/views")})
	}
	if err != nil {
		return err
	}
	f.Flash(ui.OK, "The view is saved. Views lists it on this page.")
	return f.Redirect(f.viewHref(made))
}

// ownView is the view of the path, which must be the viewer's own.
func (g *Group) ownView(f *Frame) (view.View, error) {
	id, err := f.Number("id")
	if err != nil {
		return view.View{}, err
	}
	v, err := g.portal.Views.Get(f.Context(), f.Actor, view.ID(id))
	if err == nil && !f.own(v) {
		err = errs.Forbidden("not_owner", "this view is %s's, who alone can change it: open it, and save one of your own", v.OwnerName)
	}
	return v, err
}

func (g *Group) editView(f *Frame) error {
	v, err := g.ownView(f)
	if err != nil {
		return err
	}
	return g.showViewForm(f, http.StatusOK, viewForm{action: f.Path("/account/views/" + viewID(v)), in: viewInput{Page: v.Page, Query: v.Query, Name: v.Name,
		Span: v.Span, Shared: v.Shared, Default: v.Default, Schedule: v.Schedule, Format: v.Format}})
}

func (g *Group) updateView(f *Frame) error {
	v, err := g.ownView(f)
	if err != nil {
		return err
	}
	in := viewInput{Page: v.Page, Query: v.Query}
	if err = f.Bind(&in); err == nil {
		in.Page, in.Query = v.Page, v.Query
		_, err = g.portal.Views.Update(f.Context(), f.Actor, v.ID, in.apply)
	}
	if faults, ok := FaultsOf(err); ok {
		return g.showViewForm(f, http.StatusUnprocessableEntity, viewForm{in: in, faults: faults, action: f.Path("/account/views/" + viewID(v))})
	}
	if err != nil {
		return err
	}
	f.Flash(ui.OK, "The view is saved.")
	return f.Redirect(f.Path("/account/views"))
}

// moveView makes a view show what the page shows: the filters in the address of the form. Days that are still those of the
// view's span go on moving; others stay as they are.
func (g *Group) moveView(f *Frame) error {
	v, err := g.ownView(f)
	if err != nil {
		return err
	}
	q := f.Echo.QueryParams()
	v, err = g.portal.Views.Update(f.Context(), f.Actor, v.ID, func(v *view.View) {
		if from, to := v.Span.Days(f.today()); v.Span != "" && (q.Get("from") != from || q.Get("to") != to) {
			v.Span = ""
		}
		v.Query = q.Encode()
	})
	if err != nil {
		return err
	}
	f.Flash(ui.OK, "The view is saved as the page is now.")
	return f.Redirect(f.viewHref(v))
}

// presetTo lets a page open with a view, shared ones too, or no longer.
func (g *Group) presetTo(f *Frame) error {
	id, err := f.Number("id")
	if err != nil {
		return err
	}
	var in struct {
		On bool `form:"on"`
	}
	if err := f.Bind(&in); err != nil {
		return err
	}
	v, err := g.portal.Views.Update(f.Context(), f.Actor, view.ID(id), func(v *view.View) { v.Default = in.On })
	if err != nil {
		return err
	}
	text := "The page opens without a view again."
	if v.Default {
		text = view.PageOf(f.Actor.Scope(), v.Page).Name + " opens with this view."
	}
	f.Flash(ui.OK, text)
	return f.Redirect(f.Path("/account/views"))
}

func (g *Group) deleteView(f *Frame) error {
	id, err := f.Number("id")
	if err != nil {
		return err
	}
	if err := g.portal.Views.Delete(f.Context(), f.Actor, view.ID(id)); err != nil {
		return err
	}
	f.Flash(ui.OK, "The view is deleted. What it showed is still there.")
	return f.Redirect(f.Path("/account/views"))
}
