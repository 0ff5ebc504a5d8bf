package portal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/web"
)

// csvPatience is how long a reader may take for one part of a file.
const csvPatience = 30 * time.Second

// CSVColumn is a column of a file. Number marks what spreadsheets shall compute with.
type CSVColumn[T any] struct {
	Name   string
	Number bool
	Text   func(T) string
}

// CSV answers with a file of all rows of a list, however many: list gives the part of it that a cursor begins, as the page
// itself asks for it, so that a file shows no more than the page. An error on the way, or a reader that is too slow, breaks
// the connection off: half a file must not look like a whole one.
func CSV[T any](f *Frame, name string, columns []CSVColumn[T], list func(p domain.Page) (domain.Slice[T], error)) error {
	part, err := list(domain.Page{Limit: domain.MaxLimit})
	if err != nil {
		return err
	}
	response := f.Echo.Response()
	response.Header().Set("Content-Type", web.CSVType)
	response.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-%s.csv"`, name, f.Now.In(f.Zone).Format(time.DateOnly)))
	response.WriteHeader(http.StatusOK)
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
		// A writer without deadlines, such as a test's, has none to move. They are of the machine's clock, whatever ours says.
		_ = http.NewResponseController(response).SetWriteDeadline(time.Now().Add(csvPatience))
		if _, err := response.Write(b.Bytes()); err != nil {
			panic(http.ErrAbortHandler)
		}
		b.Reset()
		if part.NextCursor == "" {
			return nil
		}
		if part, err = list(domain.Page{Limit: domain.MaxLimit, Cursor: part.NextCursor}); err != nil {
			if !errors.Is(err, context.Canceled) {
				f.portal.Log.WarnContext(f.Context(), "CSV file broken off", "file", name, "error", err)
			}
			panic(http.ErrAbortHandler)
		}
	}
}
