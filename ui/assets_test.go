package ui

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// sent is how many bytes of a built file go over the wire.
func sent(t *testing.T, name string) int {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, Asset(name), nil)
	r.Header.Set("Accept-Encoding", "gzip, br")
	w := httptest.NewRecorder()
	Static().ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("%s answered %d", name, w.Code)
	}
	return w.Body.Len()
}

func TestBudgets(t *testing.T) {
	t.Parallel()
	const kb = 1000
	css, js, icons := sent(t, "app.css"), sent(t, "app.js"), sent(t, "icons.svg")
	font, chart := sent(t, "inter-latin-wght-normal.woff2"), sent(t, "chartlib.js")
	const page = 4 * kb // what a page itself may weigh within the first visit's budget
	for _, budget := range []struct {
		name      string
		got, most int
	}{
		{"style sheet", css, 15 * kb},
		{"scripts with htmx", js, 30 * kb},
		{"first visit without a chart", css + js + icons + font + page, 90 * kb},
		{"first visit with a chart", css + js + icons + font + page + chart, 150 * kb},
	} {
		t.Logf("%s: %d of %d bytes", budget.name, budget.got, budget.most)
		if budget.got > budget.most {
			t.Errorf("%s: %d bytes, the budget is %d", budget.name, budget.got, budget.most)
		}
	}
}

func TestStaticFilesAreKeptForGoodAndCompressed(t *testing.T) {
	t.Parallel()
	for name, hashed := range manifest() {
		for _, encoding := range []string{"", "gzip"} {
			r := httptest.NewRequest(http.MethodGet, StaticPath+hashed, nil)
			r.Header.Set("Accept-Encoding", encoding)
			w := httptest.NewRecorder()
			Static().ServeHTTP(w, r)
			h := w.Header()
			if w.Code != http.StatusOK || h.Get("Cache-Control") != "public, max-age=31536000, immutable" || h.Get("Content-Type") == "" {
				t.Errorf("%s: %d %v", name, w.Code, h)
			}
			var body io.Reader = w.Body
			if h.Get("Content-Encoding") == "gzip" {
				if encoding == "" {
					t.Errorf("%s was compressed for a client that did not ask", name)
				}
				unzipped, err := gzip.NewReader(w.Body)
				if err != nil {
					t.Fatal(err)
				}
				body = unzipped
			}
			got, err := io.ReadAll(body)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, files()[hashed].plain) {
				t.Errorf("%s: other bytes than the file's", name)
			}
		}
		if !strings.Contains(hashed, "-") || path.Ext(hashed) != path.Ext(name) {
			t.Errorf("%s became %s: no hash, or another kind", name, hashed)
		}
	}
	w := httptest.NewRecorder()
	Static().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/static/../manifest.json", nil))
	if w.Code != http.StatusNotFound || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("an unknown file answered %d %q", w.Code, w.Header().Get("Cache-Control"))
	}
}

func TestVendoredFilesAreAsPublished(t *testing.T) {
	t.Parallel()
	sums, err := os.Open("vendor/SHA256SUMS")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sums.Close() }()
	known := map[string]bool{"SHA256SUMS": true, "VERSIONS.md": true}
	for lines := bufio.NewScanner(sums); lines.Scan(); {
		want, name, _ := strings.Cut(lines.Text(), "  ")
		content, err := os.ReadFile(filepath.Join("vendor", name))
		if err != nil {
			t.Fatal(err)
		}
		if got := sha256.Sum256(content); hex.EncodeToString(got[:]) != want {
			t.Errorf("vendor/%s is not the file that was published", name)
		}
		known[name] = true
	}
	err = filepath.WalkDir("vendor", func(name string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if rest := filepath.ToSlash(strings.TrimPrefix(name, "vendor"+string(filepath.Separator))); !known[rest] {
			t.Errorf("vendor/%s stands not in SHA256SUMS", rest)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
