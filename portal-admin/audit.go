package portaladmin

import (
	"strings"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/history"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

func badDate() error {
	return errs.Invalid("invalid_date", "must be a day such as 2026-03-04").At("body.date")
}

// auditFilter is the query of the audit log.
type auditFilter struct {
	portal.Period
	User   portal.Pick `query:"user"`
	Action string      `query:"action"`
	Type   string      `query:"type"`
	Object string      `query:"object"`
	portal.Paging
}

// auditTypes are the kinds of objects that the log can be narrowed to.
var auditTypes = []string{"offer", "goal", "coupon", "affiliate", "advertiser", "postback", "conversion", "application", "user", "api_key", "network", "exchange_rate", "postback_log", "delivery", "note"}

func (a *admin) audit(f *portal.Frame) error {
	var filter auditFilter
	if err := f.Query(&filter); err != nil {
		return err
	}
	asked := history.Filter{UserID: account.UserID(filter.User), Action: filter.Action, ObjectType: filter.Type, ObjectID: filter.Object}
	asked.From, asked.To = filter.Bounds(f)
	read := func(p domain.Page) (domain.Slice[history.Entry], error) {
		return a.History.List(f.Context(), f.Actor, asked, p)
	}
	if f.WantsFile() {
		return portal.File(f, "audit-log", auditColumns(), read)
	}
	list, err := read(filter.Slice())
	if err != nil {
		return err
	}
	users, err := a.operators(f)
	if err != nil {
		return err
	}
	var people []ui.Option
	for _, u := range users {
		people = append(people, ui.Option{Value: portal.Picked(u.ID, u.Email), Label: u.Email})
	}
	person := portal.Picked(filter.User, "")
	for _, u := range users {
		if u.ID == asked.UserID {
			person = portal.Picked(u.ID, u.Email)
		}
	}
	var types, actions []ui.Option
	for _, kind := range auditTypes {
		types = append(types, ui.Option{Value: kind, Label: capital(strings.ReplaceAll(kind, "_", " "))})
	}
	for _, action := range sortedNames(deeds) {
		actions = append(actions, ui.Option{Value: action, Label: deeds[action]})
	}
	path := f.Path("/audit")
	action := textField("action", "Deed", filter.Action)
	action.Options = actions
	v := listView{Head: ui.Head{Title: "Audit log", Lead: "Who did what, with the values before and after. Nothing here can be changed. Times in " + f.Zone.String() + ".",
		Actions: f.Export(portal.Export{Things: "audit log", Path: path, Filter: filter, API: "/audit", Asked: append(filter.Asked(f), "user_id", portal.Picked(filter.User, ""),
			"action", filter.Action, "object_type", filter.Type, "object_id", filter.Object)})},
		Pager: portal.Pager(path, filter, filter.Paging, list, "entry"),
		Filter: ui.Filter{ID: "filter", Action: path, ResetHref: path, Search: "object", SearchLabel: "Id of the object", SearchValue: filter.Object, Range: filter.Picker(f, "dates", "Any time"),
			Selects: []ui.FilterSelect{{Field: "type", Label: "Kind of object", Any: "Any kind of object", Value: filter.Type, Options: types}},
			Fields:  moreFields(setCount(filter.User != 0, filter.Action != ""), []ui.Field{ui.Field{Name: "user", ID: "filter-user", Label: "Person", Value: person, Options: people, Placeholder: "Any person", Autocomplete: "off"}, action})}}
	v.Filter.Chips = portal.Chips(path, filter, append([]string{"user", portal.Is("Person", person), "action", portal.Is("Deed", filter.Action), "type", portal.Is("Kind", filter.Type), "object", portal.Is("Object", filter.Object)}, periodChips(filter.Period)...)...)
	v.Table = ui.Table{ID: "audit", Name: "Audit log", Empty: ui.NoResults(path), Columns: []ui.Column{{Label: "Deed", Wide: true}, {Label: "Who", Hide: true}, {Label: "When", Hide: true}, {Label: "From", Hide: true}, {Label: "What changed", Wrap: true}}}
	if len(v.Filter.Chips) == 0 {
		v.Table.Empty = ui.Empty(ui.Nothing{Icon: "history", Title: "Nothing was done yet", Text: "Each change of the catalogue, of money and of people stands here for good."})
	}
	for _, e := range list.Items {
		v.Table.Rows = append(v.Table.Rows, auditRow(f, e))
	}
	return f.Page("Audit log", "/audit", listPage(v))
}

func auditRow(f *portal.Frame, e history.Entry) ui.Row {
	who := whoDid(e)
	object := capital(strings.ReplaceAll(e.ObjectType, "_", " ")) + " " + e.ObjectID
	changed := ui.Cell{Text: portal.None}
	if all := differences(e.Before, e.After); len(all) > 0 {
		changed = ui.Cell{Body: auditDiff(changedFields(all), all)}
	}
	return ui.Row{ID: "a-" + e.ID.String(), Cells: []ui.Cell{{Text: deed(e.Action), Sub: object, Narrow: f.Ago(e.At) + " · " + who, Href: f.Path("/audit?type=" + e.ObjectType + "&object=" + e.ObjectID)},
		{Text: who}, {Text: f.Ago(e.At), Title: f.Exact(e.At)}, {Text: portal.Or(e.IP), Mono: true}, changed}}
}

// changedFields names the first few fields that a deed changed.
func changedFields(all []ui.Difference) string {
	const shown = 3
	var names []string
	for _, d := range all[:min(shown, len(all))] {
		names = append(names, d.Field)
	}
	text := strings.Join(names, ", ")
	if more := len(all) - shown; more > 0 {
		text += " and " + fmtID(more) + " more"
	}
	return text
}

func whoDid(e history.Entry) string {
	if e.UserEmail != "" {
		return e.UserEmail
	}
	return capital(e.Actor)
}

func auditColumns() []portal.FileColumn[history.Entry] {
	type e = history.Entry
	return []portal.FileColumn[e]{
		{Name: "id", Text: func(e e) string { return e.ID.String() }},
		{Name: "at", Text: func(e e) string { return stamp(e.At) }},
		{Name: "actor", Text: func(e e) string { return e.Actor }},
		{Name: "user_email", Text: func(e e) string { return e.UserEmail }},
		{Name: "ip", Text: func(e e) string { return e.IP }},
		{Name: "action", Text: func(e e) string { return e.Action }},
		{Name: "object_type", Text: func(e e) string { return e.ObjectType }},
		{Name: "object_id", Text: func(e e) string { return e.ObjectID }},
		{Name: "before", Text: func(e e) string { return string(e.Before) }},
		{Name: "after", Text: func(e e) string { return string(e.After) }},
	}
}
