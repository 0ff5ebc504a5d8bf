package tracking_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/spool"
	"github.com/waypost/waypost/tracking"
)

// recorder is the database side of the postback door: decide answers each call.
type recorder struct {
	decide func(conversion.Call) conversion.Result

	mu       sync.Mutex
	calls    []conversion.Call
	running  atomic.Int64
	most     atomic.Int64 // batches at the same time
	largest  atomic.Int64
	deadline atomic.Bool // every batch had one
}

func (r *recorder) record(ctx context.Context, calls []conversion.Call) []conversion.Result {
	now := r.running.Add(1)
	defer r.running.Add(-1)
	r.most.Store(max(r.most.Load(), now))
	r.largest.Store(max(r.largest.Load(), int64(len(calls))))
	_, limited := ctx.Deadline()
	r.deadline.Store(limited)
	r.mu.Lock()
	r.calls = append(r.calls, calls...)
	r.mu.Unlock()
	results := make([]conversion.Result, len(calls))
	for i, c := range calls {
		results[i] = r.decide(c)
	}
	return results
}

func recorded(conversion.Call) conversion.Result {
	return conversion.Result{Status: conversion.OutcomeRecorded, Code: "ok", Message: "recorded", HTTPStatus: 200}
}

func away(conversion.Call) conversion.Result { return conversion.Result{Err: errAway} }

// postbackNode is a node whose calls are decided by decide.
func postbackNode(t testing.TB, decide func(conversion.Call) conversion.Result, change func(*tracking.Options, *spool.Options)) (*node, *recorder) {
	t.Helper()
	r := &recorder{decide: decide}
	n := newNode(t, func(o *tracking.Options, so *spool.Options) {
		o.Record = r.record
		if change != nil {
			change(o, so)
		}
	})
	return n, r
}

func (n *node) newClickID(t testing.TB) string {
	t.Helper()
	id, err := click.Mint(time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return n.signer.Text(id)
}

// answer reads a postback's answer and insists on its shape: every field of the contract and no other.
func answer(t testing.TB, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	var a map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatalf("%d %q: %v", w.Code, w.Body, err)
	}
	for _, name := range []string{"status", "code", "message", "conversion_id", "click_id", "conversion_status", "warnings"} {
		if _, ok := a[name]; !ok {
			t.Errorf("%d %s: %s is missing", w.Code, w.Body, name)
		}
	}
	if _, ok := a["warnings"].([]any); !ok || len(a) != 7 {
		t.Errorf("%d %s: warnings are no list, or there is more than the contract names", w.Code, w.Body)
	}
	return a
}

