package conversion_test

import (
	"strings"
	"testing"

	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
)

func TestReadSheetBounds(t *testing.T) {
	t.Parallel()
	head := "txid,status\n"
	for code, text := range map[string]string{
		"empty_file": "", "unknown_column": "txid,state\n", "missing_column": "txid,reason\n", "invalid_csv": head + "\"a,approved\n",
		"too_many":  head + strings.Repeat("a,approved\n", conversion.MaxSheetLines+1),
		"too_large": head + strings.Repeat("a", conversion.MaxSheet), "invalid_text": head + "\xff,approved\n",
	} {
		if _, err := conversion.ReadSheet(text); !errs.HasCode(err, code) {
			t.Errorf("%s: %v", code, err)
		}
	}
	lines, err := conversion.ReadSheet(head + "\"two\nlines\",approved\n'-7,REJECTED\n")
	if err != nil || len(lines) != 2 || lines[0].Line != 2 || lines[1].Line != 4 || lines[1].TxID != "-7" || *lines[1].Edit.Status != conversion.StatusRejected {
		t.Errorf("%+v, %v", lines, err)
	}
}

// Whatever a file holds, each line is either a change of something or tells its fault.
func FuzzReadSheet(f *testing.F) {
	f.Add("conversion_id,txid,advertiser_id,status,reason,val,com\n,a,7,approved,x,1.5,2\n")
	f.Add("txid,status\r\n\"a\"\"b\",approved\r\n'=1,trash\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		lines, err := conversion.ReadSheet(text)
		if err != nil && !errs.Is(err, errs.KindInvalid) {
			t.Fatal(err)
		}
		last := 1
		for _, l := range lines {
			named := !l.ID.IsZero() || l.TxID != ""
			asks := l.Edit.Status != nil || l.Edit.Val != nil || l.Edit.Commission != nil
			if l.Fault == nil && (!named || !asks) && l.ID != (conversion.ID{}) || l.Line <= last {
				t.Errorf("line %+v after %d of %q", l, last, text)
			}
			last = l.Line
		}
	})
}
