package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi/datamodel"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

type object = map[string]any

// served is the document that clients read, as decoded JSON.
func served(t testing.TB) object {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(get(t, mountedEmpty(t), "/api/openapi.json").Body)
	if err != nil {
		t.Fatal(err)
	}
	return v.(object)
}

// at walks down names of objects; nil where there is nothing.
func at(v any, names ...string) any {
	for _, name := range names {
		m, _ := v.(object)
		v = m[name]
	}
	return v
}

// operations are all of the document, under "method path".
func operations(document object) map[string]object {
	all := map[string]object{}
	for path, item := range document["paths"].(object) {
		for method, operation := range item.(object) {
			all[method+" "+path] = operation.(object)
		}
	}
	return all
}

func escapePointer(s string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D", " ", "%20").Replace(s)
}

// The official schema of OpenAPI 3.1 accepts the document, and every schema in it is one of JSON Schema 2020-12.
func TestOpenAPIIsValid(t *testing.T) {
	t.Parallel()
	document := served(t)
	official, err := jsonschema.UnmarshalJSON(strings.NewReader(datamodel.OpenAPI31SchemaData))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("openapi-3.1.json", official); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("openapi-3.1.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(document); err != nil {
		t.Errorf("%#v", err)
	}
	ids := newValidator(t, document)
	for name := range at(document, "components", "schemas").(object) {
		ids.schema(t, "components/schemas/"+escapePointer(name))
	}
}

type validator struct{ compiler *jsonschema.Compiler }

func newValidator(t testing.TB, document object) validator {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("openapi.json", document); err != nil {
		t.Fatal(err)
	}
	return validator{c}
}

func (v validator) schema(t testing.TB, pointer string) *jsonschema.Schema {
	t.Helper()
	s, err := v.compiler.Compile("openapi.json#/" + pointer)
	if err != nil {
		t.Errorf("%s: %v", pointer, err)
		return nil
	}
	return s
}

// Every body has an example, and every example, of a body, an answer or a parameter, fits its schema.
func TestOpenAPIExamplesFit(t *testing.T) {
	t.Parallel()
	document := served(t)
	v := newValidator(t, document)
	count := 0
	fits := func(place, pointer string, example any) {
		count++
		if s := v.schema(t, pointer); s != nil {
			if err := s.Validate(example); err != nil {
				t.Errorf("%s: %v", place, err)
			}
		}
	}
	media := func(place, pointer string, content any) {
		for mediaType, m := range asObject(content) {
			m := m.(object)
			place, pointer := place+" "+mediaType, pointer+"/"+escapePointer(mediaType)+"/schema"
			examples := asObject(m["examples"])
			if example, ok := m["example"]; ok {
				fits(place, pointer, example)
			} else if len(examples) == 0 && mediaType != "image/gif" {
				t.Errorf("%s has no example", place)
			}
			for name, e := range examples {
				if ref, ok := at(e, "$ref").(string); ok {
					e = at(document, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
				}
				if e == nil {
					t.Errorf("%s: example %s does not exist", place, name)
					continue
				}
				fits(place+" "+name, pointer, at(e, "value"))
			}
		}
	}
	for name, operation := range operations(document) {
		method, path, _ := strings.Cut(name, " ")
		base := "paths/" + escapePointer(path) + "/" + method
		if body, ok := operation["requestBody"]; ok {
			media(name+" body", base+"/requestBody/content", at(body, "content"))
		}
		for status, response := range asObject(operation["responses"]) {
			media(name+" "+status, base+"/responses/"+status+"/content", at(response, "content"))
		}
		for i, p := range asList(operation["parameters"]) {
			if example, ok := at(p, "example"), at(p, "example") != nil; ok && at(p, "in") != "query" {
				fits(fmt.Sprint(name, " ", at(p, "name")), fmt.Sprintf("%s/parameters/%d/schema", base, i), example)
			}
			if at(p, "in") == "path" && at(p, "example") == nil {
				t.Errorf("%s: parameter %v has no example", name, at(p, "name"))
			}
		}
	}
	if count < 500 {
		t.Errorf("only %d examples were found", count)
	}
}

// Nothing is left for people to guess: operations, fields, parameters, tags.
func TestOpenAPIExplainsEverything(t *testing.T) {
	t.Parallel()
	document := served(t)
	tags := map[any]bool{}
	for _, tag := range asList(document["tags"]) {
		if at(tag, "description") == nil {
			t.Errorf("tag %v has no description", at(tag, "name"))
		}
		tags[at(tag, "name")] = false
	}
	for name, operation := range operations(document) {
		if operation["summary"] == nil || operation["description"] == nil {
			t.Errorf("%s: summary %v, description %v", name, operation["summary"], operation["description"])
		}
		if summary, _ := operation["summary"].(string); strings.Contains(summary, "\n") || strings.HasSuffix(summary, ".") {
			t.Errorf("%s: summary %q", name, summary)
		}
		tag := asList(operation["tags"])[0]
		if _, known := tags[tag]; !known {
			t.Errorf("%s: nothing tells what tag %v is", name, tag)
		}
		tags[tag] = true
		for _, p := range asList(operation["parameters"]) {
			if at(p, "description") == nil || at(p, "schema") == nil {
				t.Errorf("%s: parameter %v: description %v, schema %v", name, at(p, "name"), at(p, "description"), at(p, "schema"))
			}
		}
		for status, response := range asObject(operation["responses"]) {
			if text, _ := at(response, "description").(string); text == "" {
				t.Errorf("%s: answer %s has no description", name, status)
			}
			for header, h := range asObject(at(response, "headers")) {
				if at(h, "description") == nil {
					t.Errorf("%s: header %s of answer %s has no description", name, header, status)
				}
			}
		}
	}
	for tag, used := range tags {
		if !used {
			t.Errorf("tag %v has no operation", tag)
		}
	}
	schemas := at(document, "components", "schemas").(object)
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		for field, property := range asObject(at(schemas[name], "properties")) {
			text, _ := at(property, "description").(string)
			if text == "" {
				t.Errorf("%s.%s has no description", name, field)
			}
			words := at(property, "enum")
			if words == nil {
				words = at(property, "items", "enum")
			}
			if n := len(asList(words)); n > 2 && field != "method" && !strings.Contains(text, "\n- `") {
				t.Errorf("%s.%s: nothing says what its %d words mean", name, field, n)
			}
		}
	}
}

// An example is no answer of another network: ids and codes that occur in several are the same.
func TestOpenAPIExamplesTellOneStory(t *testing.T) {
	t.Parallel()
	want := map[string]any{"offer_id": json.Number("12"), "affiliate_id": json.Number("34"), "advertiser_id": json.Number("7"), "goal_id": json.Number("21"),
		"click_id": "01kjvktcmke0nbzgbyd1cmrt6m3k9w7d"}
	var walk func(place string, v any)
	walk = func(place string, v any) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				walk(place, item)
			}
		case object:
			for name, value := range v {
				if w, ok := want[name]; ok && value != nil && value != w {
					t.Errorf("%s: %s is %v", place, name, value)
				}
				walk(place, value)
			}
		}
	}
	for name, operation := range operations(served(t)) {
		walk(name, at(operation, "requestBody", "content", "application/json", "example"))
		for _, response := range asObject(operation["responses"]) {
			walk(name, at(response, "content", "application/json", "example"))
		}
	}
}

func asObject(v any) object { m, _ := v.(object); return m }

func asList(v any) []any { l, _ := v.([]any); return l }
