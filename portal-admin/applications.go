package portaladmin

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/application"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/network"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// applicationFilter narrows the list of applications.
type applicationFilter struct {
	Search string `query:"q"`
	Status string `query:"status"`
	Kind   string `query:"kind"`
	portal.Paging
}

// applicationStatuses are the words and colours of where an application stands.
func applicationStatuses() []ui.Option {
	return []ui.Option{{Value: "pending", Label: "Waiting"}, {Value: "approved", Label: "Approved"}, {Value: "rejected", Label: "Rejected"}, {Value: "unverified", Label: "Not confirmed"}}
}

func applicationBadge(s application.Status) ui.Kind {
	switch s {
	case application.StatusPending:
		return ui.Warn
	case application.StatusApproved:
		return ui.OK
	case application.StatusRejected:
		return ui.Bad
	}
	return ui.Mute
}

func (a *admin) applications(f *portal.Frame) error {
	var filter applicationFilter
	if err := f.Query(&filter); err != nil {
		return err
	}
	read := func(p domain.Page) (domain.Slice[application.Application], error) {
		return a.Applications.List(f.Context(), f.Actor, application.Filter{Kind: application.Kind(filter.Kind), Status: application.Status(filter.Status), Search: filter.Search}, p)
	}
	if f.WantsFile() {
		return portal.File(f, "applications", applicationColumns(), read)
	}
	list, err := read(filter.Slice())
	if err != nil {
		return err
	}
	path := f.Path("/applications")
	kinds := []ui.Option{{Value: "affiliate", Label: "Affiliates"}, {Value: "advertiser", Label: "Advertisers"}}
	v := listView{Head: ui.Head{Title: "Applications", Lead: "Who wants to join. Approving one makes the partner and invites the person who applied."},
		Pager: portal.Pager(path, filter, filter.Paging, list, "application"),
		Filter: ui.Filter{ID: "filter", Action: path, Search: "q", SearchLabel: "Search applications by company", SearchValue: filter.Search,
			Selects: []ui.FilterSelect{{Field: "status", Label: "Status", Any: "Any status", Options: applicationStatuses(), Value: filter.Status},
				{Field: "kind", Label: "Kind", Any: "Both kinds", Options: kinds, Value: filter.Kind}},
			Actions: f.Export(portal.Export{Things: "applications", Path: path, Filter: filter, API: "/applications", Asked: []string{"search", filter.Search, "status", filter.Status, "kind", filter.Kind}})},
		Table: ui.Table{ID: "applications", Name: "Applications", CSRF: f.CSRF, Empty: ui.NoResults(path),
			Columns: []ui.Column{{Label: "Company", Wide: true}, {Label: "Wants to be", Hide: true}, {Label: "Country", Hide: true}, {Label: "Status"}, {Label: "Applied"}}}}
	for _, c := range []struct{ label, field, value, word string }{{"Company", "q", filter.Search, filter.Search},
		{"Status", "status", filter.Status, oneOf(applicationStatuses(), filter.Status)}, {"Kind", "kind", filter.Kind, oneOf(kinds, filter.Kind)}} {
		if c.value != "" {
			v.Filter.Chips, v.Filter.ResetHref = append(v.Filter.Chips, chip(c.label, c.word, path, filter, c.field)), path
		}
	}
	if len(v.Filter.Chips) == 0 {
		v.Table.Empty = ui.Empty(ui.Nothing{Icon: "user-plus", Title: "Nobody has applied yet", Text: "Share the address of your sign-up page; the questions it asks are in the settings.",
			Next: ui.Button{Label: "Open sign-up page", Icon: "external-link", Href: "/sign-up"}})
	}
	if may(f) {
		v.Table.Select, v.Table.BulkAction = "id", path
		v.Table.Bulk = ui.Btn(ui.Button{Label: "Approve", Icon: "check", Small: true, Submit: true})
	}
	for _, one := range list.Items {
		sub := one.Contact + " · " + one.Email
		v.Table.Rows = append(v.Table.Rows, ui.Row{ID: "application-" + fmtID(one.ID), Value: fmtID(one.ID), Name: one.Company, Cells: []ui.Cell{
			{Text: one.Company, Href: f.Path("/applications/" + fmtID(one.ID)), Sub: sub, Narrow: capital(string(one.Kind)) + " · " + one.Contact, Square: ui.Initials(one.Company)},
			{Text: capital(string(one.Kind))}, {Text: one.Country},
			{Badge: ui.Badge(applicationBadge(one.Status), oneOf(applicationStatuses(), string(one.Status)))},
			{Text: f.Ago(one.CreatedAt), Title: f.Exact(one.CreatedAt)}}})
	}
	return f.Page("Applications", "/applications", listPage(v))
}

