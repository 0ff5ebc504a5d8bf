package conversion_test

import (
	"testing"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/conversion"
)

func TestInFlight(t *testing.T) {
	t.Parallel()
	const none, settled, left = "no answer", "settled", "left"
	for name, tc := range map[string]struct {
		deeds func(f *conversion.InFlight, id conversion.LogID, ask func())
		want  string
	}{
		"unknown":             {func(_ *conversion.InFlight, _ conversion.LogID, ask func()) { ask() }, left},
		"under way":           {func(f *conversion.InFlight, id conversion.LogID, ask func()) { f.Begin(id); ask() }, none},
		"settled, then asked": {func(f *conversion.InFlight, id conversion.LogID, ask func()) { f.Begin(id); f.Settle(id); ask() }, settled},
		"asked, then settled": {func(f *conversion.InFlight, id conversion.LogID, ask func()) { f.Begin(id); ask(); f.Settle(id) }, settled},
		"left, then asked":    {func(f *conversion.InFlight, id conversion.LogID, ask func()) { f.Begin(id); f.Leave(id); ask() }, left},
		"asked, then left":    {func(f *conversion.InFlight, id conversion.LogID, ask func()) { f.Begin(id); ask(); f.Leave(id) }, left},
		"settled unknown":     {func(f *conversion.InFlight, id conversion.LogID, ask func()) { f.Settle(id); ask() }, left},
	} {
		var f conversion.InFlight
		id := conversion.LogID{UUID: domain.UUID{1}}
		got, answers := none, 0
		tc.deeds(&f, id, func() {
			f.Ask(id, func(s bool) {
				if answers++; s {
					got = settled
				} else {
					got = left
				}
			})
		})
		f.Settle(id)
		f.Leave(id) // neither is told twice
		if tc.want == none {
			tc.want = settled
		}
		if got != tc.want || answers != 1 {
			t.Errorf("%s: %d answers, the last %q, want %q", name, answers, got, tc.want)
		}
	}
}

func TestInFlightForgetsWhatIsSettledAndAsked(t *testing.T) {
	t.Parallel()
	var f conversion.InFlight
	id := conversion.LogID{UUID: domain.UUID{2}}
	done := make(chan bool, 2)
	f.Begin(id)
	go f.Settle(id)
	f.Ask(id, func(s bool) { done <- s })
	select {
	case s := <-done:
		if !s {
			t.Error("left")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("no answer")
	}
	f.Ask(id, func(s bool) { done <- s })
	if <-done {
		t.Error("remembered for ever")
	}
}
