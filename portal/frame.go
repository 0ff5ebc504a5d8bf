package portal

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/network"
	"github.com/waypost/waypost/domain/view"
	"github.com/waypost/waypost/ui"
	"github.com/waypost/waypost/web"
)

// Frame is one request to a portal: who asks, how screens look to it, and how to answer.
type Frame struct {
	Echo  echo.Context
	Actor account.Actor // who acts; while an operator views as a party, that party, reading only
	User  account.User  // who is logged in; zero outside the portals
	// Session is the log-in that the request came with.
	Session  account.BrowserSession
	Settings network.Settings
	Base     string // of the portal's paths, such as "/affiliate"
	Zone     *time.Location
	Now      time.Time
	Nonce    string
	CSRF     string // for the field of a form; ui.Form takes it

	portal *Portal
	group  *Group // nil outside the portals
	list   string // path below Base of the list or report that this is, where views can be saved of it
	views  []view.View
	token  string  // of the session
	making *making // a file in the background, which has no session; else nil
}

// Handler answers a request to a page. An error it returns becomes an error page, or the status and text of a part.
type Handler func(f *Frame) error

// Context is the request's.
func (f *Frame) Context() context.Context { return f.Echo.Request().Context() }

// Path is a path of this portal: f.Path("/offers") is "/affiliate/offers".
func (f *Frame) Path(path string) string { return f.Base + path }

// Param is a part of the path, such as :id.
func (f *Frame) Param(name string) string { return f.Echo.Param(name) }

// May tells whether the actor holds a permission, so that a page does not offer what would be refused. The service
// decides all the same.
func (f *Frame) May(p account.Permission) bool { return f.Actor.Require(p) == nil }

// Viewing tells that an operator looks at the portal as its party: nothing can be changed.
func (f *Frame) Viewing() bool { return f.Actor.Viewing != 0 }

// Part tells that htmx asks for a part of the page, which RenderPart answers with.
func (f *Frame) Part() bool {
	h := f.Echo.Request().Header
	return h.Get("HX-Request") == "true" && h.Get("HX-Request-Type") != "full" && h.Get("HX-Boosted") != "true" &&
		h.Get("HX-History-Restore-Request") != "true"
}

// Target is the id of the element that htmx puts the answer into; empty where that has none, or for a whole page.
func (f *Frame) Target() string {
	target := f.Echo.Request().Header.Get("HX-Target")
	if i := strings.LastIndexByte(target, '#'); i >= 0 { // htmx 4 writes tag#id
		target = target[i+1:]
	}
	return target
}

// Page answers with a page inside the portal's frame. nav is the path below Base of the sidebar's item that is current.
func (f *Frame) Page(title, nav string, content templ.Component) error {
	return f.Render(http.StatusOK, title, nav, content)
}

// Render is Page with a status of its own: 422 for a form that was refused.
func (f *Frame) Render(status int, title, nav string, content templ.Component) error {
	shell, err := f.shell(title, nav)
	if err != nil {
		return err
	}
	if f.group.door.Kind == Admin && f.portal.exposed() {
		content = templ.Join(exposedNotice(), content)
	}
	return f.write(status, ui.Page(shell), content)
}

// RenderPart answers htmx with a part of a page.
func (f *Frame) RenderPart(status int, content templ.Component) error {
	return f.write(status, content, templ.NopComponent)
}

// Plain answers with a page outside the portals' frame: log-in, sign-up.
func (f *Frame) Plain(status int, title string, content templ.Component) error {
	return f.write(status, ui.Plain(f.plainShell(title)), content)
}

// PlainWide is Plain with room for a longer form.
func (f *Frame) PlainWide(status int, title string, content templ.Component) error {
	return f.write(status, ui.PlainWide(f.plainShell(title)), content)
}

// write renders first and sends then, so that an error on the way becomes an error page.
func (f *Frame) write(status int, page, content templ.Component) error {
	buffer := templ.GetBuffer()
	defer templ.ReleaseBuffer(buffer)
	if err := page.Render(templ.WithChildren(f.Context(), content), buffer); err != nil {
		return err
	}
	return f.Echo.HTMLBlob(status, buffer.Bytes())
}

// Redirect goes on to a path of ours after a form was taken (303). htmx is told to load it as a whole page.
func (f *Frame) Redirect(path string) error {
	path = web.LocalPath(path, "/")
	if f.Echo.Request().Header.Get("HX-Request") == "true" {
		f.Echo.Response().Header().Set("HX-Redirect", path)
		return f.Echo.NoContent(http.StatusOK)
	}
	return f.Echo.Redirect(http.StatusSeeOther, path)
}

// toLogin asks who is not logged in to do so, and to come back here.
func (p *Portal) toLogin(c echo.Context, base string) error {
	r := c.Request()
	next := base
	switch {
	case r.Header.Get("HX-Request") == "true":
		if u, err := url.Parse(r.Header.Get("HX-Current-URL")); err == nil {
			next = web.LocalPath(u.RequestURI(), base)
		}
	case r.Method == http.MethodGet:
		next = web.LocalPath(r.URL.RequestURI(), base)
	default: // the page with the form, which gets back what was typed
		if u, err := url.Parse(r.Referer()); err == nil && u.Host == r.Host {
			next = web.LocalPath(u.RequestURI(), base)
		}
	}
	to := "/login"
	if next != "" && next != "/" {
		to += "?next=" + url.QueryEscape(next)
	}
	if r.Header.Get("HX-Request") == "true" {
		c.Response().Header().Set("HX-Redirect", to)
		return c.NoContent(http.StatusUnauthorized)
	}
	return c.Redirect(http.StatusSeeOther, to)
}

// back is the page that the request came from, or the portal's start.
func (f *Frame) back() string {
	if u, err := url.Parse(f.Echo.Request().Referer()); err == nil && u.Host == f.Echo.Request().Host {
		return web.LocalPath(u.RequestURI(), f.Base)
	}
	return f.Base
}
