package portal_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"golang.org/x/net/html"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/portal/portaltest"
	"github.com/waypost/waypost/ui"
)

// fruit is a list of two rows, whose file has a column that its table has not.
func fruit(f *portal.Frame) error {
	t := ui.Table{ID: "fruit", Name: "Fruit", Columns: []ui.Column{{Label: "Name"}, {Label: "Weight", Number: true}, {Label: "Is ripe"}}}
	items := []string{"apple", "pear"}
	for _, item := range items {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: item}, {Text: "weight of " + item}, {Text: "ripe " + item}}})
	}
	t.Totals = []ui.Cell{{Text: "All"}, {Text: "2 kg"}, {Text: "both"}}
	bar := ui.Filter{ID: "filter", Action: f.Path("/fruit"), Chips: []ui.Chip{{Text: "Kind is sweet", Href: f.Path("/fruit")}}, ResetHref: f.Path("/fruit")}
	pager := ui.PageLinks{OlderHref: f.Path("/fruit") + "?cursor=next"}
	file := []portal.FileColumn[string]{{Name: "weight", Text: func(string) string { return "twice" }}, {Name: "grown_in", Text: func(s string) string { return s + "land" }}}
	portal.Arrange(f, &t, &bar, &pager, 1, items, file)
	return f.RenderPart(http.StatusOK, fruitPage(bar, t, pager))
}

func fruitSite(t *testing.T) *portaltest.Browser {
	t.Helper()
	n := portaltest.New(t)
	n.Portal.Door(n.Echo, portal.Door{Kind: portal.Admin, Name: "Admin portal"}).GET("/fruit", fruit)
	return n.Operator(account.RoleAdmin)
}

func TestColumnsAreChosenByTheAddress(t *testing.T) {
	t.Parallel()
	browser := fruitSite(t)
	for query, want := range map[string]string{
		"":                                  "Name Weight Is ripe",
		"columns=":                          "Name Weight Is ripe",
		"columns=name":                      "Name",
		"columns=weight":                    "Name Weight",
		"columns=is-ripe,weight":            "Name Is ripe Weight",
		"columns=is-ripe,name,weight":       "Name Is ripe Weight",
		"columns=grown-in,nonsense,is-ripe": "Name Grown in Is ripe",
		"columns=weight,weight":             "Name Weight",
		"columns=name&columns=weight&columns=is-ripe&columns=<is-ripe":           "Name Is ripe Weight",
		"columns=name&columns=weight&columns=is-ripe&columns=>weight":            "Name Is ripe Weight",
		"columns=name&columns=weight&columns=is-ripe&columns=>is-ripe":           "Name Weight Is ripe",
		"columns=weight&columns=<weight&columns=<nonsense&columns=>&columns=%3E": "Name Weight",
		"columns=" + strings.Repeat("x,", 5000) + "weight":                       "Name Weight",
		"columns=%22%3E%3Cxss-element%3E":                                        "Name",
	} {
		page := browser.Get("/admin/fruit?" + query).Is(http.StatusOK)
		var heads []string
		for _, th := range page.All("th", "scope", "col") {
			heads = append(heads, textOf(th))
		}
		if got := strings.Join(heads, " "); got != want {
			t.Errorf("%.100s: %s, want %s", query, got, want)
		}
	}
	page := browser.Get("/admin/fruit?kind=sweet&columns=grown-in,is-ripe&cursor=c").Is(http.StatusOK)
	page.Shows("appleland", "ripe pear", "both").Lacks("weight of", "2 kg")
	// Every link keeps the choice, but for the one that takes it back.
	for _, href := range page.Links() {
		u, err := url.Parse(href)
		if err != nil {
			t.Fatal(err)
		}
		if got := u.Query().Get("columns"); got != "grown-in,is-ripe" && href != "/admin/fruit?kind=sweet" {
			t.Errorf("%s forgets the columns", href)
		}
	}
	if hrefs := page.Links(); !slices.Contains(hrefs, "/admin/fruit?kind=sweet") || !slices.Contains(hrefs, "/admin/fruit?columns=grown-in%2Cis-ripe&cursor=next") {
		t.Errorf("links: %v", hrefs)
	}
	// Without scripts the form alone does it: what is on, in order, then what is off; and the filters are kept.
	form := url.Values{}
	for _, field := range page.All("input", "name", "columns") {
		if attribute(field, "type") == "hidden" || attribute(field, "checked") == "yes" {
			form.Add("columns", attribute(field, "value"))
		}
	}
	if got := strings.Join(form["columns"], " "); got != "grown-in,is-ripe name grown-in is-ripe" { // of the filters, then of the chooser
		t.Errorf("the forms send %q", got)
	}
	if kept := page.All("input", "name", "kind"); len(kept) != 1 || attribute(kept[0], "value") != "sweet" {
		t.Errorf("the chooser loses the filter: %v", kept)
	}
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			if a.Val == "" {
				return "yes"
			}
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func TestReportsShowTheChosenFigures(t *testing.T) {
	t.Parallel()
	n := reportSite(t)
	page := n.Operator(account.RoleAdmin).Get("/admin/reports?group=offer&columns=profit,clicks").Is(http.StatusOK)
	var heads []string
	for _, th := range page.All("th", "scope", "col") {
		heads = append(heads, textOf(th))
	}
	if got := strings.Join(heads, " "); got != "Offer Profit Clicks" {
		t.Errorf("columns %s", got)
	}
	kept := 0
	for _, href := range page.Links() {
		if strings.HasPrefix(href, "/admin/reports?") && strings.Contains(href, "columns=profit%2Cclicks") {
			kept++
		}
	}
	if kept < 5 { // of the heads, of each row
		t.Errorf("only %d links keep the columns: %v", kept, page.Links())
	}
	// No key opens what a party may not see.
	n.Affiliate(0).Get("/affiliate/reports?columns=profit,revenue,clicks").Is(http.StatusOK).Lacks("Profit", "Revenue")
}

// fruitPage is a list without a frame.
func fruitPage(bar ui.Filter, t ui.Table, pager ui.PageLinks) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		for _, c := range []templ.Component{ui.FilterBar(bar), ui.DataTable(t), ui.Pager(pager)} {
			if err := c.Render(ctx, w); err != nil {
				return err
			}
		}
		return nil
	})
}
