package portaladmin

import (
	"context"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// doctorWithin is how long the page waits for the parts of the system to answer.
const doctorWithin = 8 * time.Second

type systemView struct {
	head   ui.Head
	notice ui.Notice
	about  []ui.Pair
	table  ui.Table
	retry  string
}

func (a *admin) system(f *portal.Frame) error {
	if err := f.Actor.Require(account.PermissionManageNetwork); err != nil {
		return err
	}
	v := systemView{retry: f.Path("/system"), head: ui.Head{Title: "System", Lead: "How the parts of this installation fare. waypost doctor says the same on the server.", Actions: ui.Btn(ui.Button{Label: "Look again", Icon: "refresh", Href: f.Path("/system")})}}
	ctx, cancel := context.WithTimeout(f.Context(), doctorWithin)
	defer cancel()
	if a.Doctor == nil {
		return errs.NotFound("not_found", "this process does not know how the system fares")
	}
	found, err := a.Doctor(ctx)
	if err != nil {
		return err
	}
	v.about = []ui.Pair{{Label: "Version", Text: portal.Or(found.Version), Copy: true}, {Label: "Roles of this process", Text: portal.Or(found.Roles)}, {Label: "Portal", Text: a.PublicURL, Copy: true},
		{Label: "Tracking", Text: a.TrackingURL, Copy: true}, {Label: "Looked at", Text: f.Exact(f.Now)}}
	v.table = ui.Table{ID: "parts", Name: "Parts of the system", Columns: []ui.Column{{Label: "Part", Wrap: true}, {Label: "State"}, {Label: "Found", Wrap: true, Wide: true}}}
	failing, doubtful := 0, 0
	for _, p := range found.Parts {
		kind, word := ui.OK, "In order"
		switch p.State {
		case "warn":
			kind, word = ui.Warn, "Look at it"
			doubtful++
		case "fail":
			kind, word = ui.Bad, "Failing"
			failing++
		}
		v.table.Rows = append(v.table.Rows, ui.Row{ID: "part-" + fmtID(len(v.table.Rows)), Cells: []ui.Cell{{Text: capital(p.Name)}, {Body: ui.Badge(kind, word)}, {Body: partFound(p.Found, capital(p.Mend))}}})
	}
	switch {
	case failing > 0:
		v.notice = ui.Notice{Kind: ui.Bad, Strong: portal.Counted(failing, "part") + " failing.", Text: "Below stands what to do."}
	case doubtful > 0:
		v.notice = ui.Notice{Kind: ui.Warn, Strong: portal.Counted(doubtful, "part") + " to look at.", Text: "Everything works; below stands what to do."}
	default:
		v.notice = ui.Notice{Kind: ui.OK, Strong: "All is in order.", Text: "Every part answers."}
	}
	return f.Page("System", "/system", systemPage(v))
}
