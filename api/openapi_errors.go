package api

import (
	_ "embed"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/waypost/waypost/web"
)

//go:embed docs/introduction.md
var introductionText string

// introduction is the document's own description: how to begin, what holds everywhere, and all codes.
func introduction() string {
	var b strings.Builder
	b.WriteString(strings.TrimSpace(introductionText))
	b.WriteString("\n\n## Error codes\n\nThe `code` of a problem document, by status.\n")
	codeTable(&b, errorCodes)
	b.WriteString("\n## Postback codes\n\nThe `code` in the answer to `/postback`, in the incoming log and in the answer to a replay.\n")
	codeTable(&b, callCodes)
	b.WriteString("\n## Warning codes\n\nIn the `warnings` of a save, or of the answer to a postback: accepted, but look at it.\n\n| code | in the answer to a | meaning | what to do |\n| --- | --- | --- | --- |\n")
	for _, w := range warningCodes {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", w.code, w.where, w.means, w.do)
	}
	return b.String()
}

func codeTable(b *strings.Builder, codes []codeNote) {
	b.WriteString("\n| status | code | meaning | what to do |\n| --- | --- | --- | --- |\n")
	for _, c := range codes {
		var statuses []string
		for _, s := range c.statuses {
			statuses = append(statuses, strconv.Itoa(s))
		}
		fmt.Fprintf(b, "| %s | `%s` | %s | %s |\n", strings.Join(statuses, ", "), c.code, c.means, c.do)
	}
}

func findCode(codes []codeNote, code string, status int) (codeNote, bool) {
	i := slices.IndexFunc(codes, func(c codeNote) bool { return c.code == code && slices.Contains(c.statuses, status) })
	if i < 0 {
		return codeNote{}, false
	}
	return codes[i], true
}

func exampleName(code string, status int) string { return fmt.Sprintf("%s-%d", code, status) }

// problemExamples are the answers with each code, for the document's components.
func problemExamples() map[string]*huma.Example {
	examples := map[string]*huma.Example{}
	for _, c := range errorCodes {
		for _, status := range c.statuses {
			p := web.Problem{Status: status, Title: http.StatusText(status), Detail: c.means + ". " + c.do + ".", Code: c.code}
			switch {
			case c.code == "invalid_input":
				p.Errors = []web.ProblemField{{Location: "body.name", Code: "required", Message: "is required"},
					{Location: "body.email", Code: "invalid_email", Message: "must be an e-mail address such as name@example.com"}}
			case c.at != "" && (status == http.StatusUnprocessableEntity || len(c.statuses) == 1):
				p.Errors = []web.ProblemField{{Location: c.at, Code: c.code, Message: c.means}}
			}
			examples[exampleName(c.code, status)] = &huma.Example{Summary: c.means, Value: p}
		}
	}
	return examples
}

// callExamples are the answers to a postback with a status.
func callExamples(status string) map[string]*huma.Example {
	examples := map[string]*huma.Example{}
	n, _ := strconv.Atoi(status)
	id, click, stands := exampleConversion, exampleClickID, "approved"
	for _, c := range callCodes {
		if !slices.Contains(c.statuses, n) {
			continue
		}
		a := callAnswer{Status: "refused", Code: c.code, Message: c.means, ClickID: &click, Warnings: []string{}}
		switch {
		case n == http.StatusAccepted:
			a.Status = "queued"
		case c.code == "ok":
			a.Status, a.ConversionID, a.ConversionStatus = "recorded", &id, &stands
		case c.code == "duplicate":
			a.Status, a.ConversionID, a.ConversionStatus = "duplicate", &id, &stands
		case c.code == "missing_clickid", c.code == "malformed_clickid", c.code == "invalid_body", c.code == "coupon_not_found":
			a.ClickID = nil
		}
		examples[c.code] = &huma.Example{Summary: c.means, Value: a}
	}
	return examples
}

// describeErrors says which codes each error status of an operation carries, with an example of each, and takes out the
// statuses that it cannot answer.
func (n note) describeErrors(path string, operation *huma.Operation) error {
	codes := append(strings.Fields(n.codes), commonCodes(path, operation)...)
	shown := map[string]bool{}
	for text, response := range operation.Responses {
		status, _ := strconv.Atoi(text)
		media := response.Content[web.ProblemType]
		if status < 400 || media == nil {
			continue
		}
		var words []string
		media.Examples = map[string]*huma.Example{}
		for _, word := range codes {
			code, only, narrowed := strings.Cut(word, "@")
			if _, ok := findCode(errorCodes, code, status); !ok || narrowed && only != text || slices.Contains(words, "`"+code+"`") {
				continue
			}
			shown[word] = true
			words = append(words, "`"+code+"`")
			media.Examples[code] = &huma.Example{Ref: "#/components/examples/" + exampleName(code, status)}
		}
		if len(words) == 0 {
			delete(operation.Responses, text)
			continue
		}
		response.Description = http.StatusText(status) + ": " + strings.Join(words, ", ")
		response.Headers = errorHeaders(status, response.Headers)
	}
	for _, code := range codes {
		if !shown[code] {
			return fmt.Errorf("code %s: none of its statuses is among the operation's", code)
		}
	}
	return nil
}

func errorHeaders(status int, headers map[string]*huma.Header) map[string]*huma.Header {
	name, about := "", ""
	switch status {
	case http.StatusUnauthorized:
		name, about = "WWW-Authenticate", `Bearer realm="waypost"`
	case http.StatusConflict, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		name, about = "Retry-After", "Seconds after which the same call may work"
		if status == http.StatusConflict {
			about += "; only with code idempotency_key_in_progress"
		}
	default:
		return headers
	}
	if headers == nil {
		headers = map[string]*huma.Header{}
	}
	headers[name] = &huma.Header{Description: about, Schema: textSchema("")}
	return headers
}

// commonCodes are those that an operation answers because of its form.
func commonCodes(path string, operation *huma.Operation) []string {
	codes := []string{"invalid_text", "internal", "database_unavailable"}
	if len(operation.Security) > 0 {
		codes = append(codes, "missing_token", "invalid_token", "expired_token", "session_ended", "invalid_api_key", "expired_api_key", "forbidden")
	}
	if strings.Contains(path, "{") && operation.OperationID != "get-preset" {
		codes = append(codes, "not_found")
	}
	if operation.RequestBody != nil {
		codes = append(codes, "invalid_body", "body_too_large", "unsupported_media_type", "invalid_input", "required", "unknown_field", "invalid", "null", "too_long")
	}
	for _, p := range operation.Parameters {
		switch p.Name {
		case headerKey:
			codes = append(codes, "invalid_idempotency_key", "idempotency_key_in_progress", "idempotency_key_reused", "body_too_large", "concurrent_change")
		case "cursor":
			codes = append(codes, "invalid_cursor")
		case "from":
			codes = append(codes, "invalid_time")
		case "format":
			codes = append(codes, "invalid_choice")
		default:
			codes = append(codes, "invalid")
		}
	}
	return codes
}
