package conversion

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
)

// The parameters of a postback: the contract's name, then its aliases, in the order in which the first present wins
// (contract section 3).
var (
	namesClickID  = []string{"clickid", "click_id", "clickId", "cid", "transaction_id", "subid", "cnv_id"}
	namesToken    = []string{"token", "security_token", "secure", "verification_token"}
	namesVal      = []string{"val", "amount", "sale_amount", "sum"}
	namesCom      = []string{"com"}
	namesComPerc  = []string{"comperc"}
	namesPayout   = []string{"payout", "revenue"}
	namesTxID     = []string{"txid", "txn_id", "order_id", "action_id", "adv_sub", "tid"}
	namesGoal     = []string{"id", "goal", "goal_id", "goal_alias", "event_id", "event", "et"}
	namesStatus   = []string{"status", "conv_status", "cnv_status"}
	namesCurrency = []string{"currency", "cnv_currency", "cur"}
	namesCoupon   = []string{"coupon", "coupon_code", "promo_code", "cp"}
	namesParam    = []string{"param"}
	namesTest     = []string{"test"}

	// namesFree keep their own names.
	namesFree = func() []string {
		names := []string{"conversion_id"}
		for i := 1; i <= 10; i++ {
			n := strconv.Itoa(i)
			names = append(names, "param"+n, "adv"+n, "event"+n)
		}
		return names
	}()
	namesStatusLists = map[string]Status{"approved_status": StatusApproved, "pending_status": StatusPending,
		"rejected_status": StatusRejected, "trash_status": StatusTrash}

	known = func() map[string]bool {
		m := map[string]bool{}
		for _, names := range [][]string{namesClickID, namesToken, namesVal, namesCom, namesComPerc, namesPayout, namesTxID,
			namesGoal, namesStatus, namesCurrency, namesCoupon, namesParam, namesTest, namesFree} {
			for _, n := range names {
				m[n] = true
			}
		}
		for n := range namesStatusLists {
			m[n] = true
		}
		return m
	}()
)

// maxValue bounds what is kept of an id or a free value, maxParam of "param" (bytes).
const (
	maxValue = 255
	maxParam = 1024
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

// ParseSent reads a call's parameters. A body that cannot be read is the error invalid_body; what the query says is
// given all the same, so that the log can name the click.
func ParseSent(c Call) (Sent, *errs.Error) {
	query := splitPairs(c.RawQuery)
	body, err := bodyPairs(c.ContentType, c.Body)
	var s Sent
	values := s.values(append(query, body...))
	first := func(names []string) string {
		for _, n := range names {
			if v := values[n]; v != "" {
				return v
			}
		}
		return ""
	}
	s.ClickID, s.Token, s.TxID, s.Goal = first(namesClickID), first(namesToken), first(namesTxID), first(namesGoal)
	s.Status, s.Currency, s.Test = first(namesStatus), first(namesCurrency), first(namesTest) == "1"
	s.Val, s.Com, s.ComPerc, s.Payout = first(namesVal), first(namesCom), first(namesComPerc), first(namesPayout)
	if s.ClickID == "" {
		s.ClickID = c.Cookie
	}
	for name, status := range namesStatusLists {
		for word := range strings.FieldsFuncSeq(values[name], func(r rune) bool { return r == ',' || r == ';' }) {
			if s.StatusLists == nil {
				s.StatusLists = map[string]Status{}
			}
			word = strings.ToLower(strings.TrimSpace(word))
			if old, ok := s.StatusLists[word]; !ok || status < old { // a word in two lists: always the same one wins
				s.StatusLists[word] = status
			}
		}
	}
	s.Params.Coupon = s.bounded(first(namesCoupon), maxValue)
	for piece := range strings.SplitSeq(s.bounded(first(namesParam), maxParam), ";") {
		if piece != "" {
			s.Params.Param = append(s.Params.Param, piece)
		}
	}
	for _, n := range namesFree {
		s.free(n, values[n])
	}
	s.Masked = masked(c.RawQuery, body, err != nil)
	return s, err
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
func (s *Sent) values(pairs []pair) map[string]string {
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
