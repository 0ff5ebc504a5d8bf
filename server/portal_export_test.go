package server

import (
	"bytes"
	"context"
	"encoding/csv"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/net/html"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/export"
	"github.com/waypost/waypost/web"
)

// fileText is what an answer shows: of a sheet the cells, which stand compressed in it.
func fileText(rec *httptest.ResponseRecorder) string {
	if rec.Header().Get("Content-Type") != web.SheetType {
		return rec.Body.String()
	}
	var b strings.Builder
	rows, err := sheetRows(rec.Body.Bytes())
	if err != nil {
		return err.Error()
	}
	for _, row := range rows {
		b.WriteString(strings.Join(row, "\t") + "\n")
	}
	return b.String()
}

func sheetRows(file []byte) ([][]string, error) {
	x, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	defer x.Close()
	return x.GetRows("Sheet1", excelize.Options{RawCellValue: true})
}

var requestOfFile = regexp.MustCompile(`'` + portalURL + `(/api/v1[^']*format=csv[^']*)'`)

// TestExportsGiveTheSameRows: of every list with an Export menu, bare and filtered, the two files and the API request that
// the menu shows have as many rows, by the same names.
func TestExportsGiveTheSameRows(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t)
	lists := map[string]bool{}
	keys := map[string]string{}
	w.pages(func(v visitor, target string) {
		if v.role == 0 {
			return
		}
		if keys[v.name] == "" {
			_, secret, err := w.accounts.CreateKey(context.Background(), v.user.Actor(""), account.NewKey{Name: "export"})
			w.must(err)
			keys[v.name] = secret
		}
		for _, query := range []url.Values{{}, {"from": {now().AddDate(0, 0, -1).Format("2006-01-02")}, "to": {now().Format("2006-01-02")}}, {"test": {"none"}, "valid": {"yes"}},
			{"status": {"approved"}}, {"status": {"active"}}, {"offer": {w.ids[0]["offers"]}, "postback": {w.ids[0]["postbacks"]}}, {"q": {w.marks[0][0]}}} {
			rec := w.send(v, "GET", target+"?"+query.Encode(), nil)
			page := rec.Body.String()
			found := requestOfFile.FindStringSubmatch(html.UnescapeString(page))
			if rec.Code != http.StatusOK || found == nil {
				continue
			}
			if status := query.Get("status"); status != "" && !strings.Contains(page, `<option value="`+status+`"`) {
				continue // nobody can choose it here
			}
			lists[v.base()+" "+target] = true
			r := httptest.NewRequest("GET", found[1], nil)
			r.Header.Set("Authorization", "Bearer "+keys[v.name])
			answer := httptest.NewRecorder()
			w.e.ServeHTTP(answer, r)
			if answer.Code != http.StatusOK {
				t.Errorf("%s: %s?%s: %s: %d %.300s", v.name, target, query.Encode(), found[1], answer.Code, answer.Body)
				continue
			}
			want := records(t, answer.Body.String())
			files := linksOfFiles(t, page)
			if len(files) != 2 {
				t.Errorf("%s: %s has the files %v", v.name, target, files)
			}
			for _, file := range files {
				got := w.send(v, "GET", file, nil)
				rows, err := [][]string(nil), error(nil)
				if got.Header().Get("Content-Type") == web.SheetType {
					rows, err = sheetRows(got.Body.Bytes())
				} else {
					rows = records(t, got.Body.String())
				}
				if got.Code != http.StatusOK || err != nil || len(rows) != len(want) {
					t.Errorf("%s: %s: %d, %d rows, %d by %s: %v", v.name, file, got.Code, len(rows)-1, len(want)-1, found[1], err)
					continue
				}
				if id := slices.Index(rows[0], "id"); id >= 0 && len(rows) > 1 && slices.Contains(want[0], "id") && rows[1][id] != want[1][slices.Index(want[0], "id")] {
					t.Errorf("%s: %s begins with %s, the API with %v", v.name, file, rows[1][id], want[1])
				}
				w.sameInBackground(v, file, rows)
			}
		}
	})
	if len(lists) < 19 {
		t.Errorf("only %d lists can be exported: %v", len(lists), lists)
	}
}

