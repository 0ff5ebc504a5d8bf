package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/negotiation"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/errs"
)

// Every list, and the report, is also a CSV file: asked for by Accept: text/csv or ?format=csv, made by the same handler
// as the JSON, part by part, so that no role sees more in it. Nothing has to be written for a new list.

const (
	// csvType is also the key of csvFormat: with a parameter in it, no Accept and no Content-Type of a request names it.
	csvType = "text/csv; charset=utf-8"
	// maxExport is how many rows a file has at most.
	maxExport = 100_000
	// exportPatience is how long a client may take to read one part of a file.
	exportPatience = 30 * time.Second

	headerTruncated  = "Waypost-Truncated"
	headerNextCursor = "Waypost-Next-Cursor"
)

// csvFormat writes the bodies that hold a csvExport.
var csvFormat = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		body, ok := v.(interface{ csv() *csvExport })
		if !ok || body.csv() == nil {
			return fmt.Errorf("%T is no table", v)
		}
		body.csv().write(w)
		return nil
	},
	Unmarshal: func([]byte, any) error { return huma.ErrUnknownContentType },
}

// table is an answer that can be a CSV file.
type table interface {
	// rows gives this part's rows, a slice of structs, and the cursor of the next part, empty at the end.
	rows() (slice any, next string)
	// export makes the answer a CSV file.
	export(*csvExport)
}

// pager is an input that asks for a part of a table.
type pager interface {
	// largest asks for as much as one part can have.
	largest()
	// turn goes on at a cursor.
	turn(cursor string)
}

func (p *Paging) largest()           { p.Limit = domain.MaxLimit }
func (p *Paging) turn(cursor string) { p.Cursor = cursor }

// wantsCSV reads what a request asks for; an Accept without either type means JSON.
func (c caller) wantsCSV() (bool, error) {
	switch c.format {
	case "csv":
		return true, nil
	case "json":
		return false, nil
	case "":
		return negotiation.SelectQValue(c.accept, []string{"application/json", "text/csv"}) == "text/csv", nil
	}
	return false, errs.Invalid("invalid_choice", "must be one of json, csv").At("query.format")
}

// documentCSV tells about the file beside the JSON.
func documentCSV(operation *huma.Operation, answer table) {
	rows, _ := answer.rows()
	operation.Metadata = map[string]any{metadataRow: reflect.TypeOf(rows).Elem()}
	operation.Parameters = append(operation.Parameters, &huma.Param{
		Name: "format", In: "query", Description: "csv answers with a file, as Accept: text/csv does; it wins over Accept",
		Schema: &huma.Schema{Type: huma.TypeString, Enum: []any{"json", "csv"}},
	})
	text := &huma.Schema{Type: huma.TypeString}
	operation.Responses = map[string]*huma.Response{strconv.Itoa(http.StatusOK): {
		Description: http.StatusText(http.StatusOK),
		Content:     map[string]*huma.MediaType{"application/json": {}, "text/csv": {Schema: text}},
		Headers: map[string]*huma.Header{
			"Content-Disposition": {Description: "Of a CSV file: its name", Schema: text},
			headerTruncated: {Description: fmt.Sprintf("Trailer of a CSV file: true where it ends after %d rows although "+
				"there are more", maxExport), Schema: text},
			headerNextCursor: {Description: "Trailer of a truncated CSV file: cursor of the next one", Schema: text},
		},
	}}
	operation.Description = strings.TrimSpace(operation.Description + "\n\n" + fmt.Sprintf("With `Accept: text/csv` or "+
		"`?format=csv` the answer is a file (RFC 4180) with all rows from `cursor` on, whatever `limit` says, at most %d. "+
		"Its first line names the fields; those of nested objects are joined by a point, lists are JSON. A text that a "+
		"spreadsheet would take for a formula gets an apostrophe in front.", maxExport))
}

// answerTable answers with the JSON that call gives, or with a file of all its parts. An error on the way breaks the
// connection off: half a file must not look like a whole one.
func answerTable[I, O any](ctx context.Context, s *service, c caller, o op, in *I, call func() (*O, error)) (*O, error) {
	asCSV, err := c.wantsCSV()
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	if !asCSV {
		return call()
	}
	pages, paged := any(in).(pager)
	if paged {
		pages.largest()
	}
	first, err := call()
	if err != nil {
		return nil, err
	}
	e := &csvExport{response: c.response, clock: s.Clock}
	e.part, e.next = tablePart(first)
	e.columns = columnsOf(e.part.Type().Elem()).shownIn(e.part, any(first))
	e.more = func(cursor string) (reflect.Value, string, error) {
		pages.turn(cursor)
		out, err := call()
		if err != nil {
			return reflect.Value{}, "", err
		}
		part, next := tablePart(out)
		return part, next, nil
	}
	e.broken = func(err error) {
		if !errors.Is(err, context.Canceled) {
			s.Log.WarnContext(ctx, "CSV file broken off", "operation", o.id, "error", err.Error())
		}
		panic(http.ErrAbortHandler)
	}
	_, name, _ := strings.Cut(o.id, "-")
	header := c.response.Header()
	header.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-%s.csv"`, name, s.Clock.Now().Format(time.DateOnly)))
	header.Set("Trailer", headerTruncated+", "+headerNextCursor)
	any(first).(table).export(e)
	return first, nil
}

// tableBody is embedded in the body of a table's JSON, which a CSV file may take the place of.
type tableBody struct{ file *csvExport }

func (b tableBody) csv() *csvExport { return b.file }

func (b *tableBody) export(e *csvExport) { b.file = e }

// ContentType implements huma.ContentTypeFilter.
func (b tableBody) ContentType(json string) string {
	if b.file != nil {
		return csvType
	}
	return json
}

func (l *list[T]) export(e *csvExport) { l.Body.export(e) }

func (l *list[T]) rows() (any, string) {
	if l.Body.NextCursor == nil {
		return l.Body.Items, ""
	}
	return l.Body.Items, *l.Body.NextCursor
}

func tablePart(out any) (reflect.Value, string) {
	rows, next := out.(table).rows()
	return reflect.ValueOf(rows), next
}

// csvExport is a file on its way: what is left to be written, and how to get it.
type csvExport struct {
	response http.ResponseWriter
	clock    domain.Clock
	columns  columns
	part     reflect.Value // rows of this part
	next     string        // cursor of the next part, empty at the end
	more     func(cursor string) (rows reflect.Value, next string, err error)
	broken   func(error) // does not return
}

// write sends all rows.
func (e *csvExport) write(w io.Writer) {
	var buffer bytes.Buffer
	e.columns.writeHeader(&buffer)
	for left := maxExport; ; {
		for i := range min(e.part.Len(), left) {
			if err := e.columns.writeRow(&buffer, e.part.Index(i)); err != nil {
				e.broken(err)
			}
		}
		// An adapter without deadlines, such as a test's, has none to move.
		_ = http.NewResponseController(e.response).SetWriteDeadline(e.clock.Now().Add(exportPatience))
		if _, err := w.Write(buffer.Bytes()); err != nil {
			e.broken(err)
		}
		buffer.Reset()
		left -= e.part.Len()
		if e.next == "" {
			return
		}
		if left <= 0 {
			e.response.Header().Set(headerTruncated, "true")
			e.response.Header().Set(headerNextCursor, e.next)
			return
		}
		var err error
		if e.part, e.next, err = e.more(e.next); err != nil {
			e.broken(err)
		}
	}
}
