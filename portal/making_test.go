package portal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/export"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/portal/portaltest"
)

// rowsAs is a list of one row, which says who reads it and with which query.
func rowsAs(f *portal.Frame) error {
	if !f.WantsFile() {
		return f.Echo.String(http.StatusOK, "a page")
	}
	row := fmt.Sprintf("%s %d %d %s %s", f.Actor.Role, f.Actor.UserID, f.Actor.AffiliateID, f.Zone, f.Echo.QueryParam("status"))
	return portal.File(f, "rows", []portal.FileColumn[string]{{Name: "as", Text: func(s string) string { return s }}}, func(domain.Page) (domain.Slice[string], error) {
		return domain.Slice[string]{Items: []string{row}}, nil
	})
}

type door struct {
	*portaltest.Network
	admin, affiliate *portal.Group
}

func newDoor(t *testing.T) door {
	t.Helper()
	n := portaltest.New(t)
	d := door{n, n.Portal.Door(n.Echo, portal.Door{Kind: portal.Admin, Name: "Admin portal"}), n.Portal.Door(n.Echo, portal.Door{Kind: portal.Affiliate, Name: "Affiliate portal"})}
	for _, g := range []*portal.Group{d.admin, d.affiliate} {
		g.GET("/rows", rowsAs)
		g.GET("/rows/:id", rowsAs)
		g.Files("/report", rowsAs)
		g.GET("/report", func(f *portal.Frame) error { return f.Echo.String(http.StatusOK, "a page") })
	}
	return d
}

func (d door) file(b *portaltest.Browser, path string) (name, text string, err error) {
	d.Helper()
	return d.render(b.User, b.Actor(), export.Order{Path: path, Format: export.CSV, Title: "x"})
}

func (d door) render(u account.User, a account.Actor, o export.Order) (name, text string, err error) {
	d.Helper()
	var b bytes.Buffer
	ctx, cancel := context.WithTimeout(d.Context(), 20*time.Second)
	defer cancel()
	name, err = d.Portal.Make(ctx, o, u, a, &b)
	return name, b.String(), err
}

func (d door) Context() context.Context { return context.Background() }

func TestFilesOfListsAndReports(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	voss := d.Affiliate(0)
	for _, path := range []string{"/affiliate/rows", "/affiliate/rows/7", "/affiliate/report"} {
		name, text, err := d.file(voss, path+"?status=%3Capproved%3E")
		want := fmt.Sprintf("as\naffiliate %d %d %s <approved>\n", voss.User.ID, voss.User.AffiliateID, voss.User.TimeZone)
		if err != nil || strings.ReplaceAll(text, "\r\n", "\n") != want || name != "rows-"+d.Now.Format(time.DateOnly)+".csv" {
			t.Errorf("%s: %q %q %v", path, name, text, err)
		}
	}
	// With the rights of the actor given, not of the user's role.
	if _, text, err := d.render(d.Operator(account.RoleAdmin).User, account.Actor{UserID: 5, Role: account.RoleViewer}, export.Order{Path: "/admin/rows", Format: export.CSV}); err != nil || !strings.Contains(text, "viewer 5") {
		t.Errorf("%q %v", text, err)
	}
}

func TestWhatIsNoFile(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.admin.GET("/page", func(f *portal.Frame) error { return f.Echo.String(http.StatusOK, "a page") })
	d.admin.GET("/posing", func(f *portal.Frame) error {
		f.Echo.Response().Header().Set("Content-Disposition", `attachment; filename="x.csv"`)
		return f.Echo.String(http.StatusOK, "not of File")
	})
	d.admin.GET("/broken", func(f *portal.Frame) error {
		return portal.File(f, "rows", nil, func(p domain.Page) (domain.Slice[int], error) {
			if p.Cursor != "" {
				return domain.Slice[int]{}, errors.New("the database is gone")
			}
			return domain.Slice[int]{Items: []int{1}, NextCursor: "2"}, nil
		})
	})
	d.admin.GET("/refused", func(f *portal.Frame) error { return errs.Invalid("invalid_date", "must be a day") })
	d.admin.GET("/panics", func(*portal.Frame) error { panic("oh") })
	d.admin.Stream("/stream", func(ctx context.Context, f *portal.Frame, s *portal.Stream) error { <-ctx.Done(); return ctx.Err() })
	ann := d.Operator(account.RoleAdmin)
	for path, want := range map[string]string{"/admin/page": "no_file", "/admin/posing": "no_file", "/admin/nowhere": "not_found", "/admin/refused": "invalid_date",
		"/affiliate/rows": "forbidden", "/login": "no_file", "/api/v1/users": "no_file", "/admin/account": "no_file", "/admin/stream": "no_file", "/admin/account/files": "no_file",
		"/admin/broken": "", "/admin/panics": ""} {
		_, _, err := d.file(ann, path)
		if err == nil || want != "" && !errs.HasCode(err, want) {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
		if _, ours := errs.As(err); ours != (want != "") {
			t.Errorf("%s: %v is for good, or not", path, err)
		}
	}
	for path, text := range map[string]string{"/admin/broken": "the database is gone", "/admin/panics": "oh"} {
		if _, _, err := d.file(ann, path); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", path, err)
		}
	}
	full := errors.New("full")
	if _, err := d.Portal.Make(t.Context(), export.Order{Path: "/admin/rows", Format: export.CSV}, ann.User, ann.Actor(), refusing{full}); !errors.Is(err, full) {
		t.Errorf("the writer's error is lost: %v", err)
	}
	// Nothing that a browser sends stands in for a session.
	for _, query := range []string{"?making=1", "?user_id=1", "?format=csv"} {
		d.Nobody().Get("/admin/rows" + query).Is(http.StatusSeeOther).Lacks("admin 1")
	}
}

