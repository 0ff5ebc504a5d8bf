package api

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/errs"
)

// jsonFormat is JSON as huma reads and writes it, except that a text with a NUL character, which no database column
// can hold, makes a body invalid.
var jsonFormat = huma.Format{
	Marshal: huma.DefaultJSONFormat.Marshal,
	Unmarshal: func(data []byte, v any) error {
		if err := json.Unmarshal(data, v); err != nil {
			return err
		}
		if parsed, ok := v.(*any); ok && holdsNUL(*parsed) {
			return errors.New("a text holds a NUL character")
		}
		return nil
	},
}

func holdsNUL(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.ContainsRune(v, 0)
	case []any:
		for _, item := range v {
			if holdsNUL(item) {
				return true
			}
		}
	case map[string]any:
		for name, item := range v {
			if holdsNUL(name) || holdsNUL(item) {
				return true
			}
		}
	}
	return false
}

// Optional is a field that may be absent: then it leaves the stored value, or the default, as it is. null is refused.
type Optional[T any] struct {
	value T
	set   bool
	fault *errs.Error
}

// UnmarshalJSON implements json.Unmarshaler. What the type itself refuses is told by Resolve, with the field's place.
func (o *Optional[T]) UnmarshalJSON(data []byte) error {
	o.set = true
	if string(data) == "null" {
		o.fault = errs.Invalid("null", "must not be null; leave the field out instead")
		return nil
	}
	return o.read(data)
}

func (o *Optional[T]) read(data []byte) error {
	err := json.Unmarshal(data, &o.value)
	if e, ours := errs.As(err); ours {
		o.fault = e
		return nil
	}
	return err
}

// Schema implements huma.SchemaProvider: that of the value.
func (Optional[T]) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[T](), true, "")
}

// Resolve implements huma.ResolverWithPath.
func (o *Optional[T]) Resolve(_ huma.Context, at *huma.PathBuffer) []error {
	if o.fault == nil {
		return nil
	}
	return []error{newFieldError(at, o.fault)}
}

// to writes the value, if the field was there.
func (o Optional[T]) to(target *T) {
	if o.set {
		*target = o.value
	}
}

// given is the value, nil for a field that was not there.
func (o Optional[T]) given() *T {
	if !o.set {
		return nil
	}
	return &o.value
}

// Nullable is an Optional that null empties.
type Nullable[T any] struct{ optional Optional[T] }

// UnmarshalJSON implements json.Unmarshaler.
func (n *Nullable[T]) UnmarshalJSON(data []byte) error {
	n.optional.set = true
	if string(data) == "null" {
		return nil
	}
	return n.optional.read(data)
}

// Schema implements huma.SchemaProvider: that of the value, or null.
func (n Nullable[T]) Schema(r huma.Registry) *huma.Schema {
	s := n.optional.Schema(r)
	s.Nullable = true
	return s
}

// Resolve implements huma.ResolverWithPath.
func (n *Nullable[T]) Resolve(ctx huma.Context, at *huma.PathBuffer) []error {
	return n.optional.Resolve(ctx, at)
}

func (n Nullable[T]) to(target *T) { n.optional.to(target) }

// Paging is the part of a list that is asked for.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"How many items at most"`
	Cursor string `query:"cursor" maxLength:"300" doc:"next_cursor of the part before"`
}

func (p Paging) page() domain.Page { return domain.Page{Limit: p.Limit, Cursor: p.Cursor} }

// Period narrows a list to what was made in it.
type Period struct {
	From string `query:"from" maxLength:"40" doc:"Made at this time or later: RFC 3339, or a date in UTC"`
	To   string `query:"to" maxLength:"40" doc:"Made before this time: RFC 3339, or a date in UTC, which is included"`
}

// bounds reads the period; an end that was not given is the zero time.
func (p Period) bounds() (from, to time.Time, err error) {
	if from, err = instant(p.From, 0, "query.from"); err != nil {
		return time.Time{}, time.Time{}, err
	}
	to, err = instant(p.To, 1, "query.to")
	return from, to, err
}

// instant reads a time, or the start of a date that many days later.
func instant(s string, days int, location string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t.AddDate(0, 0, days), nil
	}
	t, err := time.Parse(time.RFC3339, strings.Replace(s, " ", "+", 1)) // a "+" that nobody encoded
	if err != nil {
		return time.Time{}, errs.Invalid("invalid_time", "must be a time such as 2026-03-04T05:06:07Z or a date").At(location)
	}
	return t.UTC(), nil
}

// flag reads an optional truth value of a query.
func flag(s string) *bool {
	if s == "" {
		return nil
	}
	v := s == "true" || s == "1"
	return &v
}
