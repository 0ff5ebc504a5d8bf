package portal

import (
	"github.com/waypost/waypost/domain/account"
)

func (g *Group) accountRoutes() {
	g.POST("/logout", g.logout)
	g.POST("/account/theme", g.theme)
}

func (g *Group) logout(f *Frame) error {
	if err := g.portal.Accounts.EndSession(f.Context(), f.browser().Operator(f.Actor.IP), f.Session.ID); err != nil {
		return err
	}
	g.portal.cookies.ClearSession(f.Echo)
	return f.Redirect("/login")
}

// themeInput is the choice of a theme, from the menu of any page.
type themeInput struct {
	Theme string `form:"theme"`
}

// theme goes back to the page that the choice was made on.
func (g *Group) theme(f *Frame) error {
	var in themeInput
	if err := f.Bind(&in); err != nil {
		return err
	}
	_, err := g.portal.Accounts.UpdateMe(f.Context(), f.Actor, func(p *account.MyProfile) { p.Theme = account.Theme(in.Theme) })
	if err != nil {
		return err
	}
	return f.Redirect(f.back())
}
