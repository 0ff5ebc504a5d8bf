package api_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/api"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/web"
)

const key = "Idempotency-Key"

// keyed sends a body under an Idempotency-Key.
func (w *world) keyed(k, token, method, path, body string) answer {
	w.Helper()
	return w.send(token, method, path, "application/json", strings.NewReader(body), key, k)
}

func (w *world) advertisers() int {
	w.Helper()
	return len(items(w.must(200, w.admin, "GET", "/advertisers?limit=500", nil)))
}

func TestRepeatedWriteGetsTheFirstAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.keyed("k1", w.admin, "POST", "/advertisers", `{"name":"Shop"}`)
	if first.status != 201 || first.header.Get("Idempotency-Replayed") != "" {
		t.Fatalf("first: %d %v %s", first.status, first.header, first.raw)
	}
	for range 2 {
		again := w.keyed("k1", w.admin, "POST", "/advertisers", `{"name":"Shop"}`)
		if again.status != 201 || again.raw != first.raw || again.header.Get("Idempotency-Replayed") != "true" ||
			again.header.Get("Content-Type") != first.header.Get("Content-Type") || again.header.Get("Cache-Control") != "no-store" {
			t.Errorf("again: %d %v %s", again.status, again.header, again.raw)
		}
	}
	if n := w.advertisers(); n != 1 {
		t.Errorf("%d advertisers", n)
	}
	target := path("/advertisers/%d", id(first.body))
	for name, a := range map[string]answer{
		"another body":   w.keyed("k1", w.admin, "POST", "/advertisers", `{"name":"Shop "}`),
		"another path":   w.keyed("k1", w.admin, "POST", "/affiliates", `{"name":"Shop"}`),
		"another method": w.keyed("k1", w.admin, "PATCH", target, `{"name":"Shop"}`),
		"another query":  w.keyed("k1", w.admin, "POST", "/advertisers?x=1", `{"name":"Shop"}`),
	} {
		if a.status != 422 || a.body["code"] != "idempotency_key_reused" {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}

	// A refusal is an answer too: what it was refused for may be otherwise by now.
	refused := w.keyed("k2", w.admin, "POST", "/advertisers", `{"name":""}`)
	again := w.keyed("k2", w.admin, "POST", "/advertisers", `{"name":""}`)
	if refused.status != 422 || again.status != 422 || again.raw != refused.raw || again.header.Get("Content-Type") != "application/problem+json" ||
		again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("refused: %d %s, then %d %v %s", refused.status, refused.raw, again.status, again.header, again.raw)
	}

	// What was changed in between is not changed back.
	w.keyed("k3", w.admin, "PATCH", target, `{"name":"One"}`)
	w.must(200, w.admin, "PATCH", target, fields{"name": "Two"})
	if a := w.keyed("k3", w.admin, "PATCH", target, `{"name":"One"}`); a.status != 200 || a.body["name"] != "One" {
		t.Errorf("patched: %d %s", a.status, a.raw)
	}
	if got := w.must(200, w.admin, "GET", target, nil); got["name"] != "Two" {
		t.Errorf("patched twice: %v", got["name"])
	}
	for range 2 { // without a key the second would find nothing
		if a := w.send(w.admin, "DELETE", target, "", nil, key, "k4"); a.status != 204 || a.raw != "" {
			t.Errorf("deleted: %d %s", a.status, a.raw)
		}
	}
	w.refused(404, "not_found", w.admin, "DELETE", target, nil)
}

func TestKeysAreEachUsersOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, other := w.user(account.User{Role: account.RoleManager})
	a := w.keyed("k", w.admin, "POST", "/advertisers", `{"name":"Shop"}`)
	b := w.keyed("k", other, "POST", "/advertisers", `{"name":"Shop"}`)
	if a.status != 201 || b.status != 201 || id(a.body) == id(b.body) || w.advertisers() != 2 {
		t.Errorf("%d %s and %d %s", a.status, a.raw, b.status, b.raw)
	}
	if c := w.keyed("k", "", "POST", "/advertisers", `{"name":"Shop"}`); c.status != 401 {
		t.Errorf("nobody: %d %s", c.status, c.raw)
	}
}

func TestBadKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, k := range []string{"", "ä", "a\tb", "a\x7f", strings.Repeat("x", 256)} {
		a := w.keyed(k, w.admin, "POST", "/advertisers", `{"name":"Shop"}`)
		if a.status != 400 || a.body["code"] != "invalid_idempotency_key" || locations(a)["header.Idempotency-Key"] == "" || a.body["status"] != 400.0 {
			t.Errorf("%q: %d %s", k, a.status, a.raw)
		}
	}
	if a := w.send(w.admin, "GET", "/advertisers", "", nil, key, ""); a.status != 200 || len(items(a.body)) != 0 {
		t.Errorf("a read does not look at it: %d %s", a.status, a.raw)
	}
	if a := w.send("", "POST", "/auth/refresh", "application/json", strings.NewReader(`{"refresh_token":"x"}`), key, ""); a.status != 401 {
		t.Errorf("nor does a log-in: %d %s", a.status, a.raw)
	}
	big := `{"name":"` + strings.Repeat("x", 300<<10) + `"}`
	if a := w.keyed("big", w.admin, "POST", "/advertisers", big); a.status != 413 || a.body["code"] != "body_too_large" {
		t.Errorf("too large: %d %.200s", a.status, a.raw)
	}
	// Two lines are one value, in this order.
	first := w.send(w.admin, "POST", "/advertisers", "application/json", strings.NewReader(`{"name":"Shop"}`), key, "a", key, "b")
	again := w.keyed("a, b", w.admin, "POST", "/advertisers", `{"name":"Shop"}`)
	if first.status != 201 || again.raw != first.raw {
		t.Errorf("two lines: %d %s, %d %s", first.status, first.raw, again.status, again.raw)
	}
}

// Of equal writes at once one runs; the others wait or get its answer.
func TestEqualWritesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var wg sync.WaitGroup
	var made atomic.Int64
	var bodies sync.Map
	for range 20 {
		wg.Go(func() {
			a := w.keyed("k", w.admin, "POST", "/advertisers", `{"name":"Shop"}`)
			switch {
			case a.status == 201:
				made.Add(1)
				bodies.Store(a.raw, true)
			case a.status != 409 || a.body["code"] != "idempotency_key_in_progress" || a.header.Get("Retry-After") == "":
				t.Errorf("%d %v %s", a.status, a.header, a.raw)
			}
		})
	}
	wg.Wait()
	kinds := 0
	bodies.Range(func(any, any) bool { kinds++; return true })
	if made.Load() == 0 || kinds != 1 || w.advertisers() != 1 {
		t.Errorf("%d answers of %d kinds, %d advertisers", made.Load(), kinds, w.advertisers())
	}
	if a := w.keyed("k", w.admin, "POST", "/advertisers", `{"name":"Shop"}`); a.status != 201 || a.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("later: %d %s", a.status, a.raw)
	}
}

// Our own fault is not kept: the repeat tries again.
func TestFailedWriteMayBeRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		code   string
		status int
	}{{"57P01", 503}, {"XX000", 500}} {
		err := w.exec(`CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '` + c.code + `'; END $$;
			CREATE TRIGGER fail BEFORE INSERT ON advertisers FOR EACH ROW EXECUTE FUNCTION fail()`)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if a := w.keyed(c.code, w.admin, "POST", "/advertisers", `{"name":"Shop"}`); a.status != c.status {
				t.Errorf("failing: %d %s", a.status, a.raw)
			}
		}
		if err := w.exec(`DROP TRIGGER fail ON advertisers`); err != nil {
			t.Fatal(err)
		}
		if a := w.keyed(c.code, w.admin, "POST", "/advertisers", `{"name":"Shop"}`); a.status != 201 || a.header.Get("Idempotency-Replayed") != "" {
			t.Errorf("mended: %d %s", a.status, a.raw)
		}
	}
}

