package conversion

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
)

// maxValue bounds what is kept of an id or a free value, maxParam of "param", maxName of a name that nothing reads
// (bytes), of which maxUnknown are kept.
const (
	maxValue   = 255
	maxParam   = 1024
	maxName    = 64
	maxUnknown = 20
)

// Sent is what a call says, by the contract's names. Texts are valid UTF-8 without control characters; an empty one was
// not sent. Numbers and words are not judged yet: the order of checks decides which fault is answered.
type Sent struct {
	ClickID, Token, TxID, Goal, Status, Currency string
	Val, Com, ComPerc, Payout                    string
	StatusLists                                  map[string]Status // lists of the call: word in lower case → status
	Params                                       Params            // free values
	Test                                         bool
	Warnings                                     []string
	Masked                                       string // query and body as one text without secrets, for the log

	Preset  string   // the parameter set that the call named and that exists, such as "everflow"
	ReadAs  []string // each alias that was read, such as "amount=val", in the order of the contract's table
	Unknown []string // names that nothing reads, in the order sent; at most 20, each at most 64 bytes
}

// ParseSent reads a call's parameters, by the names of the preset that it names before those of the contract. A body that cannot be read is the error invalid_body; what the query says is
// given all the same, so that the log can name the click.
func ParseSent(c Call) (Sent, *errs.Error) {
	body, err := bodyPairs(c.ContentType, c.Body)
	pairs := slices.Concat(splitPairs(c.RawQuery), body)
	var s Sent
	r := s.reading(pairs)
	values := s.values(pairs, r.known)
	first := func(p param) string {
		for _, n := range r.names[p] {
			if v := values[n]; v != "" {
				if canonical := contractNames[p][0]; n != canonical {
					s.ReadAs = append(s.ReadAs, n+"="+canonical)
				}
				return v
			}
		}
		return ""
	}
	s.ClickID, s.Token = first(paramClickID), first(paramToken)
	s.Val, s.Com, s.ComPerc, s.Payout = first(paramVal), first(paramCom), first(paramComPerc), first(paramPayout)
	s.TxID, s.Goal, s.Status = first(paramTxID), first(paramGoal), first(paramStatus)
	for p := paramApproved; p <= paramTrash; p++ {
		s.list(first(p), listStatuses[p])
	}
	for word, status := range r.words {
		if _, listed := s.StatusLists[word]; !listed {
			s.addWord(word, status)
		}
	}
	s.Currency = first(paramCurrency)
	if s.ClickID == "" {
		s.ClickID = c.Cookie
	}
	for piece := range strings.SplitSeq(s.bounded(first(paramText), maxParam), ";") {
		if piece != "" {
			s.Params.Param = append(s.Params.Param, piece)
		}
	}
	s.Params.Coupon, s.Test = s.bounded(first(paramCoupon), maxValue), first(paramTest) == "1"
	for p := int(paramFree); p < len(contractNames); p++ {
		s.free(contractNames[p][0], first(param(p)))
	}
	s.noteUnknown(pairs, r.known)
	s.Masked = masked(c.RawQuery, body, err != nil)
	return s, err
}

// list takes words for a status, separated by "," or ";".
func (s *Sent) list(words string, status Status) {
	for word := range strings.FieldsFuncSeq(words, func(r rune) bool { return r == ',' || r == ';' }) {
		word = strings.ToLower(strings.TrimSpace(word))
		if old, ok := s.StatusLists[word]; !ok || status < old { // a word in two lists: always the same one wins
			s.addWord(word, status)
		}
	}
}

func (s *Sent) addWord(word string, status Status) {
	if s.StatusLists == nil {
		s.StatusLists = map[string]Status{}
	}
	s.StatusLists[word] = status
}

// unremarkable names are read elsewhere: the preset, a signature, and the offer, which the click or a pixel's cookie tells.
var unremarkable = []string{nameOfPreset, "ts", "sig", "o", "offer_id"}

// noteUnknown keeps the names that nothing reads: often the reason why a value is missing.
func (s *Sent) noteUnknown(pairs []pair, known map[string]bool) {
	for _, p := range pairs {
		if known[p.name] || slices.Contains(unremarkable, p.name) {
			continue
		}
		name := cut(withoutControl(strings.ToValidUTF8(p.name, "\uFFFD")), maxName)
		if name != "" && !slices.Contains(s.Unknown, name) {
			s.Unknown = append(s.Unknown, name)
		}
		if len(s.Unknown) == maxUnknown {
			return
		}
	}
}

// free keeps a free value; an event has to be a number.
func (s *Sent) free(name, value string) {
	if value == "" {
		return
	}
	if strings.HasPrefix(name, "event") {
		number, ok := money.ParseSent(value)
		if !ok {
			s.warn(warnEvent)
			return
		}
		value = number.String()
	}
	if s.Params.Values == nil {
		s.Params.Values = map[string]string{}
	}
	s.Params.Values[name] = s.bounded(value, maxValue)
}

// values gives, for each known name, the first value that is neither empty nor a macro that nobody filled.
func (s *Sent) values(pairs []pair, known map[string]bool) map[string]string {
	values := make(map[string]string, 8)
	for _, p := range pairs {
		if !known[p.name] || values[p.name] != "" {
			continue
		}
		if p.broken {
			s.warn(warnEncoding)
		}
		v := s.clean(p.value)
		if unfilled(v) {
			s.warn(warnUnfilledMacro)
			continue
		}
		values[p.name] = v
	}
	return values
}

// clean makes valid UTF-8 without control characters. Bytes that are no UTF-8 are read as ISO 8859-1, in which each has
// a meaning, so that two different order ids stay different.
func (s *Sent) clean(v string) string {
	if !utf8.ValidString(v) {
		s.warn(warnEncoding)
		runes := make([]rune, len(v))
		for i := range len(v) {
			runes[i] = rune(v[i])
		}
		v = string(runes)
	}
	if strings.ContainsFunc(v, unicode.IsControl) {
		s.warn(warnControl)
		v = withoutControl(v)
	}
	return v
}

func withoutControl(v string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, v)
}

// bounded cuts a free value that is too long to be kept.
func (s *Sent) bounded(v string, limit int) string {
	if len(v) <= limit {
		return v
	}
	s.warn(warnTooLong)
	return cut(v, limit)
}

// cut gives at most limit bytes of v, without half a character at the end.
func cut(v string, limit int) string {
	if len(v) <= limit {
		return v
	}
	for limit > 0 && !utf8.RuneStart(v[limit]) {
		limit--
	}
	return v[:limit]
}

func (s *Sent) warn(code string) {
	if !slices.Contains(s.Warnings, code) {
		s.Warnings = append(s.Warnings, code)
	}
}

// unfilled tells a value that is still a macro of the sender's system: {…}, ${…}, #…# or […] as a whole. A value with
// quotes inside is JSON, not a macro.
func unfilled(v string) bool {
	inner := strings.TrimPrefix(v, "$")
	if len(inner) < 2 || strings.ContainsAny(v, `"'`) {
		return false
	}
	for _, marks := range [...]string{"{}", "[]", "##"} {
		if inner[0] == marks[0] && inner[len(inner)-1] == marks[1] {
			body := strings.Trim(inner, marks)
			return (inner == v || marks == "{}") && !strings.ContainsAny(body, marks)
		}
	}
	return false
}
