package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// Cookies are the portals' cookies. Where the public address is https they are Secure and named __Host-…, which binds
// them to this host and to https; on http, where a browser would refuse such names, they go without.
type Cookies struct{ https bool }

// NewCookies makes them. https tells that the public address is https.
func NewCookies(https bool) Cookies { return Cookies{https} }

// Session is the token of the browser's session; empty where it sent none.
func (k Cookies) Session(c echo.Context) string { return k.read(c, k.sessionName()) }

// SetSession gives the browser the token of a session, for as long as that can last.
func (k Cookies) SetSession(c echo.Context, token string, lifetime time.Duration) {
	k.write(c, k.sessionName(), token, int(lifetime/time.Second))
}

// ClearSession takes the token away.
func (k Cookies) ClearSession(c echo.Context) { k.write(c, k.sessionName(), "", -1) }

// Form is the secret by which the forms of who is not logged in are told from forged ones; empty where there is none.
func (k Cookies) Form(c echo.Context) string { return k.read(c, k.formName()) }

// SetForm gives the browser that secret until it is closed.
func (k Cookies) SetForm(c echo.Context, secret string) { k.write(c, k.formName(), secret, 0) }

func (k Cookies) sessionName() string {
	if k.https {
		return "__Host-waypost"
	}
	return "waypost_session"
}

func (k Cookies) formName() string {
	if k.https {
		return "__Host-waypost-form"
	}
	return "waypost_form"
}

// read gives a cookie's value. Two of one name mean that somebody else set one too: none is believed.
func (k Cookies) read(c echo.Context, name string) string {
	found := c.Request().CookiesNamed(name)
	if len(found) != 1 {
		return ""
	}
	return found[0].Value
}

func (k Cookies) write(c echo.Context, name, value string, maxAge int) {
	c.SetCookie(&http.Cookie{Name: name, Value: value, Path: "/", MaxAge: maxAge, Secure: k.https, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}
