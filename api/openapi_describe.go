package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/web"
)

// metadataRow is where an operation keeps the type of a row of its table.
const metadataRow = "row"

// pathExamples are the ids in paths, by what comes before them.
var pathExamples = map[string]any{
	"advertisers": 7, "affiliates": 34, "offers": 12, "goals": 21, "coupons": 3, "applications": 9, "notes": 17, "views": 6, "users": 41, "api-keys": 2, "postbacks": 5,
	"conversions": exampleConversion, "clicks": exampleClickID, "deliveries": exampleDelivery, "postback-log": exampleLogLine, "trace-links": "019cb74b-1c40-7a52-b3d0-5f9e2c81a6d7",
	"shared-traces": "q8Zr1vX5mB2nK7dS4gT9hJ6wL3cP0fYaEuGiOxRtVbM",
	"notices":       "019cb74a-9001-7c55-a1b2-0d3e4f5a6b7c", "sessions": "019cb700-1a2b-7c3d-8e4f-5a6b7c8d9e0f", "presets": "everflow",
	"exports": "019cb74d-0c41-7b63-9d2e-6a7b8c9d0e1f",
}

// roles of the network in the order of their powers.
var roles = []account.Role{account.RoleAdmin, account.RoleManager, account.RoleFinance, account.RoleViewer, account.RoleAffiliate, account.RoleAdvertiser}

// describe completes the document that huma made of the types: what operations do and who may, which codes they answer,
// what the words of enumerations mean, and an example of every body. An error names what somebody forgot.
func describe(document *huma.OpenAPI) error {
	document.Tags = tagNotes
	document.Info.Description = introduction()
	document.Components.Examples = problemExamples()
	notes := maps.Clone(accountNotes)
	maps.Copy(notes, catalogueNotes)
	maps.Copy(notes, trafficNotes)
	maps.Copy(notes, adminNotes)
	var faults []error
	for path, item := range document.Paths {
		for _, operation := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if operation == nil {
				continue
			}
			n, known := notes[operation.OperationID]
			delete(notes, operation.OperationID)
			if !known && operation.Tags[0] != tagTracking {
				faults = append(faults, fmt.Errorf("no note on operation %s", operation.OperationID))
				continue
			}
			if err := n.describe(document, path, operation, known); err != nil {
				faults = append(faults, fmt.Errorf("operation %s: %w", operation.OperationID, err))
			}
		}
	}
	for id := range notes {
		faults = append(faults, fmt.Errorf("a note on %s, which is no operation", id))
	}
	for name, s := range document.Components.Schemas.Map() {
		for field, property := range s.Properties {
			if err := explainProperty(property); err != nil {
				faults = append(faults, fmt.Errorf("%s.%s: %w", name, field, err))
			}
		}
	}
	return errors.Join(faults...)
}

func explainProperty(s *huma.Schema) (err error) {
	of := s
	if s.Items != nil && len(s.Enum) == 0 {
		of = s.Items
	}
	if s.Ref == "" && of.Ref == "" {
		s.Description, err = explainEnum(s.Description, of)
	}
	return err
}

// describe adds what the note says. known is false for what stands outside the JSON API.
func (n note) describe(document *huma.OpenAPI, path string, operation *huma.Operation, known bool) error {
	if known {
		own := operation.Description
		operation.Description = strings.TrimSpace(n.about + "\n\n" + n.who(operation) + "\n\n" + own)
	}
	for _, p := range operation.Parameters {
		if p.In == "path" {
			p.Example = pathExample(path, p.Name)
		}
		var err error
		if p.Description, err = explainEnum(p.Description, p.Schema); err != nil {
			return fmt.Errorf("parameter %s: %w", p.Name, err)
		}
	}
	if operation.RequestBody != nil && known {
		var v any
		if err := json.Unmarshal([]byte(n.body), &v); err != nil {
			return fmt.Errorf("example of its body: %w", err)
		}
		operation.RequestBody.Content["application/json"].Example = v
	}
	if known {
		if err := n.describeErrors(path, operation); err != nil {
			return err
		}
	}
	return exampleAnswers(document, operation)
}

// who says which roles may.
func (n note) who(operation *huma.Operation) string {
	may := strings.Fields(n.roles)
	switch {
	case len(operation.Security) == 0:
		return "Needs no token."
	case n.roles == "" && n.may == "":
		return "For every role."
	case n.roles == "":
		for _, r := range roles {
			if slices.Contains(r.Permissions(), n.may) {
				may = append(may, string(r))
			}
		}
	}
	if len(may) == len(roles) {
		return "For every role."
	}
	return "For `" + strings.Join(may, "`, `") + "`."
}

func pathExample(path, name string) any {
	parts := strings.Split(path, "/")
	i := slices.Index(parts, "{"+name+"}")
	if i < 1 {
		return nil
	}
	return pathExamples[parts[i-1]]
}

// exampleAnswers gives every answer with a body its example.
func exampleAnswers(document *huma.OpenAPI, operation *huma.Operation) error {
	for status, response := range operation.Responses {
		media := response.Content["application/json"]
		if media == nil || media.Schema == nil || media.Example != nil || media.Examples != nil {
			continue
		}
		if strings.HasSuffix(media.Schema.Ref, "/CallAnswer") {
			media.Examples = callExamples(status)
			continue
		}
		c := composer{schemas: document.Components.Schemas.Map(), saved: operation.Method != "GET"}
		v, err := c.example(media.Schema, "", "")
		if err != nil {
			return err
		}
		media.Example = v
		row, isTable := operation.Metadata[metadataRow].(reflect.Type)
		if csv := response.Content["text/csv"]; isTable && csv != nil {
			csv.Example = exampleCSV(row, v)
		}
	}
	return nil
}

// exampleCSV is the example of a list as a file.
func exampleCSV(row reflect.Type, list any) string {
	body, _ := list.(map[string]any)
	items, _ := body["items"].([]any)
	if len(items) == 0 {
		return ""
	}
	var names, values bytes.Buffer
	n := 0
	for _, c := range columnsOf(row) {
		v, present := items[0], true
		for _, name := range strings.Split(c.name, ".") {
			fields, _ := v.(map[string]any)
			if v, present = fields[name]; !present {
				break
			}
		}
		if !present && c.optional {
			continue
		}
		text, isText := v.(string)
		if !isText && v != nil {
			encoded, err := json.Marshal(v)
			if err != nil { // made of JSON
				continue
			}
			text = string(encoded)
		}
		web.WriteCSVCell(&names, n, c.name)
		web.WriteCSVCell(&values, n, text)
		n++
	}
	return names.String() + "\r\n" + values.String() + "\r\n"
}
