package account_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
)

func TestParseIdempotencyKey(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"a", " ", `"8e03978e-40d5-43dd-bc93-6894a57f9324"`, "~!", strings.Repeat("x", 255)} {
		if got, err := account.ParseIdempotencyKey(key); err != nil || string(got) != key {
			t.Errorf("%q: %q, %v", key, got, err)
		}
	}
	for _, key := range []string{"", "\t", "a\x00", "a\x7f", "ä", "a\n", strings.Repeat("x", 256)} {
		if _, err := account.ParseIdempotencyKey(key); !errs.HasCode(err, "invalid_idempotency_key") {
			t.Errorf("%q: %v", key, err)
		}
	}
}

// Whatever moves from one part of a request to another makes it another request.
func TestRequestHash(t *testing.T) {
	t.Parallel()
	seen := map[[32]byte][4]string{}
	for _, r := range [][4]string{{"POST", "/a", "", ""}, {"PATCH", "/a", "", ""}, {"POST", "/b", "", ""}, {"POST", "/a", "b", ""},
		{"POST", "/ab", "", ""}, {"POST", "/a", "", "b"}, {"POST", "", "/a", ""}, {"POST/", "a", "", ""}, {"", "POST/a", "", ""}, {"POST", "/a", "", "b "}} {
		h := account.RequestHash(account.Actor{}, r[0], r[1], r[2], []byte(r[3]))
		if h != account.RequestHash(account.Actor{}, r[0], r[1], r[2], []byte(r[3])) {
			t.Errorf("%q differs from itself", r)
		}
		if twin, ok := seen[h]; ok {
			t.Errorf("%q is the same as %q", r, twin)
		}
		seen[h] = r
	}
}

func write(user account.UserID, key, body string) account.Write {
	return account.Write{UserID: user, Key: account.IdempotencyKey(key), Request: account.RequestHash(account.Actor{}, "POST", "/offers", "", []byte(body))}
}

func created(body string) account.Answer {
	return account.Answer{Status: 201, ContentType: "application/json", Body: []byte(body)}
}

func (w *world) mustBeginWrite(t *testing.T, wr account.Write) account.Claim {
	t.Helper()
	c, answer, err := w.BeginWrite(ctx, wr)
	if err != nil || answer != nil {
		t.Fatalf("begin: %+v, %v", answer, err)
	}
	return c
}

// age makes all claims older.
func (w *world) age(t *testing.T, by time.Duration) {
	t.Helper()
	if _, err := w.pool.Exec(ctx, `UPDATE idempotency_keys SET claimed_at = claimed_at - $1::bigint * interval '1 microsecond'`, by.Microseconds()); err != nil {
		t.Fatal(err)
	}
}

func TestWriteIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := write(1, "k", "{}")
	c := w.mustBeginWrite(t, first)
	if _, _, err := w.BeginWrite(ctx, first); !errs.HasCode(err, "idempotency_key_in_progress") || !errs.Is(err, errs.KindConflict) {
		t.Errorf("under way: %v", err)
	}
	if _, _, err := w.BeginWrite(ctx, write(1, "k", "{ }")); !errs.HasCode(err, "idempotency_key_reused") {
		t.Errorf("another request under way: %v", err)
	}
	must(t, w.EndWrite(ctx, c, created("secret")))
	_, got, err := w.BeginWrite(ctx, first)
	if diff := cmp.Diff(&account.Answer{Status: 201, ContentType: "application/json", Body: []byte("secret")}, got); diff != "" || err != nil {
		t.Errorf("repeat: %v %s", err, diff)
	}
	if _, _, err := w.BeginWrite(ctx, write(1, "k", "{ }")); !errs.HasCode(err, "idempotency_key_reused") || !errs.Is(err, errs.KindInvalid) {
		t.Errorf("another request: %v", err)
	}
	w.mustBeginWrite(t, write(2, "k", "{}")) // another user's key
	w.mustBeginWrite(t, write(1, "K", "{}")) // another key
	var stored string
	err = w.pool.QueryRow(ctx, `SELECT string_agg(encode(body, 'escape') || encode(request_hash, 'escape'), '') FROM idempotency_keys`).Scan(&stored)
	if err != nil || strings.Contains(stored, "secret") {
		t.Errorf("the answer can be read: %v", err)
	}
}

func TestWhichAnswersAreKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for status, kept := range map[int]bool{0: false, 200: true, 201: true, 204: true, 400: true, 401: false, 403: true, 404: true,
		409: true, 422: true, 429: false, 500: false, 503: false} {
		wr := write(account.UserID(status+1), "k", "")
		must(t, w.EndWrite(ctx, w.mustBeginWrite(t, wr), account.Answer{Status: status, Body: []byte{}}))
		_, got, err := w.BeginWrite(ctx, wr)
		if err != nil || (got != nil) != kept || kept && (got.Status != status || len(got.Body) != 0) {
			t.Errorf("%d: %+v, %v; kept should be %t", status, got, err, kept)
		}
	}
}

func TestClaimOfADeadProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wr := write(1, "k", "{}")
	dead := w.mustBeginWrite(t, wr)
	w.age(t, account.ClaimLifetime-10*time.Second)
	if _, _, err := w.BeginWrite(ctx, wr); !errs.HasCode(err, "idempotency_key_in_progress") {
		t.Errorf("still young: %v", err)
	}
	dead.At = dead.At.Add(10*time.Second - account.ClaimLifetime)
	w.age(t, 11*time.Second)
	dead.At = dead.At.Add(-11 * time.Second)
	if _, _, err := w.BeginWrite(ctx, write(1, "k", "[]")); !errs.HasCode(err, "idempotency_key_reused") {
		t.Errorf("another request: %v", err)
	}
	c := w.mustBeginWrite(t, wr)
	// The dead one was only slow: what it says now is too late.
	must(t, w.EndWrite(ctx, dead, created("late")))
	must(t, w.EndWrite(ctx, dead, account.Answer{Status: 500}))
	if _, got, err := w.BeginWrite(ctx, wr); !errs.HasCode(err, "idempotency_key_in_progress") {
		t.Errorf("taken over: %+v, %v", got, err)
	}
	must(t, w.EndWrite(ctx, c, created("mine")))
	if _, got, err := w.BeginWrite(ctx, wr); err != nil || string(got.Body) != "mine" {
		t.Errorf("answered: %+v, %v", got, err)
	}
}

func TestAnswersAreForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, key := range []string{"old", "older"} {
		must(t, w.EndWrite(ctx, w.mustBeginWrite(t, write(1, key, "{}")), created(key)))
	}
	w.age(t, account.AnswerLifetime-time.Minute)
	if n, err := w.Prune(ctx); err != nil || n != 0 {
		t.Errorf("pruned %d too early, %v", n, err)
	}
	if _, got, err := w.BeginWrite(ctx, write(1, "old", "{}")); err != nil || got == nil {
		t.Errorf("before: %+v, %v", got, err)
	}
	w.age(t, 2*time.Minute)
	w.mustBeginWrite(t, write(1, "old", "[]")) // free again, for any request
	if n, err := w.Prune(ctx); err != nil || n != 1 {
		t.Errorf("pruned %d, %v", n, err)
	}
	if _, _, err := w.BeginWrite(ctx, write(1, "old", "[]")); !errs.HasCode(err, "idempotency_key_in_progress") {
		t.Errorf("a young claim was pruned: %v", err)
	}
}

// Of many equal writes at once, on a new key as on a dead one, exactly one runs.
func TestOneOfManyWrites(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wr := write(1, "k", "{}")
	for range 2 {
		var wg sync.WaitGroup
		var ran, waited atomic.Int64
		for range 20 {
			wg.Go(func() {
				switch _, answer, err := w.BeginWrite(ctx, wr); {
				case err == nil && answer == nil:
					ran.Add(1)
				case errs.HasCode(err, "idempotency_key_in_progress"):
					waited.Add(1)
				default:
					t.Errorf("%+v, %v", answer, err)
				}
			})
		}
		wg.Wait()
		if ran.Load() != 1 || waited.Load() != 19 {
			t.Errorf("%d ran, %d wait", ran.Load(), waited.Load())
		}
		w.age(t, account.ClaimLifetime)
	}
}

// Claims that come and go between the statements of a beginner do not keep it for ever.
func TestBeginWriteGivesUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	store := &fleeting{Store: w.Store}
	w.Store = store
	if _, _, err := w.BeginWrite(ctx, write(1, "k", "")); !errs.HasCode(err, "idempotency_key_in_progress") || store.asked > 5 {
		t.Errorf("asked %d times: %v", store.asked, err)
	}
	store.fail = errors.New("away")
	if _, _, err := w.BeginWrite(ctx, write(1, "k", "")); !errors.Is(err, store.fail) {
		t.Errorf("a failing store: %v", err)
	}
}

// fleeting has a claim whenever one is inserted, and none when it is read.
type fleeting struct {
	account.Store
	asked int
	fail  error
}

func (f *fleeting) InsertClaim(context.Context, account.Write) (account.Claim, bool, error) {
	f.asked++
	return account.Claim{}, false, f.fail
}

func (f *fleeting) GetClaim(context.Context, account.UserID, account.IdempotencyKey) (account.Claim, error) {
	return account.Claim{}, errs.NotFound("not_found", "gone")
}
