package portal

import (
	"context"
	"net/url"
	"strings"
)

// StreamIf is Stream of something that may not exist, or is not the viewer's: check answers before the stream begins, an
// error as any page's.
func (g *Group) StreamIf(path string, check func(f *Frame) error, feed func(ctx context.Context, f *Frame, s *Stream) error) {
	g.echo.GET(path, g.handleAs(g.peek, func(f *Frame) error {
		if err := check(f); err != nil {
			return err
		}
		return f.stream(feed)
	}))
}

// CurrentPath is the page, of this portal, that htmx or the side sheet asks from; otherwise the path given.
func (f *Frame) CurrentPath(otherwise string) string {
	r := f.Echo.Request()
	for _, header := range []string{"HX-Current-URL", "Referer"} {
		if u, err := url.Parse(r.Header.Get(header)); err == nil && u.Path != "" && (u.Host == "" || u.Host == r.Host) && strings.HasPrefix(u.Path, f.Base+"/") {
			return u.RequestURI()
		}
	}
	return otherwise
}
