package postback_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/postback"
)

func TestDeliver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rc := newReceiver(t, always(200))
	w.postback(rc.URL + "/get?c={aff_click_id}&p={payout}&d={delivery_id}&token=s3cret")
	post := w.postback(rc.URL+"/post", func(p *postback.Postback) { p.Method = "POST" })
	c := w.conversion()
	w.announce(c)
	if diff := cmp.Diff([]string{rc.host}, w.woken.told()); diff != "" {
		t.Errorf("woken (-want +got):\n%s", diff)
	}
	if visit := w.deliver(rc.host); visit.Again {
		t.Errorf("visit %+v", visit)
	}
	requests := rc.received()
	if len(requests) != 2 {
		t.Fatalf("%d requests", len(requests))
	}
	for _, d := range w.deliveries(c) {
		wantStatus(t, d, postback.DeliveryDelivered, "", 1, 1)
		a := d.Attempts[0]
		if a.Number != 1 || a.StatusCode != 200 || a.Error != "" || !strings.HasPrefix(a.ResponseBody, "answer ") || a.At.IsZero() {
			t.Errorf("attempt %+v", a)
		}
		r := requests[slices.IndexFunc(requests, func(r request) bool { return r.id == d.ID.String() })]
		if d.PostbackID != post.ID {
			if want := "/get?c=theirs&p=7.50&d=" + d.ID.String() + "&token=s3cret"; r.method != "GET" || r.url != want || r.body != "" {
				t.Errorf("request %+v, want %s", r, want)
			}
			if strings.Contains(d.URL+a.URL, "s3cret") || !strings.Contains(a.URL, "token=***") {
				t.Errorf("the token is shown: %s, %s", d.URL, a.URL)
			}
			continue
		}
		seconds, err := strconv.ParseInt(r.header.Get("Webhook-Timestamp"), 10, 64)
		if err != nil || time.Since(time.Unix(seconds, 0)) > time.Minute {
			t.Errorf("timestamp %v", r.header)
		}
		signature, err := postback.Sign(post.SigningSecret, r.id, time.Unix(seconds, 0), r.body)
		if err != nil || r.header.Get("Webhook-Signature") != signature || r.header.Get("Content-Type") != "application/json" {
			t.Errorf("headers %v, signature %s, error %v", r.header, signature, err)
		}
		var body struct{ Data map[string]string }
		if err := json.Unmarshal([]byte(r.body), &body); err != nil || body.Data["delivery_id"] != r.id || body.Data["click_id"] != w.signer.Text(c.Click.ID) {
			t.Errorf("body %s, %v", r.body, err)
		}
	}
}

func TestRetryKeepsTheID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rc := newReceiver(t, func(n int, _ *http.Request) int { return map[bool]int{true: 500, false: 204}[n == 1] })
	w.postback(rc.URL)
	c := w.conversion()
	w.announce(c)
	visit := w.deliver(rc.host)
	if !visit.Again || visit.In < 3*time.Second || visit.In > 5500*time.Millisecond {
		t.Errorf("visit %+v", visit)
	}
	d := w.delivery(c)
	wantStatus(t, d, postback.DeliveryRetrying, "", 1, 1)
	if a := d.Attempts[0]; a.StatusCode != 500 || a.Error != postback.ErrorHTTP5xx {
		t.Errorf("attempt %+v", a)
	}
	if w.count(`SELECT failures FROM postbacks WHERE failing_since IS NOT NULL`) != 1 {
		t.Error("the failure was not counted")
	}
	w.deliver(rc.host)
	if len(rc.received()) != 1 {
		t.Fatal("sent before it was due")
	}
	w.due()
	w.deliver(rc.host)
	d = w.delivery(c)
	wantStatus(t, d, postback.DeliveryDelivered, "", 2, 2)
	if rs := rc.received(); len(rs) != 2 || rs[0].id != rs[1].id || rs[0].id != d.ID.String() {
		t.Errorf("requests %+v", rs)
	}
	if w.count(`SELECT count(*) FROM postbacks WHERE failures = 0 AND failing_since IS NULL`) != 1 {
		t.Error("the success did not reset the count")
	}
}

