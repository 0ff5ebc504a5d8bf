package portal

import (
	"bytes"
	"encoding/base64"
	"image/png"
	"net/http"
	"strings"

	"github.com/pquerna/otp"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/ui"
)

// securityView is the security page. Each form has its faults; Codes are shown once.
type securityView struct {
	sessions []account.OpenSession
	more     string // address of the older sessions
	// password, enrol, renew and off are the faults of the form with that name.
	password, enrol, renew, off Faults
	enrolment                   account.Enrolment // under way
	codes                       []string
}

func (g *Group) security(f *Frame) error { return g.showSecurity(f, http.StatusOK, securityView{}) }

func (g *Group) showSecurity(f *Frame, status int, v securityView) error {
	var paging Paging
	if err := f.Query(&paging); err != nil {
		return err
	}
	list, err := g.portal.Accounts.ListSessions(f.Context(), f.Actor, paging.Slice())
	if err != nil {
		return err
	}
	v.sessions = list.Items
	if list.NextCursor != "" {
		v.more = URL(f.Path("/account/security"), paging, "cursor", list.NextCursor)
	}
	return f.Render(status, "Security", "/account", securityPage(f, v))
}

// passwordInput changes the own password.
type passwordInput struct {
	Current  string `form:"current_password,raw"`
	Password string `form:"password,raw"`
	Again    string `form:"again,raw"`
}

// changePassword ends all log-ins of the user and begins another one for this browser.
func (g *Group) changePassword(f *Frame) error {
	var in passwordInput
	if err := f.Bind(&in); err != nil {
		return err
	}
	if in.Password != in.Again {
		return g.showSecurity(f, http.StatusUnprocessableEntity, securityView{password: Faults{"again": "The two passwords differ: type the same one twice."}})
	}
	accounts := g.portal.Accounts
	err := accounts.SetPassword(f.Context(), f.Actor, account.SetPasswordInput{UserID: f.User.ID, Current: in.Current, New: in.Password})
	if faults, ok := FaultsOf(err); ok {
		return g.showSecurity(f, refusal(err), securityView{password: faults})
	}
	if err != nil {
		return err
	}
	u, err := accounts.Me(f.Context(), f.Actor)
	if err != nil {
		return err
	}
	if f.token, err = accounts.StartBrowser(f.Context(), u, f.Actor.IP, f.Echo.Request().UserAgent()); err != nil {
		return err
	}
	g.portal.cookies.SetSession(f.Echo, f.token, account.BrowserLifetime)
	f.Flash(ui.OK, "Your password is changed. All other log-ins have ended.")
	return f.Redirect(f.Path("/account/security"))
}

func (g *Group) startFactor(f *Frame) error {
	e, err := g.portal.Accounts.StartFactor(f.Context(), f.Actor)
	if faults, ok := FaultsOf(err); ok {
		return g.showSecurity(f, http.StatusUnprocessableEntity, securityView{off: faults})
	}
	if err != nil {
		return err
	}
	return g.showSecurity(f, http.StatusOK, securityView{enrolment: e})
}

// factorInput proves that it is the user, and its device.
type factorInput struct {
	Password string `form:"password,raw"`
	OTP      string `form:"otp"`
	URL      string `form:"url"` // of the enrolment, to show its picture again
}

func (g *Group) confirmFactor(f *Frame) error {
	var in factorInput
	if err := f.Bind(&in); err != nil {
		return err
	}
	codes, err := g.portal.Accounts.ConfirmFactor(f.Context(), f.Actor, in.Password, in.OTP)
	if faults, ok := FaultsOf(err); ok {
		return g.showSecurity(f, refusal(err), securityView{enrol: faults, enrolment: enrolmentOf(in.URL)})
	}
	if err != nil {
		return err
	}
	f.User.SecondFactor = true
	return g.showSecurity(f, http.StatusOK, securityView{codes: codes})
}

func (g *Group) renewCodes(f *Frame) error {
	var in factorInput
	if err := f.Bind(&in); err != nil {
		return err
	}
	codes, err := g.portal.Accounts.RenewRecoveryCodes(f.Context(), f.Actor, in.OTP)
	if faults, ok := FaultsOf(err); ok {
		return g.showSecurity(f, refusal(err), securityView{renew: faults})
	}
	if err != nil {
		return err
	}
	return g.showSecurity(f, http.StatusOK, securityView{codes: codes})
}

