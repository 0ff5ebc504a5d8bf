package portal

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/trace"
	"github.com/waypost/waypost/ui"
)

// tracePages tell the story of one click, in all portals: what each party sees of it is the affair of package trace.
type tracePages struct {
	base   string
	traces *trace.Service
	links  *trace.Links
	clicks *click.Service
}

// Traces adds the trace page: /trace, /trace/:click_id, and the deeds of its links.
func (g *Group) Traces(traces *trace.Service, links *trace.Links, clicks *click.Service) {
	s := &tracePages{base: g.portal.PublicURL, traces: traces, links: links, clicks: clicks}
	g.GET("/trace", s.start)
	g.GET("/trace/:click_id", s.show)
	g.POST("/trace/:click_id/share", s.share)
	g.POST("/trace/links/:id/revoke", s.revoke)
}

// SharedTraces adds the page that a shared link of a trace opens, for everybody who holds it.
func (p *Portal) SharedTraces(e *echo.Echo, links *trace.Links) {
	e.GET("/t/:token", p.Public(func(f *Frame) error {
		h := f.Echo.Response().Header()
		h.Set("X-Robots-Tag", "noindex, nofollow")
		h.Set("Referrer-Policy", "no-referrer") // the address is the secret
		told, link, err := links.Shared(f.Context(), f.Param("token"), f.Echo.RealIP())
		if errs.HasCode(err, "link_not_found") {
			return f.Plain(http.StatusNotFound, "Link not found", traceGone())
		}
		if err != nil {
			return err
		}
		f.Actor = account.Actor{Role: link.Role, AffiliateID: link.AffiliateID, AdvertiserID: link.AdvertiserID} // whose words it is told in; nothing more is read
		return f.PlainWide(http.StatusOK, "Shared trace", sharedTrace(f, traceEvents(f, told, Names{}), eyesOf(link), link))
	}))
}

// traceView is what the page of one click shows.
type traceView struct {
	click    string // its id as typed
	found    bool
	facts    []ui.Pair
	events   []ui.Event
	counts   string
	links    []trace.Link
	more     bool   // there are links that are not shown
	made     string // the address of a link that was just made, shown this once
	in       shareInput
	faults   Faults
	sharable bool
}

func (s *tracePages) start(f *Frame) error {
	if id := strings.TrimSpace(f.Echo.QueryParam("click_id")); id != "" {
		return f.Redirect(f.Path("/trace/" + url.PathEscape(id)))
	}
	v := traceView{}
	if err := s.listLinks(f, &v, trace.LinkFilter{}); err != nil {
		return err
	}
	return f.Page("Trace", "/trace", tracePage(f, s, v))
}

func (s *tracePages) show(f *Frame) error {
	return s.render(f, http.StatusOK, traceView{click: f.Param("click_id")})
}

// render shows the page of one click. Who names one that is not there, or is another's, is told what to do.
func (s *tracePages) render(f *Frame, status int, v traceView) error {
	v.click = strings.ToLower(strings.TrimSpace(v.click))
	told, err := s.traces.Trace(f.Context(), f.Actor, v.click)
	if errs.Is(err, errs.KindNotFound) {
		if err := s.listLinks(f, &v, trace.LinkFilter{}); err != nil {
			return err
		}
		return f.Render(http.StatusNotFound, "Trace", "/trace", tracePage(f, s, v))
	}
	if err != nil {
		return err
	}
	names, err := traceNames(f, told)
	if err != nil {
		return err
	}
	v.found, v.events, v.facts, v.counts = true, traceEvents(f, told, names), traceFacts(f, told, names), traceCounts(told)
	v.sharable = f.Actor.RequireLogin() == nil && trace.MayPublish(f.Actor) == nil
	if err := s.listLinks(f, &v, trace.LinkFilter{ClickID: told.ClickID}); err != nil {
		return err
	}
	return f.Render(status, "Trace of a click", "/trace", tracePage(f, s, v))
}

const linksShown = 20

