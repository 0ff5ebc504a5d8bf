package application_test

import (
	"testing"

	"github.com/waypost/waypost/domain/application"
)

// A decision is final, and needs a proved address.
func TestMoves(t *testing.T) {
	t.Parallel()
	all := []application.Status{application.StatusUnverified, application.StatusPending, application.StatusApproved, application.StatusRejected}
	may := map[[2]application.Status]bool{{"unverified", "pending"}: true, {"pending", "approved"}: true, {"pending", "rejected"}: true}
	for _, from := range all {
		for _, to := range all {
			if got := application.CanMove(from, to); got != may[[2]application.Status{from, to}] {
				t.Errorf("%s → %s: %t", from, to, got)
			}
		}
	}
}
