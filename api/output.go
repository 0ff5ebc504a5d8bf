package api

import (
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
)

// list is a part of a list.
type list[T any] struct {
	Body listBody[T]
}

type listBody[T any] struct {
	Items      []T     `json:"items" doc:"This part, in the order of the list"`
	NextCursor *string `json:"next_cursor" nullable:"true" doc:"Ask for the next part with it; null at the end"`
	tableBody
}

// newList renders a part of a list, item by item.
func newList[D, T any](s domain.Slice[D], body func(D) T) *list[T] {
	out := &list[T]{Body: listBody[T]{Items: make([]T, 0, len(s.Items))}}
	for _, item := range s.Items {
		out.Body.Items = append(out.Body.Items, body(item))
	}
	if s.NextCursor != "" {
		out.Body.NextCursor = &s.NextCursor
	}
	return out
}

// one is a single object.
type one[T any] struct {
	Body T
}

// warningBody is what a save tells although it was accepted.
type warningBody struct {
	Field   string `json:"field" doc:"The field that it is about"`
	Code    string `json:"code" doc:"Stable word for machines"`
	Message string `json:"message" doc:"What is odd and what to do about it"`
}

// newWarnings renders warnings; a save without any says so with an empty list.
func newWarnings(ws []errs.Warning) []warningBody {
	out := make([]warningBody, 0, len(ws))
	for _, w := range ws {
		out = append(out, warningBody(w))
	}
	return out
}

// view is whose eyes an answer is for.
type view uint8

const (
	viewNobody view = iota
	viewOperator
	viewAffiliate
	viewAdvertiser
)

func viewOf(a account.Actor) view {
	scope := a.Scope()
	if scope.Network() {
		return viewOperator
	}
	if _, ok := scope.Affiliate(); ok {
		return viewAffiliate
	}
	if _, ok := scope.Advertiser(); ok {
		return viewAdvertiser
	}
	return viewNobody
}

// revenue tells who may see what an advertiser pays, and its secrets.
func (v view) revenue() bool { return v == viewOperator || v == viewAdvertiser }

// commission tells who may see what an affiliate earns.
func (v view) commission() bool { return v == viewOperator || v == viewAffiliate }

// shown is a pointer to v where it may be seen; else nil, which leaves the field out of the JSON.
func shown[T any](may bool, v T) *T {
	if !may {
		return nil
	}
	return &v
}

// optionalText is nil, JSON's null, for what is empty.
func optionalText[T ~string](s T) *string {
	if s == "" {
		return nil
	}
	text := string(s)
	return &text
}

// optionalID is nil, JSON's null, for 0.
func optionalID[T ~int64](id T) *int64 {
	if id == 0 {
		return nil
	}
	n := int64(id)
	return &n
}

// optionalTime is nil, JSON's null, for the zero time.
func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = moment(t)
	return &t
}

// moment is a time as the database keeps it, so that the answer to a save equals what is read later.
func moment(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
