package conversion_test

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
)

// With -race-rounds=200 the race below is run as often as the project's proof asks for.
var raceRounds = flag.Int("race-rounds", 3, "rounds of 64 identical postbacks at once, in each mode")

func TestIdenticalPostbacksAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, goal := range []string{"default", "click", "update"} {
		for round := range *raceRounds {
			id := w.click(1, noon.Add(-time.Hour), "")
			calls := make([]conversion.Call, 64)
			for i := range calls {
				calls[i] = w.query("clickid", id, "goal", goal, "txid", fmt.Sprint(goal, round), "val", "100", "com", "7")
			}
			results := w.atOnce(calls)
			outcomes := map[conversion.Outcome]int{}
			ids := map[conversion.ID]int{}
			for _, r := range results {
				outcomes[r.Status]++
				ids[r.ConversionID]++
			}
			repeat := conversion.OutcomeDuplicate
			if goal == "update" {
				repeat = conversion.OutcomeUpdated
			}
			if outcomes["recorded"] != 1 || outcomes[repeat] != 63 || len(ids) != 1 {
				t.Fatalf("%s: outcomes %v, %d conversions answered", goal, outcomes, len(ids))
			}
			text, err := w.signer.Parse(id, noon)
			w.fatal(err)
			clickID := text.UUID()
			if n := w.count(`SELECT count(*) FROM conversions WHERE click_id = $1`, clickID); n != 1 {
				t.Fatalf("%s: %d conversions", goal, n)
			}
			if n := w.count(`SELECT count(*) FROM ledger_entries WHERE click_id = $1`, clickID); n != 2 {
				t.Fatalf("%s: %d postings, want commission and revenue", goal, n)
			}
			if n := w.count(`SELECT count(*) FROM postback_log WHERE click_id = $1`, clickID); n != 64 {
				t.Fatalf("%s: %d lines of the log", goal, n)
			}
			told := slices.DeleteFunc(w.announcer.told(), func(c conversion.Change) bool { return c.Click.ID != text })
			if len(told) != 1 || !told[0].Created || told[0].Offer.Name != "offer" {
				t.Fatalf("%s: announced %+v", goal, told)
			}
		}
	}
	w.verify()
}