func TestNineTriesThenResend(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var mended atomic.Bool
	rc := newReceiver(t, func(int, *http.Request) int { return map[bool]int{true: 200, false: 404}[mended.Load()] })
	w.postback(rc.URL)
	c := w.conversion()
	w.announce(c)
	for range 12 {
		w.due()
		w.deliver(rc.host)
	}
	d := w.delivery(c)
	wantStatus(t, d, postback.DeliveryFailed, "http_4xx", 9, 9)

	if _, err := w.service.Resend(w.ctx, affiliateUser(2), d.ID); err == nil {
		t.Error("another affiliate resent it")
	}
	mended.Store(true)
	d, err := w.service.Resend(w.ctx, affiliateUser(1), d.ID)
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, d, postback.DeliveryPending, "", 0, 9)
	w.deliver(rc.host)
	d = w.delivery(c)
	wantStatus(t, d, postback.DeliveryDelivered, "", 1, 10)
	for i, a := range d.Attempts {
		if a.Number != i+1 {
			t.Errorf("attempt %d has number %d", i+1, a.Number)
		}
	}
	ids := map[string]bool{}
	for _, r := range rc.received() {
		ids[r.id] = true
	}
	if len(ids) != 1 || !ids[d.ID.String()] {
		t.Errorf("ids %v", ids)
	}
}

// lease takes what is due the way a process does that dies before it writes a result.
func (w *world) lease(host string, length time.Duration) []postback.Lease {
	w.t.Helper()
	leases, err := w.deliveryStore.Lease(w.ctx, host, 10, length)
	if err != nil {
		w.t.Fatal(err)
	}
	return leases
}

func (w *world) settle(rs ...postback.Result) {
	w.t.Helper()
	err := w.tx.InTx(w.ctx, func(ctx context.Context) error {
		_, err := w.deliveryStore.Settle(ctx, rs)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func result(l postback.Lease, status int) postback.Result {
	response := postback.Response{StatusCode: status}
	return postback.Result{DeliveryID: l.Delivery.ID, PostbackID: l.Delivery.PostbackID, Fence: l.Fence,
		Attempt: &postback.Attempt{At: time.Now(), StatusCode: status, Error: response.Class()},
		Outcome: postback.Decide(l.Delivery.Tries, response, time.Now(), 0.5)}
}

func TestStaleResultIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.postback("https://t.example/")
	c := w.conversion()
	w.announce(c)
	first := w.lease("t.example:443", 20*time.Millisecond)
	if len(first) != 1 || first[0].Fence != 1 {
		t.Fatalf("leases %+v", first)
	}
	var second []postback.Lease
	eventually(t, "the lease ends", func() bool {
		second = w.lease("t.example:443", time.Hour)
		return len(second) == 1
	})
	if second[0].Fence != 2 || second[0].Delivery.ID != first[0].Delivery.ID {
		t.Fatalf("second lease %+v", second)
	}
	w.settle(result(first[0], 200))
	wantStatus(t, w.delivery(c), postback.DeliveryPending, "", 0, 1) // the request was made, so the log tells of it
	if len(w.lease("t.example:443", time.Hour)) != 0 {
		t.Error("the stale result ended the second lease")
	}
	w.settle(result(second[0], 500))
	wantStatus(t, w.delivery(c), postback.DeliveryRetrying, "", 1, 2)
	w.settle(result(first[0], 410))
	wantStatus(t, w.delivery(c), postback.DeliveryRetrying, "", 1, 3)
}

func TestDeadWorkersLeaseIsTakenOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rc := newReceiver(t, always(200))
	w.postback(rc.URL)
	c := w.conversion()
	w.announce(c)
	dead := w.lease(rc.host, 300*time.Millisecond)
	sender{}.Send(w.ctx, postback.Request{Method: "GET", URL: dead[0].Delivery.URL, Header: map[string]string{"Webhook-Id": dead[0].Delivery.ID.String()}})
	w.deliver(rc.host)
	if len(rc.received()) != 1 {
		t.Fatal("sent although another process holds the lease")
	}
	eventually(t, "the host is due again", func() bool {
		hosts, err := w.service.DueHosts(w.ctx, 0)
		return err == nil && slices.Contains(hosts, rc.host)
	})
	w.deliver(rc.host)
	wantStatus(t, w.delivery(c), postback.DeliveryDelivered, "", 1, 1)
	if rs := rc.received(); len(rs) != 2 || rs[0].id != rs[1].id {
		t.Errorf("requests %+v", rs)
	}
}

func TestSuperseded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rc := newReceiver(t, func(n int, _ *http.Request) int { return map[bool]int{true: 500, false: 200}[n == 1] })
	w.postback(rc.URL + "?s={status}")
	c, other := w.conversion(), w.conversion()
	w.announce(c, other)
	w.deliver(rc.host) // one of the two fails and waits
	waiting := c
	if w.delivery(c).Status == postback.DeliveryDelivered {
		waiting = other
	}
	rejected := moved(waiting, conversion.StatusRejected)
	w.announce(rejected)
	ds := w.deliveries(waiting)
	wantStatus(t, ds[0], postback.DeliveryFailed, postback.ReasonSuperseded, 1, 1)
	wantStatus(t, ds[1], postback.DeliveryPending, "", 0, 0)
	w.deliver(rc.host)
	w.due()
	w.deliver(rc.host)
	rs := rc.received()
	if len(rs) != 3 || !strings.HasSuffix(rs[2].url, "s=rejected") || rs[2].id != ds[1].ID.String() {
		t.Errorf("requests %+v", rs)
	}
	// One batch that makes a conversion and moves it announces only where it ended.
	c = w.conversion()
	w.announce(c, moved(c, conversion.StatusRejected))
	ds = w.deliveries(c)
	if len(ds) != 2 {
		t.Fatalf("%d deliveries", len(ds))
	}
	slices.SortFunc(ds, func(a, b postback.Delivery) int { return strings.Compare(string(a.EventStatus), string(b.EventStatus)) })
	wantStatus(t, ds[0], postback.DeliveryFailed, postback.ReasonSuperseded, 0, 0)
	wantStatus(t, ds[1], postback.DeliveryPending, "", 0, 0)
}

