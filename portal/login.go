package portal

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/ui"
	"github.com/waypost/waypost/web"
)

func (p *Portal) loginRoutes(e *echo.Echo) {
	e.GET("/login", p.Public(p.loginForm))
	e.POST("/login", p.Public(p.login))
	e.GET("/login/code", p.Public(p.codeForm))
	e.POST("/login/code", p.Public(p.code))
	e.GET("/forgotten", p.Public(p.forgottenForm))
	e.POST("/forgotten", p.Public(p.forgotten))
	e.GET("/set-password", p.Public(p.setPasswordForm))
	e.POST("/set-password", p.Public(p.setPassword))
}

// loginInput is what is typed to log in, and where to go on.
type loginInput struct {
	Email    string `form:"email"`
	Password string `form:"password,raw"`
	Next     string `form:"next" query:"next"`
	Again    bool   `query:"again"` // also where a session goes on, which is about to end
}

func (p *Portal) loginForm(f *Frame) error {
	var in loginInput
	if err := f.Query(&in); err != nil {
		return err
	}
	in.Next = web.LocalPath(in.Next, "")
	if b, err := p.Accounts.PeekBrowser(f.Context(), p.cookies.Session(f.Echo)); err == nil && !in.Again {
		return f.Redirect(web.LocalPath(in.Next, Of(b.Actor(f.Echo.RealIP())).Base()))
	}
	return f.Plain(http.StatusOK, "Log in", loginPage(f, in, nil))
}

func (p *Portal) login(f *Frame) error {
	var in loginInput
	if err := f.Bind(&in); err != nil {
		return err
	}
	in.Next = web.LocalPath(in.Next, "")
	token, pending, err := p.Accounts.LoginBrowser(f.Context(), account.BrowserInput{UserAgent: f.Echo.Request().UserAgent(),
		LoginInput: account.LoginInput{Email: in.Email, Password: in.Password, IP: f.Echo.RealIP()}})
	if faults, ok := FaultsOf(err); ok {
		in.Password = ""
		return f.Plain(refusal(err), "Log in", loginPage(f, in, faults))
	}
	if err != nil {
		return err
	}
	p.leave(f)
	p.cookies.SetSession(f.Echo, token, account.BrowserLifetime)
	if pending {
		return f.Redirect(URL("/login/code", loginInput{Next: in.Next}))
	}
	return p.welcome(f, token, in.Next)
}

// leave ends the session that the browser had before, so that a log-in never goes on with an old one.
func (p *Portal) leave(f *Frame) {
	b, err := p.Accounts.PeekBrowser(f.Context(), p.cookies.Session(f.Echo))
	if err == nil {
		err = p.Accounts.EndSession(f.Context(), b.Operator(f.Echo.RealIP()), b.Session.ID)
	}
	if err != nil && !errs.Is(err, errs.KindUnauthenticated) && !errs.Is(err, errs.KindNotFound) {
		p.Log.WarnContext(f.Context(), "end session before a new one", "error", err)
	}
}

// welcome goes on to where the user wanted, or to its portal.
func (p *Portal) welcome(f *Frame, token, next string) error {
	b, err := p.Accounts.PeekBrowser(f.Context(), token)
	if err != nil {
		return err
	}
	return f.Redirect(web.LocalPath(next, Of(b.Actor(f.Echo.RealIP())).Base()))
}

// codeInput is the second step of a log-in.
type codeInput struct {
	OTP  string `form:"otp"`
	Next string `form:"next" query:"next"`
}

func (p *Portal) codeForm(f *Frame) error {
	var in codeInput
	if err := f.Query(&in); err != nil {
		return err
	}
	in.Next = web.LocalPath(in.Next, "")
	if p.cookies.Session(f.Echo) == "" {
		return f.Redirect(URL("/login", loginInput{Next: in.Next}))
	}
	return f.Plain(http.StatusOK, "Confirm that it is you", codePage(f, in, nil))
}