func applicationColumns() []portal.FileColumn[application.Application] {
	return []portal.FileColumn[application.Application]{
		{Name: "id", Number: true, Text: func(a application.Application) string { return fmtID(a.ID) }},
		{Name: "kind", Text: func(a application.Application) string { return string(a.Kind) }},
		{Name: "status", Text: func(a application.Application) string { return string(a.Status) }},
		{Name: "company", Text: func(a application.Application) string { return a.Company }},
		{Name: "contact", Text: func(a application.Application) string { return a.Contact }},
		{Name: "email", Text: func(a application.Application) string { return a.Email }},
		{Name: "country", Text: func(a application.Application) string { return a.Country }},
		{Name: "website", Text: func(a application.Application) string { return a.Website }},
		{Name: "created_at", Text: func(a application.Application) string { return iso(a.CreatedAt) }},
	}
}

// approveApplications approves all that are ticked. Those that cannot be are told; where an error ends it in the middle, so
// is what was done before it and what was not.
func (a *admin) approveApplications(f *portal.Frame) error {
	var in struct {
		IDs []int64 `form:"id"`
	}
	if err := f.Bind(&in); err != nil {
		return err
	}
	if len(in.IDs) > domain.MaxLimit {
		return errs.Invalid("too_many", "approve at most %d applications at once", domain.MaxLimit)
	}
	done, kind := 0, ui.OK
	var refused []string
	stopped := ""
	for i, id := range in.IDs {
		_, _, err := a.Applications.Approve(f.Context(), f.Actor, application.ID(id))
		x, fault := portal.FaultsOf(err)
		switch {
		case err == nil:
			done++
			continue
		case fault:
			refused = append(refused, fmt.Sprintf("Application %d was not: %s", id, anyOf(x)))
			continue
		case isNotFound(err):
			refused = append(refused, fmt.Sprintf("There is no application %d.", id))
			continue
		case i == 0: // nothing was done: the page of the error says all
			return err
		}
		kind, stopped = ui.Bad, fmt.Sprintf(" Application %d%s were not, for an error ended it there: %s", id, others(len(in.IDs)-i-1), f.Noted(err))
		if i == len(in.IDs)-1 {
			stopped = strings.Replace(stopped, " were not", " was not", 1)
		}
		break
	}
	if len(refused) > 0 && kind == ui.OK {
		kind = ui.Warn
	}
	if most := 3; len(refused) > most {
		refused = append(refused[:most], fmt.Sprintf("So it is with %d more.", len(refused)-most))
	}
	f.Flash(kind, strings.Join(append([]string{isOrAre(done, "application") + " approved." + stopped}, refused...), " "))
	return f.Redirect(f.Path("/applications"))
}

// others counts those that stood after one.
func others(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" and the %d after it", n)
}

// anyOf is one of the faults, for a message that has no fields.
func anyOf(x portal.Faults) string {
	for _, p := range x.Summary() {
		return p.Text
	}
	return ""
}

// applicationView is one application.
type applicationView struct {
	Head           ui.Head
	About, Answers []ui.Pair
	Decision       []ui.Pair
	Partner        ui.Button // that it became
	May, Waits     bool
	Action, CSRF   string
	Effect         string
	Reason         ui.Field
	Open           bool   // the dialog of the rejection, because it came back
	Link           string // of the invitation, shown once
	Email          string
}

func (a *admin) findApplication(f *portal.Frame) (application.Application, error) {
	id, err := number[application.ID](f, "id")
	if err != nil {
		return application.Application{}, err
	}
	return a.Applications.Get(f.Context(), f.Actor, id)
}

func (a *admin) application(f *portal.Frame) error {
	one, err := a.findApplication(f)
	if err != nil {
		return err
	}
	return a.showApplication(f, http.StatusOK, one, "", "", nil)
}

