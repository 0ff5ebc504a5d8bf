package e2e

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/big"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// load sends clicks and postbacks to a server and notes what is acknowledged. A conversion is sent one to five times.
type load struct {
	p     *proof
	w     *waypost
	n     *network
	box   *inbox // the affiliate's tracker
	every int    // one click in so many is followed by a conversion
	http  *http.Client

	bare     *httptest.Server // syncs a line to the disk and redirects: what the machine alone takes; nil = not asked
	bareTook []time.Duration  // unsorted

	nextTxid atomic.Int64
	mu       sync.Mutex
	clicks   []string
	sent     map[string]int // times acknowledged, by txid; 0 = sent and never answered
	calls    int            // acknowledged postbacks
	unstored int            // redirects that said so
	silent   int            // requests that nobody answered, or 503
	wrong    map[string]int // answers that no fault excuses
}

// newLoad makes a network on the server whose affiliate's tracker takes a time for each delivery.
func newLoad(p *proof, w *waypost, takes time.Duration, every int) *load {
	p.Helper()
	n, box := w.mustNetwork(w.mustLogIn(), nil, nil), mustInbox(p, takes)
	n.mustPostbackURL(box.URL + "/pb?txid={txid}")
	return &load{p: p, w: w, n: n, box: box, every: every, sent: map[string]int{}, wrong: map[string]int{}, http: &http.Client{
		Timeout:       20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 5 * time.Second},
	}}
}

// click follows the link, and tells whether there was a redirect.
func (l *load) click() (id string, ok bool) {
	resp, err := l.http.Get(l.n.Link)
	if err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil || resp.StatusCode == http.StatusServiceUnavailable:
		l.silent++
		return "", false
	case resp.StatusCode != http.StatusFound:
		l.wrong[fmt.Sprintf("click: %d", resp.StatusCode)]++
		return "", false
	case resp.Header.Get("Waypost-Stored") != "":
		l.unstored++
		return "", true
	}
	u, err := url.Parse(resp.Header.Get("Location"))
	if err == nil {
		id = u.Query().Get("cid")
	}
	if stored := storedID(id); stored != "" {
		l.clicks = append(l.clicks, stored)
		return id, true
	}
	l.wrong["click: redirected without its id"]++
	return "", false
}

// storedID is a click id as the database writes it: the first 26 characters hold 128 bits in Crockford's alphabet. Empty
// for what is no click id.
func storedID(id string) string {
	if len(id) != 32 {
		return ""
	}
	n := new(big.Int)
	for _, c := range []byte(id[:26]) {
		digit := strings.IndexByte("0123456789abcdefghjkmnpqrstvwxyz", c)
		if digit < 0 {
			return ""
		}
		n.Or(n.Lsh(n, 5), big.NewInt(int64(digit)))
	}
	return fmt.Sprintf("%032x", n)
}

// convert reports a sale of the click, times times with the same txid.
func (l *load) convert(clickID string, times int) {
	txid := fmt.Sprint("t", l.nextTxid.Add(1))
	l.mu.Lock()
	l.sent[txid] = 0
	l.mu.Unlock()
	q := url.Values{"clickid": {clickID}, "token": {l.n.Token}, "com": {"1"}, "txid": {txid}}
	for range times {
		resp, err := l.http.Get(l.w.URL + "/postback?" + q.Encode())
		var answer object
		if err == nil {
			var body []byte
			body, err = io.ReadAll(resp.Body)
			resp.Body.Close()
			answer = decode(body)
		}
		l.mu.Lock()
		switch {
		case err != nil || resp.StatusCode == http.StatusServiceUnavailable:
			l.silent++
		case resp.StatusCode < 300 && slices.Contains([]string{"recorded", "duplicate", "queued"}, answer.text("status")):
			l.sent[txid]++
			l.calls++
		default:
			l.wrong[fmt.Sprintf("postback: %d %s %s", resp.StatusCode, answer.text("status"), answer.text("code"))]++
		}
		l.mu.Unlock()
	}
}

// start sends from some workers, each its next request a pause after its last answer, until stop is called.
func (l *load) start(workers int, pause time.Duration) (stop func()) {
	ended := make(chan struct{})
	var all sync.WaitGroup
	for i := range workers {
		random := l.p.random(uint64(i) + 1)
		all.Go(func() {
			var own []string
			for {
				select {
				case <-ended:
					return
				case <-time.After(pause):
				}
				id, ok := l.click()
				if !ok {
					time.Sleep(20 * time.Millisecond) // nobody listens
				}
				if id == "" {
					continue
				}
				own = append(own, id)
				if random.IntN(l.every) == 0 { // of a click just made, or of one made before the last fault
					l.convert(own[max(0, len(own)-1-random.IntN(200))], 1+random.IntN(5))
				}
			}
		})
	}
	var once sync.Once
	return func() { once.Do(func() { close(ended); all.Wait() }) }
}

