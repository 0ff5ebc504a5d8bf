package portaladmin

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// partnerFilter narrows the lists of partners.
type partnerFilter struct {
	Search string `query:"q"`
	Status string `query:"status"`
	portal.Paging
}

func partnerStatuses() []ui.Option {
	return ui.StatusOptions(ui.Partners, "active", "pending", "paused", "blocked")
}

// partnerBar is the filter bar of a list of partners.
func partnerBar(f *portal.Frame, path, things string, filter partnerFilter) ui.Filter {
	bar := ui.Filter{ID: "filter", Action: path, Search: "q", SearchLabel: "Search " + things + " by name", SearchValue: filter.Search,
		Selects: []ui.FilterSelect{{Field: "status", Label: "Status", Any: "Any status", Options: partnerStatuses(), Value: filter.Status}},
		Actions: f.Export(portal.Export{Things: things, Path: path, Filter: filter, API: "/" + things, Asked: []string{"search", filter.Search, "status", filter.Status}})}
	if filter.Search != "" {
		bar.Chips = append(bar.Chips, chip("Name", filter.Search, path, filter, "q"))
	}
	if filter.Status != "" {
		bar.Chips = append(bar.Chips, chip("Status", oneOf(partnerStatuses(), filter.Status), path, filter, "status"))
	}
	if len(bar.Chips) > 0 {
		bar.ResetHref = path
	}
	return bar
}

func (a *admin) affiliates(f *portal.Frame) error {
	var filter partnerFilter
	if err := f.Query(&filter); err != nil {
		return err
	}
	read := func(p domain.Page) (domain.Slice[affiliate.Affiliate], error) {
		return a.Affiliates.List(f.Context(), f.Actor, affiliate.Filter{Status: affiliate.Status(filter.Status), Search: filter.Search}, p)
	}
	if f.WantsFile() {
		return portal.File(f, "affiliates", affiliateColumns(f), read)
	}
	list, err := read(filter.Slice())
	if err != nil {
		return err
	}
	path := f.Path("/affiliates")
	v := listView{Filter: partnerBar(f, path, "affiliates", filter), Pager: portal.Pager(path, filter, filter.Paging, list, "affiliate"),
		Head: ui.Head{Title: "Affiliates", Lead: "Partners who bring visitors and earn commission. Newest first."}}
	v.Table = ui.Table{ID: "affiliates", Name: "Affiliates", CSRF: f.CSRF,
		Columns: []ui.Column{{Label: "Affiliate", Wide: true}, {Label: "Status"}, {Label: "Paid in", Hide: true}, {Label: "Since", Hide: true}},
		Empty:   ui.NoResults(path)}
	if len(v.Filter.Chips) == 0 {
		v.Table.Empty = ui.Empty(ui.Nothing{Icon: "users", Title: "No affiliates yet", Text: "Add the first partner, or open the sign-up in the settings and let them apply.",
			Next: addButton(f, "Add affiliate", "/affiliates/new")})
	}
	if may(f) {
		v.Head.Actions = ui.Btn(addButton(f, "Add affiliate", "/affiliates/new"))
		v.Table.Select, v.Table.BulkAction = "id", path
		v.Table.Bulk = buttons(ui.Button{Label: "Approve", Icon: "check", Small: true, Submit: true, Field: "status", Value: "active"},
			ui.Button{Label: "Pause", Icon: "player-pause", Small: true, Submit: true, Field: "status", Value: "paused"})
	}
	for _, one := range list.Items {
		v.Table.Rows = append(v.Table.Rows, partnerRow(f, affiliateParty(one), f.Date(one.CreatedAt), f.Exact(one.CreatedAt)))
	}
	portal.Arrange(f, &v.Table, &v.Filter, &v.Pager, 1, list.Items, affiliateColumns(f))
	return f.Page("Affiliates", "/affiliates", listPage(v))
}

