package jobs_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/store/storetest"
)

func clock() time.Time { return time.Now().UTC() }

var discard = slog.New(slog.DiscardHandler)

// redisURLs are the kinds of Redis that a test runs against: the in-memory one and a real server of its own.
func redisURLs(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{"embedded": "redis://" + miniredis.RunT(t).Addr() + "/0", "real": realRedis(t)}
}

// realRedis starts a redis-server that ends with the test.
func realRedis(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := ln.Addr().String()
	_ = ln.Close()
	_, port, _ := net.SplitHostPort(address)
	cmd := exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatalf("start redis-server (make test installs it): %v", err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	client := redis.NewClient(&redis.Options{Addr: address})
	defer client.Close()
	eventually(t, 10*time.Second, "redis-server answers", func() bool { return client.Ping(t.Context()).Err() == nil })
	return "redis://" + address + "/0"
}

func flushAll(t *testing.T, url string) {
	t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	if err := client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
}

// world is a database with one postback and a service to deliver from it.
type world struct {
	t             testing.TB
	pool          *pgxpool.Pool
	tx            domain.Transactor
	postbackStore postback.Store
	deliveryStore postback.DeliveryStore
	service       *postback.Service
}

// noWaker announces to nobody; the tests insert rows and wake by themselves.
type noWaker struct{}

func (noWaker) Wake(context.Context, []string) error { return nil }

func newWorld(t testing.TB) *world {
	t.Helper()
	db := storetest.New(t)
	w := &world{t: t, pool: db.Pool(), tx: db, postbackStore: db.Postbacks(), deliveryStore: db.Deliveries()}
	w.exec(`INSERT INTO affiliates (id, name, status, currency, fire, created_at, updated_at) VALUES (1, 'a', 'active', 'USD', 'specific', now(), now())`)
	w.exec(`INSERT INTO postbacks (id, affiliate_id, url, method, statuses, signing_secret, created_at, updated_at)
		VALUES (1, 1, 'https://t.example/', 'GET', '{approved}', '', now(), now())`)
	w.service = w.newService()
	return w
}

// newService is another process on the same database.
func (w *world) newService() *postback.Service {
	return postback.NewService(postback.Deps{Store: w.postbackStore, Deliveries: w.deliveryStore, Tx: w.tx, Sender: sender{}, Waker: noWaker{},
		Signer: click.NewSigner([]byte("a secret of more than thirty-two bytes")), Clock: clock, Random: rand.Reader, Log: discard})
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.pool.Exec(context.Background(), sql, args...); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

func (w *world) count(status postback.DeliveryStatus) (n int) {
	w.t.Helper()
	if err := w.pool.QueryRow(context.Background(), `SELECT count(*) FROM deliveries WHERE status = $1`, string(status)).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// owe inserts n deliveries to a host.
func (w *world) owe(host string, n int) {
	w.t.Helper()
	var ds []postback.Delivery
	for i := range n {
		now := clock()
		var ids [3]domain.UUID
		for j := range ids {
			id, err := domain.NewUUID(now, rand.Reader)
			if err != nil {
				w.t.Fatal(err)
			}
			ids[j] = id
		}
		d := postback.Delivery{ID: postback.DeliveryID{UUID: ids[0]}, CreatedAt: now, PostbackID: 1, AffiliateID: 1, OfferID: 1, EventStatus: "approved",
			Method: "GET", URL: fmt.Sprintf("http://%s/?n=%d", host, i), Host: host, Status: postback.DeliveryPending, ClickID: click.ID(ids[1])}
		d.ConversionID.UUID = ids[2]
		ds = append(ds, d)
	}
	err := w.tx.InTx(context.Background(), func(ctx context.Context) error { return w.deliveryStore.Insert(ctx, ds) })
	if err != nil {
		w.t.Fatal(err)
	}
}

// receiver counts the ids that it was sent.
type receiver struct {
	*httptest.Server
	host string
	mu   sync.Mutex
	ids  map[string]int
}

func newReceiver(t testing.TB, before func()) *receiver {
	t.Helper()
	rc := &receiver{ids: map[string]int{}}
	rc.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		before()
		rc.mu.Lock()
		defer rc.mu.Unlock()
		rc.ids[r.Header.Get("Webhook-Id")]++
	}))
	t.Cleanup(rc.Close)
	rc.host = strings.TrimPrefix(rc.URL, "http://")
	return rc
}

// received is how many different deliveries arrived, and how many requests.
func (rc *receiver) received() (different, requests int) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	for _, n := range rc.ids {
		requests += n
	}
	return len(rc.ids), requests
}

type sender struct{}

var client = &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

func (sender) Send(ctx context.Context, r postback.Request) postback.Response {
	out, err := http.NewRequestWithContext(ctx, r.Method, r.URL, nil)
	if err != nil {
		return postback.Response{Error: postback.ErrorInvalidURL}
	}
	for name, value := range r.Header {
		out.Header.Set(name, value)
	}
	in, err := client.Do(out)
	if err != nil {
		return postback.Response{Error: postback.ErrorConnect}
	}
	defer in.Body.Close()
	return postback.Response{StatusCode: in.StatusCode}
}

// during runs something until the test ends, and then until it has stopped.
func during(t testing.TB, run func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func eventually(t testing.TB, limit time.Duration, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}
