package portaladvertiser_test

import "testing"

// TestPagesSpeakPlainly: no page calls things by bare numbers or by the ledger's own words.
func TestPagesSpeakPlainly(t *testing.T) {
	t.Parallel()
	n := mounted(t)
	paths := []string{"", "/offers", "/offers/1", "/offers/1/tracking", "/tracking", "/conversions", "/postback-log", "/balance", "/reports", "/debugger", "/trace"}
	for _, r := range n.Results {
		if !r.ConversionID.IsZero() {
			paths = append(paths, "/conversions/"+r.ConversionID.String())
		}
	}
	for _, id := range n.ClickIDs {
		paths = append(paths, "/trace/"+id)
	}
	for _, path := range paths {
		n.Advertiser(0).Get("/advertiser" + path).SpeaksPlainly(path)
	}
}
