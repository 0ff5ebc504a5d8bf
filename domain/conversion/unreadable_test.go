package conversion_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
)

// A line whose call cannot be opened keeps no other waiting, neither what is queued nor what is replayed.
func TestUnreadableCallKeepsNoOtherWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	queued := func() (click.ID, conversion.Call) {
		id, err := click.Mint(w.clock(), rand.Reader)
		w.fatal(err)
		c := w.query("clickid", w.signer.Text(id), "com", "1")
		c.LogPending = true
		w.fatalIf(w.send(c).Status != "queued", "not queued")
		w.at(w.clock().Add(time.Second))
		return id, c
	}
	_, bad := queued()
	id, good := queued()
	refused := w.query("clickid", w.click(1, noon.Add(-time.Hour), ""), "goal", "late")
	mended := w.query("clickid", w.click(1, noon.Add(-time.Hour), ""), "goal", "late", "com", "2")
	w.send(refused)
	w.send(mended)
	var sealed []byte
	w.fatal(w.db.Pool().QueryRow(ctx, `SELECT raw FROM postback_log WHERE id = $1`, [16]byte(bad.ID.UUID)).Scan(&sealed))
	w.exec(`UPDATE postback_log SET raw = 'garbage' WHERE id IN ($1, $2)`, [16]byte(bad.ID.UUID), [16]byte(refused.ID.UUID))
	w.store(id, 1, "")
	line := func(c conversion.Call, status conversion.Outcome, code string) {
		t.Helper()
		if l, err := w.s.LogGet(ctx, operator, c.ID); err != nil || l.Status != status || l.Code != code || (l.SettledAt.IsZero()) {
			t.Errorf("%+v, %v; want %s %s", l, err, status, code)
		}
	}
	if n, err := w.s.SettlePending(ctx); n != 2 || err != nil {
		t.Errorf("%d settled, %v", n, err)
	}
	line(bad, "refused", "unreadable_call")
	line(good, "recorded", "ok")
	line(refused, "refused", "goal_not_found")

	w.exec(`UPDATE goals SET alias = 'late' WHERE id = 3`)
	w.at(w.clock().Add(time.Minute))
	done, err := w.s.Replays(ctx, operator, conversion.LogFilter{})
	if err != nil || done.Count != 3 || done.Recorded != 1 || done.Refused != 2 || done.More {
		t.Errorf("%+v, %v", done, err)
	}
	line(mended, "recorded", "ok")
	line(refused, "refused", "goal_not_found") // its reason is not lost
	if _, err := w.s.Replay(ctx, operator, bad.ID); !errs.HasCode(err, "unreadable_call") {
		t.Errorf("alone: %v", err)
	}
	w.exec(`UPDATE postback_log SET raw = $2 WHERE id = $1`, [16]byte(bad.ID.UUID), sealed) // the secret is back
	if r, err := w.s.Replay(ctx, operator, bad.ID); err != nil || r.Code != "click_pending" {
		t.Errorf("once it can be read: %+v, %v", r, err)
	}
	w.verify()
}

// Lines of both statuses come in one order, however they are parted into pages.
func TestReplaysInTheOrderOfArrival(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	var want []conversion.LogID
	for i := range 12 {
		var c conversion.Call
		if i%3 == 0 {
			id, err := click.Mint(w.clock(), rand.Reader)
			w.fatal(err)
			c = w.query("clickid", w.signer.Text(id))
			c.LogPending = true
		} else {
			c = w.query("clickid", w.click(1, noon.Add(-time.Hour), ""), "goal", "late")
		}
		w.send(c)
		want = append(want, c.ID)
		w.at(w.clock().Add(time.Millisecond))
	}
	for _, limit := range []int{1, 5, 100} {
		var after conversion.LogID
		for i := 0; i < len(want); {
			lines, err := w.db.Conversions().LogAgain(ctx, conversion.LogFilter{}, after, limit)
			w.fatal(err)
			w.fatalIf(len(lines) == 0 || len(lines) > limit, "lines:", len(lines))
			for _, l := range lines {
				w.fatalIf(l.ID != want[i], "page of", limit, "line", i)
				i++
			}
			after = lines[len(lines)-1].ID
		}
	}
}
