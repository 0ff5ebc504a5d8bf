package api

import (
	"embed"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost"
)

//go:embed docs/*.html docs/*.js docs/*.css docs/*.svg
var docs embed.FS

// docsPolicy lets the documentation pages load their own files and call this server, and nothing else.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// docsFiles are what the pages are made of, by path and media type. Everything stands below /api, so that a link on it
// needs no knowledge of where it is mounted.
var docsFiles = []struct{ path, name, mediaType string }{
	{"/api/docs", "index.html", "text/html; charset=utf-8"},
	{"/api/docs/tracking", "tracking.html", "text/html; charset=utf-8"},
	{"/api/docs/docs.css", "docs.css", "text/css; charset=utf-8"},
	{"/api/docs/icon.svg", "icon.svg", "image/svg+xml"},
	{"/api/docs/docs.js", "docs.js", scriptType},
	{"/api/docs/markdown.js", "markdown.js", scriptType},
	{"/api/docs/operation.js", "operation.js", scriptType},
	{"/api/docs/schema.js", "schema.js", scriptType},
	{"/api/docs/tracking.js", "tracking.js", scriptType},
	{"/api/docs/try.js", "try.js", scriptType},
}

const scriptType = "text/javascript; charset=utf-8"

// mountDocs serves the page that shows the OpenAPI document, and the one that shows TRACKING.md.
func mountDocs(e *echo.Echo) {
	serve := func(path, mediaType string, content []byte) {
		e.GET(path, func(c echo.Context) error {
			c.Response().Header().Set("Content-Security-Policy", docsPolicy)
			return c.Blob(http.StatusOK, mediaType, content)
		})
	}
	for _, f := range docsFiles {
		content, err := docs.ReadFile("docs/" + f.name)
		if err != nil {
			panic(err) // at start-up: the embed pattern names it
		}
		serve(f.path, f.mediaType, content)
	}
	serve("/api/docs/tracking.md", "text/markdown; charset=utf-8", waypost.TrackingGuide)
}
