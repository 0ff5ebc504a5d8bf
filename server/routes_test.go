package server

import (
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/api"
	"github.com/waypost/waypost/config"
	"github.com/waypost/waypost/jobs"
	"github.com/waypost/waypost/spool"
	"github.com/waypost/waypost/store/storetest"
	"github.com/waypost/waypost/tracking"
)

// plainRoutes need no entry in the OpenAPI document: probes, numbers and the document's own pages.
var plainRoutes = []string{"GET /healthz", "GET /readyz", "GET /readyz/track", "GET /metrics",
	"GET /api/openapi.json", "GET /api/docs", "GET /api/docs/docs.js", "GET /api/docs/docs.css",
	"GET /api/docs/icon.svg", "GET /api/docs/markdown.js", "GET /api/docs/operation.js", "GET /api/docs/schema.js", "GET /api/docs/tracking",
	"GET /api/docs/tracking.js", "GET /api/docs/tracking.md", "GET /api/docs/try.js",
	"GET /brand/logo"}

// portalPages are the pages outside the three portals, whose own routes begin with their names and are tried by who may
// see them in the portals' tests.
var portalPages = []string{"GET /", "GET /login", "POST /login", "GET /login/code", "POST /login/code", "GET /forgotten", "POST /forgotten",
	"GET /set-password", "POST /set-password", "GET /static/*", "HEAD /static/*",
	"GET /sign-up", "GET /sign-up/affiliate", "POST /sign-up/affiliate", "GET /sign-up/advertiser", "POST /sign-up/advertiser", "GET /sign-up/sent",
	"GET /sign-up/verify", "POST /sign-up/verify", "GET /t/{token}"}

// inPortal tells the routes of the three portals.
var inPortal = regexp.MustCompile(`^\w+ /(admin|affiliate|advertiser)(/|$)`)

// TestEveryRouteIsDocumented: the router of the whole program and the OpenAPI document that it serves know the same
// routes, so that nothing is served which the tests of rights and of the contract cannot see.
func TestEveryRouteIsDocumented(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	log := slog.New(slog.DiscardHandler)
	sp, err := spool.Open(t.TempDir(), spool.Options{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	defer sp.Close()
	s := &Server{cfg: config.Config{Role: "all"}, log: log, stores: &stores{db: db, trackDB: db, secret: make([]byte, 32)}, services: &services{},
		track: &trackingNode{spool: sp, doors: tracking.New(tracking.Options{Routing: tracking.NewRouting(db.Routing(), "", log), Spool: sp, Clock: now, Log: log}),
			loader: jobs.NewSpoolLoader(jobs.SpoolLoaderOptions{Spool: sp, Log: log})}}
	e, err := s.routes()
	if err != nil {
		t.Fatal(err)
	}
	served := map[string]bool{}
	for _, r := range e.Routes() {
		if r.Method != echo.RouteNotFound && !inPortal.MatchString(r.Method+" "+r.Path) && r.Path != "" && r.Path != "/*" && r.Path != api.Base && r.Path != api.Base+"/*" {
			served[r.Method+" "+regexp.MustCompile(`:(\w+)`).ReplaceAllString(r.Path, "{$1}")] = true
		}
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/openapi.json", nil))
	var document struct {
		Paths map[string]map[string]struct{ Servers []any }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, route := range slices.Concat(plainRoutes, portalPages) {
		known[route] = true
	}
	for path, methods := range document.Paths {
		for method, operation := range methods {
			if len(operation.Servers) == 0 {
				known[strings.ToUpper(method)+" "+api.Base+path] = true
			} else {
				known[strings.ToUpper(method)+" "+path] = true
			}
		}
	}
	for _, route := range slices.Sorted(maps.Keys(served)) {
		if !known[route] && !known[strings.Replace(route, "HEAD ", "GET ", 1)] {
			t.Errorf("%s is served, but neither documented nor plain", route)
		}
	}
	for _, route := range slices.Sorted(maps.Keys(known)) {
		if !served[route] {
			t.Errorf("%s is documented, but not served", route)
		}
	}
}
