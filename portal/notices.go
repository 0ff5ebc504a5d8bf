package portal

import (
	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/notice"
	"github.com/waypost/waypost/ui"
)

func (g *Group) noticeRoutes() {
	g.GET("/notifications", g.notices)
	g.POST("/notifications/read-all", g.readAllNotices)
	g.POST("/notifications/:id/read", g.readNotice)
}

// noticeFilter is the query of the list.
type noticeFilter struct {
	Unread bool `query:"unread"`
	Paging
}

func (g *Group) notices(f *Frame) error {
	var filter noticeFilter
	if err := f.Query(&filter); err != nil {
		return err
	}
	list, err := g.portal.Notices.List(f.Context(), f.Actor, notice.Filter{Unread: filter.Unread}, filter.Slice())
	if err != nil {
		return err
	}
	unread, err := g.portal.Notices.Unread(f.Context(), f.Actor)
	if err != nil {
		return err
	}
	links := ui.PageLinks{}
	if list.NextCursor != "" {
		links.OlderHref = URL(f.Path("/notifications"), filter, "cursor", list.NextCursor)
	}
	if filter.Cursor != "" {
		links.NewerHref = URL(f.Path("/notifications"), filter, "cursor", "")
	}
	return f.Page("Notifications", "/notifications", noticesPage(f, filter, list.Items, unread > 0, links))
}

func (g *Group) readNotice(f *Frame) error {
	id, ok := domain.ParseUUID(f.Param("id"))
	if !ok {
		return errs.NotFound("not_found", "there is no such notification")
	}
	if _, err := g.portal.Notices.MarkRead(f.Context(), f.Actor, notice.ID{UUID: id}); err != nil {
		return err
	}
	return f.Redirect(f.Path("/notifications"))
}

func (g *Group) readAllNotices(f *Frame) error {
	n, err := g.portal.Notices.MarkAllRead(f.Context(), f.Actor)
	if err != nil {
		return err
	}
	f.Flash(ui.OK, plural(n, "notification")+" marked as read.")
	return f.Redirect(f.Path("/notifications"))
}

// noticeHref is where the thing that a notice is about can be seen; empty where it has no page of its own.
func noticeHref(base string, n notice.Notice) string {
	switch n.ObjectType {
	case "postback", "offer", "affiliate", "advertiser", "conversion", "application":
		return base + "/" + n.ObjectType + "s/" + n.ObjectID
	case "delivery":
		return base + "/deliveries/" + n.ObjectID
	}
	return ""
}

func noticeRows(f *Frame, list []notice.Notice) []ui.Row {
	rows := make([]ui.Row, len(list))
	for i, n := range list {
		what := ui.Cell{Text: n.Text, Strong: n.ReadAt.IsZero(), Href: noticeHref(f.Base, n), Narrow: f.Ago(n.At)}
		if n.ReadAt.IsZero() {
			what.Badge = ui.Badge(ui.Brand, "new")
		}
		rows[i] = ui.Row{ID: "notice-" + n.ID.String(), Cells: []ui.Cell{what, {Text: f.Ago(n.At), Title: f.Exact(n.At)}}, Actions: readOne(f, n)}
	}
	return rows
}
