package portaladvertiser

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

const logPath = "/postback-log"

// logFilter is the query of the postback log.
type logFilter struct {
	portal.Period
	Status string      `query:"status"`
	Code   string      `query:"code"`
	Offer  portal.Pick `query:"offer"`
	Click  string      `query:"click"`
	IP     string      `query:"ip"`
	portal.Paging
}

func (s *pages) calls(f *portal.Frame) error {
	var filter logFilter
	if err := f.Query(&filter); err != nil {
		return err
	}
	asked := conversion.LogFilter{Status: conversion.Outcome(filter.Status), Code: filter.Code, OfferID: offer.ID(filter.Offer), IP: strings.TrimSpace(filter.IP)}
	asked.From, asked.To = filter.Bounds(f)
	nothing := false
	if filter.Click = strings.TrimSpace(filter.Click); filter.Click != "" {
		id, err := s.Clicks.Parse(strings.ToLower(filter.Click))
		asked.ClickID, nothing = id, err != nil
	}
	list := func(p domain.Page) (domain.Slice[conversion.LogEntry], error) {
		if nothing {
			return domain.Slice[conversion.LogEntry]{}, nil
		}
		return s.Conversions.LogList(f.Context(), f.Actor, asked, p)
	}
	if f.WantsFile() {
		return portal.File(f, "postback-log", portal.CallColumns(s.Clicks.Text), list)
	}
	found, err := list(filter.Slice())
	if err != nil {
		return err
	}
	ids := portal.NameIDs{Offers: []offer.ID{asked.OfferID}}
	for _, l := range found.Items {
		ids.Offers = append(ids.Offers, l.OfferID)
	}
	names, err := f.Names(ids)
	if err != nil {
		return err
	}
	path := f.Path(logPath)
	v := listView{
		Head: ui.Head{Title: "Postback log", Lead: "Every call that came for clicks on your offers, refused ones included, newest first. Times in " + f.Zone.String() + ".",
			Actions: f.Export(portal.Export{Things: "postback log", Path: path, Filter: filter, API: "/postback-log", Asked: append(filter.Asked(f), "status", filter.Status,
				"code", filter.Code, "click_id", filter.Click, "ip", filter.IP, "offer_id", portal.Picked(filter.Offer, ""))})},
		Filter: ui.Filter{ID: "filter", Action: path, Search: "click", SearchLabel: "Click id", SearchValue: filter.Click,
			Selects: []ui.FilterSelect{
				{Field: "status", Label: "What became of it", Any: "Any result", Value: filter.Status, Options: ui.StatusOptions(ui.Calls, "recorded", "updated", "duplicate", "queued", "refused")}},
			Range: filter.Picker(f, "dates", "Any time"), Fields: ui.PickBar(f.FilterPick(search.KindOffer, filter.Offer, names)), ResetHref: path,
			Chips: portal.Chips(path, filter, "status", portal.Is("Result", ui.StatusOf(ui.Calls, filter.Status).Word), "code", portal.Is("Reason", filter.Code),
				"offer", names.IsPicked(search.KindOffer, filter.Offer), "click", portal.Is("Click", filter.Click), "ip", portal.Is("Address", filter.IP), "from", since(filter.From), "to", until(filter.To))},
		Pager: portal.Pager(path, filter, filter.Paging, found, "call"),
	}
	v.Table = ui.Table{ID: "calls", Name: "Incoming calls", Empty: s.noCalls(f, len(v.Filter.Chips) > 0),
		Columns: []ui.Column{{Label: "Time"}, {Label: "What became of it", Wide: true, Wrap: true}, {Label: "Offer", Hide: true}, {Label: "Order id", Hide: true},
			{Label: "Click", Hide: true}, {Label: "From", Hide: true}, {Label: "Answer", Number: true}}}
	for _, l := range found.Items {
		v.Table.Rows = append(v.Table.Rows, s.callRow(f, names, l))
	}
	portal.Arrange(f, &v.Table, &v.Filter, &v.Pager, 1, found.Items, portal.CallColumns(s.Clicks.Text))
	return f.Page("Postback log", logPath, listPage(v))
}

func (s *pages) callRow(f *portal.Frame, names portal.Names, l conversion.LogEntry) ui.Row {
	at := ui.Cell{Text: f.LogTime(l.ReceivedAt), Title: f.Exact(l.ReceivedAt), Href: f.Path(logPath + "/" + l.ID.String()), Sheet: "Incoming call"}
	what := ui.Cell{Text: callText(l), Sub: portal.RehearsedBy(l), Badge: ui.StatusBadge(ui.Calls, string(l.Status)), Narrow: names.Offer(l.OfferID) + " · " + portal.Or(param(l, "txid"))}
	return ui.Row{ID: "call-" + l.ID.String(), Cells: []ui.Cell{at, what, {Text: names.Offer(l.OfferID)}, {Text: portal.Or(param(l, "txid")), Mono: true},
		{Text: s.shortClick(l.ClickID), Mono: true, Href: s.callTrace(f, l)}, {Text: l.IP, Mono: true}, {Text: strconv.Itoa(l.HTTPStatus)}}}
}