// partnerRow is a line of a list of partners.
func partnerRow(f *portal.Frame, p party, since, exact string) ui.Row {
	sub := fmt.Sprintf("%d", p.id)
	if p.email != "" {
		sub += " · " + p.email
	}
	return ui.Row{ID: fmt.Sprintf("%s-%d", p.kind, p.id), Value: fmtID(p.id), Name: p.name, Cells: []ui.Cell{
		{Text: p.name, Href: p.base(f), Sub: sub, Narrow: sub, Square: ui.Initials(p.name)},
		{Badge: ui.StatusBadge(ui.Partners, p.status)},
		{Text: p.currency},
		{Text: since, Title: exact},
	}}
}

// addButton leads to the form of something new; without the right to make one there is none.
func addButton(f *portal.Frame, label, path string) ui.Button {
	if !may(f) {
		return ui.Button{}
	}
	return ui.Button{Label: label, Icon: "plus", Look: ui.Primary, Href: f.Path(path), Key: "n"}
}

func affiliateColumns(f *portal.Frame) []portal.FileColumn[affiliate.Affiliate] {
	return []portal.FileColumn[affiliate.Affiliate]{
		{Name: "id", Number: true, Text: func(a affiliate.Affiliate) string { return fmtID(a.ID) }},
		{Name: "name", Text: func(a affiliate.Affiliate) string { return a.Name }},
		{Name: "email", Text: func(a affiliate.Affiliate) string { return a.Email }},
		{Name: "status", Text: func(a affiliate.Affiliate) string { return string(a.Status) }},
		{Name: "currency", Text: func(a affiliate.Affiliate) string { return string(a.Currency) }},
		{Name: "fire", Text: func(a affiliate.Affiliate) string { return string(a.Fire) }},
		{Name: "created_at", Text: func(a affiliate.Affiliate) string { return iso(a.CreatedAt) }},
	}
}

// setAffiliates changes the status of all that are ticked.
func (a *admin) setAffiliates(f *portal.Frame) error {
	var in struct {
		IDs    []int64          `form:"id"`
		Status affiliate.Status `form:"status"`
	}
	if err := f.Bind(&in); err != nil {
		return err
	}
	done := 0
	for _, id := range in.IDs {
		_, _, err := a.Affiliates.Update(f.Context(), f.Actor, affiliate.ID(id), func(one *affiliate.Affiliate) { one.Status = in.Status })
		if err != nil {
			return err
		}
		done++
	}
	f.Flash(ui.OK, fmt.Sprintf("%s now %s.", isOrAre(done, "affiliate"), ui.StatusOf(ui.Partners, string(in.Status)).Word))
	return f.Redirect(f.Path("/affiliates"))
}

// isOrAre is "1 affiliate is", "3 affiliates are".
func isOrAre(n int, thing string) string {
	if n == 1 {
		return portal.Counted(n, thing) + " is"
	}
	return portal.Counted(n, thing) + " are"
}

// affiliateInput is the form of an affiliate.
type affiliateInput struct {
	Name     string           `form:"name"`
	Email    string           `form:"email"`
	Status   affiliate.Status `form:"status"`
	Currency money.Currency   `form:"currency"`
	Fire     affiliate.Fire   `form:"fire"`
	Seen     time.Time        `form:"seen"` // the record's last change when the form was drawn
}

// apply changes all but the status, which has buttons of its own.
func (in affiliateInput) apply(a *affiliate.Affiliate) {
	a.Name, a.Email, a.Currency, a.Fire = in.Name, in.Email, in.Currency, in.Fire
	a.UpdatedAt = seenOr(in.Seen, a.UpdatedAt)
}

// seenOr is the version that a form was drawn from; who sends none takes the present one.
func seenOr(seen, present time.Time) time.Time {
	if seen.IsZero() {
		return present
	}
	return seen
}

// seenText is a version in a form.
func seenText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// partnerForm is a form of a partner, of either kind.
type partnerForm struct {
	Head     ui.Head
	Action   string
	CSRF     string
	Cancel   string
	Verb     string
	Summary  []ui.Problem
	Sections []formSection
	Dirty    bool
	New      bool
	Seen     time.Time // the record's last change; zero for a new one
}

// formSection is a part of a form with its fields.
type formSection struct {
	Title, Text string
	Fields      []formField
}

