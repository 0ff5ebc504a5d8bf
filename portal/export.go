package portal

import (
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/waypost/waypost/ui"
)

// Export is the menu of what a table can be taken away as: its files, its address, and the request to the API that gives
// the same rows.
type Export struct {
	Things string   // "conversions"
	Path   string   // of the list, which answers format=csv and format=xlsx with File
	Routes bool     // its files have routes of their own instead: Path.csv and Path.xlsx
	Filter any      // the list's query
	API    string   // route of the API, such as "/conversions"
	Asked  []string // its query, as pairs of name and value; those without a value are left out
	Small  bool
}

// Export is the menu as a component: a button of a page's head or of a filter bar.
func (f *Frame) Export(e Export) templ.Component {
	name := strings.ReplaceAll(e.Things, " ", "-")
	v := exportView{id: "export-" + name, things: e.Things, small: e.Small}
	file := func(format string) string {
		if e.Routes {
			return URL(e.Path+"."+format, e.Filter, "cursor", "", "limit", "")
		}
		return URL(e.Path, e.Filter, "format", format, "cursor", "", "limit", "")
	}
	link := f.here()
	if f.list != "" {
		link = withQuery(link, viewField, "") // it may be nobody else's
	}
	// The Excel file is no download to the browser, which would save the page that a long one leads to.
	v.items = []ui.MenuItem{
		{Label: "CSV file", Detail: "All rows, for any program", Icon: "download", Href: file("csv"), Download: true},
		{Label: "Excel file (XLSX)", Detail: "All rows, numbers as numbers", Icon: "download", Href: file("xlsx")},
		{Label: "Copy link", Detail: "This page with its filters", Icon: "link", Href: link, Copy: f.portal.PublicURL + link, Rule: true},
	}
	if e.API == "" {
		return exportMenu(v)
	}
	v.items = append(v.items, ui.MenuItem{Label: "Show API request", Detail: "The same rows by curl", Icon: "code", Dialog: v.id + "-request"})
	asked := url.Values{}
	for i := 0; i+1 < len(e.Asked); i += 2 {
		if e.Asked[i+1] != "" {
			asked.Set(e.Asked[i], e.Asked[i+1])
		}
	}
	request := func(format, end string) string {
		all := url.Values{}
		for name, values := range asked {
			all[name] = values
		}
		if format != "" {
			all.Set("format", format)
		}
		address := f.portal.PublicURL + "/api/v1" + e.API
		if len(all) > 0 {
			address += "?" + all.Encode()
		}
		return "curl -sS -H \"Authorization: Bearer $WAYPOST_KEY\" \\\n  " + ShellQuoted(address) + end
	}
	v.samples = []ui.Sample{{Language: "JSON", Code: request("", "")}, {Language: "CSV file", Code: request("csv", " -o "+name+".csv")}}
	return exportMenu(v)
}

type exportView struct {
	id, things string
	small      bool
	items      []ui.MenuItem
	samples    []ui.Sample
}

// Asked are the period's bounds as the API takes them.
func (p Period) Asked(f *Frame) []string {
	from, to := p.Bounds(f)
	pairs := []string{"from", "", "to", ""}
	if !from.IsZero() {
		pairs[1] = from.Format(time.RFC3339)
	}
	if !to.IsZero() {
		pairs[3] = to.Format(time.RFC3339)
	}
	return pairs
}

// AskedTruth is a choice of two as the API takes it; empty where none was made.
func AskedTruth(chosen, yes string) string {
	switch chosen {
	case "":
		return ""
	case yes:
		return "true"
	}
	return "false"
}
