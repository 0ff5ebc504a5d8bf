package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// document is the OpenAPI document that a process serves, ready to judge answers.
type document struct {
	paths    map[string]map[string]map[string]any // path → method → operation
	compiler *jsonschema.Compiler
	mu       sync.Mutex // of the compiler
}

// documents are those of the processes of this run, by base address.
var documents sync.Map

// documentOf reads the document once for each process; nil while it cannot be had, as during an outage.
func documentOf(base string) *document {
	if d, ok := documents.Load(base); ok {
		return d.(*document)
	}
	resp, err := http.Get(base + "/api/openapi.json")
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil // a process without role api
	}
	raw, err := jsonschema.UnmarshalJSON(resp.Body)
	if err != nil {
		return nil
	}
	d := &document{paths: map[string]map[string]map[string]any{}, compiler: jsonschema.NewCompiler()}
	if err := d.compiler.AddResource("openapi.json", raw); err != nil {
		return nil
	}
	for path, item := range raw.(map[string]any)["paths"].(map[string]any) {
		operations := map[string]map[string]any{}
		for method, operation := range item.(map[string]any) {
			operations[strings.ToUpper(method)] = operation.(map[string]any)
		}
		d.paths[path] = operations
	}
	documents.Store(base, d)
	return d
}

// judge holds an answer against the served document: its status, its media type and its body have to be there.
func judge(t testing.TB, req *http.Request, status int, header http.Header, body []byte) {
	t.Helper()
	base := req.URL.Scheme + "://" + req.URL.Host
	path, api := strings.CutPrefix(req.URL.Path, "/api/v1")
	d := documentOf(base)
	if d == nil || !api && d.paths[path] == nil {
		return
	}
	template, operation := d.find(req.Method, path)
	if operation == nil {
		if status != http.StatusNotFound && status != http.StatusMethodNotAllowed {
			t.Errorf("%s %s: %d, but the OpenAPI document knows no such operation", req.Method, path, status)
		}
		return
	}
	responses, _ := operation["responses"].(map[string]any)
	key := fmt.Sprint(status)
	response, ok := responses[key].(map[string]any)
	if !ok {
		key = "default"
		if response, ok = responses[key].(map[string]any); !ok {
			t.Errorf("%s %s: the OpenAPI document has no answer %d", req.Method, template, status)
			return
		}
	}
	content, _ := response["content"].(map[string]any)
	if len(body) == 0 || len(content) == 0 {
		return
	}
	mediaType, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	if content[mediaType] == nil {
		t.Errorf("%s %s: %d has the media type %q, which the OpenAPI document does not name", req.Method, template, status, mediaType)
		return
	}
	if !strings.HasSuffix(mediaType, "json") {
		return
	}
	pointer := fmt.Sprintf("openapi.json#/paths/%s/%s/responses/%s/content/%s/schema", escape(template), strings.ToLower(req.Method), key, escape(mediaType))
	d.mu.Lock()
	schema, err := d.compiler.Compile(pointer)
	d.mu.Unlock()
	if err != nil {
		t.Errorf("%s: %v", pointer, err)
		return
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		t.Errorf("%s %s: %d does not fit the OpenAPI document: %v\n%s", req.Method, template, status, err, body)
	}
}

// find gives the operation whose path fits best: one without parameters before one with.
func (d *document) find(method, path string) (template string, operation map[string]any) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if operations, ok := d.paths[path]; ok {
		return path, operations[method]
	}
	parts := strings.Split(path, "/")
	fewest := len(parts) + 1
	for candidate, operations := range d.paths {
		names := strings.Split(candidate, "/")
		if len(names) != len(parts) || operations[method] == nil {
			continue
		}
		parameters := 0
		for i, name := range names {
			if strings.HasPrefix(name, "{") {
				parameters++
			} else if name != parts[i] {
				parameters = fewest
				break
			}
		}
		if parameters < fewest {
			template, operation, fewest = candidate, operations[method], parameters
		}
	}
	return template, operation
}

// escape makes a text a token of a JSON pointer inside a URL.
func escape(s string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(s)
}

// decode reads a body as an object whose numbers stay as written; what is no JSON stays empty.
func decode(body []byte) (o object) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	_ = d.Decode(&o)
	return o
}

// mustRead reads an answer to its end.
func mustRead(t testing.TB, r io.ReadCloser) []byte {
	t.Helper()
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
