package waypost

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	logMethod = regexp.MustCompile(`^(Debug|Info|Warn|Error)(Context)?$`)
	logger    = regexp.MustCompile(`^(\w+\.)*([lL]og|slog)$`)
	logKey    = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

// TestLogLinesHaveStableKeys: who searches logs, or counts on them, finds a line by a fixed message and by keys that are
// spelled alike: words with underscores, an error under "error". And no line goes past the logger that masks secrets.
func TestLogLinesHaveStableKeys(t *testing.T) {
	t.Parallel()
	lines := 0
	for _, f := range sourceFiles(t) {
		if f.test || f.folder == "bench" || f.folder == "e2e" {
			continue
		}
		files := token.NewFileSet()
		parsed, err := parser.ParseFile(files, f.path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			to, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !logMethod.MatchString(to.Sel.Name) || !logger.MatchString(nameOf(to.X)) {
				return true
			}
			lines++
			at := files.Position(call.Pos())
			if nameOf(to.X) == "slog" {
				t.Errorf("%s: logs past the program's logger, which masks secrets", at)
			}
			args := call.Args
			if strings.HasSuffix(to.Sel.Name, "Context") {
				args = args[1:]
			}
			for args = args[1:]; len(args) > 0; { // after the message
				key, value := args[0], ast.Expr(nil)
				if attr, ok := args[0].(*ast.CallExpr); ok { // slog.Any("key", value)
					if !strings.HasPrefix(nameOf(attr.Fun), "slog.") || len(attr.Args) != 2 {
						t.Errorf("%s: an argument is neither a key nor an attribute", at)
						return true
					}
					key, value, args = attr.Args[0], attr.Args[1], args[1:]
				} else if len(args) > 1 {
					value, args = args[1], args[2:]
				} else {
					t.Errorf("%s: a key has no value", at)
					return true
				}
				text, ok := key.(*ast.BasicLit)
				if !ok || text.Kind != token.STRING {
					t.Errorf("%s: a key is no constant", at)
					continue
				}
				name, _ := strconv.Unquote(text.Value)
				if !logKey.MatchString(name) {
					t.Errorf("%s: the key %q is no word in lower case", at, name)
				}
				if what := nameOf(value); (what == "err" || strings.HasSuffix(what, "Err")) && name != "error" {
					t.Errorf("%s: an error stands under %q", at, name)
				}
			}
			return true
		})
	}
	if lines < 40 {
		t.Errorf("only %d lines were found", lines)
	}
}

// nameOf is a chain of names, such as s.o.Log; empty for anything else.
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		if before := nameOf(e.X); before != "" {
			return before + "." + e.Sel.Name
		}
	}
	return ""
}
