package portaladmin

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// number reads an id of the path. What is none is not found.
func number[T ~int64](f *portal.Frame, name string) (T, error) {
	n, err := f.Number(name)
	return T(n), err
}

// listView is a page with a list.
type listView struct {
	Head   ui.Head
	Notice *ui.Notice
	Filter ui.Filter
	Table  ui.Table
	Pager  ui.PageLinks
	Extra  templ.Component // dialogs
}

// gather joins the faults of a list's entries ("ip_allowlist[2]", "status_map.sold") at the one field they are typed in.
func gather(x portal.Faults, field string, entry func(key string) string) {
	var texts []string
	for name, text := range x {
		if key, ok := strings.CutPrefix(name, field); ok && key != "" {
			delete(x, name)
			texts = append(texts, entry(strings.Trim(key, "[]."))+": "+text)
		}
	}
	slices.Sort(texts)
	if len(texts) > 0 {
		x[field] = strings.TrimSpace(x[field] + " " + strings.Join(texts, " "))
	}
}

// warn shows what a save found doubtful, else that it was done.
func warn(f *portal.Frame, done string, warnings []errs.Warning) {
	if len(warnings) == 0 {
		f.Flash(ui.OK, done)
		return
	}
	texts := make([]string, len(warnings))
	for i, w := range warnings {
		texts[i] = capital(w.Message)
	}
	f.Flash(ui.Warn, done+" But note: "+strings.Join(texts, " · "))
}

// capital begins a sentence.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// currencies are the options of a select.
func currencies() []ui.Option {
	var options []ui.Option
	for _, c := range money.Currencies() {
		options = append(options, ui.Option{Value: string(c), Label: string(c)})
	}
	return options
}

// pickedID reads a field of ui.Pick: the number that it begins with; 0 for none.
func pickedID(text string) int64 {
	digits, _, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), "#")), " ")
	id, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || id < 0 {
		return 0
	}
	return id
}

// chip is an active filter; clear is the page without it.
func chip(label, value, path string, filter any, field string) ui.Chip {
	return ui.Chip{Text: label + " is " + value, Href: portal.URL(path, filter, field, "", "cursor", "")}
}

// may tells whether the actor may change partners and offers.
func may(f *portal.Frame) bool { return f.May(account.PermissionManageCatalogue) }

// oneOf is the option's label, else the value.
func oneOf(options []ui.Option, value string) string {
	for _, o := range options {
		if o.Value == value {
			return cmp.Or(o.Label, value)
		}
	}
	return value
}

// fmtID writes an id.
func fmtID[T ~int | ~int64](id T) string { return strconv.FormatInt(int64(id), 10) }

// iso is a moment for machines.
func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// lines are the paragraphs of a text.
func lines(text string) []string { return strings.Split(text, "\n") }

func noSuchThing() error { return errs.NotFound("not_found", "there is nothing with this id") }

func isNotFound(err error) bool { return errs.Is(err, errs.KindNotFound) }

// isWeb tells an address that a page may link to.
func isWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}
