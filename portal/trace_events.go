package portal

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/trace"
	"github.com/waypost/waypost/ui"
)

// facts are the data of an item, as texts.
type facts map[string]any

func (x facts) text(name string) string {
	switch value := x[name].(type) {
	case nil:
		return ""
	case string:
		return value
	default:
		return fmt.Sprint(value)
	}
}

// offer and affiliate are those of a click.
func (x facts) offer() offer.ID {
	id, _ := x["offer_id"].(offer.ID)
	return id
}

func (x facts) affiliate() affiliate.ID {
	id, _ := x["affiliate_id"].(affiliate.ID)
	return id
}

// traceNames are those of a trace's click.
func traceNames(f *Frame, told trace.Trace) (Names, error) {
	var ids NameIDs
	for _, item := range told.Items {
		ids.Offers, ids.Affiliates = append(ids.Offers, facts(item.Data).offer()), append(ids.Affiliates, facts(item.Data).affiliate())
	}
	return f.Names(ids)
}

// money is one of an item's amounts with the item's currency.
func (x facts) money(name string) string {
	if x.text(name) == "" {
		return ""
	}
	currency := money.Currency(x.text("currency"))
	r, err := money.ParseRate(x.text(name))
	if err != nil {
		return withCurrency(x.text(name), currency)
	}
	return Sale(r, currency)
}

// revenueWord is what the viewer calls what the advertiser pays.
func (f *Frame) revenueWord() string {
	if f.Actor.AdvertiserID != 0 {
		return "Cost"
	}
	return "Revenue"
}

// amounts are those of a conversion that the viewer may know; empty for none.
func (f *Frame) amounts(x facts) string {
	var said []string
	for _, p := range [][2]string{{"Commission", "commission"}, {f.revenueWord(), "revenue"}} {
		if sum := x.money(p[1]); sum != "" {
			said = append(said, p[0]+" "+sum)
		}
	}
	return strings.Join(said, " · ")
}

// pair adds a line where there is a value.
func pair(list []ui.Pair, label, text string) []ui.Pair {
	if text == "" {
		return list
	}
	return append(list, ui.Pair{Label: label, Text: text, Mono: strings.HasSuffix(label, "id")})
}

// traceEvents makes the timeline of a trace. Nothing is added to what the trace tells: it is cut to the viewer already.
func traceEvents(f *Frame, told trace.Trace, names Names) []ui.Event {
	sent := map[string]facts{} // deliveries by id
	for _, item := range told.Items {
		if item.Kind == trace.KindDelivery {
			sent[facts(item.Data).text("delivery_id")] = item.Data
		}
	}
	events := make([]ui.Event, len(told.Items))
	for i, item := range told.Items {
		x := facts(item.Data)
		e := ui.Event{What: item.Summary, When: f.format(item.At, "2 Jan, 15:04:05"), Exact: f.Exact(item.At), ISO: item.At.Format(time.RFC3339Nano)}
		switch item.Kind {
		case trace.KindClick:
			e.Icon, e.Kind = "world", ui.Brand
			e.Text = strings.Join(slices.DeleteFunc([]string{x.text("device"), x.text("os"), x.text("browser"), x.text("ip")}, func(s string) bool { return s == "" }), " · ")
			e.What, e.Data = "Click on "+names.Offer(x.offer()), clickPairs(x, names)
			if country := x.text("country"); country != "" {
				e.What += " from " + Country(country)
			}
		case trace.KindRefusal:
			e.Icon, e.Kind = "ban", ui.Bad
			e.Text = "It was counted as invalid: calls for it are refused with click_not_valid."
		case trace.KindPostbackIn:
			callEvent(&e, x)
		case trace.KindConversion:
			e.Icon, e.Kind, e.Badge = "coin", ui.StatusOf(ui.Conversions, x.text("status")).Kind, ui.StatusBadge(ui.Conversions, x.text("status"))
			e.What, e.Text = "Conversion recorded", cmp.Or(f.amounts(x), withoutID(item.Summary, x))
			e.Data = f.conversionPairs(x)
		case trace.KindStatusChange:
			e.Icon, e.Kind, e.Badge = "arrows-exchange", ui.StatusOf(ui.Conversions, x.text("status")).Kind, ui.StatusBadge(ui.Conversions, x.text("status"))
			e.What, e.Text = changeTitle(x), withoutID(item.Summary, x)
			e.Data = f.conversionPairs(x)
		case trace.KindLedger:
			e.Icon, e.What, e.Text = "wallet", "Booked "+x.money("amount"), "From "+f.AccountWords(ledger.Account(x.text("from_account")))+" to "+f.AccountWords(ledger.Account(x.text("to_account")))
			e.Data = pair(pair(pair(nil, "Kind", x.text("kind")), "Note", x.text("note")), "Transaction id", x.text("transaction_id"))
		case trace.KindDelivery:
			e.Icon, e.Kind, e.Badge = "send", ui.StatusOf(ui.Deliveries, x.text("status")).Kind, ui.StatusBadge(ui.Deliveries, x.text("status"))
			e.What, e.Text = "Postback "+x.text("postback_id")+" for "+ui.StatusOf(ui.Conversions, x.text("event_status")).Word, x.text("url")
			if at, ok := x["next_attempt_at"].(time.Time); ok {
				e.Data = pair(nil, "Tries again", f.Exact(at))
			}
			e.Data = pair(pair(pair(e.Data, "Reason", strings.ReplaceAll(x.text("reason"), "_", " ")), "Delivery id", x.text("delivery_id")), "Conversion id", x.text("conversion_id"))
		case trace.KindDeliveryAttempt:
			attemptEvent(&e, i, x, sent[x.text("delivery_id")])
		}
		events[i] = e
	}
	return events
}