func (a *admin) showApplication(f *portal.Frame, status int, one application.Application, link, reason string, x portal.Faults) error {
	list, path := f.Path("/applications"), f.Path("/applications/"+fmtID(one.ID))
	v := applicationView{May: may(f), Waits: one.Status == application.StatusPending, Action: path, CSRF: f.CSRF, Link: link, Email: one.Email, Open: x["reason"] != "",
		Head: ui.Head{Crumbs: []ui.Crumb{{Label: "Applications", Href: list}, {Label: one.Company}}, Title: one.Company,
			Badge: ui.Badge(applicationBadge(one.Status), oneOf(applicationStatuses(), string(one.Status))),
			Lead:  fmt.Sprintf("Wants to join as %s. Applied %s.", one.Kind, f.Ago(one.CreatedAt))},
		About: []ui.Pair{{Label: "Contact", Text: one.Contact}, {Label: "E-mail", Text: one.Email, Copy: true}, {Label: "Country", Text: one.Country}, {Label: "Website", Body: website(one.Website)},
			{Label: "Terms accepted", Text: f.Time(one.TermsAcceptedAt)}, {Label: "E-mail confirmed", Text: f.Time(one.VerifiedAt)}, {Label: "From address", Text: portal.Or(one.IP), Mono: true}},
		Effect: fmt.Sprintf("%s becomes an active %s, and %s is mailed a link to choose a password.", one.Company, one.Kind, one.Contact),
		Reason: ui.Field{Name: "reason", Label: "Reason", Value: reason, Error: x["reason"], Rows: 4, MaxLength: 1000, Hint: "The applicant is mailed this text."}}
	for _, answer := range one.Answers {
		pair := ui.Pair{Label: answer.Label, Text: portal.Or(answer.Text)}
		switch {
		case answer.Kind == network.QuestionURL && answer.Text != "":
			pair.Body = website(answer.Text)
		case answer.Kind == network.QuestionCheckbox && answer.Text == network.Yes:
			pair.Text = "Yes"
		case answer.Kind == network.QuestionCheckbox:
			pair.Text = "No"
		}
		v.Answers = append(v.Answers, pair)
	}
	if !one.DecidedAt.IsZero() {
		v.Decision = []ui.Pair{{Label: "Decided", Text: f.Time(one.DecidedAt)}}
		if one.Reason != "" {
			v.Decision = append(v.Decision, ui.Pair{Label: "Reason", Text: one.Reason})
		}
	}
	switch {
	case one.AffiliateID != 0:
		v.Partner = ui.Button{Label: "Open affiliate", Icon: "users", Href: f.Path("/affiliates/" + fmtID(one.AffiliateID))}
	case one.AdvertiserID != 0:
		v.Partner = ui.Button{Label: "Open advertiser", Icon: "building-store", Href: f.Path("/advertisers/" + fmtID(one.AdvertiserID))}
	}
	return f.Render(status, one.Company+" · Application", "/applications", applicationPage(v))
}

func (a *admin) approveApplication(f *portal.Frame) error {
	id, err := number[application.ID](f, "id")
	if err != nil {
		return err
	}
	one, link, err := a.Applications.Approve(f.Context(), f.Actor, id)
	if x, ok := portal.FaultsOf(err); ok {
		f.Flash(ui.Bad, "The application cannot be approved: "+anyOf(x))
		return f.Redirect(f.Path("/applications/" + fmtID(id)))
	}
	if err != nil {
		return err
	}
	if link == "" { // it is not for everybody who may approve
		f.Flash(ui.OK, one.Company+" is approved, and "+one.Email+" is mailed a link to choose a password.")
		return f.Redirect(f.Path("/applications/" + fmtID(id)))
	}
	return a.showApplication(f, http.StatusOK, one, link, "", nil)
}

func (a *admin) rejectApplication(f *portal.Frame) error {
	one, err := a.findApplication(f)
	if err != nil {
		return err
	}
	var in struct {
		Reason string `form:"reason"`
	}
	if err := f.Bind(&in); err != nil {
		return err
	}
	_, err = a.Applications.Reject(f.Context(), f.Actor, one.ID, in.Reason)
	if x, ok := portal.FaultsOf(err); ok && x["reason"] != "" {
		return a.showApplication(f, http.StatusUnprocessableEntity, one, "", in.Reason, x)
	} else if ok {
		f.Flash(ui.Bad, "The application cannot be rejected: "+anyOf(x))
		return f.Redirect(f.Path("/applications/" + fmtID(one.ID)))
	}
	if err != nil {
		return err
	}
	f.Flash(ui.OK, one.Company+" is rejected and was mailed the reason.")
	return f.Redirect(f.Path("/applications"))
}

// head has the buttons of who may decide.
func (v applicationView) head() ui.Head {
	h := v.Head
	switch {
	case v.May && v.Waits:
		h.Actions = buttons(ui.Button{Label: "Reject", Icon: "x", Dialog: "reject"}, ui.Button{Label: "Approve", Icon: "check", Look: ui.Primary, Dialog: "approve"})
	case v.Partner.Label != "":
		h.Actions = ui.Btn(v.Partner)
	}
	return h
}
