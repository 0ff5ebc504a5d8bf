package server

import (
	"context"
	"fmt"
	"testing"

	"github.com/waypost/waypost/domain/view"
)

// TestViewsAreMailed: of every list and report of every portal a view's file is made when its time comes, with the rows of its
// owner's own rights, and mailed.
func TestViewsAreMailed(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t)
	ctx := context.Background()
	views := 0
	for _, v := range []visitor{w.who('A', 0), w.who('a', 0), w.who('d', 0)} {
		for i, page := range view.Pages(v.user.Actor("").Scope()) {
			format := []view.Format{view.CSV, view.XLSX}[i%2]
			_, err := w.services.views.Create(ctx, v.user.Actor(""), view.View{Page: page.Path, Name: page.Name + " by mail", Schedule: view.Daily, Format: format, Span: view.Last7Days})
			w.must(err)
			views++
		}
	}
	_, err := w.db.Pool().Exec(ctx, "UPDATE views SET next_at = now() - interval '1 minute' WHERE next_at IS NOT NULL")
	w.must(err)
	ordered := 0
	for range views { // five files of a user wait at once; the others come a minute later
		n, err := w.services.views.Due(ctx)
		w.must(err)
		made, err := w.services.exports.MakeDue(ctx, w.make)
		w.must(err)
		if ordered += made; n == 0 && made == 0 {
			break
		}
		_, err = w.db.Pool().Exec(ctx, "UPDATE views SET next_at = now() WHERE next_at <= now() + interval '2 minutes' AND next_at IS NOT NULL")
		w.must(err)
	}
	if ordered != views {
		t.Errorf("%d of %d files were made", ordered, views)
	}
	for _, line := range queryColumn(t, w.db, "SELECT path || ' ' || state || ' ' || reason FROM exports WHERE title LIKE '% by mail' AND state <> 'ready'") {
		t.Errorf("not made: %s", line)
	}
	if got := queryColumn(t, w.db, "SELECT count(*)::text FROM mails WHERE attachment_name <> ''"); got[0] != fmt.Sprint(views) {
		t.Errorf("%s mails with a file, want %d", got[0], views)
	}
}
