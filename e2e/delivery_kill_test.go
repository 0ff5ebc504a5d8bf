package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/waypost/waypost/embedded"
)

// holding is a receiver that keeps requests waiting until it is opened.
type holding struct {
	*httptest.Server
	open chan struct{}

	mu   sync.Mutex
	hits map[string][]string // Webhook-Ids by txid
	held int                 // requests that were not answered
}

func newHolding(t testing.TB) *holding {
	h := &holding{open: make(chan struct{}), hits: map[string][]string{}}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		txid := r.URL.Query().Get("txid")
		h.mu.Lock()
		h.hits[txid] = append(h.hits[txid], r.Header.Get("Webhook-Id"))
		h.held++
		h.mu.Unlock()
		select {
		case <-h.open:
			h.mu.Lock()
			h.held--
			h.mu.Unlock()
		case <-r.Context().Done(): // the worker was killed
		}
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *holding) unanswered() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.held
}

// TestWorkerKilledMidDelivery: a worker is killed again and again while a receiver holds its requests. Nothing is lost,
// only what was under way comes twice, and under the same Webhook-Id.
func TestWorkerKilledMidDelivery(t *testing.T) {
	p := prove(t, "worker kill -9 mid-delivery")
	count, kills := scaled[int]{240, 480, 1200}.pick(), scaled[int]{20, 20, 50}.pick()
	p.load, p.faults = "a receiver that holds every request", fmt.Sprintf("%d kills", kills)
	pg, err := embedded.StartPostgres(context.Background(), embedded.PostgresOptions{DataDir: mustDataDir(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pg.Stop(context.Background()) })
	env := []string{"DATABASE_URL=" + pg.DSN(), "REDIS_URL=" + mustRedis(t), "WAYPOST_SECRET=0123456789abcdef0123456789abcdef"}
	w := mustServe(t, mustDataDir(t), append(env, "WAYPOST_ROLE=track,api")...)
	c := w.mustLogIn()
	n := w.mustNetwork(c, nil, nil)
	h := newHolding(t)
	n.mustPostbackURL(h.URL + "/pb?txid={txid}")
	clickID := mustClick(t, n.Link)
	for i := range count {
		if status, answer := w.postback(url.Values{"clickid": {clickID}, "token": {n.Token}, "com": {"1"}, "txid": {fmt.Sprint("t", i)}}); status != http.StatusOK {
			t.Fatalf("postback: %d %v", status, answer)
		}
	}
	worker := mustServe(t, mustDataDir(t), append(env, "WAYPOST_ROLE=worker")...)
	for i := range kills {
		if i > 0 {
			worker.start()
		}
		before := h.unanswered()
		eventually(t, 60*time.Second, fmt.Sprintf("requests are under way before kill %d", i+1), func() bool { return h.unanswered() > before })
		_ = worker.cmd.Process.Kill()
		<-worker.done
	}
	underWay := h.unanswered()
	close(h.open)
	began := time.Now()
	worker.start()
	eventually(t, 90*time.Second, "every delivery arrives and is settled", func() bool {
		return deliveredOf(t, pg.DSN()) == count
	})
	p.atMost("delivered after", time.Since(began), 60*time.Second)
	p.acknowledge(count, "deliveries")
	h.mu.Lock()
	defer h.mu.Unlock()
	requests, ids := 0, map[string]bool{}
	for txid, hits := range h.hits {
		for _, id := range hits {
			if id != hits[0] {
				t.Errorf("%s came under the ids %v", txid, hits)
			}
		}
		requests += len(hits)
		ids[hits[0]] = true
	}
	p.lost = count - len(ids)
	p.figure("cut off %d, sent again %d", underWay, requests-count)
	if requests > count+underWay {
		t.Errorf("%d requests for %d deliveries of which %d were cut off", requests, count, underWay)
	}
}

// deliveredOf counts what has arrived.
func deliveredOf(t testing.TB, db string) int {
	conn := mustConnect(t, db)
	defer func() { _ = conn.Close(context.Background()) }()
	return asked[int](t, conn, `SELECT count(*)::int FROM deliveries WHERE status = 'delivered'`)[0]
}
