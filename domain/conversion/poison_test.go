package conversion_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/store/storetest"
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
	if events, err := w.s.Events(context.Background(), operator, parsed, 10); err != nil || len(events) != 4 {
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

// An advertiser whose token cannot be read any more is refused alone, with its line in the log; its call can be replayed
// once the secret is back.
func TestUnreadableTokenIsRefusedAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, other := w.click(1, noon.Add(-time.Hour), ""), w.click(5, noon.Add(-time.Hour), "")
	w.exec(`UPDATE advertisers SET postback_token = 'sealed under a lost secret' WHERE id = 1`)
	bad := w.query("clickid", id, "com", "1")
	results := w.s.RecordBatch(context.Background(), []conversion.Call{bad, w.query("clickid", other, "com", "1")})
	for i, want := range []string{"invalid_token", "ok"} {
		if r := results[i]; r.Err != nil || r.Code != want {
			t.Errorf("%+v, want %s", r, want)
		}
	}
	for _, token := range []string{"sealed under a lost secret", ""} {
		if r := w.post("clickid", id, "com", "1", "token", token); r.Status != "refused" {
			t.Errorf("token %q: %+v", token, r)
		}
	}
	w.exec(`UPDATE advertisers SET postback_token = $1 WHERE id = 1`, storetest.Sealer(t).Seal("advertisers.postback_token", []byte(token)))
	if r, err := w.s.Replay(context.Background(), operator, bad.ID); err != nil || r.Status != "recorded" {
		t.Errorf("replayed: %+v, %v", r, err)
	}
	w.verify()
}

// What a trace asks for is bounded: the newest, oldest first.
func TestBoundsOfATrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.click(1, noon.Add(-time.Hour), "")
	for i := range 5 {
		w.at(noon.Add(time.Duration(i) * time.Second))
		w.post("clickid", id, "goal", "none", "com", "1")
	}
	parsed, err := w.signer.Parse(id, noon)
	w.fatal(err)
	events, err := w.s.Events(context.Background(), operator, parsed, 3)
	w.fatal(err)
	entries, err := w.db.Traces().Entries(context.Background(), operator.Scope(), parsed, 4)
	w.fatal(err)
	if len(events) != 3 || !events[0].At.Equal(noon.Add(2*time.Second)) || !events[2].At.Equal(noon.Add(4*time.Second)) {
		t.Errorf("events %+v", events)
	}
	if len(entries) != 4 || !entries[0].At.Equal(noon.Add(3*time.Second)) || !entries[3].At.Equal(noon.Add(4*time.Second)) {
		t.Errorf("entries %+v", entries)
	}
}
