package portal_test

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/portal/portaltest"
)

// A file ends where its list does, or breaks off: never as if it were whole.
func TestCSVIsWholeOrBroken(t *testing.T) {
	t.Parallel()
	const parts = 201 // of 500 rows
	n := portaltest.New(t)
	g := n.Portal.Door(n.Echo, portal.Door{Kind: portal.Admin, Name: "Admin portal"})
	file := func(breaks int) func(*portal.Frame) error {
		return func(f *portal.Frame) error {
			return portal.CSV(f, "rows", []portal.CSVColumn[int]{{Name: "n", Number: true, Text: strconv.Itoa}}, func(p domain.Page) (domain.Slice[int], error) {
				part := 0
				if p.Cursor != "" {
					part, _ = strconv.Atoi(p.Cursor)
				}
				if part == breaks {
					return domain.Slice[int]{}, errors.New("the database is gone")
				}
				list := domain.Slice[int]{Items: make([]int, p.Limit)}
				if part+1 < parts {
					list.NextCursor = strconv.Itoa(part + 1)
				}
				return list, nil
			})
		}
	}
	g.GET("/whole", file(-1))
	g.GET("/broken", file(2))
	browser := n.Operator(account.RoleAdmin)
	if rows := strings.Count(browser.Get("/admin/whole").Is(http.StatusOK).Body, "\n") - 1; rows != parts*domain.MaxLimit {
		t.Errorf("%d rows, not %d", rows, parts*domain.MaxLimit)
	}
	defer func() {
		if caught := recover(); caught != http.ErrAbortHandler {
			t.Errorf("a file that lacks rows ended with %v", caught)
		}
	}()
	browser.Get("/admin/broken")
	t.Error("a file that lacks rows ended as if it were whole")
}
