package web

import (
	"archive/zip"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/waypost/waypost/domain/errs"
)

// SheetType is the media type of a Sheet.
const SheetType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// SheetRows is how many rows a Sheet has room for below its head.
const SheetRows = excelize.TotalRows - 1

const (
	sheetName = "Sheet1" // as a new file has it
	// exactDigits is how many decimal digits a spreadsheet's number keeps.
	exactDigits = 15
)

// Sheet is an XLSX file of one table on its way, the names of its columns bold and frozen. Rows beyond 16 MB wait in a
// file of the folder it was made with. Close it.
type Sheet struct {
	file    *excelize.File
	stream  *excelize.StreamWriter
	row     int
	bold    int
	formats map[int]int // style by decimals
}

// SheetCell is a cell. Its text is never a formula; a number is one that can be computed with.
type SheetCell struct {
	Text   string
	Number bool
}

// NewSheet begins a file with the names of its columns.
func NewSheet(folder string, names []string) (*Sheet, error) {
	s := &Sheet{file: excelize.NewFile(excelize.Options{TmpDir: folder}), formats: map[int]int{}}
	if err := s.begin(names); err != nil {
		_ = s.Close()
		return nil, fmt.Errorf("begin sheet: %w", err)
	}
	return s, nil
}

func (s *Sheet) begin(names []string) (err error) {
	if s.bold, err = s.file.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}}); err != nil {
		return err
	}
	if s.stream, err = s.file.NewStreamWriter(sheetName); err != nil {
		return err
	}
	if err = s.stream.SetColWidth(1, max(len(names), 1), 18); err != nil {
		return err
	}
	if err = s.stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	head := make([]any, len(names))
	for i, name := range names {
		head[i] = excelize.Cell{StyleID: s.bold, Value: name}
	}
	return s.write(head)
}

// Row adds a row.
func (s *Sheet) Row(cells []SheetCell) error {
	values := make([]any, len(cells))
	for i, c := range cells {
		value, err := s.value(c)
		if err != nil {
			return err
		}
		values[i] = value
	}
	return s.write(values)
}

func (s *Sheet) write(values []any) error {
	s.row++
	return s.stream.SetRow("A"+strconv.Itoa(s.row), values)
}

// value is a number with the decimals that it is written with, so those of its currency, or a text. A number of more digits
// than a spreadsheet keeps is a text, too: a wrong last digit is worse than one that does not add up.
func (s *Sheet) value(c SheetCell) (any, error) {
	if !c.Number || !plainNumber.MatchString(c.Text) {
		return c.Text, nil
	}
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(c.Text, "-"), ".")
	if len(strings.TrimLeft(whole+fraction, "0")) > exactDigits {
		return c.Text, nil
	}
	number, err := strconv.ParseFloat(c.Text, 64) // the format's own kind of number; exact to 15 digits
	if err != nil {
		return nil, err
	}
	style, known := s.formats[len(fraction)]
	if !known {
		format := "0"
		if fraction != "" {
			format += "." + strings.Repeat("0", len(fraction))
		}
		if style, err = s.file.NewStyle(&excelize.Style{CustomNumFmt: &format}); err != nil {
			return nil, err
		}
		s.formats[len(fraction)] = style
	}
	return excelize.Cell{StyleID: style, Value: number}, nil
}

// WriteTo ends the file and sends it piece by piece as it is compressed, so that a long one is never whole in memory.
func (s *Sheet) WriteTo(w io.Writer) (int64, error) {
	if err := s.stream.Flush(); err != nil {
		return 0, fmt.Errorf("end sheet: %w", err)
	}
	sent := &counter{to: w}
	s.file.SetZipWriter(func(io.Writer) excelize.ZipWriter { return sheetZip{zip.NewWriter(sent)} })
	_, err := s.file.WriteTo(io.Discard)
	return sent.n, err
}

// sheetZip is the file around the parts of a sheet.
type sheetZip struct{ *zip.Writer }

// Create adds a part. Spreadsheets open none of 4 GB whose size did not stand before it.
func (z sheetZip) Create(name string) (io.Writer, error) {
	w, err := z.Writer.Create(name)
	return &counter{to: w, most: math.MaxUint32}, err
}

// counter counts what is written, and takes no more than most; 0 = any.
type counter struct {
	to      io.Writer
	n, most int64
}

// Write implements io.Writer.
func (c *counter) Write(b []byte) (int, error) {
	if c.most > 0 && c.n+int64(len(b)) > c.most {
		return 0, errs.Invalid("file_too_large", "an Excel file holds less than 4 GB: choose fewer days, or take the CSV file")
	}
	n, err := c.to.Write(b)
	c.n += int64(n)
	return n, err
}

// Close lets go of the file and of what waits in the folder.
func (s *Sheet) Close() error { return s.file.Close() }
