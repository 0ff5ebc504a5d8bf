package conversion

import (
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/offer"
)

var allStatuses = []Status{StatusPending, StatusHold, StatusApproved, StatusRejected, StatusTrash}

func TestMoves(t *testing.T) {
	t.Parallel()
	allowed := "pending>approved pending>hold pending>rejected pending>trash hold>approved hold>rejected hold>trash " +
		"approved>rejected approved>trash rejected>approved "
	for _, from := range allStatuses {
		for _, to := range allStatuses {
			if want := strings.Contains(allowed, string(from)+">"+string(to)+" "); CanMove(from, to) != want {
				t.Errorf("%s to %s: %v", from, to, !want)
			}
		}
		if !from.Valid() {
			t.Errorf("%s is not valid", from)
		}
	}
	if Status("").Valid() || Status("Approved").Valid() || CanMove("", StatusApproved) {
		t.Error("what is no status counts as one")
	}
}

func TestStatusOf(t *testing.T) {
	t.Parallel()
	advertiserMap := map[string]string{"shipped": "approved", "lead": "hold", "bad": "nonsense"}
	lists := map[string]Status{"shipped": StatusTrash, "lead": StatusTrash, "sale": StatusPending, "new order": StatusPending}
	for word, want := range map[string]Status{
		"approved": StatusApproved, "PENDING": StatusPending, "Hold": StatusHold, "rejected": StatusRejected, "trash": StatusTrash,
		"shipped": StatusApproved, "LEAD": StatusHold, "sale": StatusPending, "New Order": StatusPending,
		"1": StatusApproved, "2": StatusPending, "3": StatusRejected, "5": StatusHold, "A": StatusApproved, "d": StatusRejected, "P": StatusPending,
		"refund": StatusRejected, "spam": StatusTrash, "test": StatusTrash, "billed": StatusApproved, "cancelled": StatusRejected, "canceled": StatusRejected,
		"bad": "", "4": "", "approved ": "", "0": "",
	} {
		if got, ok := StatusOf(word, advertiserMap, lists); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", word, got, ok)
		}
	}
}

func TestInitialStatus(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ initial, sent, want Status }{
		{"approved", "", "approved"}, {"pending", "", "pending"}, {"hold", "", "hold"},
		{"pending", "approved", "approved"}, {"approved", "pending", "pending"}, {"approved", "rejected", "rejected"},
		{"hold", "approved", "hold"}, {"hold", "pending", "pending"}, {"hold", "trash", "trash"}, {"approved", "hold", "hold"},
	} {
		if got := initialStatus(offer.Goal{InitialStatus: string(c.initial)}, c.sent); got != c.want {
			t.Errorf("goal %s, sent %q: %s, want %s", c.initial, c.sent, got, c.want)
		}
	}
}

func TestTargetStatus(t *testing.T) {
	t.Parallel()
	made := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	never := time.Time{}
	within, over := made.Add(7*24*time.Hour-1), made.Add(7*24*time.Hour)
	holding, endless, plain := offer.Goal{InitialStatus: "hold", HoldDays: 7}, offer.Goal{InitialStatus: "hold"}, offer.Goal{InitialStatus: "pending"}
	for _, c := range []struct {
		name          string
		goal          offer.Goal
		current, sent Status
		until, now    time.Time
		want          Status
	}{
		{"held", holding, StatusHold, StatusApproved, over, within, StatusHold},
		{"over", holding, StatusHold, StatusApproved, over, over, StatusApproved},
		{"the goal's days grew meanwhile", holding, StatusHold, StatusApproved, made.Add(time.Hour), within, StatusApproved},
		{"the goal's days shrank meanwhile", holding, StatusHold, StatusApproved, over.Add(time.Hour), over, StatusHold},
		{"by hand, without end", holding, StatusHold, StatusApproved, never, over, StatusHold},
		{"pending", holding, StatusPending, StatusApproved, never, within, StatusHold},
		{"pending for long", holding, StatusPending, StatusApproved, never, over, StatusApproved},
		{"without end", endless, StatusHold, StatusApproved, never, over, StatusHold},
		{"approved by hand", holding, StatusApproved, StatusApproved, never, within, StatusApproved},
		{"rejected", holding, StatusRejected, StatusApproved, never, within, StatusApproved},
		{"another word", holding, StatusHold, StatusRejected, over, within, StatusRejected},
		{"plain goal", plain, StatusPending, StatusApproved, never, within, StatusApproved},
	} {
		if got := targetStatus(c.goal, Conversion{Status: c.current, CreatedAt: made, HoldUntil: c.until}, c.sent, c.now); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestDedupeKey(t *testing.T) {
	t.Parallel()
	clickA, clickB, logA, logB := click.ID{1}, click.ID{2}, LogID{}, LogID{}
	logA.UUID[0], logB.UUID[0] = 1, 2
	key := func(mode offer.Dedupe, goal offer.GoalID, txid string, c click.ID, log LogID, test bool) string {
		return DedupeKey(1, offer.Goal{ID: goal, Dedupe: mode}, txid, c, log, test)
	}
	for _, mode := range []offer.Dedupe{offer.DedupeTxID, offer.DedupeUpdate, offer.DedupeAdd} {
		if key(mode, 1, "x", clickA, logA, false) != key(mode, 1, "x", clickB, logB, false) {
			t.Errorf("%s: one order id, two keys", mode)
		}
		if key(mode, 1, "", clickA, logA, false) != key(mode, 1, "", clickA, logB, false) {
			t.Errorf("%s: one click without order id, two keys", mode)
		}
	}
	if key(offer.DedupeClick, 1, "x", clickA, logA, false) != key(offer.DedupeClick, 1, "y", clickA, logB, false) {
		t.Error("click: the order id counts")
	}
	if key(offer.DedupeNone, 1, "x", clickA, logA, false) != key(offer.DedupeNone, 1, "y", clickB, logA, false) {
		t.Error("none: one call, two keys")
	}
	seen := map[string]string{}
	for name, k := range map[string]string{
		"order": key(offer.DedupeTxID, 1, "x", clickA, logA, false), "other order": key(offer.DedupeTxID, 1, "X", clickA, logA, false),
		"goal": key(offer.DedupeTxID, 11, "x", clickA, logA, false), "sly order": key(offer.DedupeTxID, 1, "1:x", clickA, logA, false),
		"advertiser": DedupeKey(11, offer.Goal{ID: 1}, "x", clickA, logA, false), "test": key(offer.DedupeTxID, 1, "x", clickA, logA, true),
		"click": key(offer.DedupeTxID, 1, "", clickA, logA, false), "other click": key(offer.DedupeTxID, 1, "", clickB, logA, false),
		"goal of click": key(offer.DedupeTxID, 2, "", clickA, logA, false), "none": key(offer.DedupeNone, 1, "x", clickA, logA, false),
		"none again": key(offer.DedupeNone, 1, "x", clickA, logB, false), "test of none": key(offer.DedupeNone, 1, "x", clickA, logB, true),
	} {
		if other, taken := seen[k]; taken {
			t.Errorf("%s and %s share the key %s", name, other, k)
		}
		seen[k] = name
	}
}
