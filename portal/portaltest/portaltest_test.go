package portaltest_test

import (
	"testing"

	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/portal/portaltest"
	"github.com/waypost/waypost/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// TestNetworkHasWhatItSays: the fixture itself, through a bare door.
func TestNetworkHasWhatItSays(t *testing.T) {
	t.Parallel()
	n := portaltest.New(t)
	n.Portal.Door(n.Echo, portal.Door{Kind: portal.Affiliate, Name: "Affiliate portal"})
	if got := n.Count(`SELECT count(*) FROM conversions`); got != 5 {
		t.Errorf("%d conversions, want 5", got)
	}
	if got := n.Count(`SELECT count(*) FROM postback_log WHERE status = 'refused'`); got != 1 {
		t.Errorf("%d refused calls, want 1", got)
	}
	// A-1 approved and A-3 approved, then rejected, went to the tracker; the held A-4 to the one that is broken.
	if got := n.Tracker.Received(); len(got) != 4 {
		t.Errorf("%d postbacks sent, want 4: %v", len(got), got)
	}
	if got := n.Count(`SELECT count(*) FROM deliveries WHERE status = 'retrying'`); got != 1 {
		t.Errorf("%d deliveries to be tried again, want 1", got)
	}
	n.Affiliate(0).Get("/affiliate/nothing").Is(404).Shows("Page not found", "Clara Voss", "Voss Media")
	n.Nobody().Get("/affiliate/nothing").Is(303)
}
