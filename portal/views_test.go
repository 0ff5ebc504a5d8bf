package portal_test

import (
	"slices"
	"testing"

	"github.com/waypost/waypost/domain/view"
	"github.com/waypost/waypost/ui"
)

// The days that a form offers for a view are those that the domain knows: one that it does not know would be refused.
func TestSpansAreThoseOfTheDomain(t *testing.T) {
	t.Parallel()
	offered, known := ui.Spans(), view.Spans()
	if len(offered) != len(known) {
		t.Fatalf("%d are offered, %d known", len(offered), len(known))
	}
	for _, o := range offered {
		if !slices.Contains(known, view.Span(o.Value)) || o.Label == "" {
			t.Errorf("%q is offered as %q", o.Value, o.Label)
		}
	}
}
