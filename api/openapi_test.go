package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/api"
	"github.com/waypost/waypost/web"
)

var update = flag.Bool("update", false, "write testdata/openapi.golden.json anew")

const golden = "testdata/openapi.golden.json"

// mountedEmpty is the API without use cases: good for what needs none.
func mountedEmpty(t testing.TB) *echo.Echo {
	t.Helper()
	tokens, err := web.NewTokens(secret, web.AudienceAPI, now)
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	log := slog.New(slog.DiscardHandler)
	e.HTTPErrorHandler = web.ErrorHandler(log)
	e.Use(web.SecurityHeaders(false))
	if err := api.Mount(e, api.Deps{Tokens: tokens, Log: log}); err != nil {
		t.Fatal(err)
	}
	return e
}

func get(t testing.TB, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func TestOpenAPIGolden(t *testing.T) {
	t.Parallel()
	w := get(t, mountedEmpty(t), "/api/openapi.json")
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, w.Body.Bytes(), "", "  "); err != nil {
		t.Fatal(err)
	}
	pretty.WriteByte('\n')
	if *update {
		if err := os.WriteFile(golden, pretty.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(pretty.Bytes(), want) {
		t.Error("the document changed; look at it, then run with -update")
	}
}

// A client made from the document bears later additions to an answer, and is told of a body's unknown fields.
func TestOpenAPIIsOpenForAdditions(t *testing.T) {
	t.Parallel()
	var doc struct {
		Components struct {
			Schemas map[string]struct{ AdditionalProperties any }
		}
	}
	if err := json.Unmarshal(get(t, mountedEmpty(t), "/api/openapi.json").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]bool{"AdvertiserBody": true, "ListBodyOfferBody": true, "GoalBody": true, "RuleBody": true,
		"Problem": true, "ProblemField": true, "AdvertiserCreateBody": false, "OfferGoal": false, "RuleFields": false} {
		schema, known := doc.Components.Schemas[name]
		if !known || (schema.AdditionalProperties == nil) != open {
			t.Errorf("%s: known %t, additionalProperties %v", name, known, schema.AdditionalProperties)
		}
	}
}

// Each operation says what a client has to know: an id, a summary, whether it needs a token, its success and errors.
func TestOpenAPISaysEnough(t *testing.T) {
	t.Parallel()
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string
			Summary     string
			Tags        []string
			Security    []map[string][]string
			Parameters  []struct{ Name, In string }
			Responses   map[string]struct {
				Content map[string]any
			}
		}
	}
	if err := json.Unmarshal(get(t, mountedEmpty(t), "/api/openapi.json").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("OpenAPI %q", doc.OpenAPI)
	}
	signUp := map[string]bool{"get /sign-up": true, "post /applications": true, "post /applications/verify": true} // of strangers
	ids := map[string]bool{}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			at := method + " " + path
			if op.OperationID == "" || ids[op.OperationID] || op.Summary == "" || len(op.Tags) != 1 {
				t.Errorf("%s: id %q, summary %q, tags %v", at, op.OperationID, op.Summary, op.Tags)
			}
			ids[op.OperationID] = true
			if op.Tags[0] == "Tracking" { // doors without log-in and problem documents
				continue
			}
			open := public[path] || signUp[at]
			if open != (len(op.Security) == 0) {
				t.Errorf("%s: security %v", at, op.Security)
			}
			keyed := slices.Contains(op.Parameters, struct{ Name, In string }{"Idempotency-Key", "header"})
			if want := method != "get" && !strings.HasPrefix(path, "/auth/") && !signUp[at]; keyed != want {
				t.Errorf("%s: takes an Idempotency-Key: %t", at, keyed)
			}
			success := false
			for status, response := range op.Responses {
				if status < "300" {
					success = true
					continue
				}
				if response.Content[web.ProblemType] == nil {
					t.Errorf("%s: %s is no problem document", at, status)
				}
			}
			if _, ok := op.Responses["401"]; !ok && !open || !success {
				t.Errorf("%s: responses %v", at, op.Responses)
			}
		}
	}
}

func TestDocsPageLoadsNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	e := mountedEmpty(t)
	for _, path := range []string{"/api/docs", "/api/docs/tracking", "/api/docs/docs.js", "/api/docs/docs.css", "/api/docs/markdown.js", "/api/docs/operation.js",
		"/api/docs/schema.js", "/api/docs/tracking.js", "/api/docs/try.js", "/api/docs/icon.svg"} {
		w := get(t, e, path)
		body := w.Body.String()
		foreign := strings.ReplaceAll(body, "http://www.w3.org/2000/svg", "") // a name, not an address
		if w.Code != 200 || body == "" || strings.Contains(body, "//cdn") || strings.Contains(foreign, "https://") || strings.Contains(foreign, "http://") {
			t.Errorf("%s: %d", path, w.Code)
		}
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'self';") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", path, csp)
		}
	}
	loads := regexp.MustCompile(`(?:src|href)="(/[^"#]*)"|from "\./([^"]+)"|fetch\("([^"]+)"`)
	for _, path := range []string{"/api/docs", "/api/docs/tracking", "/api/docs/docs.js", "/api/docs/operation.js", "/api/docs/schema.js", "/api/docs/tracking.js", "/api/docs/try.js"} {
		page := get(t, e, path).Body.String()
		if strings.Contains(page, "<style") || strings.Contains(page, "<script>") || strings.Contains(page, "onload=") || strings.Contains(page, "style=") || strings.Contains(page, "innerHTML") {
			t.Errorf("%s: inline script or style, which the policy forbids, or markup made of text", path)
		}
		for _, m := range loads.FindAllStringSubmatch(page, -1) {
			file := m[1] + m[3]
			if m[2] != "" {
				file = "/api/docs/" + m[2]
			}
			if w := get(t, e, file); w.Code != 200 {
				t.Errorf("%s loads %s: %d", path, file, w.Code)
			}
		}
	}
}

// The guide is TRACKING.md itself.
func TestDocsServeTheGuide(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("../TRACKING.md")
	if err != nil {
		t.Fatal(err)
	}
	w := get(t, mountedEmpty(t), "/api/docs/tracking.md")
	if w.Code != 200 || !bytes.Equal(w.Body.Bytes(), want) || w.Header().Get("Content-Type") != "text/markdown; charset=utf-8" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestUnknownRoutes(t *testing.T) {
	t.Parallel()
	e := mountedEmpty(t)
	for _, path := range []string{"/api/v1/nothing", "/api/v1", "/api/v1/openapi.json", "/api/v1/schemas/x", "/api/v1/docs"} {
		if w := get(t, e, path); w.Code != 404 || w.Header().Get("Content-Type") != web.ProblemType {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
