package web

import "github.com/labstack/echo/v4"

// PolicyNothing is the Content-Security-Policy of answers that are data: a browser that is made to show one loads and
// runs nothing.
const PolicyNothing = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// SecurityHeaders sets the headers of every answer. A page that needs scripts or styles sets a policy of its own
// over PolicyNothing. https tells that the public address is https, which browsers are then told to insist on.
func SecurityHeaders(https bool) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			h := c.Response().Header()
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Content-Security-Policy", PolicyNothing)
			h.Set("Referrer-Policy", "no-referrer")
			if https {
				h.Set("Strict-Transport-Security", "max-age=31536000")
			}
			return next(c)
		}
	}
}
