package pgstore

import (
	"context"
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/errs"
)

// A cursor is the sort key of the last row of a page, opaque to clients. Two forms: time and id for what is made all
// the time, the id alone for the catalogue, whose ids grow.

// encodeCursor is the cursor after the row made at that time with that id.
func encodeCursor(at time.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(at.UnixMicro(), 10) + " " + id))
}

// decodeCursor reads what encodeCursor made. The id is as the client sent it: parse it. An empty cursor gives the zero
// time and an empty id, which means the first page.
func decodeCursor(s string) (time.Time, string, error) {
	if s == "" {
		return time.Time{}, "", nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return time.Time{}, "", invalidCursor()
	}
	at, id, ok := strings.Cut(string(b), " ")
	micros, err := strconv.ParseInt(at, 10, 64)
	// Bounds of a PostgreSQL timestamp that no row of ours can leave: years 1 to 9999.
	if !ok || id == "" || err != nil || micros < -62135596800_000_000 || micros >= 253402300800_000_000 {
		return time.Time{}, "", invalidCursor()
	}
	return time.UnixMicro(micros).UTC(), id, nil
}

// encodeIDCursor is the cursor after the row with that id.
func encodeIDCursor(id int64) string {
	return base64.RawURLEncoding.EncodeToString(strconv.AppendInt(nil, id, 10))
}

// decodeIDCursor reads what encodeIDCursor made. An empty cursor gives the greatest id, so that "id < ?" serves the
// first page too.
func decodeIDCursor(s string) (int64, error) {
	if s == "" {
		return math.MaxInt64, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return 0, invalidCursor()
	}
	id, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil || id <= 0 {
		return 0, invalidCursor()
	}
	return id, nil
}

func invalidCursor() error {
	return errs.Invalid("invalid_cursor", "cursor is not one that a list gave; start again without it").At("query.cursor")
}

// pageLimit is how many rows a page may have, whatever was asked for.
func pageLimit(p domain.Page) int {
	switch {
	case p.Limit <= 0:
		return domain.DefaultLimit
	case p.Limit > domain.MaxLimit:
		return domain.MaxLimit
	}
	return p.Limit
}

// slice makes the page of at most limit rows out of up to limit+1 that were read: the one too many tells that there is
// a next page, which begins after cursor of the last row kept.
func slice[Row, T any](rows []Row, limit int, cursor func(Row) string, value func(Row) (T, error)) (domain.Slice[T], error) {
	var s domain.Slice[T]
	if len(rows) > limit {
		rows = rows[:limit]
		s.NextCursor = cursor(rows[limit-1])
	}
	s.Items = make([]T, 0, len(rows))
	for _, row := range rows {
		v, err := value(row)
		if err != nil {
			return domain.Slice[T]{}, err
		}
		s.Items = append(s.Items, v)
	}
	return s, nil
}

// listByID is a page of q, newest first by id. what completes "cannot …" in an error. Errors: invalid_cursor.
func listByID[Row, T any](ctx context.Context, what string, q gorm.ChainInterface[Row], p domain.Page, id func(Row) int64, value func(Row) (T, error)) (domain.Slice[T], error) {
	before, err := decodeIDCursor(p.Cursor)
	if err != nil {
		return domain.Slice[T]{}, err
	}
	limit := pageLimit(p)
	rows, err := q.Where("id < ?", before).Order("id DESC").Limit(limit + 1).Find(ctx)
	if err != nil {
		return domain.Slice[T]{}, translate(what, err)
	}
	return slice(rows, limit, func(r Row) string { return encodeIDCursor(id(r)) }, value)
}
