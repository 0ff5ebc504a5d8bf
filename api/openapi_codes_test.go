package api

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/web"
)

// sources are the parsed files that answers come from, tests and the document's own tables left out.
func sources(t *testing.T) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	for _, root := range []string{"../domain", "../api", "../web", "../store", "../outbound", "../tracking"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(filepath.Base(path), "openapi_") {
				return err
			}
			source, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			files[filepath.ToSlash(path)], err = parser.ParseFile(token.NewFileSet(), path, source, parser.SkipObjectResolution)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func literal(e ast.Expr) string {
	if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		s, _ := strconv.Unquote(lit.Value)
		return s
	}
	return ""
}

// unanswered are codes that no client meets: they end in a log, or another stands in for them.
var unanswered = map[string]string{
	"recipient_refused": "of mail that is sent later", "unreadable": "of mail that is sent later",
	"invalid_file_name": "of mail that is sent later", "invalid_file_type": "of mail that is sent later", "file_too_large": "of what is made in the background",
	"took_too_long": "of what is made in the background", "lease_lost": "of what is made in the background", "user_disabled": "of what is made in the background",
	"invalid_click": "of the spool's loader",
	"view_only":     "of the portals", "already_viewing": "of the portals", "forged_request": "of the portals",
	"stopped": "of the portals: of a line that a bulk change did not get to",
}

// elsewhere are codes that the door answers with another status than their kind's.
var elsewhere = map[string]int{"concurrent_change": 503, "missing_partition": 503, "invalid_idempotency_key": 400}

// Every code that a rule gives stands in the tables, under the status that it is answered with, and every code of the
// tables is given somewhere.
func TestEveryCodeIsExplained(t *testing.T) {
	t.Parallel()
	kinds := map[string]int{}
	for name, make := range map[string]func(string, string, ...any) *errs.Error{"Invalid": errs.Invalid, "NotFound": errs.NotFound, "Conflict": errs.Conflict,
		"Forbidden": errs.Forbidden, "Unauthenticated": errs.Unauthenticated, "Limited": errs.Limited, "Unavailable": errs.Unavailable} {
		kinds[name] = web.ProblemOf(t.Context(), make("x", "x")).Status
	}
	words, warned := map[string]bool{}, map[string]bool{}
	for path, file := range sources(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				words[literal(n)] = true
			case *ast.CallExpr:
				call, ok := n.Fun.(*ast.SelectorExpr)
				if !ok || len(n.Args) == 0 {
					break
				}
				on, _ := call.X.(*ast.Ident)
				code, status := literal(n.Args[0]), kinds[call.Sel.Name]
				if on == nil || on.Name != "errs" || status == 0 || code == "" || strings.HasPrefix(path, "../tracking/") {
					break
				}
				if _, inAPI := findCode(errorCodes, code, status); inAPI || unanswered[code] != "" {
					break
				}
				if _, moved := findCode(errorCodes, code, elsewhere[code]); moved {
					break
				}
				inCall := slices.ContainsFunc(callCodes, func(c codeNote) bool { return c.code == code })
				if !inCall || !strings.HasPrefix(path, "../domain/") {
					t.Errorf("%s: %s is answered with %d, and no table says what it means", path, code, status)
				}
			case *ast.CompositeLit:
				if typ, ok := n.Type.(*ast.SelectorExpr); ok && typ.Sel.Name == "Warning" {
					for _, e := range n.Elts {
						if kv, ok := e.(*ast.KeyValueExpr); ok && kv.Key.(*ast.Ident).Name == "Code" && literal(kv.Value) != "" {
							warned[literal(kv.Value)] = true
						}
					}
				}
			case *ast.ValueSpec:
				for i, name := range n.Names {
					if strings.HasPrefix(name.Name, "warn") && i < len(n.Values) && path == "../domain/conversion/answer.go" {
						warned[literal(n.Values[i])] = true
					}
				}
			}
			return true
		})
	}
	given := func(code string) bool {
		rest, composed := strings.CutPrefix(code, "invalid_")
		return words[code] || composed && words["invalid_"] && words[rest]
	}
	for _, c := range append(slices.Clone(errorCodes), callCodes...) {
		if !given(c.code) {
			t.Errorf("nothing gives the code %s", c.code)
		}
		if c.means == "" || c.do == "" || strings.HasSuffix(c.means, ".") || strings.HasSuffix(c.do, ".") {
			t.Errorf("%s: means %q, do %q", c.code, c.means, c.do)
		}
	}
	explained := map[string]bool{}
	for _, w := range warningCodes {
		explained[w.code] = true
		if !given(w.code) {
			t.Errorf("nothing gives the warning %s", w.code)
		}
	}
	for code := range warned {
		if !explained[code] {
			t.Errorf("no table says what the warning %s means", code)
		}
	}
}

// The table of postback codes has the statuses that package conversion answers with.
func TestPostbackCodesHaveTheirStatus(t *testing.T) {
	t.Parallel()
	refusals := map[string]int{}
	ast.Inspect(sources(t)["../domain/conversion/answer.go"], func(n ast.Node) bool {
		if kv, ok := n.(*ast.KeyValueExpr); ok && literal(kv.Key) != "" {
			if lit, ok := kv.Value.(*ast.BasicLit); ok {
				refusals[literal(kv.Key)], _ = strconv.Atoi(lit.Value)
			}
		}
		return true
	})
	if len(refusals) < 20 {
		t.Fatalf("only %d refusals were found", len(refusals))
	}
	for _, c := range callCodes {
		status, refused := refusals[c.code]
		delete(refusals, c.code)
		if refused && !slices.Equal(c.statuses, []int{status}) || !refused && c.statuses[0] >= 400 && c.statuses[0] < 429 {
			t.Errorf("%s: the table has %v, a call is answered with %d", c.code, c.statuses, status)
		}
	}
	for code := range refusals {
		t.Errorf("no table says what %s means", code)
	}
}

// A code that no operation shows is one that somebody forgot to name in a note.
func TestEveryCodeHasAnOperation(t *testing.T) {
	t.Parallel()
	router := map[string]bool{"method_not_allowed": true} // before any operation
	s := newService(echo.New(), Deps{})
	document := s.api.OpenAPI()
	describeDoors(document)
	if err := describe(document); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range errorCodes {
		for _, status := range c.statuses {
			if !router[c.code] && !strings.Contains(string(body), `"#/components/examples/`+exampleName(c.code, status)+`"`) {
				t.Errorf("no operation says that it answers %d %s", status, c.code)
			}
		}
	}
}
