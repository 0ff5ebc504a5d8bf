package portaladmin

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/preset"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// advertiser is the overview of a record.
func (a *admin) advertiser(f *portal.Frame) error {
	one, err := a.findAdvertiser(f)
	if err != nil {
		return err
	}
	p := advertiserParty(one)
	figures, err := a.recordFigures(f, report.Filter{AdvertiserID: one.ID}, p.base(f))
	if err != nil {
		return err
	}
	if f.Part() && f.Target() == "figures" {
		return f.RenderPart(http.StatusOK, figures)
	}
	about := []ui.Pair{{Label: "Id", Text: fmtID(one.ID), Copy: true}, {Label: "E-mail", Text: portal.Or(one.Email)}, {Label: "Currency", Text: string(one.Currency)},
		{Label: "Margin on the commission", Text: one.OverridePercent.String() + "%"}, {Label: "Proof of its postbacks", Text: authWords(one.PostbackAuth)},
		{Label: "Partner since", Text: f.Date(one.CreatedAt)}, {Label: "Last changed", Text: f.Time(one.UpdatedAt)}}
	return a.renderParty(f, http.StatusOK, p, "", "Overview", overviewTab(figures, about, partnerLinks(f, "advertiser", p.id), "Last 30 days against the 30 days before, in "+f.Zone.String()))
}

func authWords(auth advertiser.Auth) string {
	switch auth {
	case advertiser.AuthHMAC:
		return "Signature (HMAC)"
	case advertiser.AuthIP:
		return "Address"
	case advertiser.AuthNone:
		return "None"
	}
	return "Token"
}

func (a *admin) advertiserSettings(f *portal.Frame) error {
	one, err := a.findAdvertiser(f)
	if err != nil {
		return err
	}
	if err := f.Actor.Require(account.PermissionManageCatalogue); err != nil {
		return err
	}
	return a.showAdvertiserSettings(f, http.StatusOK, one, newAdvertiserInput(one), nil)
}

func (a *admin) showAdvertiserSettings(f *portal.Frame, status int, one advertiser.Advertiser, in advertiserInput, x portal.Faults) error {
	p := advertiserParty(one)
	in.Token, in.Status = "", "" // never shown in this form
	return a.renderParty(f, status, p, "/settings", "Settings", partnerFormBody(partnerForm{Action: p.base(f) + "/settings", CSRF: f.CSRF, Seen: in.Seen,
		Cancel: p.base(f) + "/settings", Verb: "Save changes", Sections: advertiserSections(in, x)}.form(x)))
}

func (a *admin) saveAdvertiser(f *portal.Frame) error {
	one, err := a.findAdvertiser(f)
	if err != nil {
		return err
	}
	var in advertiserInput
	err = f.Bind(&in)
	apply := func(*advertiser.Advertiser) {}
	if err == nil {
		apply, err = in.read()
	}
	saved := one
	if err == nil {
		saved, _, err = a.Advertisers.Update(f.Context(), f.Actor, one.ID, apply)
	}
	if x, ok := advertiserFaults(err, in); ok {
		return a.showAdvertiserSettings(f, http.StatusUnprocessableEntity, one, in, x)
	}
	if err != nil {
		return err
	}
	f.Flash(ui.OK, "The changes are saved and in force.")
	return f.Redirect(advertiserParty(saved).base(f) + "/settings")
}

func (a *admin) setAdvertiserStatus(f *portal.Frame) error {
	var in struct {
		Status advertiser.Status `form:"status"`
	}
	if err := f.Bind(&in); err != nil {
		return err
	}
	id, err := number[advertiser.ID](f, "id")
	if err != nil {
		return err
	}
	one, _, err := a.Advertisers.Update(f.Context(), f.Actor, id, func(one *advertiser.Advertiser) { one.Status = in.Status })
	if err != nil {
		return err
	}
	f.Flash(ui.OK, fmt.Sprintf("%s is now %s.", one.Name, ui.StatusOf(ui.Partners, string(one.Status)).Word))
	return f.Redirect(advertiserParty(one).base(f))
}

