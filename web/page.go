package web

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"
)

// pagePolicy is the Content-Security-Policy of a page (ui-guide: nothing inline but what carries the nonce, nothing from
// another host, no frame around it).
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-%s'; style-src-attr 'unsafe-inline'; " +
	"img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// PageHeaders sets the headers of a page that a person looks at, and returns the nonce of its one style element. Pages
// hold personal data, so nothing keeps them.
func PageHeaders(c echo.Context) (nonce string) {
	nonce = rand.Text()
	h := c.Response().Header()
	h.Set("Content-Security-Policy", fmt.Sprintf(pagePolicy, nonce))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY") // for browsers that do not know frame-ancestors
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "HX-Request")
	return nonce
}

// badForm is a body that is no form.
func badForm(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	return echo.NewHTTPError(http.StatusBadRequest, "the form could not be read: go back and send it again").SetInternal(err)
}
