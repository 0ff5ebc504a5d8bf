package conversion_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/conversion"
)

// A call that was received before the conversion's last move, but is decided after it (from the spool, queued for its
// click, replayed), does not undo that move.
func TestOlderCallKeepsNewerStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	id := w.click(1, noon.Add(-time.Hour), "")
	post := func(at time.Duration, pairs ...string) conversion.Call {
		w.at(noon.Add(at))
		return w.query(append(pairs, "clickid", id)...)
	}
	r := w.send(post(0, "txid", "1", "com", "10", "status", "pending"))
	late, later := post(time.Minute, "txid", "1", "status", "approved"), post(2*time.Minute, "txid", "1", "status", "pending")
	w.send(post(3*time.Minute, "txid", "1", "status", "rejected"))
	for _, c := range []conversion.Call{late, later} {
		if got := w.send(c); got.Status != "duplicate" || got.ConversionStatus != "rejected" || !slices.Equal(got.Warnings, []string{"older_than_status"}) {
			t.Errorf("from the spool: %+v", got)
		}
	}
	if got := w.send(post(3*time.Minute, "txid", "1", "status", "approved")); got.Status != "updated" {
		t.Errorf("in the same instant: %+v", got)
	}
	if c := w.conversion(r.ConversionID); c.Status != "approved" || !c.UpdatedAt.Equal(noon.Add(3*time.Minute)) {
		t.Errorf("%+v", c)
	}

	// By hand is a move like any other.
	call := post(4*time.Minute, "txid", "1", "status", "approved")
	w.at(noon.Add(5 * time.Minute))
	if _, err := w.s.ChangeStatus(ctx, operator, r.ConversionID, conversion.StatusRejected, "fraud", true); err != nil {
		t.Fatal(err)
	}
	if got := w.send(call); got.Status != "duplicate" || got.ConversionStatus != "rejected" {
		t.Errorf("after a change by hand: %+v", got)
	}

	// The conversion was made by the later of two calls.
	first := post(6*time.Minute, "txid", "2", "com", "1", "status", "pending")
	made := w.send(post(7*time.Minute, "txid", "2", "com", "1", "status", "approved"))
	if got := w.send(first); got.Status != "duplicate" || got.ConversionID != made.ConversionID || got.ConversionStatus != "approved" {
		t.Errorf("the earlier call: %+v", got)
	}

	// Amounts still count, and the time of the last change never goes back.
	made = w.send(post(9*time.Minute, "goal", "add", "com", "1", "status", "approved"))
	w.send(post(10*time.Minute, "goal", "add", "status", "rejected"))
	if got := w.send(post(8*time.Minute, "goal", "add", "com", "2", "status", "approved")); got.Status != "updated" ||
		got.ConversionStatus != "rejected" || !slices.Equal(got.Warnings, []string{"older_than_status"}) {
		t.Errorf("an older call with amounts: %+v", got)
	}
	if c := w.conversion(made.ConversionID); c.Commission.String() != "3.00" || !c.UpdatedAt.Equal(noon.Add(10*time.Minute)) {
		t.Errorf("%+v", c)
	}
	w.verify()
}

// A line that was answered duplicate is not decided again: it would undo what came after it.
func TestReplayOfDuplicateChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.click(1, noon.Add(-time.Hour), "")
	w.post("clickid", id, "com", "1", "goal", "update", "status", "approved")
	repeat := w.query("clickid", id, "goal", "update", "status", "approved")
	if r := w.send(repeat); r.Status != "duplicate" {
		t.Fatalf("%+v", r)
	}
	w.post("clickid", id, "goal", "update", "status", "rejected") // in the same millisecond
	r, err := w.s.Replay(context.Background(), operator, repeat.ID)
	if err != nil || r.Status != "duplicate" || r.ConversionStatus != "rejected" || r.ConversionID.IsZero() {
		t.Errorf("%+v, %v", r, err)
	}
	w.verify()
}

// A click can arrive after its affiliate was deleted, as nothing had been earned by then; nothing is earned by it either.
func TestAffiliateDeletedBeforeItsClickArrived(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text := w.click(1, noon.Add(-time.Hour), "")
	w.exec(`DELETE FROM affiliates WHERE id = 1`)
	r := w.send(w.query("clickid", text, "txid", "late", "com", "1"))
	if r.Code != "click_not_valid" || r.HTTPStatus != 422 || w.count("SELECT count(*) FROM conversions")+w.count("SELECT count(*) FROM ledger_entries") != 0 {
		t.Errorf("result %+v", r)
	}
}