// callEvent is an incoming call: what became of it, why in words, and its parameters.
func callEvent(e *ui.Event, x facts) {
	status := x.text("status")
	e.Icon, e.Kind, e.Badge = "webhook", ui.StatusOf(ui.Calls, status).Kind, ui.StatusBadge(ui.Calls, status)
	e.What, e.Text = "Incoming call", sentence(x.text("message"))
	if by, ok := x["rehearsed_by"].(map[string]any); ok {
		e.What = "Test call, sent from a portal"
		e.Data = pair(e.Data, "Sent by", facts(by).text("who"))
	}
	e.Data = pair(e.Data, "Answer", "HTTP "+x.text("http_status")+", "+x.text("code"))
	e.Data = pair(pair(e.Data, "Method", x.text("method")), "From address", x.text("ip"))
	for _, name := range []string{"warnings", "ignored"} {
		if list, ok := x[name].([]string); ok {
			e.Data = pair(e.Data, map[string]string{"warnings": "Warnings", "ignored": "Sent, but without effect"}[name], strings.Join(list, ", "))
		}
	}
	e.Data = append(e.Data, CallPairs(x.text("query"))...)
}

// CallPairs are the parameters of a logged call, as it was sent, secrets masked: query and body.
func CallPairs(query string) (pairs []ui.Pair) {
	for part := range strings.SplitSeq(query, "\n") {
		for piece := range strings.SplitSeq(part, "&") {
			if piece == "" {
				continue
			}
			name, value, _ := strings.Cut(piece, "=")
			pairs = append(pairs, ui.Pair{Label: plainText(name), Text: plainText(value), Mono: true})
		}
	}
	return pairs
}