// atOnce gives each call to RecordBatch from a goroutine of its own.
func (w *world) atOnce(calls []conversion.Call) []conversion.Result {
	w.t.Helper()
	results := make([]conversion.Result, len(calls))
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	ready.Add(len(calls))
	for i := range calls {
		done.Go(func() {
			ready.Done()
			<-start
			// Who waits too long for a connection is told to try again, as on a busy machine, and does.
			for tries := 0; tries == 0 || tries < 20 && errs.HasCode(results[i].Err, "database_unavailable"); tries++ {
				results[i] = w.s.RecordBatch(context.Background(), calls[i:i+1])[0]
			}
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	for _, r := range results {
		w.fatal(r.Err)
	}
	return results
}

func TestRepeatsInsideABatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, late := w.click(1, noon.Add(-time.Hour), ""), w.click(1, noon.Add(-91*24*time.Hour), "")
	results := w.s.RecordBatch(context.Background(), []conversion.Call{
		w.query("clickid", late, "txid", "1", "com", "1"), // may not make the conversion
		w.query("clickid", id, "txid", "1", "com", "1", "status", "pending"),
		w.query("clickid", id, "txid", "1", "com", "1"),
		w.query("clickid", late, "txid", "1", "status", "approved"), // but may repeat it
		w.query("clickid", id, "txid", "1", "status", "pending"),
		w.query("clickid", id, "goal", "add", "com", "1"),
		w.query("clickid", id, "goal", "add", "com", "2", "val", "5"),
		w.query("clickid", id, "goal", "none", "com", "1"),
		w.query("clickid", id, "goal", "none", "com", "1"),
		w.query("clickid", id, "goal", "click", "txid", "x", "com", "1"),
		w.query("clickid", id, "goal", "click", "txid", "y", "com", "1"),
	})
	var got []string
	for _, r := range results {
		w.fatal(r.Err)
		got = append(got, fmt.Sprintf("%s/%s", r.Status, r.Code))
	}
	want := []string{"refused/outside_window", "recorded/ok", "duplicate/duplicate", "updated/ok", "refused/status_not_allowed",
		"recorded/ok", "updated/ok", "recorded/ok", "recorded/ok", "recorded/ok", "duplicate/duplicate"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if c := w.conversion(results[5].ConversionID); c.Commission.String() != "3.00" || c.Val.String() != "5" {
		t.Errorf("added up: %s of %s", c.Commission, c.Val)
	}
	if got := w.balance("a1"); got != "0.00 7.00" {
		t.Errorf("balance %s", got)
	}
	told := w.announcer.told()
	if len(told) != 7 || !told[0].Created || told[1].Created || told[1].OldStatus != "pending" || told[1].Conversion.Status != "approved" ||
		told[1].Click.ID != told[0].Click.ID {
		t.Errorf("announced %+v", told)
	}
	w.verify()
}

func TestPoisonousCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.click(1, noon.Add(-time.Hour), "")
	w.announcer.fail = func(changes []conversion.Change) error {
		for _, c := range changes {
			if c.Conversion.TxID == "poison" {
				return errors.New("a fault of one call")
			}
		}
		return nil
	}
	var calls []conversion.Call
	for _, txid := range []string{"1", "2", "poison", "3", "1"} {
		calls = append(calls, w.query("clickid", id, "txid", txid, "com", "1"))
	}
	for i, r := range w.s.RecordBatch(context.Background(), calls) {
		if (r.Err != nil) != (i == 2) || i == 4 && r.Status != conversion.OutcomeDuplicate {
			t.Errorf("call %d: %+v", i, r)
		}
	}
	if n := w.count(`SELECT count(*) FROM conversions`); n != 3 {
		t.Errorf("%d conversions", n)
	}
	if n := w.count(`SELECT count(*) FROM postback_log`); n != 4 {
		t.Errorf("%d lines of the log", n)
	}
	w.verify()
	w.announcer.fail = nil
	if r := w.send(calls[2]); r.Status != conversion.OutcomeRecorded {
		t.Errorf("the same call, once the fault is gone: %+v", r)
	}
	tries := 0
	w.announcer.fail = func([]conversion.Change) error {
		tries++
		return errs.Unavailable("database_unavailable", "away")
	}
	for i := range calls {
		calls[i] = w.query("clickid", id, "txid", fmt.Sprint("away", i))
	}
	for i, r := range w.s.RecordBatch(context.Background(), calls) {
		if !errs.Is(r.Err, errs.KindUnavailable) {
			t.Errorf("database away, call %d: %+v", i, r)
		}
	}
	if tries != 1 {
		t.Errorf("a database that is away was tried %d times", tries)
	}
}

// A call that comes twice, as after a crash of its loader, changes nothing twice and is answered as it was.
func TestSameCallTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.click(1, noon.Add(-time.Hour), "")
	for _, goal := range []string{"default", "none", "add", "update"} {
		w.post("clickid", id, "goal", goal, "com", "1", "txid", goal)
		call := w.query("clickid", id, "goal", goal, "com", "2", "txid", goal)
		first := w.send(call)
		for _, again := range append(w.atOnce([]conversion.Call{call, call, call, call, call, call, call, call}), w.send(call)) {
			if again.Status != first.Status || again.Code != first.Code || again.ConversionID != first.ConversionID ||
				again.ClickID != first.ClickID || again.ConversionStatus != first.ConversionStatus || !slices.Equal(again.Warnings, first.Warnings) {
				t.Errorf("%s: first %+v, then %+v", goal, first, again)
			}
		}
		fresh := w.query("clickid", id, "goal", goal, "com", "3", "txid", goal+"2")
		calls := slices.Repeat([]conversion.Call{fresh}, 16)
		for _, r := range w.atOnce(calls) {
			if r.Status != conversion.OutcomeRecorded {
				t.Errorf("%s, the same new call at once: %+v", goal, r)
			}
		}
		for _, r := range w.s.RecordBatch(context.Background(), calls) {
			if r.Err != nil || r.Status != conversion.OutcomeRecorded {
				t.Errorf("%s, the same call in one batch: %+v", goal, r)
			}
		}
	}
	// default 1+3, none 1+2+3, add (1+2)+3, update 2+3
	if got := w.balance("a1"); got != "0.00 21.00" {
		t.Errorf("balance %s", got)
	}
	w.verify()
}

// Batches that want the same rows in opposite orders all come through.
func TestOverlappingBatches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.click(1, noon.Add(-time.Hour), "")
	for round := range 5 {
		var batches [4][]conversion.Call
		for b := range batches {
			for i := range 30 {
				batches[b] = append(batches[b], w.query("clickid", id, "goal", "add", "com", "1", "txid", fmt.Sprint(round, "-", i%20)))
			}
			if b%2 == 1 {
				slices.Reverse(batches[b])
			}
		}
		var done sync.WaitGroup
		for _, batch := range batches {
			done.Go(func() {
				for _, r := range w.s.RecordBatch(context.Background(), batch) {
					if r.Err != nil {
						t.Errorf("round %d: %v", round, r.Err)
					}
				}
			})
		}
		done.Wait()
	}
	if got, want := w.balance("a1"), "0.00 600.00"; got != want { // 5 rounds × 4 batches × 30 calls
		t.Errorf("balance %s, want %s", got, want)
	}
	if n := w.count(`SELECT count(*) FROM conversions`); n != 100 {
		t.Errorf("%d conversions", n)
	}
	w.verify()
}

