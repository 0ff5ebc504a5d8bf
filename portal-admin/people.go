package portaladmin

import (
	"net/http"
	"strings"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// allRoles are the roles that people may have, the operators' first.
var allRoles = []account.Role{account.RoleAdmin, account.RoleManager, account.RoleFinance, account.RoleViewer, account.RoleAffiliate, account.RoleAdvertiser}

func operatorRoles() []ui.Option {
	options := make([]ui.Option, 4)
	for i, r := range allRoles[:4] {
		options[i] = ui.Option{Value: string(r), Label: capital(string(r))}
	}
	return options
}

type peopleView struct {
	list          listView
	tabs          []ui.Tab
	in            personInput
	faults        portal.Faults
	action, csrf  string
	open          bool
	link, invited string
}

// personInput is the form of an invitation.
type personInput struct {
	Email string       `form:"email"`
	Name  string       `form:"name"`
	Role  account.Role `form:"role"`
}

func (v peopleView) fields() []ui.Field {
	return []ui.Field{
		{Name: "email", Label: "E-mail address", Type: "email", Value: v.in.Email, Error: v.faults["email"], Autocomplete: "off"},
		{Name: "name", Label: "Name", Value: v.in.Name, Error: v.faults["name"], Optional: true, Autocomplete: "off"},
		{Name: "role", Label: "Role", Value: string(v.in.Role), Error: v.faults["role"], Options: operatorRoles(), Hint: "What each may do stands under Roles."},
	}
}

func peopleTabs(f *portal.Frame, roles bool) []ui.Tab {
	return []ui.Tab{{Label: "People", Href: f.Path("/people"), Current: !roles}, {Label: "Roles", Href: f.Path("/people/roles"), Current: roles}}
}

func (a *admin) people(f *portal.Frame) error { return a.showPeople(f, http.StatusOK, peopleView{}) }

func (a *admin) showPeople(f *portal.Frame, status int, v peopleView) error {
	if err := f.Actor.Require(account.PermissionManageUsers); err != nil {
		return err
	}
	var filter struct {
		Role   string `query:"role"`
		Status string `query:"status"`
		Search string `query:"q"`
		portal.Paging
	}
	if err := f.Query(&filter); err != nil {
		return err
	}
	list, err := a.Accounts.ListUsers(f.Context(), f.Actor, account.UserFilter{Role: account.Role(filter.Role), Status: account.UserStatus(filter.Status), Search: filter.Search}, filter.Slice())
	if err != nil {
		return err
	}
	path := f.Path("/people")
	var roles []ui.Option
	for _, r := range allRoles {
		roles = append(roles, ui.Option{Value: string(r), Label: capital(string(r))})
	}
	v.tabs, v.action, v.csrf = peopleTabs(f, false), path, f.CSRF
	v.list = listView{Head: ui.Head{Title: "People", Lead: "Everybody who can log in: operators of the network, and the users of its partners.", Actions: ui.Btn(ui.Button{Label: "Invite operator", Icon: "user-plus", Dialog: "invite", Look: ui.Primary, Key: "n"})},
		Filter: ui.Filter{ID: "filter", Action: path, ResetHref: path, Search: "q", SearchLabel: "Search people by name or e-mail address", SearchValue: filter.Search, Selects: []ui.FilterSelect{{Field: "role", Label: "Role", Any: "Any role", Value: filter.Role, Options: roles},
			{Field: "status", Label: "Status", Any: "Any status", Value: filter.Status, Options: ui.StatusOptions(ui.Users, "invited", "active", "disabled")}}},
		Pager: portal.Pager(path, filter, filter.Paging, list, "user")}
	role, state := "", ""
	if filter.Role != "" {
		role = oneOf(roles, filter.Role)
	}
	if filter.Status != "" {
		state = ui.StatusOf(ui.Users, filter.Status).Word
	}
	v.list.Filter.Chips = portal.Chips(path, filter, "role", portal.Is("Role", role), "status", portal.Is("Status", state))
	if filter.Search != "" {
		v.list.Filter.Chips = append(v.list.Filter.Chips, chip("Name or e-mail", filter.Search, path, filter, "q"))
	}
	v.list.Table = ui.Table{ID: "people", Name: "People", Empty: ui.NoResults(path), Columns: []ui.Column{{Label: "Person", Wide: true}, {Label: "Role"}, {Label: "Status", Hide: true}, {Label: "Second factor", Hide: true}, {Label: "Last log-in", Hide: true}}}
	for _, u := range list.Items {
		v.list.Table.Rows = append(v.list.Table.Rows, personRow(f, u))
	}
	return f.Render(status, "People", "/people", peoplePage(v))
}

func personName(u account.User) string {
	if u.Name != "" {
		return u.Name
	}
	return u.Email
}

func personRow(f *portal.Frame, u account.User) ui.Row {
	factor := ui.Cell{Body: ui.Badge(ui.Mute, "Off")}
	if u.SecondFactor {
		factor = ui.Cell{Body: ui.Badge(ui.OK, "On")}
	}
	status := ui.StatusOf(ui.Users, string(u.Status))
	return ui.Row{ID: "u-" + fmtID(u.ID), Cells: []ui.Cell{{Text: personName(u), Sub: u.Email, Narrow: status.Word + " · " + neverOr(f.Ago(u.LastLoginAt)), Square: ui.Initials(personName(u)), Href: f.Path("/people/" + fmtID(u.ID))},
		{Text: capital(string(u.Role))}, {Body: ui.StatusBadge(ui.Users, string(u.Status))}, factor, {Text: neverOr(f.Ago(u.LastLoginAt)), Title: f.Exact(u.LastLoginAt)}}}
}

func (a *admin) invitePerson(f *portal.Frame) error {
	v := peopleView{open: true}
	err := f.Bind(&v.in)
	var u account.User
	var link string
	if err == nil {
		u, link, err = a.Accounts.InviteUser(f.Context(), f.Actor, account.User{Email: v.in.Email, Name: v.in.Name, Role: v.in.Role, TimeZone: f.Settings.TimeZone})
	}
	if x, ok := portal.FaultsOf(err); ok {
		v.faults = x
		return a.showPeople(f, http.StatusUnprocessableEntity, v)
	}
	if err != nil {
		return err
	}
	return a.showPeople(f, http.StatusOK, peopleView{link: link, invited: u.Email})
}

// operators are the people of the network.
func (a *admin) operators(f *portal.Frame) ([]account.User, error) {
	if !f.May(account.PermissionManageUsers) {
		return nil, nil
	}
	var all []account.User
	for _, r := range allRoles[:4] {
		list, err := a.Accounts.ListUsers(f.Context(), f.Actor, account.UserFilter{Role: r}, domain.Page{Limit: domain.MaxLimit})
		if err != nil {
			return nil, err
		}
		all = append(all, list.Items...)
	}
	return all, nil
}

// personView is one user.
type personView struct {
	head         ui.Head
	facts        []ui.Pair
	action, csrf string
	self         bool
	user         account.User
	in           personChange
	faults       portal.Faults
	link         string
	events       activityView
}

// personChange is the form that changes a user. Who is disabled is logged out everywhere.
type personChange struct {
	Name   string             `form:"name"`
	Role   account.Role       `form:"role"`
	Status account.UserStatus `form:"status"`
	Seen   time.Time          `form:"seen"` // the user's last change when the form was drawn
}

func (v personView) fields() []ui.Field {
	all := []ui.Field{{Name: "name", Label: "Name", Value: v.in.Name, Error: v.faults["name"], Optional: true, Autocomplete: "off", MaxLength: 200}}
	if v.user.Role.Operator() {
		all = append(all, ui.Field{Name: "role", Label: "Role", Value: string(v.in.Role), Error: v.faults["role"], Options: operatorRoles()})
	}
	choices := ui.StatusOptions(ui.Users, "active", "disabled")
	if v.user.PasswordHash == "" {
		choices = ui.StatusOptions(ui.Users, "invited", "disabled")
	}
	return append(all, ui.Field{Name: "status", Label: "Status", Value: string(v.in.Status), Error: v.faults["status"], Options: choices, Hint: "Who is disabled is logged out everywhere at once."})
}

// endable tells a user whose log-ins may be ended here; one's own are ended in the profile.
func (v personView) endable() bool { return v.user.Status == account.UserStatusActive && !v.self }

func (a *admin) findPerson(f *portal.Frame) (personView, error) {
	if err := f.Actor.Require(account.PermissionManageUsers); err != nil {
		return personView{}, err
	}
	id, err := number[account.UserID](f, "user")
	if err != nil {
		return personView{}, err
	}
	u, err := a.Accounts.GetUser(f.Context(), f.Actor, id)
	if err != nil {
		return personView{}, err
	}
	v := personView{user: u, self: u.ID == f.User.ID, action: userPath(f.Path("/people"), u.ID), csrf: f.CSRF, in: personChange{u.Name, u.Role, u.Status, u.UpdatedAt}}
	v.head = ui.Head{Crumbs: []ui.Crumb{{Label: "People", Href: f.Path("/people")}, {Label: personName(u)}}, Title: personName(u), Badge: ui.StatusBadge(ui.Users, string(u.Status)), Lead: u.Email}
	factor := "Off"
	if u.SecondFactor {
		factor = "On"
	}
	v.facts = []ui.Pair{{Label: "Role", Text: capital(string(u.Role))}, {Label: "Second factor", Text: factor}, {Label: "Time zone", Text: u.TimeZone}, {Label: "Last log-in", Text: neverOr(f.Time(u.LastLoginAt))}, {Label: "Since", Text: f.Date(u.CreatedAt)}}
	switch {
	case u.AffiliateID != 0:
		names, err := f.Names(portal.NameIDs{Affiliates: []affiliate.ID{affiliate.ID(u.AffiliateID)}})
		if err != nil {
			return v, err
		}
		v.facts = append(v.facts, ui.Pair{Label: "Affiliate", Body: textLink(names.Affiliate(affiliate.ID(u.AffiliateID)), f.Path("/affiliates/"+fmtID(u.AffiliateID)))})
	case u.AdvertiserID != 0:
		names, err := f.Names(portal.NameIDs{Advertisers: []advertiser.ID{advertiser.ID(u.AdvertiserID)}})
		if err != nil {
			return v, err
		}
		v.facts = append(v.facts, ui.Pair{Label: "Advertiser", Body: textLink(names.Advertiser(advertiser.ID(u.AdvertiserID)), f.Path("/advertisers/"+fmtID(u.AdvertiserID)))})
	}
	v.events, err = a.activityOf(f, "user", int64(u.ID), v.action)
	return v, err
}

func (a *admin) person(f *portal.Frame) error {
	v, err := a.findPerson(f)
	if err != nil {
		return err
	}
	return f.Page(personName(v.user), "/people", personPage(v))
}

func (a *admin) changePerson(f *portal.Frame) error {
	v, err := a.findPerson(f)
	if err != nil {
		return err
	}
	err = f.Bind(&v.in)
	if err == nil {
		_, err = a.Accounts.UpdateUser(f.Context(), f.Actor, v.user.ID, func(u *account.User) {
			u.Name, u.Status, u.UpdatedAt = v.in.Name, v.in.Status, v.in.Seen
			if u.Role.Operator() {
				u.Role = v.in.Role
			}
		})
	}
	if x, ok := portal.FaultsOf(err); ok {
		v.faults = x
		return f.Render(http.StatusUnprocessableEntity, personName(v.user), "/people", personPage(v))
	}
	if err != nil {
		return err
	}
	f.Flash(ui.OK, v.user.Email+" is saved.")
	return f.Redirect(v.action)
}

func (a *admin) invitePersonAgain(f *portal.Frame) error {
	v, err := a.findPerson(f)
	if err != nil {
		return err
	}
	if _, v.link, err = a.Accounts.Invite(f.Context(), f.Actor, v.user.ID); err != nil {
		return err
	}
	return f.Page(personName(v.user), "/people", personPage(v))
}

func (a *admin) resetFactor(f *portal.Frame) error {
	v, err := a.findPerson(f)
	if err != nil {
		return err
	}
	if err := a.Accounts.ResetFactor(f.Context(), f.Actor, v.user.ID); err != nil {
		return err
	}
	f.Flash(ui.OK, "The second factor of "+v.user.Email+" is off. They are told by mail.")
	return f.Redirect(v.action)
}

// endSessions logs another user out everywhere, and lets it log in again.
func (a *admin) endSessions(f *portal.Frame) error {
	v, err := a.findPerson(f)
	if err != nil {
		return err
	}
	if err := a.Accounts.EndUser(f.Context(), f.Actor, v.user.ID); err != nil {
		return err
	}
	f.Flash(ui.OK, v.user.Email+" is logged out everywhere, and may log in again.")
	return f.Redirect(v.action)
}

// roles is the matrix of what each role may do, in words.
func (a *admin) roles(f *portal.Frame) error {
	t := ui.Table{ID: "roles", Name: "What each role may do", Columns: []ui.Column{{Label: "May", Wide: true}}}
	for _, r := range allRoles {
		t.Columns = append(t.Columns, ui.Column{Label: capital(string(r))})
	}
	for _, p := range allRoles[0].Permissions() {
		row := ui.Row{Cells: []ui.Cell{{Text: capital(string(p))}}}
		for _, r := range allRoles {
			row.Cells = append(row.Cells, ui.Cell{Body: mayMark(hasPermission(r, p))})
		}
		t.Rows = append(t.Rows, row)
	}
	return f.Page("Roles", "/people", rolesPage(ui.Head{Title: "Roles", Lead: "What each role may do. Users of partners do it with what is their own alone."}, peopleTabs(f, true), t))
}

func hasPermission(r account.Role, p account.Permission) bool {
	for _, granted := range r.Permissions() {
		if strings.EqualFold(granted.Name(), p.Name()) {
			return true
		}
	}
	return false
}