// What passes by itself is no answer to keep either: two writes that met in the database.
func TestLostRaceMayBeRepeated(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	_, conversions, _, _ := traffic(n)
	err := n.exec(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$;
		CREATE TRIGGER fail BEFORE UPDATE ON conversions FOR EACH ROW EXECUTE FUNCTION fail()`)
	if err != nil {
		t.Fatal(err)
	}
	target := "/conversions/" + conversions[0]
	a := n.keyed("k", n.admin, "PATCH", target, `{"status":"rejected"}`)
	if a.status != 503 || a.body["code"] != "concurrent_change" || a.header.Get("Retry-After") != "1" {
		t.Errorf("lost: %d %v %s", a.status, a.header, a.raw)
	}
	if err := n.exec(`DROP TRIGGER fail ON conversions`); err != nil {
		t.Fatal(err)
	}
	if a := n.keyed("k", n.admin, "PATCH", target, `{"status":"rejected"}`); a.status != 200 || a.body["status"] != "rejected" {
		t.Errorf("again: %d %s", a.status, a.raw)
	}
}

// A write that panics gives its key back too.
func TestPanickingWriteMayBeRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	broken := echo.New()
	log := slog.New(slog.DiscardHandler)
	broken.HTTPErrorHandler = web.ErrorHandler(log)
	broken.Use(web.Recover)
	if err := api.Mount(broken, api.Deps{Tokens: w.tokens, Accounts: w.accounts, Log: log}); err != nil { // without advertisers
		t.Fatal(err)
	}
	whole := w.e
	w.e = broken
	if a := w.keyed("k", w.admin, "POST", "/advertisers", `{"name":"Shop"}`); a.status != 500 || a.body["code"] != "internal" {
		t.Errorf("panic: %d %s", a.status, a.raw)
	}
	w.e = whole
	if a := w.keyed("k", w.admin, "POST", "/advertisers", `{"name":"Shop"}`); a.status != 201 {
		t.Errorf("mended: %d %s", a.status, a.raw)
	}
}

// A client that hangs up while its write runs finds the answer when it comes back.
func TestWriteOutlivesItsClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	lock, err := w.pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Rollback(ctx) }()
	if _, err := lock.Exec(ctx, `LOCK TABLE advertisers IN SHARE MODE`); err != nil {
		t.Fatal(err)
	}
	asking, hangUp := context.WithCancel(ctx)
	r := httptest.NewRequestWithContext(asking, "POST", api.Base+"/advertisers", strings.NewReader(`{"name":"Shop"}`))
	r.Header = http.Header{"Authorization": {"Bearer " + w.admin}, "Content-Type": {"application/json"}, key: {"k"}}
	answered := make(chan *httptest.ResponseRecorder)
	go func() {
		rec := httptest.NewRecorder()
		w.e.ServeHTTP(rec, r)
		answered <- rec
	}()
	w.awaitLock()
	if a := w.keyed("k", w.admin, "POST", "/advertisers", `{"name":"Shop"}`); a.status != 409 || a.body["code"] != "idempotency_key_in_progress" {
		t.Errorf("meanwhile: %d %s", a.status, a.raw)
	}
	hangUp()
	if err := lock.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	rec := <-answered
	again := w.keyed("k", w.admin, "POST", "/advertisers", `{"name":"Shop"}`)
	if rec.Code != 201 || again.status != 201 || again.raw != rec.Body.String() || w.advertisers() != 1 {
		t.Errorf("%d %s, then %d %s", rec.Code, rec.Body, again.status, again.raw)
	}
}

// An answer that could not be kept is sent all the same, and the log tells the operator.
func TestAnswerThatIsNotKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	err := w.exec(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'x'; END $$;
		CREATE TRIGGER fail BEFORE UPDATE ON idempotency_keys FOR EACH ROW EXECUTE FUNCTION fail()`)
	if err != nil {
		t.Fatal(err)
	}
	if a := w.keyed("k", w.admin, "POST", "/advertisers", `{"name":"Shop"}`); a.status != 201 || !json.Valid([]byte(a.raw)) {
		t.Errorf("%d %s", a.status, a.raw)
	}
	if !strings.Contains(w.log.String(), "answer of a write is not kept") {
		t.Errorf("log: %s", w.log)
	}
	if a := w.keyed("k", w.admin, "POST", "/advertisers", `{"name":"Shop"}`); a.status != 409 || a.body["code"] != "idempotency_key_in_progress" {
		t.Errorf("within a minute: %d %s", a.status, a.raw)
	}
}
