package postback_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/postback"
)

// backlog owes a postback n deliveries and refuses, from then on, a statement that changes more than a thousand: however
// long a backlog is, nothing may take as long as it is.
func (w *world) backlog(p postback.Postback, host string, n int) {
	w.t.Helper()
	w.exec(`INSERT INTO deliveries (id, created_at, postback_id, affiliate_id, offer_id, conversion_id, click_id, event_status, method, url, body, host, status, next_attempt_at, updated_at)
		SELECT gen_random_uuid(), now(), $1, 1, 1, gen_random_uuid(), gen_random_uuid(), 'approved', 'GET', $2, '', $3, 'pending', now(), now() FROM generate_series(1, $4) i`,
		int64(p.ID), p.URL, host, n)
	w.exec(`CREATE FUNCTION few() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN IF (SELECT count(*) FROM changed) > 1000 THEN RAISE EXCEPTION 'a statement of more than 1,000 rows'; END IF; RETURN NULL; END $$`)
	w.exec(`CREATE TRIGGER few AFTER UPDATE ON deliveries REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION few()`)
}

func (w *world) statuses(id postback.ID) map[string]int {
	w.t.Helper()
	rows, err := w.pool.Query(w.ctx, `SELECT status, count(*) FROM deliveries WHERE postback_id = $1 GROUP BY status`, int64(id))
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	counts := map[string]int{}
	for rows.Next() {
		var status string
		var n int
		if err := rows.Scan(&status, &n); err != nil {
			w.t.Fatal(err)
		}
		counts[status] = n
	}
	return counts
}

// sentWhenPaused tells how many requests the receiver had when the postback was seen to be off.
func (w *world) sentWhenPaused(id postback.ID, rc *receiver) <-chan int {
	sent := make(chan int, 1)
	go func() {
		for active := true; active; {
			if err := w.pool.QueryRow(w.ctx, `SELECT active FROM postbacks WHERE id = $1`, int64(id)).Scan(&active); err != nil {
				w.t.Error(err)
				break
			}
		}
		sent <- len(rc.received())
	}()
	return sent
}

func requestsByID(rc *receiver) map[string]int {
	ids := map[string]int{}
	for _, r := range rc.received() {
		ids[r.id]++
	}
	return ids
}

// A receiver that is gone is paused by its first answer, however much is owed to it; nothing is sent twice, the results
// are kept, and what was set aside is sent once when the postback is active again.
func TestGoneWithALongBacklog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 20_000
	var mended atomic.Bool
	rc := newReceiver(t, func(int, *http.Request) int { return map[bool]int{true: 200, false: 410}[mended.Load()] })
	p := w.postback(rc.URL)
	w.backlog(p, rc.host, n)
	paused := w.sentWhenPaused(p.ID, rc)
	w.deliver(rc.host)
	if read, err := w.service.Get(w.ctx, operator, p.ID); err != nil || read.Active || read.PausedReason != postback.PausedGone {
		t.Fatalf("postback %+v, %v", read, err)
	}
	gone := requestsByID(rc)
	for id, times := range gone {
		if times > 1 {
			t.Errorf("%s was sent %d times", id, times)
		}
	}
	// A run has 64 requests under way at most and holds three more rounds of them; leases that it takes later say that
	// the postback is off. How many go out before that is written is a matter of how fast the machine writes.
	if before := <-paused; len(gone)-before > 4*64 {
		t.Errorf("%d requests, %d of them after the postback was paused", len(gone), len(gone)-before)
	}
	if kept := w.count(`SELECT count(*) FROM delivery_attempts`); kept != len(gone) {
		t.Errorf("%d attempts kept of %d requests", kept, len(gone))
	}
	if pauses := slices.DeleteFunc(w.audited.actions(), func(a string) bool { return a != "postback.pause" }); len(pauses) != 1 {
		t.Errorf("audit %v", pauses)
	}

	follow := func() {
		t.Helper()
		if err := w.service.FollowAll(w.ctx); err != nil {
			t.Fatal(err)
		}
	}
	follow()
	if got := w.statuses(p.ID); got["pending"]+got["retrying"] != 0 || got["paused"]+got["failed"] != n {
		t.Errorf("set aside: %v", got)
	}
	if hosts, err := w.service.DueHosts(w.ctx, 0); err != nil || len(hosts) != 0 {
		t.Errorf("the sweeper still visits %v, %v", hosts, err)
	}
	if left := w.count(`SELECT count(*) FROM postbacks WHERE turned`); left != 0 {
		t.Errorf("%d postbacks are still looked after", left)
	}
	failed := w.statuses(p.ID)["failed"]

	mended.Store(true)
	if _, _, err := w.service.Update(w.ctx, affiliateUser(1), p.ID, func(p *postback.Postback) { p.Active = true }); err != nil {
		t.Fatal(err)
	}
	follow()
	if got := w.statuses(p.ID); got["pending"] != n-failed {
		t.Errorf("resumed: %v", got)
	}
	// A part of it is enough to see that each is sent once.
	w.exec(`DROP TRIGGER few ON deliveries`)
	w.exec(`UPDATE deliveries SET next_attempt_at = now() + interval '1 hour'
		WHERE status = 'pending' AND id NOT IN (SELECT id FROM deliveries WHERE status = 'pending' ORDER BY id LIMIT 300)`)
	w.deliver(rc.host)
	if got := w.statuses(p.ID); got["delivered"] != 300 {
		t.Errorf("delivered: %v", got)
	}
	for id, times := range requestsByID(rc) {
		if times > 1+gone[id] {
			t.Errorf("%s was sent %d times, %d of them before the pause", id, times, gone[id])
		}
	}
}

