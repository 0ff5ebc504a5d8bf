package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// door is what listens from the first moment on. Until the process is built, which may take as long as a database needs
// to recover, it answers that the process lives and is not ready.
type door struct{ built atomic.Pointer[http.Handler] }

func (d *door) open(h http.Handler) { d.built.Store(&h) }

// ServeHTTP implements http.Handler.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := d.built.Load(); h != nil {
		(*h).ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if r.URL.Path == "/healthz" {
		_, _ = io.WriteString(w, `{"status":"ok"}`)
		return
	}
	w.Header().Set("Retry-After", "1")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, `{"status":"starting","parts":{"start":"failing"}}`)
}

// serve listens at the settings' addresses, so that one that is taken ends the start at once, and lets the door answer.
func (s *Server) serve() error {
	s.http = httpServer(&s.door, s.log)
	if s.cfg.DebugAddr != "" {
		s.debug = debugServer(s.cfg.DebugAddr)
	}
	listeners, err := s.listen()
	if err != nil {
		return err
	}
	s.failed = make(chan error, len(listeners))
	for server, ln := range listeners {
		go func() {
			if err := server.Serve(ln); err != nil && !errors.Is(err, http.ErrServerClosed) {
				s.failed <- err
			}
		}()
	}
	return nil
}

// say prints a line for people.
func (s *Server) say(text string) {
	if s.out != nil {
		_, _ = fmt.Fprintln(s.out, text)
	}
}

// hintOperator tells how to make the first operator where there is none.
func (s *Server) hintOperator(ctx context.Context) {
	if !s.prepared.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if c, err := s.db.Condition(ctx); err == nil && c.Operators == 0 {
		s.say("Nobody can log in yet. Make the first operator, beside this process and with its settings:\n  waypost admin create --email you@example.com")
	}
}