func TestPostbackReachesTheRecorderAsItCame(t *testing.T) {
	t.Parallel()
	var n *node
	n, r := postbackNode(t, func(c conversion.Call) conversion.Result {
		if records, _ := n.spool.Unreleased(); records == 0 {
			t.Error("decided before it was durable")
		}
		return recorded(c)
	}, nil)
	for _, tc := range []struct{ method, target, contentType, body string }{
		{"GET", "/postback?clickid=x&token=%20", "", ""},
		{"POST", "/postback?clickid=x", "application/x-www-form-urlencoded", "val=1&txid=2"},
		{"POST", "/postback", "application/json", `{"clickid":"x","val":1.50}`},
	} {
		w := n.request(tc.method, tc.target, strings.NewReader(tc.body), "Content-Type", tc.contentType, "Waypost-Signature", "t=1,v1=2")
		if a := answer(t, w); w.Code != 200 || a["status"] != "recorded" || a["conversion_id"] != nil {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		got := r.calls[len(r.calls)-1]
		if got.ID.IsZero() || !got.ReceivedAt.Equal(got.ID.Time()) || !r.deadline.Load() {
			t.Errorf("id %s, received at %s", got.ID, got.ReceivedAt)
		}
		path, query, _ := strings.Cut(tc.target, "?")
		want := conversion.Call{ID: got.ID, ReceivedAt: got.ReceivedAt, Method: tc.method, Path: path, RawQuery: query,
			ContentType: tc.contentType, Body: []byte(tc.body), IP: "192.0.2.1", Signature: "t=1,v1=2"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		entries, err := n.spool.Next(t.Context(), 1)
		if err != nil || entries[0].Kind != conversion.RecordKind {
			t.Fatalf("spool: %v", err)
		}
		if kept, err := conversion.ParseCall(entries[0].Payload); err != nil || kept.ID != got.ID || string(kept.Body) != tc.body {
			t.Errorf("spool keeps %+v, %v", kept, err)
		}
	}
}

func TestPostbackAnswersWhatTheRecorderSays(t *testing.T) {
	t.Parallel()
	for _, want := range []conversion.Result{
		{Status: conversion.OutcomeDuplicate, Code: "duplicate", HTTPStatus: 200, ClickID: "c", ConversionStatus: conversion.StatusApproved, Warnings: []string{"w"}},
		{Status: conversion.OutcomeRefused, Code: "goal_not_found", HTTPStatus: 404, Message: "m"},
		{Status: conversion.OutcomeRefused, Code: "invalid_token", HTTPStatus: 200, Message: "always_200"},
	} {
		n, _ := postbackNode(t, func(conversion.Call) conversion.Result { return want }, nil)
		w := n.get("/postback?clickid=x")
		a := answer(t, w)
		if w.Code != want.HTTPStatus || a["code"] != want.Code || a["status"] != string(want.Status) {
			t.Errorf("%d %s, want %+v", w.Code, w.Body, want)
		}
	}
}

func TestPostbacksWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	n, _ := postbackNode(t, away, nil)
	id := n.newClickID(t)
	for target, want := range map[string]struct {
		status int
		code   string
	}{
		"?token=secret&clickid=" + id:                      {202, "ok"},
		"?token=secret&val=12,34&com=0&clickid=" + id:      {202, "ok"},
		"?token=secret":                                    {400, "missing_clickid"},
		"?token=secret&clickid=" + id[:31]:                 {400, "malformed_clickid"},
		"?token=secret&clickid=" + strings.Repeat("0", 32): {400, "malformed_clickid"},
		"?clickid=" + id:                                   {401, "missing_token"},
		"?token=wrong&clickid=" + id:                       {403, "invalid_token"},
		"?token=secret&val=1,234&clickid=" + id:            {400, "invalid_val"},
		"?token=secret&com=-1&clickid=" + id:               {400, "invalid_com"},
		"?token=secret&comperc=x&clickid=" + id:            {400, "invalid_comperc"},
		"?token=secret&payout=1e3&clickid=" + id:           {400, "invalid_payout"},
	} {
		w := n.get("/postback" + target)
		a := answer(t, w)
		if w.Code != want.status || a["code"] != want.code || (w.Code == 202) != (a["status"] == "queued") {
			t.Errorf("%s: %d %s, want %+v", target, w.Code, w.Body, want)
		}
	}
	w := n.request("POST", "/postback", strings.NewReader(`{"clickid":`), "Content-Type", "application/json")
	if a := answer(t, w); w.Code != 400 || a["code"] != "invalid_body" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if records, _ := n.spool.Unreleased(); records != 12 {
		t.Errorf("%d calls are in the spool for the log, want 12", records)
	}
	n.catalogue.change(func(r *click.Routing) { r.Advertisers[10] = &click.RoutedSender{Auth: advertiser.AuthIP} })
	n.routing.Refresh(t.Context())
	if w := n.get("/postback?clickid=" + id); w.Code != 202 {
		t.Errorf("an advertiser without a token may have sent it: %d %s", w.Code, w.Body)
	}
}

func TestPostbackWithoutASpool(t *testing.T) {
	t.Parallel()
	full := func(_ *tracking.Options, o *spool.Options) { o.Create = fullDisk }
	n, _ := postbackNode(t, recorded, full)
	if w := n.get("/postback?clickid=x"); w.Code != 200 {
		t.Errorf("the database is there: %d %s", w.Code, w.Body)
	}
	n, _ = postbackNode(t, away, full)
	w := n.get("/postback?clickid=x")
	if a := answer(t, w); w.Code != 503 || w.Header().Get("Retry-After") == "" || a["status"] != "refused" {
		t.Errorf("nothing is there: %d %v %s", w.Code, w.Header(), w.Body)
	}
}

// An error that is nobody's outage leaves the call in the spool too: it is queued, and the loader tries again.
func TestPostbackThatCannotBeDecidedStaysInTheSpool(t *testing.T) {
	t.Parallel()
	flight := &conversion.InFlight{}
	n, r := postbackNode(t, func(conversion.Call) conversion.Result { return conversion.Result{Err: errs.Invalid("bug", "bug")} },
		func(o *tracking.Options, _ *spool.Options) { o.InFlight = flight })
	if w := n.get("/postback?token=secret&clickid=" + n.newClickID(t)); w.Code != 202 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	flight.Ask(r.calls[0].ID, func(settled bool) {
		if settled {
			t.Error("the loader is told to forget it")
		}
	})
}

func TestPostbackWaitsForItsClick(t *testing.T) {
	t.Parallel()
	var flushes, asked atomic.Int64
	flight := &conversion.InFlight{}
	pending := conversion.Result{ClickPending: true}
	n, r := postbackNode(t, func(c conversion.Call) conversion.Result {
		if asked.Add(1); flushes.Load() == 0 {
			return pending
		}
		return recorded(c)
	}, func(o *tracking.Options, _ *spool.Options) {
		o.InFlight = flight
		o.Flush = func(context.Context) error { flushes.Add(1); return nil }
	})
	if w := n.get("/postback?clickid=x"); w.Code != 200 || flushes.Load() != 1 || asked.Load() != 2 {
		t.Errorf("%d after %d flushes and %d questions", w.Code, flushes.Load(), asked.Load())
	}
	told := false
	flight.Ask(r.calls[0].ID, func(settled bool) { told = settled })
	if !told {
		t.Error("the loader would decide a call that is settled")
	}
}

func TestPostbackWhoseClickNeverArrives(t *testing.T) {
	t.Parallel()
	n, r := postbackNode(t, func(c conversion.Call) conversion.Result {
		if c.LogPending {
			return conversion.Result{Status: conversion.OutcomeQueued, Code: conversion.CodeClickPending, HTTPStatus: 202}
		}
		return conversion.Result{ClickPending: true}
	}, nil)
	begin := time.Now()
	w := n.get("/postback?clickid=x")
	if a := answer(t, w); w.Code != 202 || a["code"] != "click_pending" || a["status"] != "queued" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if took := time.Since(begin); took < 1900*time.Millisecond {
		t.Errorf("gave up after %s", took)
	}
	if last := r.calls[len(r.calls)-1]; !last.LogPending {
		t.Error("the pending call is not in the log")
	}
}

func TestPostbackBodyThatIsTooLarge(t *testing.T) {
	t.Parallel()
	n, r := postbackNode(t, recorded, nil)
	n.request("POST", "/postback?clickid=x", strings.NewReader("val="+strings.Repeat("1", 70<<10)), "Content-Type", "application/x-www-form-urlencoded")
	n.request("POST", "/postback?clickid=x", strings.NewReader("val="+strings.Repeat("1", 64<<10-10)), "Content-Type", "application/x-www-form-urlencoded")
	for _, c := range r.calls {
		if _, err := conversion.ParseSent(c); err == nil || err.Code != "invalid_body" {
			t.Errorf("a cut body of %d bytes is read: %v", len(c.Body), err)
		}
	}
	if len(r.calls) != 2 {
		t.Errorf("%d calls are logged, want 2", len(r.calls))
	}
}

func TestConcurrentPostbacksShareBatches(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	n, r := postbackNode(t, func(c conversion.Call) conversion.Result {
		<-release
		return conversion.Result{Status: conversion.OutcomeRecorded, Code: "ok", HTTPStatus: 200, Message: c.RawQuery}
	}, nil)
	const calls = 700
	var senders sync.WaitGroup
	for i := range calls {
		senders.Go(func() {
			query := "clickid=" + strings.Repeat("x", i+1)
			if a := answer(t, n.get("/postback?"+query)); a["message"] != query {
				t.Error("got another call's answer")
			}
		})
	}
	for {
		if records, _ := n.spool.Unreleased(); records == calls {
			break
		}
		time.Sleep(time.Millisecond)
	}
	close(release)
	senders.Wait()
	if r.most.Load() > 2 || r.largest.Load() > 256 || r.largest.Load() < 2 || len(r.calls) != calls {
		t.Errorf("%d batches at once, the largest of %d, %d calls in all", r.most.Load(), r.largest.Load(), len(r.calls))
	}
}

// Nobody waits for a database that is away longer than the limit, however many wait.
func TestWaitingPostbacksDoNotQueueBehindADeadDatabase(t *testing.T) {
	t.Parallel()
	slow := newNode(t, func(o *tracking.Options, _ *spool.Options) {
		o.RecordWithin = 200 * time.Millisecond
		o.Record = func(ctx context.Context, calls []conversion.Call) []conversion.Result {
			<-ctx.Done()
			results := make([]conversion.Result, len(calls))
			for i := range results {
				results[i].Err = errAway
			}
			return results
		}
	})
	begin := time.Now()
	var senders sync.WaitGroup
	for range 2000 {
		senders.Go(func() { slow.get("/postback?token=secret&clickid=x") })
	}
	senders.Wait()
	if took := time.Since(begin); took > 5*time.Second { // batch after batch it would be 2000/256/2 limits and more
		t.Errorf("took %s", took)
	}
}

func FuzzPostback(f *testing.F) {
	n, _ := postbackNode(f, recorded, nil)
	down, _ := postbackNode(f, away, nil)
	id := n.newClickID(f)
	f.Add("GET", "clickid="+id+"&token=secret&val=1", "", "")
	f.Add("POST", "", "application/json", `{"clickid":"`+id+`","token":"secret","val":1.5}`)
	f.Add("POST", "token=secret", "application/x-www-form-urlencoded", "clickid="+id+"&val=1,234;%zz")
	f.Add("POST", "%", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"clickid\"\r\n\r\ny\r\n--x--")
	f.Fuzz(func(t *testing.T, method, query, contentType, body string) {
		if method != http.MethodPost {
			method = http.MethodGet
		}
		for _, door := range []*node{n, down} {
			r := httptest.NewRequest(method, "/postback", strings.NewReader(body))
			r.URL.RawQuery = query
			r.Header["Content-Type"] = []string{contentType}
			w := httptest.NewRecorder()
			door.ServeHTTP(w, r)
			a := answer(t, w)
			if w.Code >= 500 || door == n && w.Code != 200 {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if door == down && (w.Code == 200 || w.Code == 202 != (a["status"] == "queued") || w.Code == 202 && a["click_id"] == nil) {
				t.Fatalf("while the database is away: %d %s", w.Code, w.Body)
			}
		}
	})
}
