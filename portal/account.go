package portal

import (
	"net/http"
	"strings"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/ui"
)

// accountRoutes are the pages by which users look after themselves.
func (g *Group) accountRoutes() {
	g.POST("/logout", g.logout)
	g.GET("/account", g.profile)
	g.POST("/account", g.saveProfile)
	g.POST("/account/theme", g.theme)
	g.GET("/account/security", g.security)
	g.POST("/account/password", g.changePassword)
	g.POST("/account/second-factor", g.startFactor)
	g.POST("/account/second-factor/confirm", g.confirmFactor)
	g.POST("/account/second-factor/codes", g.renewCodes)
	g.POST("/account/second-factor/off", g.dropFactor)
	g.POST("/account/sessions/end-others", g.endOthers)
	g.POST("/account/sessions/:id/end", g.endSession)
	g.GET("/account/api-keys", g.apiKeys)
	g.POST("/account/api-keys", g.createKey)
	g.POST("/account/api-keys/:id/delete", g.deleteKey)
}

// accountTabs is the menu of these pages.
func accountTabs(f *Frame, current string) []ui.Tab {
	tabs := []ui.Tab{{Label: "Profile", Href: f.Path("/account")}, {Label: "Security", Href: f.Path("/account/security")},
		{Label: "Views", Href: f.Path("/account/views")}, {Label: "API keys", Href: f.Path("/account/api-keys")}, {Label: "Files", Href: f.Path(filesPath)}, {Label: "Notifications", Href: f.Path("/notifications")}}
	for i := range tabs {
		tabs[i].Current = tabs[i].Href == f.Path(current)
	}
	return tabs
}

func (g *Group) logout(f *Frame) error {
	if err := g.portal.Accounts.EndSession(f.Context(), f.browser().Operator(f.Actor.IP), f.Session.ID); err != nil {
		return err
	}
	g.portal.cookies.ClearSession(f.Echo)
	return f.Redirect("/login")
}

// profileInput is what users may change of themselves.
type profileInput struct {
	Name     string `form:"name"`
	TimeZone string `form:"time_zone"`
	Theme    string `form:"theme"`
}

func (g *Group) profile(f *Frame) error {
	in := profileInput{Name: f.User.Name, TimeZone: f.User.TimeZone, Theme: string(f.User.Theme)}
	return f.Page("Profile", "/account", profilePage(f, in, nil))
}

func (g *Group) saveProfile(f *Frame) error {
	in := profileInput{Name: f.User.Name, TimeZone: f.User.TimeZone, Theme: string(f.User.Theme)}
	err := f.Bind(&in)
	if err == nil {
		_, err = g.portal.Accounts.UpdateMe(f.Context(), f.Actor, func(p *account.MyProfile) {
			p.Name, p.TimeZone, p.Theme = in.Name, in.TimeZone, account.Theme(in.Theme)
		})
	}
	if faults, ok := FaultsOf(err); ok {
		return f.Render(http.StatusUnprocessableEntity, "Profile", "/account", profilePage(f, in, faults))
	}
	if err != nil {
		return err
	}
	f.Flash(ui.OK, "Your profile is saved.")
	return f.Redirect(f.Path("/account"))
}

func profileFields(in profileInput, faults Faults) (name, zone, theme ui.Field) {
	name = ui.Field{Name: "name", Label: "Name", Value: in.Name, Optional: true, Autocomplete: "name", MaxLength: 400, Error: faults["name"]}
	zone = ui.Field{Name: "time_zone", Label: "Time zone", Value: in.TimeZone, Hint: "All times on your screens are shown in it.", Options: zoneOptions(in.TimeZone), Error: faults["time_zone"]}
	theme = ui.Field{Name: "theme", ID: "profile-theme", Label: "Theme", Value: in.Theme, Error: faults["theme"],
		Options: []ui.Option{{Value: "auto", Label: "As the device"}, {Value: "light", Label: "Light"}, {Value: "dark", Label: "Dark"}}}
	return name, zone, theme
}

// zones are those that a list offers; any other IANA name can be set through the API.
const zones = "UTC Africa/Cairo Africa/Casablanca Africa/Johannesburg Africa/Lagos Africa/Nairobi America/Anchorage America/Argentina/Buenos_Aires " +
	"America/Bogota America/Caracas America/Chicago America/Denver America/Halifax America/Lima America/Los_Angeles America/Mexico_City " +
	"America/New_York America/Phoenix America/Santiago America/Sao_Paulo America/St_Johns America/Toronto America/Vancouver " +
	"Asia/Almaty Asia/Baghdad Asia/Baku Asia/Bangkok Asia/Colombo Asia/Dhaka Asia/Dubai Asia/Ho_Chi_Minh Asia/Hong_Kong Asia/Jakarta " +
	"Asia/Jerusalem Asia/Karachi Asia/Kathmandu Asia/Kolkata Asia/Kuala_Lumpur Asia/Manila Asia/Riyadh Asia/Seoul Asia/Shanghai " +
	"Asia/Singapore Asia/Taipei Asia/Tashkent Asia/Tbilisi Asia/Tehran Asia/Tokyo Asia/Yerevan Atlantic/Reykjavik Australia/Adelaide " +
	"Australia/Brisbane Australia/Perth Australia/Sydney Europe/Amsterdam Europe/Athens Europe/Belgrade Europe/Berlin Europe/Brussels " +
	"Europe/Bucharest Europe/Budapest Europe/Copenhagen Europe/Dublin Europe/Helsinki Europe/Istanbul Europe/Kyiv Europe/Lisbon " +
	"Europe/London Europe/Madrid Europe/Minsk Europe/Moscow Europe/Oslo Europe/Paris Europe/Prague Europe/Riga Europe/Rome Europe/Sofia " +
	"Europe/Stockholm Europe/Tallinn Europe/Vienna Europe/Vilnius Europe/Warsaw Europe/Zurich Pacific/Auckland Pacific/Honolulu"

func zoneOptions(current string) []ui.Option {
	var options []ui.Option
	known := false
	for _, zone := range strings.Fields(zones) {
		known = known || zone == current
		options = append(options, ui.Option{Value: zone, Label: strings.ReplaceAll(zone, "_", " ")})
	}
	if !known && current != "" {
		options = append([]ui.Option{{Value: current, Label: strings.ReplaceAll(current, "_", " ")}}, options...)
	}
	return options
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
