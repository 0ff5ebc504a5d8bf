package api

import (
	"embed"
	"net/http"

	"github.com/labstack/echo/v4"
)

//go:embed password/*.html password/*.js password/*.css
var passwordPage embed.FS

// mountPasswordPage serves the page that mailed links open, where an invited user or one who forgot the password
// chooses one. It sends what was typed to the API, with the token of the link.
func mountPasswordPage(e *echo.Echo) {
	for _, f := range []struct{ path, name, mediaType string }{
		{"/set-password", "index.html", "text/html; charset=utf-8"},
		{"/set-password/page.css", "page.css", "text/css; charset=utf-8"},
		{"/set-password/page.js", "page.js", scriptType},
	} {
		content, err := passwordPage.ReadFile("password/" + f.name)
		if err != nil {
			panic(err) // at start-up: the embed pattern names it
		}
		e.GET(f.path, func(c echo.Context) error {
			h := c.Response().Header()
			h.Set("Content-Security-Policy", docsPolicy)
			h.Set("Referrer-Policy", "no-referrer") // the address holds a token
			return c.Blob(http.StatusOK, f.mediaType, content)
		})
	}
}