func (p *Portal) code(f *Frame) error {
	var in codeInput
	if err := f.Bind(&in); err != nil {
		return err
	}
	in.Next = web.LocalPath(in.Next, "")
	token, err := p.Accounts.FinishBrowser(f.Context(), p.cookies.Session(f.Echo), in.OTP, f.Echo.RealIP(), f.Echo.Request().UserAgent())
	if errs.HasCode(err, "session_ended") {
		f.Flash(ui.Warn, "That took too long. Log in again.")
		return f.Redirect(URL("/login", loginInput{Next: in.Next}))
	}
	if faults, ok := FaultsOf(err); ok {
		in.OTP = ""
		return f.Plain(refusal(err), "Confirm that it is you", codePage(f, in, faults.Rename("", "otp")))
	}
	if err != nil {
		return err
	}
	p.cookies.SetSession(f.Echo, token, account.BrowserLifetime)
	return p.welcome(f, token, in.Next)
}

// refusal is the status of a refused form: 429 where the user has to wait, else 422.
func refusal(err error) int {
	if errs.Is(err, errs.KindLimited) {
		return http.StatusTooManyRequests
	}
	return http.StatusUnprocessableEntity
}

// forgottenTime is how long the answer takes, more than the work needs: it must not tell whether there was any.
const forgottenTime = 400 * time.Millisecond

type forgottenInput struct {
	Email string `form:"email"`
}

func (p *Portal) forgottenForm(f *Frame) error {
	return f.Plain(http.StatusOK, "Forgotten password", forgottenPage(f, forgottenInput{}, nil, false))
}

func (p *Portal) forgotten(f *Frame) error {
	var in forgottenInput
	if err := f.Bind(&in); err != nil {
		return err
	}
	if in.Email == "" {
		return f.Plain(http.StatusUnprocessableEntity, "Forgotten password", forgottenPage(f, in, Faults{"email": "Type the e-mail address of your account."}, false))
	}
	answer := time.NewTimer(forgottenTime)
	defer answer.Stop()
	err := p.Accounts.ForgotPassword(f.Context(), in.Email, f.Echo.RealIP())
	select {
	case <-answer.C:
	case <-f.Context().Done():
	}
	if faults, ok := FaultsOf(err); ok {
		return f.Plain(refusal(err), "Forgotten password", forgottenPage(f, in, faults, false))
	}
	if err != nil {
		return err
	}
	return f.Plain(http.StatusOK, "Check your mail", forgottenPage(f, in, nil, true))
}

// setPasswordInput is the choice of a password by a mailed link: an invitation, or a forgotten password.
type setPasswordInput struct {
	Token    string `form:"token" query:"token"`
	Password string `form:"password,raw"`
	Again    string `form:"again,raw"`
}

func (p *Portal) setPasswordForm(f *Frame) error {
	var in setPasswordInput
	if err := f.Query(&in); err != nil {
		return err
	}
	var faults Faults
	if in.Token == "" {
		faults = Faults{"token": "This link is not whole: open the one in the mail again, or ask for another."}
	}
	return f.Plain(http.StatusOK, "Choose a password", setPasswordPage(f, in, faults))
}

func (p *Portal) setPassword(f *Frame) error {
	var in setPasswordInput
	if err := f.Bind(&in); err != nil {
		return err
	}
	faults := Faults{"again": "The two passwords differ: type the same one twice."}
	if in.Password == in.Again {
		err := p.Accounts.UseLink(f.Context(), in.Token, in.Password, f.Echo.RealIP())
		var ok bool
		if faults, ok = FaultsOf(err); !ok {
			if err != nil {
				return err
			}
			f.Flash(ui.OK, "Your password is set. Log in with it.")
			return f.Redirect("/login")
		}
	}
	in.Password, in.Again = "", ""
	return f.Plain(http.StatusUnprocessableEntity, "Choose a password", setPasswordPage(f, in, faults))
}