// bareEvery is how many clicks come for one of the bare redirects beside them.
const bareEvery = 5

// mustBare starts the bare redirect: it does for a visitor what cannot be left out where nothing acknowledged may be lost.
func mustBare(t testing.TB) *httptest.Server {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "bare"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	var one sync.Mutex
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one.Lock()
		_, _ = io.WriteString(f, r.URL.String()+"\n")
		_ = f.Sync()
		one.Unlock()
		http.Redirect(w, r, "https://shop.example/land", http.StatusFound)
	}))
	t.Cleanup(s.Close)
	return s
}

// pace sends clicks at a rate whether or not the others have their answers, for a time, and now and then a conversion.
// It gives how long each redirect took from the moment when its click was due, sorted, and how many there were none.
func (l *load) pace(rate int, length time.Duration, random *rand.Rand) (took []time.Duration, failed int) {
	var mu sync.Mutex
	var all sync.WaitGroup
	start, slow := time.Now(), map[int]int{}
	for i := range int(length.Seconds() * float64(rate)) {
		due := start.Add(time.Duration(i) * time.Second / time.Duration(rate))
		time.Sleep(time.Until(due))
		converts, times := random.IntN(l.every) == 0, 1+random.IntN(5)
		if l.bare != nil && i%bareEvery == 0 {
			all.Go(func() {
				if resp, err := l.http.Get(l.bare.URL); err == nil {
					resp.Body.Close()
				}
				mu.Lock()
				l.bareTook = append(l.bareTook, time.Since(due))
				mu.Unlock()
			})
		}
		all.Go(func() {
			id, ok := l.click()
			d := time.Since(due)
			mu.Lock()
			if took = append(took, d); !ok {
				failed++
			}
			if d > 50*time.Millisecond {
				slow[int(due.Sub(start).Seconds())]++
			}
			mu.Unlock()
			if id != "" && converts {
				l.convert(id, times)
			}
		})
	}
	all.Wait()
	if len(slow) > 0 {
		l.p.Logf("redirects of over 50 ms, by the second of %s: %v", length, slow)
	}
	slices.Sort(took)
	return took, failed
}

// percentile of sorted times.
func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(p*float64(len(sorted))))]
}

func (l *load) acknowledgedClicks() int { l.mu.Lock(); defer l.mu.Unlock(); return len(l.clicks) }
func (l *load) acknowledgedCalls() int  { l.mu.Lock(); defer l.mu.Unlock(); return l.calls }

// compare waits until all that was acknowledged is in the database, and fills the row. It gives how long that took.
func (l *load) compare(db string, within time.Duration) (took time.Duration) {
	p := l.p
	p.Helper()
	l.mu.Lock()
	clicks, sent, calls := slices.Clone(l.clicks), maps.Clone(l.sent), l.calls
	for what, n := range l.wrong {
		p.Errorf("%d times %s", n, what)
	}
	silent, unstored := l.silent, l.unstored
	l.mu.Unlock()
	began := time.Now()
	conn := mustConnect(p, db)
	var lostClicks, lostConversions, conversions, acknowledged int
	for {
		stored := asked[string](p, conn, `SELECT replace(click_id::text, '-', '') FROM clicks`)
		lostClicks = missing(clicks, stored)
		made := asked[string](p, conn, `SELECT txid FROM conversions`)
		var want []string
		for txid, times := range sent {
			if times > 0 {
				want = append(want, txid)
			}
		}
		lostConversions, conversions, acknowledged = missing(want, made), len(made), len(want)
		if lostClicks+lostConversions == 0 || time.Since(began) > within {
			break
		}
		time.Sleep(250 * time.Millisecond)
	}
	took = time.Since(began)
	p.lost += lostClicks + lostConversions
	if p.lost > 0 {
		p.Logf("%d clicks and %d conversions are lost", lostClicks, lostConversions)
	}
	p.doubled += l.doubled(conn)
	p.acknowledge(len(clicks), "clicks")
	p.acknowledge(acknowledged, fmt.Sprintf("conversions by %d calls", calls))
	p.figure("unanswered %d", silent)
	if unstored > 0 {
		p.figure("redirected unstored %d", unstored)
	}
	if conversions > len(sent) {
		p.Errorf("%d conversions of %d sent", conversions, len(sent))
	}
	return took
}

