package offer_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

// Defaults belong to what is made. A change that empties a field is refused and changes nothing.
func TestChangesTakeNoDefaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.mustCreate(t, func(o *offer.Offer) {
		o.Currency, o.Status, o.Visibility, o.WindowDays = "JPY", offer.StatusPaused, offer.VisibilityPrivate, 7
		o.Goals = []offer.Goal{{Alias: "a", InitialStatus: "hold", HoldDays: 7, Dedupe: offer.DedupeClick, Payout: offer.Rule{Model: offer.ModelFixed, Amount: rate("1")}}}
	})
	for at, change := range map[string]func(*offer.Offer){
		"body.currency":                func(o *offer.Offer) { o.Currency = "" },
		"body.status":                  func(o *offer.Offer) { o.Status = "" },
		"body.visibility":              func(o *offer.Offer) { o.Visibility = "" },
		"body.window_days":             func(o *offer.Offer) { o.WindowDays = 0 },
		"body.goals":                   func(o *offer.Offer) { o.Goals = nil },
		"body.goals[0].alias":          func(o *offer.Offer) { o.Goals[0].Alias = "" },
		"body.goals[0].initial_status": func(o *offer.Offer) { o.Goals[0].InitialStatus, o.Goals[0].HoldDays = "", 0 },
		"body.goals[0].hold_days":      func(o *offer.Offer) { o.Goals[0].HoldDays = 0 },
		"body.goals[0].dedupe":         func(o *offer.Offer) { o.Goals[0].Dedupe = "" },
		"body.goals[0].payout.model":   func(o *offer.Offer) { o.Goals[0].Payout.Model = "" },
	} {
		_, _, err := w.Update(ctx, admin, o.ID, change)
		if e, ok := errs.As(err); !ok || e.Kind != errs.KindInvalid || len(e.Fields) != 1 || e.Fields[0].Location != at {
			t.Errorf("%s: %v", at, err)
		}
	}
	_, _, err := w.UpdateGoal(ctx, admin, o.ID, o.Goals[0].ID, "", func(g *offer.Goal) { g.HoldDays = 0 })
	if e, ok := errs.As(err); !ok || len(e.Fields) != 1 || e.Fields[0].Location != "body.hold_days" {
		t.Errorf("a goal by itself: %v", err)
	}
	if read, err := w.Get(ctx, admin, o.ID); err != nil || !cmp.Equal(o, read, cmp.Comparer(money.Rate.Equal)) {
		t.Errorf("changed to %+v, %v", read, err)
	}
	// A goal that is added is made: it has its defaults.
	added, _, err := w.Update(ctx, admin, o.ID, func(o *offer.Offer) { o.Goals = append(o.Goals, offer.Goal{Alias: "b", InitialStatus: "hold"}) })
	if err != nil || added.Goals[1].HoldDays != 30 || added.Goals[1].Dedupe != offer.DedupeTxID || added.Goals[1].Payout.Model != offer.ModelPostback {
		t.Errorf("added: %+v, %v", added.Goals, err)
	}
}

// Goals may pass their aliases round, whatever order they are saved in.
func TestAliasesGoRound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.mustCreate(t, func(o *offer.Offer) { o.Goals = []offer.Goal{{Alias: "a"}, {Alias: "b"}, {Alias: "c"}, {Alias: "d"}} })
	got, _, err := w.Update(ctx, admin, o.ID, func(o *offer.Offer) {
		o.Goals[0].Alias, o.Goals[1].Alias, o.Goals[2].Alias = "b", "c", "a"
		o.Goals = append(o.Goals[:3], offer.Goal{Alias: "d2"})
	})
	if err != nil {
		t.Fatal(err)
	}
	read, err := w.Get(ctx, admin, o.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got.Goals, read.Goals); diff != "" {
		t.Error(diff)
	}
	for i, want := range []string{"b", "c", "a", "d2"} {
		if read.Goals[i].Alias != want || i < 3 && read.Goals[i].ID != o.Goals[i].ID {
			t.Errorf("goal %d: %+v, want %s", i, read.Goals[i], want)
		}
	}
}