type refusing struct{ err error }

func (r refusing) Write([]byte) (int, error) { return 0, r.err }

// From the request of a long sheet to the file, whose rows are those of the short way.
func TestLongSheet(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	const rows = 1234
	list := func(f *portal.Frame) error {
		return portal.File(f, "long-list", []portal.FileColumn[int]{{Name: "n", Number: true, Text: strconv.Itoa}, {Name: "user", Text: func(int) string { return f.User.Email }}}, func(p domain.Page) (domain.Slice[int], error) {
			from, _ := strconv.Atoi(p.Cursor)
			s := domain.Slice[int]{}
			for i := from; i < min(rows, from+p.Limit); i++ {
				s.Items = append(s.Items, i)
			}
			if from+p.Limit < rows {
				s.NextCursor = strconv.Itoa(from + p.Limit)
			}
			return s, nil
		})
	}
	d.affiliate.GET("/long", list)
	d.affiliate.Files("/long-report", list)
	voss := d.Affiliate(0)
	read := func(body string) [][]string {
		t.Helper()
		x, err := excelize.OpenReader(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		all, err := x.GetRows("Sheet1")
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	want := read(voss.Get("/affiliate/long?format=xlsx").Is(http.StatusOK).Body)
	if len(want) != rows+1 {
		t.Fatalf("%d rows", len(want))
	}
	d.Portal.LongSheet = rows - 1
	for _, path := range []string{"/affiliate/long?format=xlsx&q=%3Cscript%3E", "/affiliate/long-report.xlsx?q=1"} {
		page := voss.Get(path).To("/affiliate/account/files").Shows("Long list", "Waiting", "XLSX").LacksMarkup("<script>alert")
		if len(page.All("div", "hx-get", "/affiliate/account/files/list")) != 1 {
			t.Error("the page does not look after what waits")
		}
		if made, err := d.Exports.MakeDue(t.Context(), d.Portal.Make); made != 1 || err != nil {
			t.Fatal(made, err)
		}
		list, err := d.Exports.List(t.Context(), voss.Actor(), domain.Page{})
		if err != nil || list.Items[0].State != export.Ready {
			t.Fatalf("%+v %v", list.Items[0], err)
		}
		own := "/affiliate/account/files/" + list.Items[0].ID.String()
		got := read(voss.Get(own).Is(http.StatusOK).Body)
		w, _ := json.Marshal(want)
		if g, _ := json.Marshal(got); string(g) != string(w) {
			t.Errorf("%s: %d rows in the background, %d at once, or other ones", path, len(got), len(want))
		}
		d.Affiliate(1).Get(own).Is(http.StatusNotFound)
		d.Affiliate(1).Post(own+"/delete", nil).Is(http.StatusNotFound)
		d.Affiliate(1).Get("/affiliate/account/files").Shows("No files yet")
		voss.Part("/affiliate/account/files/list", "files").Is(http.StatusOK).Shows("Ready", "Download").Lacks("every 3s")
	}
	if d.Count("SELECT count(*) FROM mails WHERE subject = 'Long list: your file is ready'") != 2 {
		t.Error("nobody is told")
	}
	// CSV is sent as it is made, whatever its length.
	if n := strings.Count(voss.Get("/affiliate/long?format=csv").Is(http.StatusOK).Body, "\n"); n != rows+1 {
		t.Errorf("%d lines", n)
	}
	list2, err := d.Exports.List(t.Context(), voss.Actor(), domain.Page{})
	if err != nil || len(list2.Items) != 2 {
		t.Fatal(err)
	}
	voss.Post("/affiliate/account/files/"+list2.Items[0].ID.String()+"/delete", nil).To("/affiliate/account/files").Shows("The file is deleted.")
	voss.Get("/affiliate/account/files/" + list2.Items[0].ID.String()).Is(http.StatusNotFound)
	for _, id := range []string{"1", "%27", "00000000-0000-0000-0000-000000000000"} {
		voss.Get("/affiliate/account/files/" + id).Is(http.StatusNotFound)
	}
}

// A sixth is refused in words, and so is one for somebody who only looks.
func TestLongSheetRefused(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.admin.GET("/many", func(f *portal.Frame) error {
		return portal.File(f, "many", nil, func(domain.Page) (domain.Slice[int], error) { return domain.Slice[int]{Items: []int{1, 2}}, nil })
	})
	d.affiliate.GET("/many", func(f *portal.Frame) error {
		return portal.File(f, "many", nil, func(domain.Page) (domain.Slice[int], error) { return domain.Slice[int]{Items: []int{1, 2}}, nil })
	})
	d.Portal.LongSheet = 1
	ann := d.Operator(account.RoleAdmin)
	for i := range export.MaxWaiting {
		ann.Get(fmt.Sprintf("/admin/many?format=xlsx&n=%d", i)).Is(http.StatusSeeOther)
	}
	ann.Get("/admin/many?format=xlsx&n=x").Is(http.StatusConflict).Shows("still being made")
	voss := d.Affiliate(0).User
	ann.Post(fmt.Sprintf("/admin/view-as/affiliate/%d", voss.AffiliateID), nil)
	if page := ann.Get("/affiliate/many?format=xlsx"); page.Status != http.StatusSeeOther { // viewing works
		page.Is(http.StatusUnprocessableEntity).Shows("take the CSV file")
		ann.Get("/affiliate/account/files").Is(http.StatusOK).Lacks("Many")
	} else {
		t.Error("the operator does not view")
	}
}