func TestSettlePending(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mint := func(at time.Time) click.ID {
		id, err := click.Mint(at, rand.Reader)
		w.fatal(err)
		return id
	}
	arrives, never := mint(noon.Add(-time.Minute)), mint(noon.Add(-time.Minute))
	call := w.query("clickid", w.signer.Text(arrives), "com", "2")
	if r := w.send(call); !r.ClickPending || r.HTTPStatus != 202 || w.count(`SELECT count(*) FROM postback_log`) != 0 {
		t.Fatalf("while the door waits: %+v", r)
	}
	call.LogPending = true
	lost := w.query("clickid", w.signer.Text(never), "com", "2")
	lost.LogPending = true
	for _, c := range []conversion.Call{call, lost, call} {
		if r := w.send(c); r.ClickPending || r.Status != "queued" || r.Code != "click_pending" || r.ClickID == "" {
			t.Fatalf("logged as queued: %+v", r)
		}
	}
	settle := func(want int) {
		t.Helper()
		if n, err := w.s.SettlePending(context.Background()); err != nil || n != want {
			t.Fatalf("settled %d, %v; want %d", n, err, want)
		}
	}
	settle(0)
	w.store(arrives, 1, "")
	w.at(noon.Add(time.Hour))
	settle(1)
	settle(0)
	line, err := w.s.LogGet(context.Background(), operator, call.ID)
	w.fatal(err)
	c := w.conversion(line.ConversionID)
	if line.Status != "recorded" || !line.SettledAt.Equal(noon.Add(time.Hour)) || !c.CreatedAt.Equal(noon) || line.AdvertiserID != 1 {
		t.Errorf("settled as %+v, conversion %+v", line, c)
	}
	w.at(noon.Add(25 * time.Hour))
	settle(1)
	line, err = w.s.LogGet(context.Background(), operator, lost.ID)
	if err != nil || line.Status != "refused" || line.Code != "click_not_found" || line.HTTPStatus != 404 {
		t.Errorf("after a day: %+v, %v", line, err)
	}
	w.verify()
}

// One operation is a batch of 64 calls, each with an order id of its own.
func BenchmarkRecordBatch(b *testing.B) {
	w := newWorld(b)
	clicks := make([]string, 64)
	for i := range clicks {
		clicks[i] = w.click(1, noon.Add(-time.Hour), "")
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		calls := make([]conversion.Call, len(clicks))
		for i, id := range clicks {
			n++
			calls[i] = w.query("clickid", id, "txid", fmt.Sprint(n), "val", "100", "comperc", "7.5")
		}
		for _, r := range w.s.RecordBatch(context.Background(), calls) {
			if r.Err != nil || r.Status != conversion.OutcomeRecorded {
				b.Fatalf("%+v", r)
			}
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "calls/s")
}
