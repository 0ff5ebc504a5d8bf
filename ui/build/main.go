// Command build makes ui/dist from ui/css, ui/js, ui/icons.txt and ui/vendor: bundled, minified, with a hash of the
// content in each name, and manifest.json that maps plain names to hashed ones. Run it from the module's root:
//
//	go run ./ui/build
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

const (
	source = "ui"
	dist   = "ui/dist"
)

func main() {
	if err := build(); err != nil {
		fmt.Fprintln(os.Stderr, "ui/build:", err)
		os.Exit(1)
	}
}

func build() error {
	if err := os.RemoveAll(dist); err != nil {
		return err
	}
	if err := os.MkdirAll(dist, 0o755); err != nil {
		return err
	}
	manifest, err := bundle()
	if err != nil {
		return err
	}
	sprite, err := sprite()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(sprite)
	manifest["icons.svg"] = "icons-" + strings.ToUpper(hex.EncodeToString(sum[:4])) + ".svg"
	if err := os.WriteFile(filepath.Join(dist, manifest["icons.svg"]), sprite, 0o644); err != nil {
		return err
	}
	out, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dist, "manifest.json"), append(out, '\n'), 0o644)
}

// bundle runs esbuild and returns what became of each entry and font: plain name → name in dist.
func bundle() (map[string]string, error) {
	vendor, err := filepath.Abs(filepath.Join(source, "vendor"))
	if err != nil {
		return nil, err
	}
	result := api.Build(api.BuildOptions{
		EntryPoints:       []string{source + "/js/app.js", source + "/css/app.css"},
		Outdir:            dist,
		Bundle:            true,
		Splitting:         true, // chart.js is a file of its own, fetched by pages with a chart
		Format:            api.FormatESModule,
		Target:            api.ES2022,
		Engines:           []api.Engine{{Name: api.EngineChrome, Version: "123"}, {Name: api.EngineFirefox, Version: "125"}, {Name: api.EngineSafari, Version: "17.5"}},
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		LegalComments:     api.LegalCommentsNone, // the licences lie beside the sources in ui/vendor
		Charset:           api.CharsetUTF8,
		EntryNames:        "[name]-[hash]",
		ChunkNames:        "[name]-[hash]",
		AssetNames:        "[name]-[hash]",
		PublicPath:        "/static",
		Loader:            map[string]api.Loader{".woff2": api.LoaderFile},
		Alias:             map[string]string{"@kurkle/color": filepath.Join(vendor, "kurkle-color", "color.esm.js")},
		Metafile:          true,
		Write:             true,
		LogLevel:          api.LogLevelWarning,
	})
	if len(result.Errors) > 0 {
		return nil, fmt.Errorf("esbuild: %d errors, see above", len(result.Errors))
	}
	var meta struct {
		Outputs map[string]struct {
			EntryPoint string
			Inputs     map[string]struct{}
		}
	}
	if err := json.Unmarshal([]byte(result.Metafile), &meta); err != nil {
		return nil, err
	}
	manifest := map[string]string{}
	for output, what := range meta.Outputs {
		plain := what.EntryPoint
		if plain == "" && len(what.Inputs) == 1 {
			for input := range what.Inputs {
				plain = input
			}
		}
		if plain != "" {
			manifest[filepath.Base(plain)] = filepath.Base(output)
		}
	}
	return manifest, nil
}

var (
	svgOpen  = regexp.MustCompile(`(?s)^.*?<svg[^>]*>`)
	emptyBox = regexp.MustCompile(`<path stroke="none"[^>]*/>`)
	between  = regexp.MustCompile(`>\s+<`)
)

// sprite puts the icons of icons.txt into one SVG, each a symbol named like its file.
func sprite() ([]byte, error) {
	names, err := os.ReadFile(filepath.Join(source, "icons.txt"))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.WriteString(`<svg xmlns="http://www.w3.org/2000/svg">`)
	for name := range strings.FieldsSeq(string(names)) {
		icon, err := os.ReadFile(filepath.Join(source, "vendor", "tabler-icons", name+".svg"))
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("icons.txt names %q, but ui/vendor/tabler-icons has no such file: put it there from the version that VERSIONS.md names", name)
		}
		if err != nil {
			return nil, err
		}
		body := strings.TrimSuffix(strings.TrimSpace(svgOpen.ReplaceAllString(string(icon), "")), "</svg>")
		body = between.ReplaceAllString(strings.TrimSpace(emptyBox.ReplaceAllString(body, "")), "><")
		fmt.Fprintf(&out, `<symbol id="%s" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">%s</symbol>`, name, body)
	}
	out.WriteString("</svg>\n")
	return out.Bytes(), nil
}
