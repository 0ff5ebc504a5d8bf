package portal

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/export"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/domain/network"
	"github.com/waypost/waypost/domain/notice"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/view"
	"github.com/waypost/waypost/ui"
	"github.com/waypost/waypost/web"
)

// Deps is what the portals share.
type Deps struct {
	Accounts    *account.Service
	Network     *network.Service
	Notices     *notice.Service
	Ledger      *ledger.Service
	Affiliates  *affiliate.Service
	Advertisers *advertiser.Service
	Offers      *offer.Service
	Views       *view.Service
	Exports     *export.Service
	PublicURL   string // that browsers know us by
	LongSheet   int    // rows above which an XLSX file is made in the background; 0: longSheet
	TempDir     string // where large files wait until they are whole; empty: the system's
	Clock       domain.Clock
	Random      io.Reader // cryptographic
	Log         *slog.Logger
}

// Portal is what the three portals share: sessions, the frame of a page, and the pages that all users have.
type Portal struct {
	Deps
	cookies web.Cookies
	csrf    web.CSRF
	doors   map[Kind]*Group
	echo    *echo.Echo // that they are mounted in

	streams  openStreams
	stopping chan struct{} // closed when streams are to end
	stop     sync.Once
}

// New makes it.
func New(d Deps) (*Portal, error) {
	csrf, err := web.NewCSRF(d.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("portals: %w", err)
	}
	return &Portal{Deps: d, csrf: csrf, cookies: web.NewCookies(strings.HasPrefix(d.PublicURL, "https://")),
		doors: map[Kind]*Group{}, stopping: make(chan struct{})}, nil
}

// EndStreams ends all open streams, which would keep a server from stopping.
func (p *Portal) EndStreams() { p.stop.Do(func() { close(p.stopping) }) }

// Kit shows every component of package ui in its states, for who works on it.
func (p *Portal) Kit(c echo.Context) error {
	f := p.newFrame(c)
	page := ui.Gallery(ui.Theme(c.QueryParam("theme")), f.Nonce, ui.BrandCSS(c.QueryParam("brand")))
	return f.write(http.StatusOK, page, templ.NopComponent)
}

// exposed tells that passwords and sessions travel in the clear: http to another machine.
func (p *Portal) exposed() bool {
	u, err := url.Parse(p.PublicURL)
	if err != nil || u.Scheme != "http" {
		return false
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil {
		return !addr.IsLoopback()
	}
	return u.Hostname() != "localhost" && !strings.HasSuffix(u.Hostname(), ".localhost")
}

func exposedNotice() templ.Component {
	return ui.Banner(ui.Notice{Kind: ui.Warn, Strong: "This address is not encrypted.",
		Text: "Passwords and sessions can be read on the way. Put an https proxy in front and set WAYPOST_PUBLIC_URL to its address."})
}

// Kind is one of the three portals.
type Kind string

// The portals.
const (
	Admin      Kind = "admin"
	Affiliate  Kind = "affiliate"
	Advertiser Kind = "advertiser"
)

// Base is the path that a portal's pages begin with.
func (k Kind) Base() string { return "/" + string(k) }

// Of is the portal of an actor; empty for who has none.
func Of(a account.Actor) Kind {
	switch {
	case a.Role.Operator():
		return Admin
	case a.Role == account.RoleAffiliate:
		return Affiliate
	case a.Role == account.RoleAdvertiser:
		return Advertiser
	}
	return ""
}

// Mount adds the pages outside the portals: log-in, passwords, and the start, which leads to the user's portal.
func (p *Portal) Mount(e *echo.Echo) {
	p.loginRoutes(e)
	e.GET("/", p.Public(p.home))
}

// https tells that browsers reach us by https.
func (p *Portal) https() bool { return strings.HasPrefix(p.PublicURL, "https://") }

// home leads to the user's portal, or to the log-in.
func (p *Portal) home(f *Frame) error {
	if b, err := p.Accounts.PeekBrowser(f.Context(), p.cookies.Session(f.Echo)); err == nil {
		return f.Redirect(Of(b.Actor(f.Echo.RealIP())).Base())
	}
	return f.Redirect("/login")
}

// ErrorHandler answers an error outside a portal with a page where a person with a browser asked, and hands all others
// to the one given.
func (p *Portal) ErrorHandler(others echo.HTTPErrorHandler) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) {
		path := c.Request().URL.Path
		if c.Response().Committed || c.Request().Method == http.MethodHead || strings.HasPrefix(path, "/api/") ||
			!strings.Contains(c.Request().Header.Get(echo.HeaderAccept), "text/html") {
			others(err, c)
			return
		}
		p.plainError(c, err)
	}
}
