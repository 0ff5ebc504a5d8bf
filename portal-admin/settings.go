package portaladmin

import (
	"net/http"
	"strings"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/network"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// settingsInput is the form of the general settings, as it was typed.
type settingsInput struct {
	Name        string `form:"name"`
	Support     string `form:"support_email"`
	Terms       string `form:"terms_url"`
	Colour      string `form:"brand_colour"`
	Currency    string `form:"currency"`
	Zone        string `form:"time_zone"`
	Advertisers bool   `form:"advertisers_decide"`

	Seen time.Time `form:"seen"` // the settings' last change when the form was drawn
}

type settingsView struct {
	head         ui.Head
	tabs         []ui.Tab
	action, csrf string
	in           settingsInput
	faults       portal.Faults
	preview      string // CSS variables of the colour
	logo         string // address of the picture
	tracking     string
	check        []ui.Sample
}

func settingsTabs(f *portal.Frame, current string) []ui.Tab {
	return []ui.Tab{{Label: "General", Href: f.Path("/settings"), Current: current == ""}, {Label: "Sign-up", Href: f.Path("/settings/sign-up"), Current: current == "sign-up"},
		{Label: "Exchange rates", Href: f.Path("/rates")}, {Label: "People and roles", Href: f.Path("/people")}}
}

func (a *admin) settings(f *portal.Frame) error {
	s := f.Settings
	return a.showSettings(f, http.StatusOK, settingsInput{s.Name, s.SupportEmail, s.TermsURL, s.BrandColour, string(s.Currency), s.TimeZone, s.AdvertisersDecide, s.UpdatedAt}, nil)
}

func (a *admin) showSettings(f *portal.Frame, status int, in settingsInput, x portal.Faults) error {
	if err := f.Actor.Require(account.PermissionManageNetwork); err != nil {
		return err
	}
	v := settingsView{head: ui.Head{Title: "Settings", Lead: "What holds for the whole network. Partners see its name, face and addresses."}, tabs: settingsTabs(f, ""), action: f.Path("/settings"), csrf: f.CSRF,
		in: in, faults: x, preview: colourStyle(in.Colour), tracking: a.TrackingURL,
		check: []ui.Sample{{Language: "curl", Code: "curl -sS -o /dev/null -w '%{http_code}\\n' '" + a.TrackingURL + "/healthz'"}}}
	if f.Settings.LogoVersion != "" {
		v.logo = "/brand/logo?v=" + f.Settings.LogoVersion
	}
	return f.Render(status, "Settings", "/settings", settingsPage(v))
}

// colourStyle are the variables that a brand colour gives, for a sample of it; empty for none.
func colourStyle(hex string) string {
	return strings.TrimSuffix(strings.TrimPrefix(ui.BrandCSS(hex), ":root{"), "}")
}

func (v settingsView) fields() map[string]ui.Field {
	x, in := v.faults, v.in
	return map[string]ui.Field{
		"name":          {Name: "name", Label: "Network name", Value: in.Name, Error: x["name"], MaxLength: 200, Autocomplete: "off"},
		"support_email": {Name: "support_email", Label: "Support e-mail", Type: "email", Value: in.Support, Error: x["support_email"], Optional: true, Hint: "Shown to partners wherever they may need help.", Autocomplete: "off"},
		"terms_url":     {Name: "terms_url", Label: "Address of your terms", Type: "url", Value: in.Terms, Error: x["terms_url"], Optional: true, Hint: "Whoever signs up accepts them.", Autocomplete: "off"},
		"brand_colour":  {Name: "brand_colour", Label: "Brand colour", Value: in.Colour, Error: x["brand_colour"], Optional: true, Hint: "Buttons and links take it, lightened or darkened until they can be read. Empty is the product's own."},
		"currency":      {Name: "currency", Label: "Currency of new partners", Value: in.Currency, Error: x["currency"], Options: currencies()},
		"time_zone":     {Name: "time_zone", Label: "Time zone of new users", Value: in.Zone, Error: x["time_zone"], Autocomplete: "off", MaxLength: 64, Hint: "Such as Europe/Berlin. Each user can choose another."},
	}
}

func (v settingsView) all() []ui.Field {
	fields := v.fields()
	var all []ui.Field
	for _, name := range []string{"name", "support_email", "terms_url", "brand_colour", "currency", "time_zone"} {
		all = append(all, fields[name])
	}
	return all
}

func (a *admin) saveSettings(f *portal.Frame) error {
	var in settingsInput
	err := f.Bind(&in)
	if err == nil {
		_, err = a.Network.Update(f.Context(), f.Actor, func(s *network.Settings) {
			s.Name, s.SupportEmail, s.TermsURL, s.BrandColour, s.Currency, s.TimeZone, s.AdvertisersDecide = in.Name, in.Support, in.Terms, in.Colour, money.Currency(in.Currency), in.Zone, in.Advertisers
			s.UpdatedAt = seenOr(in.Seen, s.UpdatedAt)
		})
	}
	if x, ok := portal.FaultsOf(err); ok {
		return a.showSettings(f, http.StatusUnprocessableEntity, in, x)
	}
	if err != nil {
		return err
	}
	f.Flash(ui.OK, "The settings are saved.")
	return f.Redirect(f.Path("/settings"))
}

// brandSample is the part of the page that shows what a colour would look like.
func (a *admin) brandSample(f *portal.Frame) error {
	return f.RenderPart(http.StatusOK, brandPreview(colourStyle(f.Echo.QueryParam("brand_colour"))))
}

func (a *admin) saveLogo(f *portal.Frame) error {
	var content []byte
	err := f.Upload("logo", network.MaxLogo, func(sent []byte) { content = sent })
	if err == nil && len(content) == 0 {
		f.Flash(ui.Warn, "Choose a picture first.")
		return f.Redirect(f.Path("/settings"))
	}
	if err == nil {
		_, err = a.Network.SetLogo(f.Context(), f.Actor, content)
	}
	if x, ok := portal.FaultsOf(err); ok {
		f.Flash(ui.Bad, anyOf(x))
		return f.Redirect(f.Path("/settings"))
	}
	if err != nil {
		return err
	}
	f.Flash(ui.OK, "The logo is saved.")
	return f.Redirect(f.Path("/settings"))
}

func (a *admin) deleteLogo(f *portal.Frame) error {
	if _, err := a.Network.DeleteLogo(f.Context(), f.Actor); err != nil {
		return err
	}
	f.Flash(ui.OK, "The logo is taken away.")
	return f.Redirect(f.Path("/settings"))
}
