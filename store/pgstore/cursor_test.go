package pgstore

import (
	"encoding/base64"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/errs"
)

func TestCursor(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 8, 0, 0, 123456000, time.UTC)
	gotAt, gotID, err := decodeCursor(encodeCursor(at, "an id with spaces"))
	if err != nil || !gotAt.Equal(at) || gotID != "an id with spaces" {
		t.Errorf("got %v, %q, %v", gotAt, gotID, err)
	}
	if at, id, err := decodeCursor(""); err != nil || !at.IsZero() || id != "" {
		t.Errorf("no cursor: %v, %q, %v", at, id, err)
	}
	for _, s := range []string{"!", "MTIz", "IHg", text("x y"), text("12 "), text(strconv.Itoa(math.MaxInt64) + " x"), text("-62135596800000001 x")} {
		if _, _, err := decodeCursor(s); !errs.HasCode(err, "invalid_cursor") {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func text(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func TestIDCursor(t *testing.T) {
	t.Parallel()
	for _, id := range []int64{1, 42, math.MaxInt64} {
		if got, err := decodeIDCursor(encodeIDCursor(id)); err != nil || got != id {
			t.Errorf("%d: %d, %v", id, got, err)
		}
	}
	if id, err := decodeIDCursor(""); err != nil || id != math.MaxInt64 {
		t.Errorf("no cursor: %d, %v", id, err)
	}
	for _, s := range []string{"!", text("0"), text("-1"), text("1 2"), text("9223372036854775808"), text("1; DROP")} {
		if _, err := decodeIDCursor(s); !errs.HasCode(err, "invalid_cursor") {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func FuzzCursor(f *testing.F) {
	for _, s := range []string{"", "!", text("1 x"), text("-1 "), text("9223372036854775807 x"), encodeIDCursor(7)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if at, id, err := decodeCursor(s); err == nil && s != "" {
			if again, sameID, err := decodeCursor(encodeCursor(at, id)); err != nil || !again.Equal(at) || sameID != id || at.Year() < 1 || at.Year() > 9999 {
				t.Errorf("%q: %v %q, then %v %q, %v", s, at, id, again, sameID, err)
			}
		}
		if id, err := decodeIDCursor(s); err == nil && id <= 0 {
			t.Errorf("%q is id %d", s, id)
		}
	})
}

func TestSlice(t *testing.T) {
	t.Parallel()
	value := func(i int) (int, error) { return i * 10, nil }
	for _, tc := range []struct {
		rows   []int
		items  int
		cursor string
	}{{nil, 0, ""}, {[]int{1, 2}, 2, ""}, {[]int{1, 2, 3}, 2, "2"}} {
		s, err := slice(tc.rows, 2, strconv.Itoa, value)
		if err != nil || s.Items == nil || len(s.Items) != tc.items || s.NextCursor != tc.cursor {
			t.Errorf("%v: %+v, %v", tc.rows, s, err)
		}
	}
	for limit, want := range map[int]int{-1: 50, 0: 50, 1: 1, 500: 500, 501: 500} {
		if got := pageLimit(domain.Page{Limit: limit}); got != want {
			t.Errorf("limit %d: %d, want %d", limit, got, want)
		}
	}
}
