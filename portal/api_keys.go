package portal

import (
	"net/http"
	"strconv"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/ui"
)

// keyInput is what an API key is made of.
type keyInput struct {
	Name    string `form:"name"`
	Role    string `form:"role"`
	Expires string `form:"expires_at"` // the last day, in the user's zone
}

// keysView is the page of API keys; Secret is of the key that was just made, shown once.
type keysView struct {
	keys   []account.APIKey
	older  string
	in     keyInput
	faults Faults
	secret string
}

func (g *Group) apiKeys(f *Frame) error { return g.showKeys(f, http.StatusOK, keysView{}) }

func (g *Group) showKeys(f *Frame, status int, v keysView) error {
	var paging Paging
	if err := f.Query(&paging); err != nil {
		return err
	}
	list, err := g.portal.Accounts.ListKeys(f.Context(), f.Actor, f.Actor.UserID, paging.Slice())
	if err != nil {
		return err
	}
	v.keys = list.Items
	if list.NextCursor != "" {
		v.older = URL(f.Path("/account/api-keys"), paging, "cursor", list.NextCursor)
	}
	return f.Render(status, "API keys", "/account", keysPage(f, v))
}

func (g *Group) createKey(f *Frame) error {
	var in keyInput
	err := f.Bind(&in)
	var until time.Time
	if err == nil && in.Expires != "" {
		var day time.Time
		if day, err = time.ParseInLocation(time.DateOnly, in.Expires, f.Zone); err != nil {
			err = errs.Invalid("invalid_date", "must be a day such as 2027-01-31").At("body.expires_at")
		}
		until = day.AddDate(0, 0, 1) // the day is the last one
	}
	var secret string
	if err == nil {
		_, secret, err = g.portal.Accounts.CreateKey(f.Context(), f.Actor, account.NewKey{Name: in.Name, Role: account.Role(in.Role), ExpiresAt: until})
	}
	if faults, ok := FaultsOf(err); ok {
		return g.showKeys(f, http.StatusUnprocessableEntity, keysView{in: in, faults: faults})
	}
	if err != nil {
		return err
	}
	return g.showKeys(f, http.StatusOK, keysView{secret: secret})
}

func (g *Group) deleteKey(f *Frame) error {
	id, err := strconv.ParseInt(f.Param("id"), 10, 64)
	if err != nil {
		return errs.NotFound("not_found", "there is no such API key")
	}
	if err := g.portal.Accounts.DeleteKey(f.Context(), f.Actor, account.KeyID(id)); err != nil {
		return err
	}
	f.Flash(ui.OK, "The API key is deleted. Programs that use it are refused from now on.")
	return f.Redirect(f.Path("/account/api-keys"))
}

func keyFields(f *Frame, in keyInput, faults Faults) []ui.Field {
	fields := []ui.Field{
		{Name: "name", Label: "Name", Hint: "What uses it: \"Reports into our data warehouse\".", Value: in.Name, MaxLength: 400, Error: faults["name"]},
		{Name: "expires_at", Label: "Last day", Type: "date", Hint: "Without one it is good until you delete it.", Value: in.Expires, Optional: true, Error: faults["expires_at"]},
	}
	return fields
}

// keyRole is the choice of what a key may do, for operators: parties have one role.
func keyRole(f *Frame, in keyInput, faults Faults) ui.Field {
	field := ui.Field{Name: "role", Label: "May do", Value: in.Role, Error: faults["role"], Options: []ui.Option{{Value: "", Label: "What I may do"}}}
	for _, role := range []account.Role{account.RoleManager, account.RoleFinance, account.RoleViewer} {
		if role != f.User.Role && role.Within(f.User.Role) {
			field.Options = append(field.Options, ui.Option{Value: string(role), Label: "What the role " + roleWord(role) + " may do"})
		}
	}
	return field
}

func keyRows(f *Frame, keys []account.APIKey) []ui.Row {
	rows := make([]ui.Row, len(keys))
	for i, k := range keys {
		name := ui.Cell{Text: k.Name, Strong: true, Narrow: k.Prefix + "…"}
		if !k.ExpiresAt.IsZero() && !f.Now.Before(k.ExpiresAt) {
			name.Badge = ui.Badge(ui.Bad, "over")
		}
		used, until := "never", "no end"
		if !k.LastUsedAt.IsZero() {
			used = f.Ago(k.LastUsedAt)
		}
		if !k.ExpiresAt.IsZero() {
			until = f.Time(k.ExpiresAt)
		}
		may := "what you may"
		if k.Role != "" {
			may = roleWord(k.Role)
		}
		rows[i] = ui.Row{ID: "key-" + strconv.FormatInt(int64(k.ID), 10), Actions: deleteKeyButton(f, k), Cells: []ui.Cell{name,
			{Text: k.Prefix + "…", Mono: true}, {Text: may}, {Text: used, Title: f.Exact(k.LastUsedAt)}, {Text: f.Date(k.CreatedAt)}, {Text: until}}}
	}
	return rows
}
