package portal

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/ui"
	"github.com/waypost/waypost/web"
)

// Door is what a portal tells of itself.
type Door struct {
	Kind       Kind
	Name       string                         // such as "Affiliate portal"
	Nav        func(f *Frame) []ui.NavGroup   // the sidebar; Href are whole paths. Which item is current is Render's affair
	SearchURL  string                         // of the palette, such as "/affiliate/search"; empty = none
	SearchHint string                         // "Search offers, links, conversions…"
	Foot       func(f *Frame) templ.Component // at the sidebar's foot; may be nil
}

// Group is a portal's routes. Every one of them needs a session of the portal's party.
type Group struct {
	door   Door
	portal *Portal
	echo   *echo.Group
}

// Door mounts a portal with the pages that all of them have (account, notices, errors), and gives its group for the
// others.
func (p *Portal) Door(e *echo.Echo, d Door) *Group {
	g := &Group{door: d, portal: p, echo: e.Group(d.Kind.Base())}
	p.doors[d.Kind], p.echo = g, e
	g.accountRoutes()
	g.noticeRoutes()
	g.viewRoutes()
	g.savedViewRoutes()
	g.fileRoutes()
	g.sessionRoutes()
	g.echo.RouteNotFound("", g.handle(notFound))
	g.echo.RouteNotFound("/*", g.handle(notFound))
	return g
}

func notFound(*Frame) error {
	return errs.NotFound("not_found", "there is no page at this address")
}

// GET adds a page. The path is below the portal's base: "" is its start.
func (g *Group) GET(path string, h Handler) { g.echo.GET(path, g.handle(h), compress) }

// Files adds the files of a list, path.csv and path.xlsx, whose handler answers with File.
func (g *Group) Files(path string, h Handler) {
	for _, format := range fileFormats {
		g.GET(path+"."+format, h)
	}
}

// Poll adds a part that an open page asks for again and again. That is no use of the session: a tab left open must not
// keep it from ending.
func (g *Group) Poll(path string, h Handler) { g.echo.GET(path, g.handleAs(g.peek, h), compress) }

// POST adds what changes something. The handler may rely on the CSRF check; whoever views as somebody never gets here.
func (g *Group) POST(path string, h Handler) { g.echo.POST(path, g.handle(h), compress) }

// compress shortens pages on their way. The tokens in them differ each time, so that their length tells nothing.
var compress = middleware.GzipWithConfig(middleware.GzipConfig{MinLength: 1024})

// finder finds the session of a token.
type finder func(ctx context.Context, token, ip string) (account.Browser, error)

func (g *Group) peek(ctx context.Context, token, _ string) (account.Browser, error) {
	return g.portal.Accounts.PeekBrowser(ctx, token)
}

// handle is handleAs of a person's own request, which is a use of the session.
func (g *Group) handle(h Handler) echo.HandlerFunc { return g.handleAs(g.portal.Accounts.Browser, h) }

// handleAs makes the frame of a request, or refuses it.
func (g *Group) handleAs(find finder, h Handler) echo.HandlerFunc {
	return func(c echo.Context) error {
		if m := makingOf(c.Request().Context()); m != nil {
			return g.makeFile(c, m, h)
		}
		f, err := g.frame(c, find)
		if errs.HasCode(err, "session_ended") {
			return g.portal.toLogin(c, g.door.Kind.Base())
		}
		if err != nil {
			g.portal.plainError(c, err)
			return nil
		}
		if own := Of(f.Actor); own != g.door.Kind {
			if c.Request().Method == http.MethodGet && own != "" {
				return f.Redirect(own.Base())
			}
			return g.portal.fail(f, errs.Forbidden("forbidden", "this page belongs to another portal than yours"))
		}
		if err := g.admit(f); err != nil {
			return g.portal.fail(f, err)
		}
		if err := safely(h, f); err != nil {
			return g.portal.fail(f, err)
		}
		return nil
	}
}

// frame is a request's, with its session.
func (g *Group) frame(c echo.Context, find finder) (*Frame, error) {
	p := g.portal
	f := p.newFrame(c)
	f.group, f.Base, f.token = g, g.door.Kind.Base(), p.cookies.Session(c)
	b, err := find(f.Context(), f.token, c.RealIP())
	if err != nil {
		return nil, err
	}
	f.Session, f.User, f.Actor, f.CSRF = b.Session, b.User, b.Actor(c.RealIP()), web.CSRFToken(f.token)
	if zone, err := time.LoadLocation(b.User.TimeZone); err == nil {
		f.Zone = zone
	}
	if f.Settings, err = p.Network.Get(f.Context(), f.Actor); err != nil {
		return nil, err
	}
	return f, nil
}

func (p *Portal) newFrame(c echo.Context) *Frame {
	return &Frame{Echo: c, portal: p, Nonce: web.PageHeaders(c), Now: p.Clock.Now(), Zone: time.UTC}
}

// admit refuses forged requests, and all that would change something while an operator views as somebody: it is the
// second lock behind that of account.Actor.
func (g *Group) admit(f *Frame) error {
	if err := g.portal.csrf.Check(f.Echo, f.token); err != nil {
		return err
	}
	method := f.Echo.Request().Method
	if f.Viewing() && method != http.MethodGet && method != http.MethodHead && f.Echo.Path() != f.Path(stopViewing) && f.Echo.Path() != f.Path("/logout") && f.Echo.Path() != f.Path(sessionPath) {
		return f.Actor.RequireWrite()
	}
	return nil
}

// safely turns a panic of the handler into an internal error.
func safely(h Handler, f *Frame) error {
	return web.Recover(func(echo.Context) error { return h(f) })(f.Echo)
}

// Public makes a route for everybody, such as the log-in or a sign-up: no session, but the CSRF check by a cookie of its
// own. Answer with Plain.
func (p *Portal) Public(h Handler) echo.HandlerFunc {
	return compress(func(c echo.Context) error {
		f := p.newFrame(c)
		secret := p.cookies.Form(c)
		err := p.csrf.Check(c, secret)
		if secret == "" {
			secret = newFormSecret()
			p.cookies.SetForm(c, secret)
		}
		f.token, f.CSRF = secret, web.CSRFToken(secret)
		if err == nil {
			f.Settings, err = p.Network.Public(f.Context())
		}
		if err == nil {
			err = safely(h, f)
		}
		if err != nil {
			p.plainError(c, err)
		}
		return nil
	})
}

// newFormSecret is what the forms of a browser without a session are told from forged ones by.
func newFormSecret() string { return rand.Text() + rand.Text() }
