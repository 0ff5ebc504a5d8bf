package portaladmin_test

import (
	"net/http"
	"testing"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/portal/portaltest"
)

// A badge is asked for with every page: it counts to its end only where that is near. The queue says the number.
func TestBadgeCountsNoFurtherThanItShows(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	n.Exec(`INSERT INTO applications (kind, status, company, contact, email, country, website, answers, terms_url, terms_accepted_at, ip, verified_at, created_at, updated_at)
		SELECT 'affiliate', 'pending', 'Company', 'Ann', i || '@example.com', 'DE', '', '[]', '', now(), '', now(), now(), now() FROM generate_series(1, 1200) i`)
	ctx := t.Context()
	bounded, err := n.Work.Count(ctx, portaltest.System)
	if err != nil || bounded.Applications.Count != 1000 || bounded.AccessRequests.Count != 1 {
		t.Errorf("badges of %d and %d: %v", bounded.Applications.Count, bounded.AccessRequests.Count, err)
	}
	if q, _, err := n.Work.Queue(ctx, portaltest.System, 1); err != nil || q.Applications.Count < 1200 || q.Conversions.Count != bounded.Conversions.Count {
		t.Errorf("a queue of %d: %v", q.Applications.Count, err)
	}
	n.Operator(account.RoleAdmin).Get("/admin/work").Is(http.StatusOK).Shows("999+")
}
