package portal_test

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/portal/portaltest"
	"github.com/waypost/waypost/web"
)

// A file ends where its list does, or breaks off: never as if it were whole.
func TestFilesAreWholeOrBroken(t *testing.T) {
	t.Parallel()
	const parts = 201 // of 500 rows
	n := portaltest.New(t)
	g := n.Portal.Door(n.Echo, portal.Door{Kind: portal.Admin, Name: "Admin portal"})
	file := func(breaks int) func(*portal.Frame) error {
		return func(f *portal.Frame) error {
			return portal.File(f, "rows", []portal.FileColumn[int]{{Name: "n", Number: true, Text: strconv.Itoa}}, func(p domain.Page) (domain.Slice[int], error) {
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
	g.Files("/whole", file(-1))
	g.Files("/broken", file(2))
	browser := n.Operator(account.RoleAdmin)
	if rows := strings.Count(browser.Get("/admin/whole.csv").Is(http.StatusOK).Body, "\n") - 1; rows != parts*domain.MaxLimit {
		t.Errorf("%d rows, not %d", rows, parts*domain.MaxLimit)
	}
	// So long a sheet is made in the background, for who asks for it, and not for a link of another site.
	browser.GetFromElsewhere("/admin/whole.xlsx?offer=7").Is(403).Shows("Another site led here")
	browser.Get("/admin/account/files").Shows("No files yet")
	browser.Get("/admin/whole.xlsx?offer=7").To("/admin/account/files").Shows("made in the background", "more than 50,000 rows", "Rows XLSX", "Waiting")
	browser.Get("/admin/whole.xlsx?offer=7").To("/admin/account/files") // once more: the same file
	if made, err := n.Exports.MakeDue(t.Context(), n.Portal.Make); made != 1 || err != nil {
		t.Fatalf("%d made, %v", made, err)
	}
	list := browser.Get("/admin/account/files").Shows("Ready").Lacks("every 3s")
	fetch := ""
	for _, href := range list.Links() {
		if strings.HasPrefix(href, "/admin/account/files/") {
			fetch = href
		}
	}
	n.Operator(account.RoleManager).Get(fetch).Is(http.StatusNotFound)
	whole := browser.Get(fetch).Is(http.StatusOK)
	if kind := whole.Header.Get("Content-Type"); kind != web.SheetType || !strings.HasSuffix(whole.Header.Get("Content-Disposition"), `.xlsx"`) ||
		whole.Header.Get("Content-Length") != strconv.Itoa(len(whole.Body)) {
		t.Errorf("header: %v", whole.Header)
	}
	x, err := excelize.OpenReader(strings.NewReader(whole.Body))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if rows, err := x.GetRows("Sheet1"); err != nil || len(rows)-1 != parts*domain.MaxLimit || rows[0][0] != "n" {
		t.Errorf("%d rows, not %d: %v", len(rows)-1, parts*domain.MaxLimit, err)
	}
	// A sheet is made before it is sent, so that its failure is a page.
	if broken := browser.Get("/admin/broken.xlsx").Is(http.StatusInternalServerError); broken.Header.Get("Content-Disposition") != "" {
		t.Errorf("a failed sheet is a file: %v", broken.Header)
	}
	defer func() {
		if caught := recover(); caught != http.ErrAbortHandler {
			t.Errorf("a file that lacks rows ended with %v", caught)
		}
	}()
	browser.Get("/admin/broken.csv")
	t.Error("a file that lacks rows ended as if it were whole")
}
