package portal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/export"
)

// making is a file that is made in the background: the request to the list that it is of, whose context holds it in the
// place of a session, and what takes the answer. No request from outside has such a context.
type making struct {
	user   account.User
	actor  account.Actor
	file   io.Writer
	header http.Header
	stop   context.CancelFunc
	name   string // of the file; empty until it begins
	err    error  // why it is not whole
}

// makingKey is the context's.
type makingKey struct{}

func makingOf(ctx context.Context) *making {
	m, _ := ctx.Value(makingKey{}).(*making)
	return m
}

var _ export.Renderer = (*Portal)(nil).Make

// Make is the export.Renderer of the portals: it asks the list or report for its file as the page's menu does, in this
// process. Only what File answers with is a file; any other page is an error, and so is a file that breaks off.
func (p *Portal) Make(ctx context.Context, o export.Order, u account.User, actor account.Actor, w io.Writer) (name string, err error) {
	page, err := url.Parse(o.Path)
	if err != nil || p.echo == nil {
		return "", noFile()
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	m := &making{user: u, actor: actor, file: w, header: http.Header{}, stop: stop}
	r, err := http.NewRequestWithContext(context.WithValue(ctx, makingKey{}, m), http.MethodGet, "/", http.NoBody)
	if err != nil {
		return "", err
	}
	r.URL = page
	c := p.echo.NewContext(r, m)
	end := "." + string(o.Format)
	p.echo.Router().Find(http.MethodGet, page.Path+end, c)
	if path.Ext(c.Path()) == end { // Group.Files
		r.URL.Path += end
	} else {
		query := page.Query()
		query.Set("format", string(o.Format))
		r.URL.RawQuery = query.Encode()
		c = p.echo.NewContext(r, m)
		p.echo.Router().Find(http.MethodGet, page.Path, c)
	}
	m.run(c)
	if m.err == nil && m.name == "" {
		m.err = noFile()
	}
	return m.name, m.err
}

func noFile() *errs.Error {
	return errs.Invalid("no_file", "this page cannot be taken away as a file: choose a list or a report that has an Export menu")
}

// run calls the handler of the route that was found, and keeps its error.
func (m *making) run(c echo.Context) {
	defer func() {
		switch caught := recover(); {
		case caught == nil || m.err != nil:
		case caught == http.ErrAbortHandler:
			m.err = errors.New("the file broke off")
		default:
			m.err = fmt.Errorf("panic: %v", caught)
		}
	}()
	err := c.Handler()(c)
	var unrouted *echo.HTTPError
	if errors.As(err, &unrouted) {
		err = noFile()
	}
	if m.err == nil {
		m.err = err
	}
}

// makeFile is handleAs of a file that is made in the background.
func (g *Group) makeFile(c echo.Context, m *making, h Handler) (err error) {
	f := g.portal.newFrame(c)
	f.group, f.Base, f.User, f.Actor, f.making = g, g.door.Kind.Base(), m.user, m.actor, m
	if zone, err := time.LoadLocation(m.user.TimeZone); err == nil {
		f.Zone = zone
	}
	if f.Settings, err = g.portal.Network.Get(f.Context(), f.Actor); err != nil {
		return err
	}
	if Of(f.Actor) != g.door.Kind {
		return errs.Forbidden("forbidden", "this page belongs to another portal than yours")
	}
	return safely(h, f)
}

// Header implements http.ResponseWriter.
func (m *making) Header() http.Header { return m.header }

// WriteHeader implements http.ResponseWriter. What is no file need not go on.
func (m *making) WriteHeader(int) {
	if m.name == "" {
		m.stop()
	}
}

// Write implements http.ResponseWriter.
func (m *making) Write(b []byte) (n int, err error) {
	if m.name == "" {
		return 0, noFile()
	}
	if n, err = m.file.Write(b); err != nil && m.err == nil {
		m.err = err
	}
	return n, err
}
