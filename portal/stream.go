package portal

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"
)

const (
	heartbeat      = 15 * time.Second
	streamPatience = 10 * time.Second // that a reader may take for one message
)

// Stream is a page's live part: server-sent events, each ready HTML (see hx-sse:connect in package ui).
type Stream struct {
	mu       sync.Mutex
	response *echo.Response
	cancel   context.CancelFunc
}

// Mark is the last that the browser got of the stream that it connects to again; "" for a new one.
func (f *Frame) Mark() string { return f.Echo.Request().Header.Get("Last-Event-ID") }

// Stream adds a live part. feed sends until its context ends, which it does with the browser, with the session, and when
// the server stops; a comment each 15 s keeps proxies from cutting the connection. Each one polls for as long as it is
// open, so a session and a user have but so many.
func (g *Group) Stream(path string, feed func(ctx context.Context, f *Frame, s *Stream) error) {
	g.echo.GET(path, g.handleAs(g.peek, func(f *Frame) error { return f.stream(feed) })) // not compressed
}

func (f *Frame) stream(feed func(context.Context, *Frame, *Stream) error) error {
	end, err := f.portal.streams.begin(f.Session.ID, f.User.ID)
	if err != nil {
		return err
	}
	defer end()
	ctx, cancel := context.WithCancel(f.Context())
	defer cancel()
	r := f.Echo.Response()
	r.Header().Set("Content-Type", "text/event-stream")
	r.Header().Set("X-Accel-Buffering", "no") // of proxies
	r.WriteHeader(http.StatusOK)
	s := &Stream{response: r, cancel: cancel}
	if err := s.write([]byte(": open\n\n")); err != nil {
		return nil
	}
	beating := make(chan struct{})
	go func() {
		defer close(beating)
		f.beat(ctx, s)
	}()
	err = feed(ctx, f, s)
	cancel()
	<-beating
	if ctx.Err() != nil && context.Cause(ctx) == context.Canceled {
		return nil // called off, or answered to its end
	}
	return err
}

// beat keeps the stream open for as long as its session goes on. That is no use of the session.
func (f *Frame) beat(ctx context.Context, s *Stream) {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.portal.stopping:
			s.cancel()
			return
		case <-tick.C:
		}
		if b, err := f.portal.Accounts.PeekBrowser(ctx, f.token); err != nil || b.Session.Viewing != f.Session.Viewing {
			s.cancel()
			return
		}
		if s.write([]byte(": \n\n")) != nil {
			return
		}
	}
}

// Send sends ready HTML: rows of a list, as ui.TableRows gives them.
func (s *Stream) Send(ctx context.Context, content templ.Component) error {
	return s.SendMark(ctx, content, "")
}

// SendMark is Send with a mark, a line of text without blanks, that the browser gives back where it connects again after
// a pause (a tab in the background has its stream cut): see Frame.Mark. "" sends none.
func (s *Stream) SendMark(ctx context.Context, content templ.Component, mark string) error {
	var html bytes.Buffer
	if err := content.Render(ctx, &html); err != nil {
		return err
	}
	var message bytes.Buffer
	if mark != "" {
		message.WriteString("id: " + mark + "\n")
	}
	for line := range bytes.Lines(html.Bytes()) {
		message.WriteString("data: ")
		message.Write(bytes.TrimRight(line, "\r\n"))
		message.WriteByte('\n')
	}
	message.WriteByte('\n')
	return s.write(message.Bytes())
}

// write sends a message whole, or ends the stream.
func (s *Stream) write(message []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	// A writer without deadlines, such as a test's, has none to move. They are of the machine's clock, whatever ours says.
	_ = http.NewResponseController(s.response).SetWriteDeadline(time.Now().Add(streamPatience))
	_, err := s.response.Write(message)
	if err == nil {
		s.response.Flush()
		_ = http.NewResponseController(s.response).SetWriteDeadline(time.Now().Add(heartbeat + streamPatience))
	} else {
		s.cancel()
	}
	return err
}
