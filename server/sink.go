package server

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/waypost/waypost/demo"
)

// sinkKept is how many received postbacks the sink remembers.
const sinkKept = 200

// received is one postback that reached the sink.
type received struct {
	At        time.Time `json:"at"`
	Method    string    `json:"method"`
	URL       string    `json:"url"`
	WebhookID string    `json:"webhook_id"`
	Body      string    `json:"body,omitempty"`
}

// sink stands in for affiliates' trackers in the demo: it answers as the demo's trackers do, with 200 unless the path
// says otherwise, and lists what it received, newest first, at GET /received.
type sink struct {
	listener net.Listener
	server   *http.Server

	mu   sync.Mutex
	last []received
}

func startSink(addr string, now func() time.Time, log *slog.Logger) (*sink, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil { // a taken port must not stop a demo
		if ln, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return nil, err
		}
	}
	s := &sink{listener: ln}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /received", s.list)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 64<<10))
		s.keep(received{now(), r.Method, r.URL.String(), r.Header.Get("Webhook-Id"), string(body)})
		status, answer, after := demo.Answer(r.URL.Path)
		select {
		case <-time.After(after):
		case <-r.Context().Done():
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	})
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 15 * time.Second}
	go func() {
		if err := s.server.Serve(ln); err != nil && !errors.Is(err, http.ErrServerClosed) {
			log.Error("demo sink ended", "error", err)
		}
	}()
	return s, nil
}

func (s *sink) keep(r received) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = append([]received{r}, s.last...)
	s.last = s.last[:min(len(s.last), sinkKept)]
}

func (s *sink) list(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	items := s.last
	if items == nil {
		items = []received{}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"items": items})
}

// addr is where the sink listens.
func (s *sink) addr() netip.AddrPort { return s.listener.Addr().(*net.TCPAddr).AddrPort() }

func (s *sink) stop(ctx context.Context) error { return s.server.Shutdown(ctx) }