func (g *Group) dropFactor(f *Frame) error {
	var in factorInput
	if err := f.Bind(&in); err != nil {
		return err
	}
	err := g.portal.Accounts.DropFactor(f.Context(), f.Actor, in.Password, in.OTP)
	if faults, ok := FaultsOf(err); ok {
		return g.showSecurity(f, refusal(err), securityView{off: faults})
	}
	if err != nil {
		return err
	}
	f.Flash(ui.OK, "The second factor is off.")
	return f.Redirect(f.Path("/account/security"))
}

func (g *Group) endSession(f *Frame) error {
	id, ok := domain.ParseUUID(f.Param("id"))
	if !ok {
		return errs.NotFound("not_found", "there is no such log-in")
	}
	if id == f.Session.ID {
		return g.logout(f)
	}
	if err := g.portal.Accounts.EndSession(f.Context(), f.Actor, id); err != nil {
		return err
	}
	f.Flash(ui.OK, "That log-in has ended.")
	return f.Redirect(f.Path("/account/security"))
}

func (g *Group) endOthers(f *Frame) error {
	if err := g.portal.Accounts.EndOthers(f.Context(), f.Actor, f.Session.ID); err != nil {
		return err
	}
	f.Flash(ui.OK, "All other log-ins have ended.")
	return f.Redirect(f.Path("/account/security"))
}

// enrolmentOf is the enrolment of an address that StartFactor gave; the zero one for any other text.
func enrolmentOf(url string) account.Enrolment {
	key, err := otp.NewKeyFromURL(url)
	if err != nil || key.Type() != "totp" || key.Secret() == "" {
		return account.Enrolment{}
	}
	return account.Enrolment{Secret: key.Secret(), URL: url}
}

// qrOf is the picture of an enrolment as a data address; empty where it cannot be drawn, and the secret is typed.
func qrOf(e account.Enrolment) string {
	key, err := otp.NewKeyFromURL(e.URL)
	if err != nil {
		return ""
	}
	picture, err := key.Image(336, 336)
	if err != nil {
		return ""
	}
	var b bytes.Buffer
	if png.Encode(&b, picture) != nil {
		return ""
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
}

// inFours writes a secret in groups that can be typed.
func inFours(s string) string {
	var groups []string
	for len(s) > 4 {
		groups, s = append(groups, s[:4]), s[4:]
	}
	return strings.Join(append(groups, s), " ")
}

// browserName is the browser and the system that a user agent names, in words.
func browserName(agent string) string {
	browser, system := "", ""
	for _, b := range [][2]string{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"}} {
		if browser == "" && strings.Contains(agent, b[0]) {
			browser = b[1]
		}
	}
	for _, s := range [][2]string{{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"}} {
		if system == "" && strings.Contains(agent, s[0]) {
			system = s[1]
		}
	}
	switch {
	case browser != "" && system != "":
		return browser + " on " + system
	case browser != "":
		return browser
	case system != "":
		return "A browser on " + system
	}
	return "An unknown browser"
}

func sessionRows(f *Frame, sessions []account.OpenSession) []ui.Row {
	rows := make([]ui.Row, len(sessions))
	for i, s := range sessions {
		what := ui.Cell{Text: "API log-in", Narrow: f.Ago(s.LastUsedAt)}
		if s.Kind == account.SessionBrowser {
			what.Text, what.Title = browserName(s.UserAgent), s.UserAgent
		}
		if s.ID == f.Session.ID {
			what.Badge = ui.Badge(ui.OK, "this one")
		}
		rows[i] = ui.Row{ID: "session-" + s.ID.String(), Actions: endButton(f, s), Cells: []ui.Cell{what,
			{Text: Or(s.IP), Mono: true}, {Text: f.Ago(s.LastUsedAt), Title: f.Exact(s.LastUsedAt)},
			{Text: f.Time(s.CreatedAt), Title: f.Exact(s.CreatedAt)}}}
	}
	return rows
}
