package api

import (
	"embed"
	"net/http"

	"github.com/labstack/echo/v4"
)

//go:embed docs/index.html docs/docs.js docs/docs.css
var docs embed.FS

// docsPolicy lets the documentation page load its own files and the document, and nothing else.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// mountDocs serves the page that shows the OpenAPI document. Its files stand below /api, so that a link on it needs no
// knowledge of where it is mounted.
func mountDocs(e *echo.Echo) {
	for path, file := range map[string]struct{ name, mediaType string }{
		"/api/docs":          {"index.html", "text/html; charset=utf-8"},
		"/api/docs/docs.js":  {"docs.js", "text/javascript; charset=utf-8"},
		"/api/docs/docs.css": {"docs.css", "text/css; charset=utf-8"},
	} {
		content, err := docs.ReadFile("docs/" + file.name)
		if err != nil {
			panic(err) // at start-up: the embed pattern names it
		}
		e.GET(path, func(c echo.Context) error {
			c.Response().Header().Set("Content-Security-Policy", docsPolicy)
			return c.Blob(http.StatusOK, file.mediaType, content)
		})
	}
}
