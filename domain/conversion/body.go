package conversion

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/waypost/waypost/domain/errs"
)

// pair is one parameter as it was sent. broken: its percent encoding was wrong and the text is taken as it stands.
type pair struct {
	name, value string
	broken      bool
}

// splitPairs reads a query or form. Only "&" separates: ";" belongs to values (contract section 3, param). Wrong percent
// encoding is kept as text, so that nothing is lost silently.
func splitPairs(raw string) []pair {
	var pairs []pair
	for piece := range strings.SplitSeq(raw, "&") {
		if piece == "" {
			continue
		}
		name, value, _ := strings.Cut(piece, "=")
		var p pair
		var nameErr, valueErr error
		if p.name, nameErr = url.QueryUnescape(name); nameErr != nil {
			p.name = name
		}
		if p.value, valueErr = url.QueryUnescape(value); valueErr != nil {
			p.value = value
		}
		p.broken = nameErr != nil || valueErr != nil
		pairs = append(pairs, p)
	}
	return pairs
}

// bodyPairs reads a form (URL-encoded or multipart) or a flat JSON object.
func bodyPairs(contentType string, body []byte) ([]pair, *errs.Error) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")) // a byte order mark, as some libraries send it
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) == 0 {
		return nil, nil
	}
	kind, options, _ := mime.ParseMediaType(contentType)
	switch {
	case kind == "application/x-www-form-urlencoded" && trimmed[0] != '{':
		return splitPairs(string(trimmed)), nil
	case kind == "multipart/form-data":
		return multipartPairs(body, options["boundary"])
	case trimmed[0] == '{': // whatever it is called: senders forget the header
		return jsonPairs(trimmed)
	case (kind == "" || kind == "text/plain") && bytes.IndexByte(trimmed, '=') > 0:
		return splitPairs(string(trimmed)), nil
	}
	return nil, errs.Invalid("invalid_body", "the body is neither a form nor a JSON object; send name=value pairs or one flat object")
}

func multipartPairs(body []byte, boundary string) ([]pair, *errs.Error) {
	invalid := errs.Invalid("invalid_body", "the multipart body cannot be read")
	if boundary == "" {
		return nil, invalid
	}
	var pairs []pair
	reader := multipart.NewReader(bytes.NewReader(body), boundary)
	for n := 0; ; n++ {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) && n > 0 {
			return pairs, nil
		}
		if err != nil {
			return nil, invalid.Because(err)
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return nil, invalid.Because(err)
		}
		if part.FileName() == "" {
			pairs = append(pairs, pair{name: part.FormName(), value: string(value)})
		}
	}
}

// jsonPairs reads one flat object, in its order. Numbers are kept as they are written.
func jsonPairs(body []byte) ([]pair, *errs.Error) {
	if !utf8.Valid(body) {
		return nil, errs.Invalid("invalid_body", "the JSON body is not valid UTF-8")
	}
	invalid := errs.Invalid("invalid_body", "the body is not one JSON object")
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if t, err := decoder.Token(); err != nil || t != json.Delim('{') {
		return nil, invalid.Because(err)
	}
	var pairs []pair
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, invalid.Because(err)
		}
		value, err := decoder.Token()
		if err != nil {
			return nil, invalid.Because(err)
		}
		p := pair{name: name.(string)} // a member's name is always a string, or Token fails
		switch v := value.(type) {
		case string:
			p.value = v
		case json.Number:
			p.value = v.String()
		case bool:
			p.value = map[bool]string{true: "1", false: "0"}[v]
		case json.Delim:
			return nil, errs.Invalid("invalid_body", "the value of %q is an object or a list; send one flat object", cut(p.name, 64))
		}
		pairs = append(pairs, p)
	}
	if _, err := decoder.Token(); err != nil {
		return nil, invalid.Because(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errs.Invalid("invalid_body", "something follows the JSON object")
	}
	return pairs, nil
}

// maxMasked bounds the text of a call in the log; the sealed record has all of it.
const maxMasked = 8 << 10

// masked is query and body as one text for the log, the values of secrets replaced.
func masked(rawQuery string, body []pair, unreadable bool) string {
	var b strings.Builder
	for i, piece := range strings.Split(rawQuery, "&") {
		if i > 0 {
			b.WriteByte('&')
		}
		name, _, assigned := strings.Cut(piece, "=")
		plain, err := url.QueryUnescape(name)
		if err != nil {
			plain = name
		}
		if assigned && secret(plain) {
			piece = name + "=***"
		}
		b.WriteString(piece)
	}
	if unreadable {
		b.WriteString("\n(a body that cannot be read)")
	}
	for i, p := range body {
		b.WriteByte("\n&"[min(i, 1)])
		b.WriteString(url.QueryEscape(p.name) + "=")
		if secret(p.name) {
			b.WriteString("***")
		} else {
			b.WriteString(url.QueryEscape(p.value))
		}
	}
	text := strings.ToValidUTF8(b.String(), "\uFFFD")
	return cut(strings.ReplaceAll(text, "\x00", ""), maxMasked)
}

// secret tells a parameter whose value nobody may read in the log, in any case of letters.
func secret(name string) bool {
	name = strings.ToLower(strings.TrimSpace(name))
	if name == "sig" {
		return true
	}
	return slices.Contains(contractNames[paramToken], name)
}
