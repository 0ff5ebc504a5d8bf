package click_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain/click"
)

func fullClick(t testing.TB) click.Click {
	t.Helper()
	id, err := click.Mint(time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return click.Click{ID: id, OfferID: 1 << 40, AffiliateID: 7, AdvertiserID: 0, Reason: click.ReasonNotApproved, Facts: click.Facts{
		AffClickID: "aff", Subs: [click.SubCount]string{"one", "", "drei", "", "", "", "", "", "", "zehn"}, Source: "src",
		LandingPageID: "lp", CreativeID: "cr", DeepLink: "https://x/ü", Coupon: "co", IP: "192.0.2.1", UserAgent: strings.Repeat("u", 1024),
		Referrer: "ref", Language: "de", Country: "DE", Device: "mobile", OS: "iOS", Browser: "Safari", Robot: true}}
}

func TestRecordKeepsTheClick(t *testing.T) {
	t.Parallel()
	for _, c := range []click.Click{fullClick(t), {ID: fullClick(t).ID}} {
		got, err := click.ParseRecord(c.ID, c.AppendRecord(nil))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestRecordThatIsNone(t *testing.T) {
	t.Parallel()
	c := fullClick(t)
	whole := c.AppendRecord(nil)
	for n := range whole {
		if _, err := click.ParseRecord(c.ID, whole[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes were taken for a click", n, len(whole))
		}
	}
	if _, err := click.ParseRecord(c.ID, append(whole, 0)); err == nil {
		t.Error("a byte too many was overlooked")
	}
	whole[0] = 99
	if _, err := click.ParseRecord(c.ID, whole); err == nil || !strings.Contains(err.Error(), "version 99") {
		t.Errorf("unknown version: %v", err)
	}
}

func FuzzClickRecord(f *testing.F) {
	c := fullClick(f)
	f.Add(c.AppendRecord(nil))
	f.Add((&click.Click{}).AppendRecord(nil))
	f.Add([]byte{1, 0, 0x80})
	f.Fuzz(func(t *testing.T, payload []byte) {
		read, err := click.ParseRecord(c.ID, payload)
		if err != nil {
			return
		}
		again, err := click.ParseRecord(c.ID, read.AppendRecord(nil))
		if err != nil || !cmp.Equal(read, again) {
			t.Fatalf("%+v became %+v, %v", read, again, err)
		}
	})
}

// Every macro of a click that has all facts gets a value, apart from rand.
func TestClickFillsItsMacros(t *testing.T) {
	t.Parallel()
	c := fullClick(t)
	for i := range c.Subs {
		c.Subs[i] = "sub value"
	}
	for _, doc := range click.DestinationMacros.Names() {
		if got := c.Macro(doc.Name, "the id"); (got == "") != (doc.Name == "rand") {
			t.Errorf("%s = %q", doc.Name, got)
		}
	}
	for name, want := range map[string]string{"click_id": "the id", "sub10": "sub value", "offer_id": "1099511627776", "affiliate_id": "7",
		"sub0": "", "sub11": "", "sub": "", "sub01x": "", "unknown": "", "deep_link": "https://x/ü", "language": "de"} {
		if got := c.Macro(name, "the id"); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}