// sameInBackground holds the file that an address of the menu answers with against the one that is made in the background.
func (w *portalWorld) sameInBackground(v visitor, file string, want [][]string) {
	w.Helper()
	u, err := url.Parse(file)
	w.must(err)
	format := export.CSV
	if strings.Contains(file, "xlsx") {
		format = export.XLSX
	}
	query := u.Query()
	query.Del("format")
	o := export.Order{Path: strings.TrimSuffix(u.Path, "."+string(format)) + "?" + query.Encode(), Format: format, Title: "x"}
	var b bytes.Buffer
	name, err := w.make(context.Background(), o, v.user, v.user.Actor(""), &b)
	if err != nil || !strings.HasSuffix(name, "."+string(format)) {
		w.Errorf("%s: %s in the background: %q, %v", v.name, file, name, err)
		return
	}
	got, err := [][]string(nil), error(nil)
	if format == export.XLSX {
		got, err = sheetRows(b.Bytes())
	} else {
		got, err = csv.NewReader(&b).ReadAll()
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		w.Errorf("%s: %s: %d rows in the background, %d at once, or other ones: %v", v.name, file, len(got), len(want), err)
	}
}

func records(t *testing.T, file string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(file)).ReadAll()
	if err != nil || len(rows) == 0 {
		t.Fatalf("read %.200q: %v", file, err)
	}
	return rows
}

// linksOfFiles are the files that a page's menu offers.
func linksOfFiles(t *testing.T, page string) (hrefs []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		var href string
		download := false
		for _, a := range n.Attr {
			switch a.Key {
			case "href":
				href = a.Val
			case "download":
				download = true
			}
		}
		download = download || strings.Contains(href, "format=xlsx") || strings.Contains(href, ".xlsx") // which may lead to a page
		if n.Data == "a" && download && strings.Contains(page, "-curl") {
			hrefs = append(hrefs, href)
		}
	}
	return hrefs
}

// TestEveryColumnCanBeShown: of every list with a chooser, all columns at once and each alone, in every row; and those of a
// file show no more than the file.
func TestEveryColumnCanBeShown(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t)
	lists := 0
	w.pages(func(v visitor, target string) {
		if v.role == 0 {
			return
		}
		for _, query := range []string{"", "view=table"} { // the affiliates' offers are cards otherwise
			root, err := html.Parse(strings.NewReader(w.send(v, "GET", target+"?"+query, nil).Body.String()))
			if err != nil {
				t.Fatal(err)
			}
			var keys []string
			for n := range root.Descendants() {
				if n.Data == "input" && hasAttr(n, "type", "checkbox") && hasAttr(n, "name", "columns") {
					for _, a := range n.Attr {
						if a.Key == "value" {
							keys = append(keys, a.Val)
						}
					}
				}
			}
			if len(keys) == 0 {
				continue
			}
			lists++
			sorted := slices.Sorted(slices.Values(keys))
			if len(slices.Compact(sorted)) != len(keys) {
				t.Errorf("%s: %s has two columns of one key: %v", v.name, target, keys)
			}
			for _, asked := range append([]string{strings.Join(keys, ",")}, keys...) {
				rec := w.send(v, "GET", target+"?"+query+"&columns="+url.QueryEscape(asked), nil)
				page, err := html.Parse(strings.NewReader(rec.Body.String()))
				if err != nil || rec.Code != http.StatusOK {
					t.Fatalf("%s: %s with the columns %s: %d %v", v.name, target, asked, rec.Code, err)
				}
				heads, cells := 0, []int(nil)
				for n := range page.Descendants() {
					switch {
					case n.Data == "th" && hasAttr(n, "scope", "col"):
						heads++
					case n.Data == "tr" && n.Parent.Data == "tbody":
						cells = append(cells, 0)
						for c := range n.ChildNodes() {
							if c.Data == "td" || c.Data == "th" {
								cells[len(cells)-1]++
							}
						}
					}
				}
				if chosen := strings.Count(asked, ",") + 1; heads <= chosen {
					t.Errorf("%s: %s with the columns %s has %d heads", v.name, target, asked, heads)
				}
				for _, n := range cells {
					if n != heads {
						t.Errorf("%s: %s with the columns %s: a row of %d cells below %d heads", v.name, target, asked, n, heads)
					}
				}
			}
		}
	})
	if lists < 14 {
		t.Errorf("only %d lists have a chooser", lists)
	}
}

func hasAttr(n *html.Node, key, value string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key && a.Val == value })
}
