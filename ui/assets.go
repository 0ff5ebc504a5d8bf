package ui

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed dist
var dist embed.FS

// StaticPath is where Static is to be mounted.
const StaticPath = "/static/"

// manifest maps plain names to the hashed names of dist.
var manifest = sync.OnceValue(func() map[string]string {
	names := map[string]string{}
	raw, err := dist.ReadFile("dist/manifest.json")
	if err == nil {
		err = json.Unmarshal(raw, &names)
	}
	if err != nil {
		panic("ui/dist is broken, run make ui: " + err.Error())
	}
	return names
})

// Asset is the path of a built file by its plain name, such as "app.css", "icons.svg". It panics at a name that the
// build does not make: that is a mistake in a template, which every test of a page finds.
func Asset(name string) string {
	hashed, ok := manifest()[name]
	if !ok {
		panic("ui/dist/manifest.json has no " + name + ": run make ui")
	}
	return StaticPath + hashed
}

// file is one built file, ready to be sent.
type file struct {
	plain, zipped []byte // zipped is nil for what is compressed already
	mime          string
}

var files = sync.OnceValue(func() map[string]file {
	entries, err := fs.ReadDir(dist, "dist")
	if err != nil {
		panic(err) // embedded: cannot fail
	}
	all := make(map[string]file, len(entries))
	for _, entry := range entries {
		if entry.Name() == "manifest.json" {
			continue
		}
		plain, err := dist.ReadFile("dist/" + entry.Name())
		if err != nil {
			panic(err) // embedded: cannot fail
		}
		all[entry.Name()] = newFile(entry.Name(), plain)
	}
	return all
})

func newFile(name string, plain []byte) file {
	f := file{plain: plain}
	switch path.Ext(name) {
	case ".woff2":
		f.mime = "font/woff2"
		return f
	case ".js":
		f.mime = "text/javascript; charset=utf-8"
	default:
		f.mime = mime.TypeByExtension(path.Ext(name))
	}
	var zipped bytes.Buffer
	w, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(plain)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err) // into memory: cannot fail
	}
	f.zipped = zipped.Bytes()
	return f
}

// Static serves the built files under StaticPath. Their names hold a hash of their content: a browser keeps them for
// good. An unknown name answers 404 and is not kept.
func Static() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := files()[strings.TrimPrefix(r.URL.Path, StaticPath)]
		if !ok {
			w.Header().Set("Cache-Control", "no-store")
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", f.mime)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		body := f.plain
		if f.zipped != nil {
			h.Set("Vary", "Accept-Encoding")
			if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
				h.Set("Content-Encoding", "gzip")
				body = f.zipped
			}
		}
		if r.Method != http.MethodHead {
			_, _ = w.Write(body) // a client that left: nothing to do
		}
	})
}