func (a *admin) deleteAdvertiser(f *portal.Frame) error {
	one, err := a.findAdvertiser(f)
	if err != nil {
		return err
	}
	if err := a.Advertisers.Delete(f.Context(), f.Actor, one.ID); err != nil {
		if x, ok := portal.FaultsOf(err); ok {
			f.Flash(ui.Bad, one.Name+" cannot be deleted: "+x[""])
			return f.Redirect(advertiserParty(one).base(f))
		}
		return err
	}
	f.Flash(ui.OK, one.Name+" is deleted.")
	return f.Redirect(f.Path("/advertisers"))
}

// rotateToken gives the advertiser a new secret; the one before is good no more.
func (a *admin) rotateToken(f *portal.Frame) error {
	id, err := number[advertiser.ID](f, "id")
	if err != nil {
		return err
	}
	one, _, err := a.Advertisers.Update(f.Context(), f.Actor, id, func(one *advertiser.Advertiser) { one.PostbackToken = "" })
	if err != nil {
		return err
	}
	f.Flash(ui.OK, "There is a new token. Calls with the one before are refused from now on.")
	return f.Redirect(advertiserParty(one).base(f) + "/tracking")
}

// advertiserTrackingView is the tab with what the advertiser's engineers need.
type advertiserTrackingView struct {
	May       bool
	Token     string // only for who may know it
	Auth      string
	Rotate    ui.ConfirmBox
	Platforms []ui.Sample // postback URLs, the general one first
	Test      string      // address of the debugger
	Log       string
	Settings  string
}

func (a *admin) advertiserTracking(f *portal.Frame) error {
	one, err := a.findAdvertiser(f)
	if err != nil {
		return err
	}
	p := advertiserParty(one)
	v := advertiserTrackingView{May: may(f), Auth: authWords(one.PostbackAuth), Settings: p.base(f) + "/settings",
		Test: f.Path("/debugger?advertiser=" + fmtID(one.ID)), Log: f.Path("/postback-log?advertiser=" + fmtID(one.ID))}
	token := "TOKEN"
	if v.May {
		v.Token, token = one.PostbackToken, one.PostbackToken
	}
	v.Rotate = ui.ConfirmBox{ID: "rotate", Title: "Make a new token?", CSRF: f.CSRF, Verb: "Make new token", Action: p.base(f) + "/token",
		Text: "Calls with the present token are refused from that moment on, until " + one.Name + " uses the new one. It is its signing key, too."}
	v.Platforms = a.platforms(one.PostbackAuth, token)
	return a.renderParty(f, http.StatusOK, p, "/tracking", "Tracking set-up", trackingTab(v))
}

// platforms are the postback URLs by what the advertiser runs on, the general one first.
func (a *admin) platforms(auth advertiser.Auth, token string) []ui.Sample {
	samples := []ui.Sample{{Language: "Any server", Code: a.postbackURL(auth, token)}}
	for _, known := range preset.All() {
		if known.Is(preset.KindAdvertiser) && known.AdvertiserPostbackURL != "" {
			samples = append(samples, ui.Sample{Language: known.Title, Code: a.presetURL(known, token)})
		}
	}
	return samples
}

// postbackURL is the address that an advertiser calls for a sale.
func (a *admin) postbackURL(auth advertiser.Auth, token string) string {
	address := strings.TrimRight(a.TrackingURL, "/") + "/postback?clickid=CLICK-ID&val=AMOUNT&txid=ORDER-ID&status=approved"
	switch auth {
	case advertiser.AuthToken:
		return address + "&token=" + url.QueryEscape(token)
	case advertiser.AuthHMAC:
		return address + "&ts=UNIX-SECONDS&sig=HMAC"
	}
	return address
}

// presetURL is a preset's postback URL with our own host and the token.
func (a *admin) presetURL(p preset.Preset, token string) string {
	base := strings.TrimRight(a.TrackingURL, "/")
	return strings.NewReplacer("https://NETWORK", base, "NETWORK", base, "TOKEN", url.QueryEscape(token)).Replace(p.AdvertiserPostbackURL)
}
