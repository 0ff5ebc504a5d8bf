package portal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/web"
)

// filePatience is how long a reader may take for one part of a file.
const filePatience = 30 * time.Second

// fileFormats are the kinds of files, by the ends of their names.
var fileFormats = [...]string{"csv", "xlsx"}

// FileColumn is a column of a file, called as in the API. Number marks what spreadsheets shall compute with.
type FileColumn[T any] struct {
	Name   string
	Number bool
	Text   func(T) string
}

// WantsFile tells that the list is asked for as a file: format=csv or format=xlsx.
func (f *Frame) WantsFile() bool {
	return f.Echo.Request().Method == http.MethodGet && f.fileFormat() != ""
}

// fileFormat is what kind of file is asked for, by the query or by the end of the path.
func (f *Frame) fileFormat() string {
	for _, format := range [...]string{f.Echo.QueryParam("format"), strings.TrimPrefix(path.Ext(f.Echo.Path()), ".")} {
		if slices.Contains(fileFormats[:], format) {
			return format
		}
	}
	return ""
}

// File answers with a file of all rows of a list, however many: list gives the part of it that a cursor begins, as the page
// itself asks for it, so that a file shows no more than the page. It is CSV unless the request asks for XLSX, which is made in
// the background if it is long. Half a file
// never looks like a whole one: an error on the way, or a reader that is too slow, breaks the connection off.
func File[T any](f *Frame, name string, columns []FileColumn[T], list func(p domain.Page) (domain.Slice[T], error)) error {
	part, err := list(domain.Page{Limit: domain.MaxLimit})
	if err != nil {
		return err
	}
	if f.fileFormat() == "xlsx" {
		return sendSheet(f, name, columns, part, list)
	}
	f.beginFile(name+"-"+f.Now.In(f.Zone).Format(time.DateOnly)+".csv", web.CSVType)
	var b bytes.Buffer
	for i, column := range columns {
		web.WriteCSVCell(&b, i, web.CSVText(column.Name))
	}
	web.EndCSVLine(&b)
	for {
		for _, row := range part.Items {
			for i, column := range columns {
				text := column.Text(row)
				if column.Number {
					web.WriteCSVCell(&b, i, web.CSVNumber(text))
				} else {
					web.WriteCSVCell(&b, i, web.CSVText(text))
				}
			}
			web.EndCSVLine(&b)
		}
		if _, err := (patient{f.Echo.Response()}).Write(b.Bytes()); err != nil {
			panic(http.ErrAbortHandler)
		}
		b.Reset()
		if part.NextCursor == "" {
			return nil
		}
		if part, err = list(domain.Page{Limit: domain.MaxLimit, Cursor: part.NextCursor}); err != nil {
			f.brokenOff(name, err)
		}
	}
}

// sendSheet answers with the rows as XLSX. That is sent when it is whole, for it cannot be read before.
func sendSheet[T any](f *Frame, name string, columns []FileColumn[T], part domain.Slice[T], list func(p domain.Page) (domain.Slice[T], error)) error {
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = column.Name
	}
	sheet, err := web.NewSheet(f.portal.TempDir, names)
	if err != nil {
		return err
	}
	defer sheet.Close()
	cells := make([]web.SheetCell, len(columns))
	for rows := 0; ; {
		if rows += len(part.Items); rows > f.portal.longSheet() && f.making == nil {
			return f.orderSheet(name)
		}
		if rows > web.SheetRows {
			return errs.Invalid("too_many_rows", "there are more than %d rows, and a sheet holds no more: choose fewer days, or take the CSV file", web.SheetRows)
		}
		for _, row := range part.Items {
			for i, column := range columns {
				cells[i] = web.SheetCell{Text: column.Text(row), Number: column.Number}
			}
			if err := sheet.Row(cells); err != nil {
				return err
			}
		}
		if part.NextCursor == "" {
			break
		}
		if part, err = list(domain.Page{Limit: domain.MaxLimit, Cursor: part.NextCursor}); err != nil {
			return err
		}
	}
	f.beginFile(name+"-"+f.Now.In(f.Zone).Format(time.DateOnly)+".xlsx", web.SheetType)
	if _, err := sheet.WriteTo(patient{f.Echo.Response()}); err != nil {
		f.brokenOff(name, err)
	}
	return nil
}

func (f *Frame) beginFile(name, kind string) {
	if f.making != nil {
		f.making.name = name
	}
	response := f.Echo.Response()
	response.Header().Set("Content-Type", kind)
	response.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s"`, name))
	response.WriteHeader(http.StatusOK)
}

// brokenOff ends a file that cannot be whole.
func (f *Frame) brokenOff(name string, err error) {
	if m := f.making; m != nil {
		if m.err == nil {
			m.err = err
		}
	} else if !errors.Is(err, context.Canceled) {
		f.portal.Log.WarnContext(f.Context(), "file broken off", "file", name, "error", err)
	}
	panic(http.ErrAbortHandler)
}

// patient gives the reader of a file time for each part, in place of one deadline for all. A writer without deadlines, such
// as a test's, has none to move. They are of the machine's clock, whatever ours says.
type patient struct{ response http.ResponseWriter }

func (p patient) Write(b []byte) (n int, err error) {
	const most = 256 << 10
	for len(b) > 0 && err == nil {
		_ = http.NewResponseController(p.response).SetWriteDeadline(time.Now().Add(filePatience))
		var sent int
		sent, err = p.response.Write(b[:min(most, len(b))])
		n, b = n+sent, b[sent:]
	}
	return n, err
}