// What happens to a request under way when a newer status comes: its failure is final, its success stays true.
func TestSupersededUnderWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.postback("https://t.example/")
	for status, want := range map[int]postback.DeliveryStatus{500: postback.DeliveryFailed, 200: postback.DeliveryDelivered} {
		c := w.conversion()
		w.announce(c)
		lease := w.lease("t.example:443", time.Hour)[0]
		w.announce(moved(c, conversion.StatusRejected))
		w.settle(result(lease, status))
		reason := map[bool]string{true: postback.ReasonSuperseded}[want == postback.DeliveryFailed]
		wantStatus(t, w.deliveries(c)[0], want, reason, 1, 1)
		if len(w.lease("t.example:443", time.Hour)) != 1 {
			t.Error("the newer status is not due")
		}
	}
}

func TestGonePausesTheURL(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var mended atomic.Bool
	rc := newReceiver(t, func(_ int, r *http.Request) int {
		return map[bool]int{true: 200, false: 410}[mended.Load() || r.URL.Path == "/other"]
	})
	gone := w.postback(rc.URL + "/gone")
	w.postback(rc.URL + "/other")
	waits := w.conversion()
	w.announce(waits)
	w.exec(`UPDATE deliveries SET next_attempt_at = now() + interval '1 hour', status = 'retrying' WHERE postback_id = $1`, gone.ID)
	c := w.conversion()
	w.announce(c)
	w.deliver(rc.host)

	p, err := w.service.Get(w.ctx, operator, gone.ID)
	if err != nil || p.Active || p.PausedReason != postback.PausedGone {
		t.Errorf("postback %+v, %v", p, err)
	}
	of := func(c conversion.Change, id postback.ID) postback.Delivery {
		ds := w.deliveries(c)
		return ds[slices.IndexFunc(ds, func(d postback.Delivery) bool { return d.PostbackID == id })]
	}
	wantStatus(t, of(c, gone.ID), postback.DeliveryFailed, postback.ReasonGone, 1, 1)
	wantStatus(t, of(waits, gone.ID), postback.DeliveryPaused, "", 0, 0)
	wantStatus(t, of(c, gone.ID+1), postback.DeliveryDelivered, "", 1, 1)
	if !slices.Contains(w.audited.actions(), "postback.pause") {
		t.Errorf("audit %v", w.audited.actions())
	}
	later := w.conversion()
	w.announce(later)
	if ds := w.deliveries(later); len(ds) != 1 || ds[0].PostbackID == gone.ID {
		t.Errorf("a paused postback fired: %+v", ds)
	}

	// Active again, what was set aside is sent, unless its conversion has moved on.
	outdated := w.conversion()
	w.exec(`INSERT INTO deliveries (id, created_at, postback_id, affiliate_id, offer_id, conversion_id, click_id, event_status, method, url, body, host, status, updated_at)
		SELECT gen_random_uuid(), now(), postback_id, affiliate_id, offer_id, $1, $2, 'approved', method, url, body, host, 'paused', now() FROM deliveries WHERE status = 'paused'`,
		outdated.Conversion.ID.UUID.String(), outdated.Click.ID.UUID())
	w.exec(`INSERT INTO conversions (click_id, id, dedupe_key, txid, offer_id, goal_id, affiliate_id, advertiser_id, status, val, commission, revenue, currency,
		original_val, original_currency, exchange_rate, test, params, clicked_at, created_at, updated_at)
		VALUES ($1, $2, 'k', '', 1, 1, 1, 1, 'rejected', 0, 0, 0, 'USD', 0, 'USD', 1, false, '{}', now(), now(), now())`,
		outdated.Click.ID.UUID(), outdated.Conversion.ID.UUID.String())
	mended.Store(true)
	p, _, err = w.service.Update(w.ctx, affiliateUser(1), gone.ID, func(p *postback.Postback) { p.Active = true })
	if err != nil || !p.Active || p.PausedReason != "" || p.Failures != 0 || !p.FailingSince.IsZero() {
		t.Fatalf("postback %+v, %v", p, err)
	}
	w.deliver(rc.host)
	wantStatus(t, of(waits, gone.ID), postback.DeliveryDelivered, "", 1, 1)
	wantStatus(t, of(outdated, gone.ID), postback.DeliveryFailed, postback.ReasonSuperseded, 0, 0)
}