func (s *tracePages) listLinks(f *Frame, v *traceView, filter trace.LinkFilter) error {
	list, err := s.links.List(f.Context(), f.Actor, filter, domain.Page{Limit: linksShown})
	v.links, v.more = list.Items, list.NextCursor != ""
	return err
}

// shareInput is the form of a new link.
type shareInput struct {
	Hours int    `form:"hours"`
	As    string `form:"as"`
	Note  string `form:"note"`
}

// share makes a link. Its address is told once and kept nowhere, so that the answer is the page itself and no redirect.
func (s *tracePages) share(f *Frame) error {
	v := traceView{click: f.Param("click_id")}
	err := f.Bind(&v.in)
	token := ""
	if err == nil {
		_, token, err = s.links.Share(f.Context(), f.Actor, trace.LinkInput{ClickID: strings.ToLower(v.click),
			Length: time.Duration(min(v.in.Hours, 10_000)) * time.Hour, As: account.Role(v.in.As), Note: v.in.Note})
	}
	if faults, ok := FaultsOf(err); ok {
		v.faults = faults
		return s.render(f, http.StatusUnprocessableEntity, v)
	}
	if err != nil {
		return err
	}
	v.made, v.in = s.base+"/t/"+token, shareInput{}
	return s.render(f, http.StatusOK, v)
}

func (s *tracePages) revoke(f *Frame) error {
	id, ok := domain.ParseUUID(f.Param("id"))
	if !ok {
		return errs.NotFound("not_found", "there is no such link")
	}
	link, err := s.links.Revoke(f.Context(), f.Actor, trace.LinkID{UUID: id})
	if err != nil {
		return err
	}
	f.Flash(ui.OK, "The link is revoked: it opens nothing any more.")
	if f.Echo.QueryParam("of") == "click" {
		return f.Redirect(f.Path("/trace/" + s.clicks.Text(link.ClickID)))
	}
	return f.Redirect(f.Path("/trace"))
}

// linkRows are the party's links as a table.
func (s *tracePages) linkRows(f *Frame, v traceView) []ui.Row {
	rows := make([]ui.Row, len(v.links))
	for i, l := range v.links {
		text := s.clicks.Text(l.ClickID)
		state, kind := "open until "+f.Time(l.ExpiresAt), ui.OK
		switch {
		case !l.RevokedAt.IsZero():
			state, kind = "revoked "+f.Time(l.RevokedAt), ui.Mute
		case !l.Good(f.Now):
			state, kind = "over since "+f.Time(l.ExpiresAt), ui.Mute
		}
		opened := "never opened"
		if l.Opened > 0 {
			opened = "opened " + plural(int(l.Opened), "time") + ", last " + f.Ago(l.LastOpenedAt)
		}
		name := l.Note
		if name == "" {
			name = "Link of " + f.Time(l.CreatedAt)
		}
		what := ui.Cell{Text: name, Sub: eyesOf(l) + " · " + opened, Narrow: eyesOf(l) + " · " + opened}
		if !v.found {
			what.Href = f.Path("/trace/" + text)
		}
		row := ui.Row{ID: "link-" + l.ID.String(), Name: name, Cells: []ui.Cell{what, {Body: ui.Badge(kind, state)}}}
		if l.Good(f.Now) && !f.Viewing() && (l.UserID == f.Actor.UserID || trace.MayPublish(f.Actor) == nil) {
			of := ""
			if v.found {
				of = "?of=click"
			}
			row.Actions = ui.Btn(ui.Button{Label: "Revoke", Name: "Revoke " + name, Small: true, Dialog: "revoke-link",
				Action: f.Path("/trace/links/" + l.ID.String() + "/revoke" + of)})
		}
		rows[i] = row
	}
	return rows
}

// eyesOf says through whose eyes a link shows the trace.
func eyesOf(l trace.Link) string {
	switch l.Role {
	case account.RoleAffiliate:
		return "as the affiliate sees it"
	case account.RoleAdvertiser:
		return "as the advertiser sees it"
	}
	return "as the network sees it"
}
