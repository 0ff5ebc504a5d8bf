package web_test

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/waypost/waypost/web"
)

func sheet(t *testing.T, names []string, rows ...[]web.SheetCell) []byte {
	t.Helper()
	s, err := web.NewSheet(t.TempDir(), names)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, row := range rows {
		if err := s.Row(row); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if _, err := s.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// part is a file inside the file.
func part(t *testing.T, file []byte, name string) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSheetsHaveNumbersAndTexts(t *testing.T) {
	t.Parallel()
	number := func(s string) web.SheetCell { return web.SheetCell{Text: s, Number: true} }
	cells := []web.SheetCell{number("12.30"), number("-7"), number("1200"), number("0.125"), number("999999999999999"), number("9999999999999999"),
		number("no number"), {Text: "0012"}, {Text: "=1+1"}, {Text: " a\tb\n"}, number("")}
	file := sheet(t, []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"}, cells)
	x, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	for i, want := range []struct {
		shown  string
		number bool
	}{{"12.30", true}, {"-7", true}, {"1200", true}, {"0.125", true}, {"999999999999999", true}, {"9999999999999999", false},
		{"no number", false}, {"0012", false}, {"=1+1", false}, {" a\tb\n", false}, {"", false}} {
		at := string(rune('A'+i)) + "2"
		shown, err := x.GetCellValue("Sheet1", at)
		if err != nil || shown != want.shown {
			t.Errorf("%s shows %q, not %q: %v", at, shown, want.shown, err)
		}
		kind, err := x.GetCellType("Sheet1", at)
		if isNumber := kind == excelize.CellTypeUnset || kind == excelize.CellTypeNumber; err != nil || isNumber != want.number && want.shown != "" {
			t.Errorf("%s is of kind %v: %v", at, kind, err)
		}
	}
	panes, err := x.GetPanes("Sheet1")
	if err != nil || !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("the head is not frozen: %+v %v", panes, err)
	}
	id, err := x.GetCellStyle("Sheet1", "A1")
	if err != nil {
		t.Fatal(err)
	}
	if style, err := x.GetStyle(id); err != nil || style.Font == nil || !style.Font.Bold {
		t.Errorf("the head is not bold: %+v %v", style, err)
	}
}

// What comes from outside is no formula and breaks nothing, whatever it holds.
func FuzzSheetCells(f *testing.F) {
	for _, text := range []string{"=1+1", "=cmd|'/C calc'!A0", "+1", "-1", "@SUM(1)", "<f>1+1</f>", "]]>", "\x00", "\x0b", "_x0041_", "\ufffe", "'", "&lt;"} {
		f.Add(text, true)
		f.Add(text, false)
	}
	f.Fuzz(func(t *testing.T, text string, number bool) {
		xml := part(t, sheet(t, []string{text}, []web.SheetCell{{Text: text, Number: number}}), "xl/worksheets/sheet1.xml")
		if strings.Contains(xml, "<f>") || strings.Contains(xml, "<f ") {
			t.Fatalf("%q became a formula: %s", text, xml)
		}
		if strings.Count(xml, "<c ") != 2 && text != "" {
			t.Fatalf("%q broke the table: %s", text, xml)
		}
	})
}

// A long file is sent while it is compressed: nobody holds all of it in memory.
func TestLongSheetsAreSentInPieces(t *testing.T) {
	t.Parallel()
	s, err := web.NewSheet(t.TempDir(), []string{"text"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const rows = 20_000
	for range rows {
		if err := s.Row([]web.SheetCell{{Text: rand.Text()}}); err != nil { // hardly to be compressed
			t.Fatal(err)
		}
	}
	var got pieces
	n, err := s.WriteTo(&got)
	if err != nil || n != int64(got.Len()) || n < 16*rows || got.longest > 64<<10 {
		t.Errorf("%d bytes of %d, at most %d at once: %v", n, got.Len(), got.longest, err)
	}
	x, err := excelize.OpenReader(&got.Buffer)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if all, err := x.GetRows("Sheet1"); err != nil || len(all) != rows+1 {
		t.Errorf("%d rows, %v", len(all), err)
	}
	// A reader that is gone is told of.
	again, err := web.NewSheet(t.TempDir(), []string{"text"})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, err := again.WriteTo(gone{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("to nobody: %v", err)
	}
}

// pieces keeps what is written, and how long the longest piece was.
type pieces struct {
	bytes.Buffer
	longest int
}

func (p *pieces) Write(b []byte) (int, error) {
	p.longest = max(p.longest, len(b))
	return p.Buffer.Write(b)
}

type gone struct{}

func (gone) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// Long files wait on disk in the folder that they were given, which nothing is left in.
func TestLongSheetsWaitInTheirFolder(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s, err := web.NewSheet(folder, []string{"text"})
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 30_000)
	for range 700 {
		if err := s.Row([]web.SheetCell{{Text: long}}); err != nil {
			t.Fatal(err)
		}
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) == 0 {
		t.Errorf("nothing waits on disk: %v", err)
	}
	if _, err := s.WriteTo(io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) != 0 {
		t.Errorf("left behind: %v %v", files, err)
	}
}