// The owner of a long backlog switches it off and on: each answer is quick, and the last word counts.
func TestSwitchALongBacklog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 20_000
	rc := newReceiver(t, always(200))
	p := w.postback(rc.URL)
	w.backlog(p, rc.host, n)
	turn := func(active bool) {
		t.Helper()
		if _, _, err := w.service.Update(w.ctx, affiliateUser(1), p.ID, func(p *postback.Postback) { p.Active = active }); err != nil {
			t.Fatal(err)
		}
	}
	turn(false)
	if got := w.statuses(p.ID); got["paused"] == 0 || got["paused"] == n {
		t.Errorf("with the answer %v", got)
	}
	// Whoever comes before the job sends nothing.
	ctx, cancel := context.WithCancel(w.ctx)
	go func() {
		defer cancel()
		_ = w.service.FollowAll(ctx)
	}()
	w.deliver(rc.host)
	<-ctx.Done()
	if got := w.statuses(p.ID); got["paused"] != n || len(rc.received()) != 0 {
		t.Errorf("switched off: %v, %d requests", got, len(rc.received()))
	}
	turn(true)
	turn(false)
	turn(true)
	if err := w.service.FollowAll(w.ctx); err != nil {
		t.Fatal(err)
	}
	if got := w.statuses(p.ID); got["pending"] != n {
		t.Errorf("switched on: %v", got)
	}
}

type neverFollows struct{ postback.DeliveryStore }

func (neverFollows) Follow(context.Context, postback.ID, int) ([]string, bool, error) {
	return nil, false, errors.New("the database is busy")
}

// That deliveries do not follow at once is no failure of the change, and the job mends it.
func TestFollowMayFail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.postback("https://t.example/")
	w.announce(w.conversion())
	busy := w.newService(func(d *postback.Deps) { d.Deliveries = neverFollows{d.Deliveries} })
	read, _, err := busy.Update(w.ctx, account.Actor{UserID: 1, Role: account.RoleManager}, p.ID, func(p *postback.Postback) { p.Active = false })
	if err != nil || read.Active {
		t.Errorf("postback %+v, %v", read, err)
	}
	if err := busy.FollowAll(w.ctx); err == nil {
		t.Error("the job hides its failure")
	}
	if got := w.statuses(p.ID); got["pending"] != 1 {
		t.Errorf("it followed: %v", got)
	}
	if err := w.service.FollowAll(w.ctx); err != nil {
		t.Fatal(err)
	}
	if got := w.statuses(p.ID); got["paused"] != 1 {
		t.Errorf("it did not follow: %v", got)
	}
}