func TestOnlyFailuresPauseTheURL(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rc := newReceiver(t, always(500))
	p := w.postback(rc.URL)
	w.exec(`UPDATE postbacks SET failures = 8, failing_since = now() - interval '73 hours'`)
	c := w.conversion()
	w.announce(c)
	w.deliver(rc.host)
	if p, _ = w.service.Get(w.ctx, operator, p.ID); !p.Active || p.Failures != 9 {
		t.Fatalf("after nine failures: %+v", p)
	}
	w.due()
	w.deliver(rc.host)
	if p, _ = w.service.Get(w.ctx, operator, p.ID); p.Active || p.PausedReason != postback.PausedFailing {
		t.Errorf("after ten failures: %+v", p)
	}
	wantStatus(t, w.delivery(c), postback.DeliveryPaused, "", 2, 2)
}

// A postback that was made inactive after its delivery was announced: nothing is sent, whoever comes first.
func TestInactiveIsNotSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rc := newReceiver(t, always(200))
	w.postback(rc.URL)
	c := w.conversion()
	w.announce(c)
	w.exec(`UPDATE postbacks SET active = false`)
	w.deliver(rc.host)
	wantStatus(t, w.delivery(c), postback.DeliveryPaused, "", 0, 0)
	if len(rc.received()) != 0 {
		t.Error("it was sent")
	}
}

func TestSlowAnswerHoldsNothingUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	release := make(chan struct{})
	rc := newReceiver(t, func(_ int, r *http.Request) int {
		if r.URL.Path == "/slow" {
			<-release
		}
		return 200
	})
	answer := sync.OnceFunc(func() { close(release) })
	defer answer()
	slow := w.postback(rc.URL+"/slow", func(p *postback.Postback) { p.OfferID, p.GoalID = 1, 2 })
	w.postback(rc.URL + "/quick")
	first := w.conversion()
	first.Conversion.GoalID = slow.GoalID
	w.announce(first)
	var quick []conversion.Change
	for range 40 {
		quick = append(quick, w.conversion())
	}
	w.announce(quick...)
	finished := make(chan error, 1)
	go func() {
		_, err := w.service.DeliverHost(w.ctx, rc.host)
		finished <- err
	}()
	eventually(t, "the quick ones are settled", func() bool { return w.count(`SELECT count(*) FROM deliveries WHERE status = 'delivered'`) == 40 })
	// A wake-up while the slow one is under way returns at once and is not lost.
	late := w.conversion()
	w.announce(late)
	if visit := w.deliver(rc.host); visit.Again {
		t.Errorf("the second run did something: %+v", visit)
	}
	eventually(t, "the late one is settled", func() bool { return w.delivery(late).Status == postback.DeliveryDelivered })
	if w.delivery(first).Status != postback.DeliveryPending {
		t.Error("the slow one is settled already")
	}
	answer()
	if err := <-finished; err != nil {
		t.Fatal(err)
	}
	wantStatus(t, w.delivery(first), postback.DeliveryDelivered, "", 1, 1)
}

func TestTwoProcessesSendOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rc := newReceiver(t, always(200))
	w.postback(rc.URL)
	var changes []conversion.Change
	for range 400 {
		changes = append(changes, w.conversion())
	}
	w.announce(changes...)
	var wg sync.WaitGroup
	for range 3 {
		process := w.newService()
		wg.Go(func() {
			if _, err := process.DeliverHost(w.ctx, rc.host); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	seen := map[string]int{}
	for _, r := range rc.received() {
		seen[r.id]++
	}
	if len(seen) != 400 || len(rc.received()) != 400 {
		t.Errorf("%d requests for %d deliveries", len(rc.received()), len(seen))
	}
	if n := w.count(`SELECT count(*) FROM deliveries d WHERE status = 'delivered' AND attempts = 1 AND lease_until IS NULL
		AND EXISTS (SELECT FROM delivery_attempts a WHERE a.delivery_id = d.id AND a.number = 1)`); n != 400 {
		t.Errorf("%d delivered", n)
	}
}

// Deadlines: a run that has too little time left takes nothing, and says that there is more.
func TestShortOfTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rc := newReceiver(t, always(200))
	w.postback(rc.URL)
	c := w.conversion()
	w.announce(c)
	ctx, cancel := context.WithTimeout(w.ctx, postback.SendLimit)
	defer cancel()
	visit, err := w.service.DeliverHost(ctx, rc.host)
	if err != nil || !visit.Again || visit.In != 0 || len(rc.received()) != 0 {
		t.Errorf("visit %+v, %v, %d requests", visit, err, len(rc.received()))
	}
	w.deliver(rc.host)
	wantStatus(t, w.delivery(c), postback.DeliveryDelivered, "", 1, 1)
}

// Stopping in the middle: what is under way is finished and written, the rest is left to others.
func TestStopFinishesWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, stop := context.WithCancel(w.ctx)
	rc := newReceiver(t, func(int, *http.Request) int { stop(); return 200 })
	w.postback(rc.URL)
	var changes []conversion.Change
	for range 100 {
		changes = append(changes, w.conversion())
	}
	w.announce(changes...)
	if _, err := w.service.DeliverHost(ctx, rc.host); err != nil {
		t.Fatal(err)
	}
	sent := len(rc.received())
	if sent == 0 || sent > 20 || w.count(`SELECT count(*) FROM deliveries WHERE status = 'delivered'`) != sent {
		t.Errorf("%d sent", sent)
	}
	if n := w.count(`SELECT count(*) FROM deliveries WHERE lease_until IS NOT NULL`); n != 0 {
		t.Errorf("%d leases were not given back", n)
	}
	w.deliver(rc.host)
	if n := len(rc.received()); n != 100 {
		t.Errorf("%d requests in all", n)
	}
}

// flaky fails the first times that results are written.
type flaky struct {
	postback.DeliveryStore
	failures atomic.Int64
}

func (f *flaky) Settle(ctx context.Context, rs []postback.Result) ([]postback.Health, error) {
	if f.failures.Add(-1) >= 0 {
		return nil, errors.New("database away")
	}
	return f.DeliveryStore.Settle(ctx, rs)
}

func TestResultsOutliveTheDatabase(t *testing.T) {
	t.Parallel()
	store := &flaky{}
	store.failures.Store(3)
	w := newWorld(t, func(d *postback.Deps) {
		store.DeliveryStore = d.Deliveries
		d.Deliveries = store
	})
	rc := newReceiver(t, always(200))
	w.postback(rc.URL)
	c := w.conversion()
	w.announce(c)
	w.deliver(rc.host)
	wantStatus(t, w.delivery(c), postback.DeliveryDelivered, "", 1, 1)
	if len(rc.received()) != 1 {
		t.Errorf("%d requests", len(rc.received()))
	}
}