func plainText(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

func clickPairs(x facts, names Names) (pairs []ui.Pair) {
	pairs = []ui.Pair{{Label: "Offer", Text: names.Offer(x.offer())}, {Label: "Affiliate", Text: names.Affiliate(x.affiliate())}}
	for _, p := range [][2]string{{"Source", "source"}, {"Affiliate's click id", "aff_click_id"},
		{"Coupon", "coupon"}, {"Country", "country"}, {"Address", "ip"}, {"Browser's name", "user_agent"}, {"Came from", "referrer"}} {
		pairs = pair(pairs, p[0], x.text(p[1]))
	}
	for i := 1; i <= 10; i++ {
		pairs = pair(pairs, fmt.Sprintf("Sub %d", i), x.text(fmt.Sprintf("sub%d", i)))
	}
	if x.text("robot") == "true" {
		pairs = pair(pairs, "Robot", "yes, by its name")
	}
	return pairs
}

func (f *Frame) conversionPairs(x facts) (pairs []ui.Pair) {
	pairs = pair(pairs, "Conversion id", x.text("conversion_id"))
	pairs = pair(pairs, "Sale value", x.money("val"))
	pairs = pair(pair(pairs, "Commission", x.money("commission")), f.revenueWord(), x.money("revenue"))
	pairs = pair(pair(pairs, "By", actorWord(x.text("actor"))), "Reason", x.text("reason"))
	if told, ok := x["postbacks"].([]map[string]any); ok {
		for _, p := range told {
			one := facts(p)
			text := "fired"
			if one.text("fired") != "true" {
				text = "did not fire: " + one.text("why")
			}
			pairs = pair(pairs, "Affiliate's postback "+one.text("postback_id"), text)
		}
	}
	return pairs
}

// withoutID is a summary without the conversion's id, which stands among the details.
func withoutID(summary string, x facts) string {
	rest := strings.TrimPrefix(summary, "Conversion "+x.text("conversion_id")+" ")
	return sentence(strings.TrimPrefix(rest, "recorded: "))
}

// changeTitle says who did what, with the reason.
func changeTitle(x facts) string {
	by := ""
	if actor := actorWord(x.text("actor")); actor != "" {
		by = " by " + actor
	}
	if reason := x.text("reason"); reason != "" {
		by += ": " + reason
	}
	if x.text("from_status") == "" {
		return "Amounts changed" + by
	}
	return ui.StatusOf(ui.Conversions, x.text("status")).Word + by
}

// actorWord is who did it.
func actorWord(actor string) string {
	switch actor {
	case "", "postback":
		return map[string]string{"postback": "an incoming call"}[actor]
	case "admin", "manager", "finance":
		return "the network (" + actor + ")"
	case "advertiser":
		return "the advertiser"
	case "affiliate":
		return "the affiliate"
	}
	return "the system (" + actor + ")"
}

// attemptEvent is one request to the affiliate's tracker, with what was sent and answered.
func attemptEvent(e *ui.Event, i int, x, delivery facts) {
	e.Icon, e.Kind = "circle-x", ui.Bad
	code := x.text("status_code")
	word := "No answer"
	if code != "" && code != "0" {
		word = "HTTP " + code
	}
	if strings.HasPrefix(code, "2") && len(code) == 3 {
		e.Icon, e.Kind = "circle-check", ui.OK
	}
	e.What, e.Badge = "Try "+x.text("number"), ui.Badge(e.Kind, word)
	e.Text = x.text("duration_ms") + " ms"
	if why := x.text("error"); why != "" && e.Kind == ui.Bad {
		e.Text = sentence(why) + " " + x.text("duration_ms") + " ms."
	}
	if delivery.text("url") == "" {
		return // not the viewer's to read
	}
	answer := x.text("response_body")
	if answer == "" {
		answer = "(empty)"
	}
	e.Body = foldedHTTP(fmt.Sprintf("try-%d", i), []ui.Message{
		{Title: "Request", Text: strings.TrimSpace(delivery.text("method") + " " + delivery.text("url"))},
		{Title: "Answer", Badge: ui.Badge(e.Kind, word), Text: answer},
	})
}

// traceFacts is the click at a glance.
func traceFacts(f *Frame, told trace.Trace, names Names) []ui.Pair {
	if len(told.Items) == 0 {
		return nil
	}
	at, x := told.Items[0].At, facts(told.Items[0].Data)
	pairs := []ui.Pair{{Label: "Click id", Text: x.text("click_id"), Mono: true, Copy: true}, {Label: "When", Text: f.Time(at)}}
	if x.text("valid") == "false" {
		pairs = append(pairs, ui.Pair{Label: "State", Body: ui.StatusBadge(ui.Clicks, "invalid")})
	} else {
		pairs = append(pairs, ui.Pair{Label: "State", Body: ui.StatusBadge(ui.Clicks, "valid")})
	}
	for _, p := range [][3]string{{"Offer", "offer_id", names.Offer(x.offer())}, {"Affiliate", "affiliate_id", names.Affiliate(x.affiliate())}} {
		one := ui.Pair{Label: p[0], Text: p[2]}
		if href := f.recordPath(p[1], x.text(p[1])); href != "" {
			one.Body = textLink(href, p[2])
		}
		pairs = append(pairs, one)
	}
	return pair(pair(pairs, "Country", x.text("country")), "Device", x.text("device"))
}

// recordPath is where a portal shows an offer or an affiliate; empty where it has no such page.
func (f *Frame) recordPath(kind, id string) string {
	switch {
	case f.group == nil:
	case kind == "offer_id" && f.group.door.Kind == Affiliate: // who may have lost the offer since
	case kind == "offer_id":
		return f.Path("/offers/" + id)
	case kind == "affiliate_id" && f.group.door.Kind == Admin:
		return f.Path("/affiliates/" + id)
	}
	return ""
}

// traceCounts sums the story up.
func traceCounts(told trace.Trace) string {
	of := map[trace.Kind]int{}
	for _, item := range told.Items {
		of[item.Kind]++
	}
	return plural(of[trace.KindPostbackIn], "incoming call") + ", " + plural(of[trace.KindConversion], "conversion") + ", " +
		plural(of[trace.KindDelivery], "postback") + " to the affiliate"
}

func traceTitle(v traceView) string {
	if v.click != "" {
		return "Trace of a click"
	}
	return "Trace"
}

func traceCrumbs(f *Frame, v traceView) []ui.Crumb {
	if v.click == "" {
		return nil
	}
	label := v.click
	if len(label) > 12 {
		label = label[:8] + "…"
	}
	return []ui.Crumb{{Label: "Trace", Href: f.Path("/trace")}, {Label: label}}
}

// traceUnknown tells why a click may be missing.
func traceUnknown(id string) string {
	if len(id) != 32 {
		return fmt.Sprintf("A click id has 32 characters, this text has %d: it was cut or is another system's id. Copy the whole id from the landing page's address or from a conversion.", len(id))
	}
	return "It was mistyped, belongs to somebody else, or is older than what is kept. A click shows here the moment after the visit."
}

func traceLinksText(v traceView) string {
	text := "Revoke a link, and it opens nothing any more."
	if v.more {
		text += fmt.Sprintf(" The newest %d are shown.", linksShown)
	}
	return text
}

// shareFields are the form of a new link. Operators choose whose eyes it shows the trace to.
func shareFields(f *Frame, v traceView) []ui.Field {
	hours := "168"
	if v.in.Hours != 0 {
		hours = fmt.Sprint(v.in.Hours)
	}
	fields := []ui.Field{{Name: "hours", Label: "Open for", Value: hours, Error: v.faults["hours"], Options: []ui.Option{
		{Value: "1", Label: "1 hour"}, {Value: "24", Label: "1 day"}, {Value: "168", Label: "7 days"}, {Value: "720", Label: "30 days"}}}}
	if f.Actor.Role.Operator() {
		fields = append(fields, ui.Field{Name: "as", Label: "Shows the trace", Value: v.in.As, Error: v.faults["as"], Options: []ui.Option{
			{Value: "affiliate", Label: "as the affiliate sees it"}, {Value: "advertiser", Label: "as the advertiser sees it"}, {Value: string(trace.ViewNetwork), Label: "whole, with both sides' money"}}})
		if v.in.As == "" && len(v.faults) == 0 {
			fields[1].Value = "affiliate"
		}
	}
	return append(fields, ui.Field{Name: "note", Label: "For whom", Value: v.in.Note, Error: v.faults["note"], Optional: true, MaxLength: 200,
		Hint: "So that you know the link again. Who opens it does not see this."})
}
