package portaladmin

import (
	"net/http"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// usersView is the tab with the people of a partner.
type usersView struct {
	List    listView
	Invite  inviteInput
	Faults  portal.Faults
	Action  string
	CSRF    string
	Open    bool   // the dialog, because the form came back
	Link    string // of an invitation just made, shown once
	Invited string // whom it is for
}

func (v usersView) fields() []ui.Field {
	return []ui.Field{
		{Name: "email", Label: "E-mail address", Type: "email", Value: v.Invite.Email, Error: v.Faults["email"], Autocomplete: "off"},
		{Name: "name", Label: "Name", Value: v.Invite.Name, Error: v.Faults["name"], Optional: true, Autocomplete: "off"},
	}
}

type inviteInput struct {
	Email string `form:"email"`
	Name  string `form:"name"`
}

func (a *admin) users(f *portal.Frame, p party) error {
	return a.showUsers(f, p, http.StatusOK, usersView{})
}

func (a *admin) showUsers(f *portal.Frame, p party, status int, v usersView) error {
	var filter struct{ portal.Paging }
	if err := f.Query(&filter); err != nil {
		return err
	}
	wanted := account.UserFilter{Role: account.Role(p.kind)}
	if p.kind == ofAffiliates {
		wanted.AffiliateID = p.id
	} else {
		wanted.AdvertiserID = p.id
	}
	list, err := a.Accounts.ListUsers(f.Context(), f.Actor, wanted, filter.Slice())
	if err != nil {
		return err
	}
	v.Action, v.CSRF = p.base(f)+"/users", f.CSRF
	v.List.Table = ui.Table{ID: "users", Name: "Users of " + p.name, Actions: true,
		Columns: []ui.Column{{Label: "User", Wide: true}, {Label: "Status"}, {Label: "Second factor", Hide: true}, {Label: "Last log-in", Hide: true}},
		Empty: ui.Empty(ui.Nothing{Icon: "users", Title: "Nobody can log in for " + p.name + " yet",
			Text: "Invite the first person: they get a mail with a link to choose a password.", Next: inviteButton()})}
	for _, u := range list.Items {
		v.List.Table.Rows = append(v.List.Table.Rows, userRow(f, v.Action, u))
	}
	v.List.Pager = portal.Pager(v.Action, filter, filter.Paging, list, "user")
	return a.renderParty(f, status, p, "/users", "Users", usersTab(v))
}

func inviteButton() ui.Button {
	return ui.Button{Label: "Invite user", Icon: "user-plus", Dialog: "invite", Look: ui.Primary}
}

func userRow(f *portal.Frame, base string, u account.User) ui.Row {
	name, sub := u.Name, u.Email
	if name == "" {
		name, sub = u.Email, ""
	}
	factor := "Off"
	if u.SecondFactor {
		factor = "On"
	}
	at := userPath(base, u.ID)
	actions := []userAction{}
	switch u.Status {
	case account.UserStatusInvited:
		actions = append(actions, userAction{at + "/invite", ui.Button{Label: "Invite again", Name: "Invite again: " + u.Email, Small: true, Submit: true}, ""})
	case account.UserStatusDisabled:
		actions = append(actions, userAction{at + "/status", ui.Button{Label: "Enable", Name: "Enable " + u.Email, Small: true, Submit: true}, "active"})
	}
	if u.Status != account.UserStatusDisabled {
		actions = append(actions, userAction{at + "/status", ui.Button{Label: "Disable", Name: "Disable " + u.Email, Small: true, Submit: true}, "disabled"})
	}
	return ui.Row{ID: "user-" + fmtID(u.ID), Cells: []ui.Cell{
		{Text: name, Sub: sub, Narrow: sub, Square: ui.Initials(name)},
		{Badge: ui.StatusBadge(ui.Users, string(u.Status))},
		{Text: factor},
		{Text: neverOr(f.Ago(u.LastLoginAt)), Title: f.Exact(u.LastLoginAt)},
	}, Actions: userActions(actions, f.CSRF)}
}

func neverOr(ago string) string {
	if ago == portal.None {
		return "Never"
	}
	return ago
}

func userPath(base string, id account.UserID) string { return base + "/" + fmtID(id) }

// userAction is a button of a user's row with the status that it sends; empty sends none.
type userAction struct {
	Action string
	Button ui.Button
	Status string
}

func (a *admin) inviteUser(f *portal.Frame, p party) error {
	var in inviteInput
	if err := f.Bind(&in); err != nil {
		return err
	}
	u := account.User{Email: in.Email, Name: in.Name, Role: account.Role(p.kind), TimeZone: f.Settings.TimeZone}
	if p.kind == ofAffiliates {
		u.AffiliateID = p.id
	} else {
		u.AdvertiserID = p.id
	}
	u, link, err := a.Accounts.InviteUser(f.Context(), f.Actor, u)
	if faults, ok := portal.FaultsOf(err); ok {
		return a.showUsers(f, p, http.StatusUnprocessableEntity, usersView{Invite: in, Faults: faults, Open: true})
	}
	if err != nil {
		return err
	}
	return a.showUsers(f, p, http.StatusOK, usersView{Link: link, Invited: u.Email})
}

// ofParty finds a user of the record's partner: another's is not found here.
func (a *admin) ofParty(f *portal.Frame, p party) (account.User, error) {
	id, err := number[account.UserID](f, "user")
	if err != nil {
		return account.User{}, err
	}
	u, err := a.Accounts.GetUser(f.Context(), f.Actor, id)
	if err != nil {
		return account.User{}, err
	}
	own := u.AdvertiserID
	if p.kind == ofAffiliates {
		own = u.AffiliateID
	}
	if own != p.id {
		return account.User{}, noSuchThing()
	}
	return u, nil
}

func (a *admin) inviteAgain(f *portal.Frame, p party) error {
	u, err := a.ofParty(f, p)
	if err != nil {
		return err
	}
	u, link, err := a.Accounts.Invite(f.Context(), f.Actor, u.ID)
	if err != nil {
		return err
	}
	return a.showUsers(f, p, http.StatusOK, usersView{Link: link, Invited: u.Email})
}

func (a *admin) setUserStatus(f *portal.Frame, p party) error {
	var in struct {
		Status account.UserStatus `form:"status"`
	}
	if err := f.Bind(&in); err != nil {
		return err
	}
	u, err := a.ofParty(f, p)
	if err != nil {
		return err
	}
	if in.Status == account.UserStatusActive && u.PasswordHash == "" {
		in.Status = account.UserStatusInvited // who never chose a password can only be invited
	}
	_, err = a.Accounts.UpdateUser(f.Context(), f.Actor, u.ID, func(u *account.User) { u.Status = in.Status })
	if err != nil {
		return err
	}
	if in.Status == account.UserStatusDisabled {
		f.Flash(ui.OK, u.Email+" is disabled and logged out everywhere.")
	} else {
		f.Flash(ui.OK, u.Email+" is "+string(in.Status)+" again.")
	}
	return f.Redirect(p.base(f) + "/users")
}
