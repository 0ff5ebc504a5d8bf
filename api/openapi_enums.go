package api

import (
	"fmt"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// meanings say what each word of an enumeration means. The key is its words, joined by blanks; where two fields have
// the same words, they mean the same.
var meanings = map[string][]string{
	"auto light dark":                                   {"follows the device", "dark on light", "light on dark"},
	"api browser":                                       {"tokens of the API", "a cookie of the portals"},
	"active paused pending blocked":                     {"does business", "stopped for a while", "not accepted yet", "shut out"},
	"active pending paused blocked":                     {"does business", "not accepted yet", "stopped for a while", "shut out"},
	"active invited disabled":                           {"may log in", "has been mailed a link and has no password yet", "may not log in"},
	"draft active paused expired":                       {"not ready: takes no clicks", "takes clicks", "takes no clicks for now; sales of earlier clicks count within the window", "over: takes neither clicks nor sales"},
	"public approval private":                           {"every affiliate may run it", "affiliates ask for it and are approved", "only affiliates who are approved know of it"},
	"pending approved rejected":                         {"asked for", "may run it", "may not run it"},
	"approved pending hold":                             {"counts at once", "somebody approves or rejects it", "approves itself after hold_days"},
	"pending hold approved rejected trash":              {"somebody approves or rejects it", "approves itself when its time is over", "counts", "does not count; can be approved again", "does not count, for good"},
	"txid click none update add":                        {"changes nothing; the key is goal and txid, without txid goal and click", "changes nothing; the key is always goal and click", "is a new conversion, a sender's retry too", "overwrites the amounts", "adds its amounts"},
	"postback fixed percent hybrid":                     {"what the postback sends: com, else val × comperc, else amount + val × percent; revenue: payout, else commission and override_percent", "amount", "val × percent / 100", "amount + val × percent / 100"},
	"token hmac ip none":                                {"the parameter token is the postback_token", "the call is signed with the postback_token", "the call comes from ip_allowlist", "nothing proves it: anybody who knows a click id can report a sale"},
	"specific all":                                      {"the most specific one: goal before offer before global", "every one that matches"},
	"pending delivered retrying failed paused":          {"not tried yet", "answered with 2xx", "tried, waits for the next try", "given up; reason says why", "waits until its postback is active again"},
	"recorded updated duplicate queued refused":         {"a new conversion", "an earlier conversion was changed", "a repeat, which changes nothing", "stored, decided soon", "not accepted; code says why"},
	"refused queued":                                    {"calls that were not accepted", "calls that still wait"},
	"admin manager finance viewer affiliate advertiser": {"operator: everything", "operator: all but users, settings and exchange rates", "operator: reads all, manages money", "operator: reads all", "its own affiliate", "its own advertiser"},
	"click postback_in delivery":                        {"the visitor clicked", "a call to /postback or a pixel", "a call to an affiliate, again when its status changes"},
	"operator affiliate advertiser":                     {"the network's: all", "the click's affiliate", "the click's advertiser"},
	"unverified pending approved rejected":              {"the e-mail address is not proved", "an operator has to decide", "let in", "refused"},
	"text textarea select checkbox url":                 {"one line", "several lines", "one of options", "yes, or nothing; required means yes", "an address of the web"},
	"offer affiliate advertiser":                        {"offers", "affiliates", "advertisers"},
	"click conversion offer affiliate advertiser":       {"a click", "a conversion", "an offer", "an affiliate", "an advertiser"},
	"affiliate advertiser":                              {"sends visitors", "pays for conversions"},
	"literal macro unknown":                             {"text that stays as it is", "filled", "looks like a macro, but there is none of this name: it stays as it is"},
	"tracker advertiser network":                        {"an affiliate's tracker", "an advertiser's platform", "a network that you migrate from"},
	"destination postback":                              {"destination_url of an offer", "url of an affiliate's postback"},
	"never daily weekly monthly":                        {"not at all", "every day", "on Mondays", "on the first of each month"},
	"none today yesterday 7d 14d 30d week last_week month last_month quarter last_quarter year": {"the days stay as the query has them", "the day", "the day before", "the last 7 days with today", "the last 14 days with today", "the last 30 days with today", "from Monday to today", "Monday to Sunday before", "from the first to today", "the month before", "from the quarter's first day to today", "the quarter before", "from 1 January to today"},
	"waiting making ready failed": {"not begun", "being made", "can be fetched", "could not be made; `reason` says why"},
	"csv xlsx":                    {"values separated by commas", "an Excel sheet"},
	"manual feed":                 {"set by PUT /exchange-rates", "read from a feed"},
	"click refusal postback_in conversion status_change ledger delivery delivery_attempt": {"the visitor clicked", "why the click does not qualify", "a call to /postback or a pixel", "a conversion was made", "its status or amounts changed", "a posting", "a call to an affiliate became due", "a try of that call"},
	"unknown_macro macro_case macro_never_filled foreign_macro no_click_id_macro":         {"there is no macro of this name", "right but for upper and lower case", "known only when a conversion is posted back", "another system's spelling", "nothing carries the click id"},
	"conversion status_change reversal correction":                                        {"a conversion was made", "its status moved", "an old amount is taken back", "the amount after a reversal"},
}

// plainWords need no explanation.
var plainWords = map[string]bool{"GET POST": true, "true false 1 0": true, "Bearer": true, "json csv": true, "true": true}

// explainEnum adds what each word means to the description of a schema or parameter.
func explainEnum(description string, s *huma.Schema) (string, error) {
	words := make([]string, 0, len(s.Enum))
	for _, v := range s.Enum {
		if v != nil {
			words = append(words, fmt.Sprint(v))
		}
	}
	key := strings.Join(words, " ")
	if key == "" || plainWords[key] {
		return description, nil
	}
	means, ok := meanings[key]
	if !ok || len(means) != len(words) {
		return "", fmt.Errorf("nothing says what the words %q mean: see meanings", key)
	}
	var b strings.Builder
	b.WriteString(description)
	b.WriteString("\n")
	for i, word := range words {
		fmt.Fprintf(&b, "\n- `%s`: %s", word, means[i])
	}
	return b.String(), nil
}
