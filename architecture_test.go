package waypost

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/waypost/waypost"

// mayImport is the plan of ARCHITECTURE.md: which of our folders a folder may import.
var mayImport = map[string][]string{
	"cmd":      {"server", "config", "migrations"},
	"server":   {"portal", "portal-admin", "portal-affiliate", "portal-advertiser", "ui", "api", "tracking", "jobs", "web", "store", "outbound", "spool", "embedded", "demo", "domain", "config", "migrations"},
	"tracking": {"web", "spool", "domain"},
	"api":      {"web", "domain", "."},
	"portal":   {"web", "ui", "domain"},

	"portal-admin":      {"portal", "web", "ui", "domain"},
	"portal-affiliate":  {"portal", "web", "ui", "domain"},
	"portal-advertiser": {"portal", "web", "ui", "domain"},

	"jobs":       {"spool", "domain"},
	"store":      {"domain", "store", "migrations"},
	"outbound":   {"domain"},
	"demo":       {"domain"},
	"web":        {"domain"},
	"e2e":        {"server", "config"},
	"bench":      {"domain"}, // click ids of stored clicks
	"domain":     {"domain"},
	"spool":      {},
	"ui":         {},
	"embedded":   {},
	"config":     {},
	"migrations": {},
	".":          {},
}

// onlyIn is which folders may speak a technology.
var onlyIn = map[string][]string{
	"gorm.io/":                       {"store"},
	"github.com/jackc/pgx/":          {"store", "server"},
	"github.com/golang-jwt/":         {"web"},
	"database/sql":                   {"store", "server", "migrations"},
	"github.com/redis/go-redis/":     {"store", "server"},
	"github.com/hibiken/asynq":       {"jobs", "server"},
	"github.com/danielgtaylor/huma/": {"api"},
	"github.com/labstack/echo/":      {"server", "web", "api", "tracking", "portal", "portal-admin", "portal-affiliate", "portal-advertiser"},
	"net/http":                       {"server", "web", "api", "tracking", "outbound", "ui", "portal", "portal-admin", "portal-affiliate", "portal-advertiser"},
	"os":                             {"cmd", "config", "server", "spool", "embedded", "outbound", "ui/build"},
	"github.com/shopspring/decimal":  {"domain/money"},
	"github.com/wneessen/go-mail":    {"outbound"},
	"github.com/oschwald/":           {"outbound"},
	"github.com/a-h/templ":           {"ui", "portal", "portal-admin", "portal-affiliate", "portal-advertiser"},
	"github.com/evanw/esbuild/":      {"ui/build"},
	"github.com/prometheus/client":   {"server", "tracking", "jobs"},
	"github.com/prometheus/procfs":   {"embedded"}, // how much memory there is
	"go.opentelemetry.io/":           {"server"},
}

// domainFloors orders the concepts, ground first: an import inside the domain goes to a lower floor only.
var domainFloors = [][]string{
	{"."}, {"errs"}, {"money"}, {"field"}, {"audit", "mail"}, {"account"}, {"advertiser", "affiliate", "network"},
	{"notice", "history", "note", "view", "export"}, {"offer", "ledger", "application"}, {"click"}, {"preset"}, {"conversion"}, {"postback"},
	{"trace", "report", "live"}, {"search", "work"},
}

// domainPure is what the domain may import besides itself and the pure part of the standard library.
var domainPure = []string{"github.com/shopspring/decimal", "github.com/pquerna/otp", "golang.org/x/crypto/argon2", "golang.org/x/text/"}

// domainNever is the standard library's impure part.
var domainNever = []string{"net/http", "database/sql", "os", "log", "os/exec", "syscall", "unsafe"}

type file struct {
	path    string // slash-separated, relative
	folder  string // first path element, "." for the root
	test    bool
	imports []string
}

