package portal

import "context"

// StreamIf is Stream of something that may not exist, or is not the viewer's: check answers before the stream begins, an
// error as any page's.
func (g *Group) StreamIf(path string, check func(f *Frame) error, feed func(ctx context.Context, f *Frame, s *Stream) error) {
	g.echo.GET(path, g.handle(func(f *Frame) error {
		if err := check(f); err != nil {
			return err
		}
		return f.stream(feed)
	}))
}