// formField is a field and what kind of control it is.
type formField struct {
	ui.Field
	Control string // input, select, radios, textarea, checkbox, money, pick
	Checked bool
}

func affiliateSections(in affiliateInput, x portal.Faults) []formSection {
	sections := []formSection{{Title: "Basics", Fields: []formField{
		{Field: ui.Field{Name: "name", Label: "Name", Value: in.Name, Error: x["name"], MaxLength: 200, Autocomplete: "off"}, Control: "input"},
		{Field: ui.Field{Name: "email", Label: "Contact e-mail", Type: "email", Value: in.Email, Error: x["email"], Optional: true, Autocomplete: "off", Hint: "For people who write to the partner. Log-ins are users, added on their own tab."}, Control: "input"},
		{Field: ui.Field{Name: "currency", Label: "Wants to be paid in", Value: string(in.Currency), Error: x["currency"], Options: currencies()}, Control: "select"},
	}}, {Title: "Postbacks", Fields: []formField{
		{Field: ui.Field{Name: "fire", Label: "When several postbacks match a conversion", Value: string(in.Fire), Error: x["fire"], Options: []ui.Option{
			{Value: string(affiliate.FireSpecific), Label: "Call the most specific one", Hint: "Goal before offer before global. What most trackers expect."},
			{Value: string(affiliate.FireAll), Label: "Call every one that matches", Hint: "For affiliates who feed several systems from one conversion."}}}, Control: "radios"},
	}}}
	return withStatus(sections, string(in.Status), "Only clicks of an active affiliate count.", x)
}

// withStatus adds the status to the basics of a new partner. That of one there is has buttons of its own: a settings form
// that lay open must not take back a block.
func withStatus(sections []formSection, status, hint string, x portal.Faults) []formSection {
	if status != "" {
		field := formField{Field: ui.Field{Name: "status", Label: "Status", Value: status, Error: x["status"], Options: partnerStatuses(), Hint: hint}, Control: "select"}
		sections[0].Fields = slices.Insert(sections[0].Fields, 2, field)
	}
	return sections
}

// form completes a form with what is wrong with it.
func (v partnerForm) form(x portal.Faults) partnerForm {
	v.Dirty = x != nil
	var fields []ui.Field
	for _, s := range v.Sections {
		for _, field := range s.Fields {
			fields = append(fields, field.Field)
		}
	}
	v.Summary = x.Summary(fields...)
	return v
}

func (a *admin) newAffiliate(f *portal.Frame) error {
	return a.showNewAffiliate(f, http.StatusOK, affiliateInput{Status: affiliate.StatusActive, Currency: f.Settings.Currency, Fire: affiliate.FireSpecific}, nil)
}

func (a *admin) showNewAffiliate(f *portal.Frame, status int, in affiliateInput, x portal.Faults) error {
	path := f.Path("/affiliates")
	return f.Render(status, "Add affiliate", "/affiliates", partnerFormPage(partnerForm{New: true,
		Head:   ui.Head{Crumbs: []ui.Crumb{{Label: "Affiliates", Href: path}, {Label: "Add affiliate"}}, Title: "Add affiliate", Lead: "A partner that you know already. Invite its people on the record's Users tab afterwards."},
		Action: path + "/new", CSRF: f.CSRF, Cancel: path, Verb: "Add affiliate", Sections: affiliateSections(in, x)}.form(x)))
}

func (a *admin) createAffiliate(f *portal.Frame) error {
	in := affiliateInput{Status: affiliate.StatusActive}
	var made affiliate.Affiliate
	err := f.Bind(&in)
	if err == nil {
		in.apply(&made)
		made.Status = in.Status
		made, _, err = a.Affiliates.Create(f.Context(), f.Actor, made)
	}
	if x, ok := portal.FaultsOf(err); ok {
		return a.showNewAffiliate(f, http.StatusUnprocessableEntity, in, x)
	}
	if err != nil {
		return err
	}
	f.Flash(ui.OK, made.Name+" is added.")
	return f.Redirect(affiliateParty(made).base(f))
}
