package live

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func FuzzParseCursor(f *testing.F) {
	f.Add("")
	f.Add(Cursor{told: time.UnixMilli(1_800_000_000_000), seen: []mark{markOf("a"), markOf("b")}}.String())
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCursor(s)
		if err != nil || s == "" {
			return
		}
		again, err := ParseCursor(c.String())
		if diff := cmp.Diff(c, again, cmp.AllowUnexported(Cursor{})); err != nil || diff != "" {
			t.Errorf("%q: %v (-want +got):\n%s", s, err, diff)
		}
	})
}
