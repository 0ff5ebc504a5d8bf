package conversion_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/conversion"
)

// Sums of mode add outgrow what one call may send.
func TestAddOutgrowsOneCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.click(1, noon.Add(-time.Hour), "")
	var r conversion.Result
	for range 3 {
		r = w.post("clickid", id, "goal", "add", "val", "999999999999.99999999", "com", "1")
	}
	c := w.conversion(r.ConversionID)
	if want := "2999999999999.99999997"; r.Status != "updated" || c.OriginalVal.String() != want || c.Val.String() != want {
		t.Errorf("%+v: %s, %s", r, c.OriginalVal, c.Val)
	}
	if r := w.post("clickid", id, "goal", "add", "val", "1", "currency", "EUR"); r.Status != "updated" {
		t.Errorf("once more, read back: %+v", r)
	}
	parsed, err := w.signer.Parse(id, noon)
	w.fatal(err)
	if events, err := w.s.Events(context.Background(), operator, parsed); err != nil || len(events) != 4 {
		t.Errorf("%d events, %v", len(events), err)
	}
	w.verify()
}

// A call whose figures the database does not take is refused, with a line in the log, instead of being tried for ever;
// the others of its batch are recorded.
func TestUnstorableFiguresAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.click(1, noon.Add(-time.Hour), "")
	w.post("clickid", id, "txid", "0", "com", "1", "payout", "1")
	w.exec(`UPDATE balances SET approved = 9223372036854775807 - 100 WHERE account_id = 'a1'`)
	good, bad := w.query("clickid", id, "txid", "1", "com", "0.5", "payout", "1"), w.query("clickid", id, "txid", "2", "com", "9", "payout", "1")
	results := w.s.RecordBatch(context.Background(), []conversion.Call{good, bad})
	w.fatal(results[0].Err)
	w.fatal(results[1].Err)
	if results[0].Status != "recorded" || results[1].Status != "refused" || results[1].Code != "amount_overflow" || results[1].HTTPStatus != 400 {
		t.Errorf("%+v", results)
	}
	if line, err := w.s.LogGet(context.Background(), operator, bad.ID); err != nil || line.Status != "refused" || line.Code != "amount_overflow" {
		t.Errorf("line %+v, %v", line, err)
	}
	if again := w.send(bad); again.Status != "refused" || again.Code != "amount_overflow" {
		t.Errorf("the same call again: %+v", again)
	}
	w.exec(`UPDATE balances SET approved = 150 WHERE account_id = 'a1'`)
	r, err := w.s.Replay(context.Background(), operator, bad.ID)
	if err != nil || r.Status != "recorded" {
		t.Errorf("after the cause is mended: %+v, %v", r, err)
	}
	w.verify()

	// The same for whatever else a column does not take.
	w.exec(`ALTER TABLE conversions ADD CONSTRAINT conversions_short CHECK (length(txid) < 9)`)
	if r := w.post("clickid", id, "txid", strings.Repeat("x", 9), "com", "1"); r.Status != "refused" || r.HTTPStatus != 422 {
		t.Errorf("a check of the database: %+v", r)
	}
}