// doubled counts clicks, conversions of one key and postings of one conversion beyond the first, and holds the balance
// against the conversions, each of which earned 1.00.
func (l *load) doubled(conn *pgx.Conn) int {
	l.p.Helper()
	count := func(query string, args ...any) int { return asked[int](l.p, conn, query, args...)[0] }
	doubled := count(`SELECT (count(*) - count(DISTINCT click_id))::int FROM clicks`) +
		count(`SELECT (count(*) - count(DISTINCT (advertiser_id, txid)))::int FROM conversions`) +
		count(`SELECT (count(*) - count(DISTINCT (conversion_id, account_id, kind)))::int FROM ledger_entries WHERE conversion_id IS NOT NULL`)
	account := "a" + l.n.Affiliate
	conversions, posted := count(`SELECT count(*)::int FROM conversions`), count(`SELECT count(*)::int FROM ledger_entries WHERE account_id = $1`, account)
	balance := count(`SELECT coalesce(sum(approved), 0)::int FROM balances WHERE account_id = $1`, account)
	if posted != conversions || balance != 100*conversions {
		l.p.Errorf("%d conversions of 1.00 each, %d postings, balance %d minor units", conversions, posted, balance)
	}
	return doubled
}

// missing counts what is wanted and not there.
func missing(want, got []string) (n int) {
	there := make(map[string]bool, len(got))
	for _, g := range got {
		there[g] = true
	}
	for _, w := range want {
		if !there[w] {
			n++
		}
	}
	return n
}

func mustConnect(t testing.TB, db string) *pgx.Conn {
	t.Helper()
	var conn *pgx.Conn
	eventually(t, patience, "the test reaches the database", func() (ok bool) {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		var err error
		conn, err = pgx.Connect(ctx, db)
		return err == nil
	})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = conn.Close(ctx)
	})
	return conn
}

// asked reads one column.
func asked[T any](t testing.TB, conn *pgx.Conn, query string, args ...any) []T {
	t.Helper()
	rows, err := conn.Query(context.Background(), query, args...)
	if err == nil {
		var all []T
		if all, err = pgx.CollectRows(rows, pgx.RowTo[T]); err == nil {
			return all
		}
	}
	t.Fatalf("%s: %v", query, err)
	return nil
}

// inbox is an affiliate's tracker that notes the id of each delivery by its txid.
type inbox struct {
	*httptest.Server
	mu   sync.Mutex
	hits map[string][]string
}

func mustInbox(t testing.TB, takes time.Duration) *inbox {
	b := &inbox{hits: map[string][]string{}}
	b.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		time.Sleep(takes)
		b.mu.Lock()
		defer b.mu.Unlock()
		txid := r.URL.Query().Get("txid")
		b.hits[txid] = append(b.hits[txid], r.Header.Get("Webhook-Id"))
	}))
	t.Cleanup(b.Close)
	return b
}

// received counts distinct txids and requests.
func (b *inbox) received() (distinct, requests int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, ids := range b.hits {
		requests += len(ids)
	}
	return len(b.hits), requests
}

// compare waits until each conversion in the database is delivered, and fills the row. It gives how long that took.
func (b *inbox) compare(p *proof, db string, within time.Duration) (took time.Duration) {
	p.Helper()
	conn := mustConnect(p, db)
	began := time.Now()
	var open, owed int
	for {
		row := asked[[]int](p, conn, `SELECT ARRAY[(SELECT count(*) FROM deliveries WHERE status <> 'delivered'), (SELECT count(*) FROM deliveries)]::int[]`)[0]
		if open, owed = row[0], row[1]; open == 0 || time.Since(began) > within {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	took = time.Since(began)
	txids := asked[string](p, conn, `SELECT txid FROM conversions`)
	b.mu.Lock()
	defer b.mu.Unlock()
	var arrived []string
	requests := 0
	for txid, ids := range b.hits {
		arrived = append(arrived, txid)
		requests += len(ids)
		if other := slices.IndexFunc(ids, func(id string) bool { return id != ids[0] }); other >= 0 {
			p.Errorf("%s came under the ids %s and %s", txid, ids[0], ids[other])
		}
	}
	if owed != len(txids) {
		p.Errorf("%d deliveries of %d conversions", owed, len(txids))
	}
	p.lost += max(open, missing(txids, arrived))
	p.acknowledge(owed, "deliveries")
	p.figure("sent again %d", requests-len(arrived))
	return took
}
