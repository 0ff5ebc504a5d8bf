package api

import (
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// openResponses lets the objects of answers have fields that the document does not know yet, so that a client made
// from it bears the next version. Objects of requests stay closed: an unknown field in a body is an error.
func openResponses(document *huma.OpenAPI) {
	schemas := document.Components.Schemas.Map()
	closed := map[string]bool{}
	var closes func(s *huma.Schema)
	closes = func(s *huma.Schema) {
		if s == nil {
			return
		}
		if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok && !closed[name] {
			closed[name] = true
			closes(schemas[name])
		}
		closes(s.Items)
		for _, property := range s.Properties {
			closes(property)
		}
		if values, ok := s.AdditionalProperties.(*huma.Schema); ok {
			closes(values)
		}
	}
	for _, path := range document.Paths {
		for _, operation := range []*huma.Operation{path.Post, path.Put, path.Patch, path.Delete} {
			if operation == nil || operation.RequestBody == nil {
				continue
			}
			for _, content := range operation.RequestBody.Content {
				closes(content.Schema)
			}
		}
	}
	for name, schema := range schemas {
		for _, property := range schema.Properties {
			if property.Nullable && len(property.Enum) > 0 && !slices.Contains(property.Enum, nil) {
				property.Enum = append(property.Enum, nil) // else the list of words would forbid the null
			}
		}
		if schema.AdditionalProperties == false && !closed[name] {
			schema.AdditionalProperties = nil
		}
	}
}