func sourceFiles(t *testing.T) []file {
	t.Helper()
	var files []file
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != "." && (strings.HasPrefix(name, ".") || name == "bin" || name == "data" || name == "tmp" || name == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		source, err := os.ReadFile(path) // opened here, so that the test cache notices a change
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), path, source, parser.ImportsOnly)
		if err != nil {
			return err
		}
		f := file{path: filepath.ToSlash(path), folder: ".", test: strings.HasSuffix(path, "_test.go") ||
			strings.HasPrefix(filepath.ToSlash(path), "portal/portaltest/")} // only imported by tests
		if i := strings.IndexByte(f.path, '/'); i > 0 {
			f.folder = f.path[:i]
		}
		for _, spec := range parsed.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			f.imports = append(f.imports, imp)
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestFoldersImportOnlyWhatThePlanAllows(t *testing.T) {
	t.Parallel()
	for _, f := range sourceFiles(t) {
		allowed, known := mayImport[f.folder]
		if !known {
			t.Errorf("%s: folder %q stands in no plan; add it to mayImport and ARCHITECTURE.md, and say why", f.path, f.folder)
			continue
		}
		free := f.test || f.folder == "e2e" || f.folder == "bench" || strings.HasPrefix(f.path, "store/storetest/") ||
			strings.HasPrefix(f.path, "portal/portaltest/")
		for _, imp := range f.imports {
			if rest, ours := strings.CutPrefix(imp, module+"/"); ours {
				target, _, _ := strings.Cut(rest, "/")
				ok := target == f.folder || slices.Contains(allowed, target) ||
					f.test && (rest == "store/storetest" || rest == "portal/portaltest" || target == "embedded") ||
					strings.HasPrefix(f.path, "portal/portaltest/") && rest == "store/storetest" ||
					strings.HasPrefix(f.path, "store/storetest/") && target == "embedded"
				if !ok {
					t.Errorf("%s imports %s: the plan does not allow %s → %s", f.path, imp, f.folder, target)
				}
				continue
			}
			for technology, folders := range onlyIn {
				if !free && speaks(imp, technology) && !within(f.path, folders) {
					t.Errorf("%s imports %s: only %v may", f.path, imp, folders)
				}
			}
		}
	}
}

// speaks tells whether an import is the technology: exactly, or below it where the name ends in a slash.
func speaks(imp, technology string) bool {
	return imp == technology || strings.HasSuffix(technology, "/") && strings.HasPrefix(imp, technology) ||
		strings.Contains(technology, ".") && strings.HasPrefix(imp, technology+"/")
}

func within(path string, folders []string) bool {
	return slices.ContainsFunc(folders, func(folder string) bool { return strings.HasPrefix(path, folder+"/") })
}

func TestDomainImportsGoDown(t *testing.T) {
	t.Parallel()
	floor := map[string]int{}
	for i, names := range domainFloors {
		for _, name := range names {
			floor[name] = i
		}
	}
	for _, f := range sourceFiles(t) {
		rest, ok := strings.CutPrefix(f.path, "domain/")
		if !ok || f.test {
			continue
		}
		concept := "."
		if before, _, nested := strings.Cut(rest, "/"); nested {
			concept = before
		}
		mine, known := floor[concept]
		if !known {
			t.Errorf("%s: concept %q stands on no floor", f.path, concept)
			continue
		}
		for _, imp := range f.imports {
			switch below, ours := strings.CutPrefix(imp, module+"/domain"); {
			case ours:
				target := strings.TrimPrefix(below, "/")
				if target == "" {
					target = "."
				}
				if theirs, known := floor[target]; !known || theirs >= mine {
					t.Errorf("%s imports domain/%s, which is not on a lower floor", f.path, target)
				}
			case strings.Contains(imp, "."):
				if !slices.ContainsFunc(domainPure, func(p string) bool { return strings.HasPrefix(imp, p) }) {
					t.Errorf("%s imports %s: the domain knows no technology", f.path, imp)
				}
			case slices.Contains(domainNever, imp) || strings.HasPrefix(imp, "net/http") || strings.HasPrefix(imp, "database/"):
				t.Errorf("%s imports %s: the domain does no I/O", f.path, imp)
			}
		}
	}
}

func TestFilesAreShort(t *testing.T) {
	t.Parallel()
	const most = 400
	for _, f := range sourceFiles(t) {
		if f.test {
			continue
		}
		if page, generated := strings.CutSuffix(f.path, "_templ.go"); generated {
			f.path = page + ".templ"
		}
		source, err := os.ReadFile(f.path)
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(string(source), "\n"); lines > most {
			t.Errorf("%s has %d lines, more than %d: a room this big usually holds two", f.path, lines, most)
		}
	}
}