// callText is the reason in words.
func callText(l conversion.LogEntry) string {
	text := l.Message
	if text == "" {
		text = strings.ReplaceAll(l.Code, "_", " ")
	}
	return portal.Sentence(text)
}

// param is a parameter of a call by its canonical name, as the line's text shows it.
func param(l conversion.LogEntry, name string) string {
	for _, p := range portal.CallPairs(l.Query) {
		if p.Label == name {
			return p.Text
		}
	}
	for _, alias := range l.ReadAs {
		sent, of, _ := strings.Cut(alias, "=")
		if of == name && sent != name {
			for _, p := range portal.CallPairs(l.Query) {
				if p.Label == sent {
					return p.Text
				}
			}
		}
	}
	return ""
}

func (s *pages) shortClick(id click.ID) string {
	if id.IsZero() {
		return portal.None
	}
	return s.Clicks.Text(id)[:10] + "…"
}

func (s *pages) traceHref(f *portal.Frame, id click.ID) string {
	if id.IsZero() {
		return ""
	}
	return f.Path("/trace/" + s.Clicks.Text(id))
}

// callTrace leads to the click of a call. A call that was matched with no offer names another's click, or none.
func (s *pages) callTrace(f *portal.Frame, l conversion.LogEntry) string {
	if l.OfferID == 0 {
		return ""
	}
	return s.traceHref(f, l.ClickID)
}

func (s *pages) clickText(id click.ID) string {
	if id.IsZero() {
		return ""
	}
	return s.Clicks.Text(id)
}

// callView is one call with all that came and all that was answered.
type callView struct {
	line    conversion.LogEntry
	offer   string
	params  []ui.Pair
	facts   []ui.Pair
	advice  []string
	curl    string
	trace   string
	decided string // the conversion's page
}

func (s *pages) call(f *portal.Frame) error {
	id, err := uuid(f, "id")
	if err != nil {
		return err
	}
	l, err := s.Conversions.LogGet(f.Context(), f.Actor, conversion.LogID{UUID: id})
	if err != nil {
		return err
	}
	names, err := f.Names(portal.NameIDs{Offers: []offer.ID{l.OfferID}, Affiliates: []affiliate.ID{l.AffiliateID}})
	if err != nil {
		return err
	}
	v := callView{line: l, offer: names.Offer(l.OfferID), params: portal.CallPairs(l.Query), advice: l.Hints(), trace: s.callTrace(f, l), curl: curlOf(s.TrackingURL, l)}
	v.facts = []ui.Pair{{Label: "Received", Text: f.Exact(l.ReceivedAt)}, {Label: "Answer", Text: fmt.Sprintf("HTTP %d, %s", l.HTTPStatus, l.Code)},
		{Label: "From", Text: l.IP, Mono: true}, {Label: "Offer", Text: v.offer}}
	if by := portal.RehearsedBy(l); by != "" {
		v.facts = append(v.facts, ui.Pair{Label: "Sent by", Text: by})
	}
	if l.AffiliateID != 0 {
		v.facts = append(v.facts, ui.Pair{Label: "Affiliate", Text: names.Affiliate(l.AffiliateID)})
	}
	if !l.ClickID.IsZero() {
		v.facts = append(v.facts, ui.Pair{Label: "Click id", Text: s.Clicks.Text(l.ClickID), Mono: true, Copy: true})
	}
	if !l.ConversionID.IsZero() {
		v.decided = f.Path("/conversions/" + l.ConversionID.String())
		v.facts = append(v.facts, ui.Pair{Label: "Conversion", Body: textLink(v.decided, l.ConversionID.String())},
			ui.Pair{Label: "It is now", Body: ui.StatusBadge(ui.Conversions, string(l.ConversionStatus))})
	}
	if len(l.Warnings) > 0 {
		v.facts = append(v.facts, ui.Pair{Label: "Warnings", Text: strings.Join(l.Warnings, ", ")})
	}
	if f.Part() {
		return f.RenderPart(200, callBody(v))
	}
	return f.Page("Incoming call", logPath, callPage(f, v))
}

// curlOf is the call as a command. Secrets are masked in the log, so that the token is to be put in again.
func curlOf(base string, l conversion.LogEntry) string {
	query, body, _ := strings.Cut(l.Query, "\n")
	command := "curl -sS"
	if l.Method == "POST" && body == "" {
		command += " -X POST"
	}
	if body != "" {
		command += " --data " + portal.ShellQuoted(body)
	}
	address := base + "/postback"
	if query != "" {
		address += "?" + query
	}
	return command + " " + portal.ShellQuoted(address)
}
