package portaladmin

import (
	"fmt"
	"strings"

	"github.com/a-h/templ"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// callFilter is the query of the postback log, and names the calls of a replay.
type callFilter struct {
	portal.Period
	Status     string      `query:"status"`
	Code       string      `query:"code"`
	Click      string      `query:"click"`
	IP         string      `query:"ip"`
	Offer      portal.Pick `query:"offer"`
	Advertiser portal.Pick `query:"advertiser"`
	Affiliate  portal.Pick `query:"affiliate"`
}

func (a *admin) askedCalls(f *portal.Frame, filter callFilter) (asked conversion.LogFilter, none bool) {
	asked = conversion.LogFilter{Status: conversion.Outcome(filter.Status), Code: filter.Code, IP: filter.IP, OfferID: offer.ID(filter.Offer),
		AdvertiserID: advertiser.ID(filter.Advertiser), AffiliateID: affiliate.ID(filter.Affiliate)}
	asked.From, asked.To = filter.Bounds(f)
	if filter.Click != "" {
		id, ok := a.findClick(filter.Click)
		asked.ClickID, none = id, !ok
	}
	return asked, none
}

func (a *admin) calls(f *portal.Frame) error {
	var filter struct {
		callFilter
		portal.Paging
	}
	if err := f.Query(&filter); err != nil {
		return err
	}
	asked, none := a.askedCalls(f, filter.callFilter)
	read := func(p domain.Page) (domain.Slice[conversion.LogEntry], error) {
		if none {
			return domain.Slice[conversion.LogEntry]{}, nil
		}
		return a.Conversions.LogList(f.Context(), f.Actor, asked, p)
	}
	if f.WantsFile() {
		return portal.File(f, "postback-log", a.callColumns(), read)
	}
	list, err := read(filter.Slice())
	if err != nil {
		return err
	}
	ids := portal.NameIDs{Offers: []offer.ID{asked.OfferID}, Affiliates: []affiliate.ID{asked.AffiliateID}, Advertisers: []advertiser.ID{asked.AdvertiserID}}
	for _, l := range list.Items {
		ids.Offers = append(ids.Offers, l.OfferID)
	}
	n, err := f.Names(ids)
	if err != nil {
		return err
	}
	path := f.Path("/postback-log")
	v := listView{Head: ui.Head{Title: "Postback log", Lead: "Every call that came in, and what became of it. Times in " + f.Zone.String() + "."},
		Filter: callBar(f, n, path, filter.callFilter), Pager: portal.Pager(path, filter, filter.Paging, list, "call")}
	v.Table = ui.Table{ID: "calls", Name: "Incoming calls", Empty: ui.NoResults(path),
		Columns: []ui.Column{{Label: "Result", Wide: true}, {Label: "When", Hide: true}, {Label: "Offer", Hide: true}, {Label: "Click id", Hide: true}, {Label: "From", Hide: true}, {Label: "Status"}}}
	if len(v.Filter.Chips) == 0 {
		v.Table.Empty = ui.Empty(ui.Nothing{Icon: "webhook", Title: "No calls yet", Text: "As soon as an advertiser's server or page reports something, the call stands here, a refused one with the reason.", Next: ui.Button{Label: "See the advertisers", Href: f.Path("/advertisers")}})
	}
	for _, l := range list.Items {
		v.Table.Rows = append(v.Table.Rows, a.callRow(f, n, l))
	}
	var replay *ui.ConfirmBox
	if mayConvert(f) && !none {
		if replay, err = a.offerReplay(f, filter.callFilter, asked); err != nil {
			return err
		}
	}
	v.Head.Actions = callsHead(f, f.Export(portal.Export{Things: "postback log", Path: path, Filter: filter.callFilter, API: "/postback-log", Asked: append(filter.Asked(f), "status", filter.Status,
		"code", filter.Code, "click_id", filter.Click, "ip", filter.IP, "offer_id", portal.Picked(filter.Offer, ""), "advertiser_id", portal.Picked(filter.Advertiser, ""), "affiliate_id", portal.Picked(filter.Affiliate, ""))}), replay)
	if replay != nil {
		v.Extra = ui.Confirm(*replay)
	}
	portal.Arrange(f, &v.Table, &v.Filter, &v.Pager, 1, list.Items, a.callColumns())
	return f.Page("Postback log", "/postback-log", listPage(v))
}

// offerReplay offers to decide again what was refused of the list, once its period says how much that is.
func (a *admin) offerReplay(f *portal.Frame, filter callFilter, asked conversion.LogFilter) (*ui.ConfirmBox, error) {
	if asked.From.IsZero() {
		return nil, nil
	}
	counts, err := a.Conversions.LogTally(f.Context(), f.Actor, asked)
	if err != nil {
		return nil, err
	}
	var open int64
	for _, c := range counts {
		if c.Status == conversion.OutcomeRefused || c.Status == conversion.OutcomeQueued {
			open += c.Count
		}
	}
	if open == 0 {
		return nil, nil
	}
	calls := portal.Counted(int(open), "call")
	return &ui.ConfirmBox{ID: "replay", Title: "Replay " + calls + "?", Action: portal.URL(f.Path("/postback-log/replay"), filter), CSRF: f.CSRF, Safe: true, Verb: "Replay " + calls,
		Text: "Those of this list that were refused or still wait are decided again, as they came, oldest first. What can count now makes conversions, money and postbacks."}, nil
}

func callBar(f *portal.Frame, n portal.Names, path string, filter callFilter) ui.Filter {
	bar := ui.Filter{ID: "filter", Action: path, Search: "click", SearchLabel: "Whole click id", SearchValue: filter.Click, ResetHref: path, Range: filter.Picker(f, "dates", "Any time"),
		Selects: []ui.FilterSelect{{Field: "status", Label: "Result", Any: "Any result", Value: filter.Status, Options: ui.StatusOptions(ui.Calls, "recorded", "updated", "duplicate", "queued", "refused")}},
		Fields: moreFields(setCount(filter.Code != "", filter.IP != "", filter.Offer != 0, filter.Advertiser != 0, filter.Affiliate != 0), []ui.Field{textField("code", "Code", filter.Code), textField("ip", "Address", filter.IP),
			f.FilterPick(search.KindOffer, filter.Offer, n), f.FilterPick(search.KindAdvertiser, filter.Advertiser, n), f.FilterPick(search.KindAffiliate, filter.Affiliate, n)})}
	status := ""
	if filter.Status != "" {
		status = ui.StatusOf(ui.Calls, filter.Status).Word
	}
	bar.Chips = portal.Chips(path, filter, append([]string{"status", portal.Is("Result", status), "click", portal.Is("Click id", filter.Click), "code", portal.Is("Code", filter.Code), "ip", portal.Is("Address", filter.IP),
		"offer", n.IsPicked(search.KindOffer, filter.Offer), "advertiser", n.IsPicked(search.KindAdvertiser, filter.Advertiser), "affiliate", n.IsPicked(search.KindAffiliate, filter.Affiliate)}, periodChips(filter.Period)...)...)
	return bar
}

func (a *admin) callRow(f *portal.Frame, n portal.Names, l conversion.LogEntry) ui.Row {
	clickCell := ui.Cell{Text: portal.None}
	if !l.ClickID.IsZero() {
		text := a.Clicks.Text(l.ClickID)
		clickCell = ui.Cell{Text: text[:10] + "…", Mono: true, Href: a.tracePath(f, l.ClickID), Title: text}
	}
	return ui.Row{ID: "l-" + l.ID.String(), Cells: []ui.Cell{
		{Text: callWords(l), Href: f.Path("/postback-log/" + l.ID.String()), Sheet: "Incoming call", Sub: callNote(l), Narrow: f.Ago(l.ReceivedAt) + " · " + n.Offer(l.OfferID)},
		{Text: f.Ago(l.ReceivedAt), Title: f.Exact(l.ReceivedAt)}, {Text: n.Offer(l.OfferID)}, clickCell, {Text: l.IP, Mono: true}, {Body: ui.StatusBadge(ui.Calls, string(l.Status))}}}
}

// callNote is the code of the answer, and who sent the call if a portal did.
func callNote(l conversion.LogEntry) string {
	if by := portal.RehearsedBy(l); by != "" {
		return l.Code + " · " + by
	}
	return l.Code
}

// callWords are what became of a call.
func callWords(l conversion.LogEntry) string {
	if l.Message != "" {
		return portal.Sentence(l.Message)
	}
	if l.Code != "" && l.Status == conversion.OutcomeRefused {
		return portal.Sentence(strings.ReplaceAll(l.Code, "_", " "))
	}
	return ui.StatusOf(ui.Calls, string(l.Status)).Sentence
}

func (a *admin) callColumns() []portal.FileColumn[conversion.LogEntry] {
	return append(portal.CallColumns(a.Clicks.Text), portal.FileColumn[conversion.LogEntry]{Name: "advertiser_id", Number: true,
		Text: func(l conversion.LogEntry) string { return fmtID(l.AdvertiserID) }})
}

// callView is one call with all that came and what became of it.
type callView struct {
	line          conversion.LogEntry
	facts, params []ui.Pair
	hints         []string
	raw           string
	trace         string
	replay        templ.Component
}

func (a *admin) call(f *portal.Frame) error {
	l, err := a.findCall(f)
	if err != nil {
		return err
	}
	n, err := f.Names(portal.NameIDs{Offers: []offer.ID{l.OfferID}, Affiliates: []affiliate.ID{l.AffiliateID}})
	if err != nil {
		return err
	}
	v := callView{line: l, params: portal.CallPairs(l.Query), hints: l.Hints(), trace: a.tracePath(f, l.ClickID), raw: rawCall(l)}
	v.facts = []ui.Pair{{Label: "Received", Text: f.Exact(l.ReceivedAt)}, {Label: "Answer", Text: fmt.Sprintf("HTTP %d, %s", l.HTTPStatus, portal.Or(l.Code))}, {Label: "From", Text: l.IP, Mono: true}, {Label: "Offer", Text: n.Offer(l.OfferID)},
		{Label: "Affiliate", Text: n.Affiliate(l.AffiliateID)}}
	if by := portal.RehearsedBy(l); by != "" {
		sent := ui.Pair{Label: "Sent by", Text: by}
		if l.Rehearsal.UserID != 0 && f.May(account.PermissionManageUsers) {
			sent.Body = textLink(by, userPath(f.Path("/people"), l.Rehearsal.UserID))
		}
		v.facts = append(v.facts, sent)
	}
	if !l.ConversionID.IsZero() {
		v.facts = append(v.facts, ui.Pair{Label: "Conversion", Body: textLink(portal.ShortID(l.ConversionID.String()), f.Path("/conversions/"+l.ConversionID.String()))},
			ui.Pair{Label: "It is now", Body: ui.StatusBadge(ui.Conversions, string(l.ConversionStatus))})
	}
	if !l.ClickID.IsZero() {
		v.facts = append(v.facts, ui.Pair{Label: "Click id", Text: a.Clicks.Text(l.ClickID), Mono: true, Copy: true})
	}
	if len(l.Warnings) > 0 {
		v.facts = append(v.facts, ui.Pair{Label: "Warnings", Text: strings.Join(l.Warnings, ", ")})
	}
	if mayConvert(f) && (l.Status == conversion.OutcomeRefused || l.Status == conversion.OutcomeQueued) {
		v.replay = postButton(f.Path("/postback-log/"+l.ID.String()+"/replay"), f.CSRF, ui.Button{Label: "Replay", Name: "Replay this call", Icon: "refresh", Submit: true, Small: true})
	}
	if f.Part() {
		return f.RenderPart(200, callBody(v))
	}
	return f.Page("Incoming call", "/postback-log", callPage(f, v))
}

func (a *admin) findCall(f *portal.Frame) (conversion.LogEntry, error) {
	id, err := uuidOf(f)
	if err != nil {
		return conversion.LogEntry{}, err
	}
	return a.Conversions.LogGet(f.Context(), f.Actor, conversion.LogID{UUID: id})
}

// rawCall is the call as it came, as far as the log keeps it: secrets are masked.
func rawCall(l conversion.LogEntry) string {
	query, body, _ := strings.Cut(l.Query, "\n")
	text := l.Method + " /postback"
	if query != "" {
		text += "?" + query
	}
	if body == "" {
		body = l.BodyStart
	}
	if body != "" {
		text += "\n\n" + body
	}
	return text
}

func (a *admin) replayCall(f *portal.Frame) error {
	l, err := a.findCall(f)
	if err != nil {
		return err
	}
	r, err := a.Conversions.Replay(f.Context(), f.Actor, l.ID)
	if err != nil {
		return err
	}
	kind := ui.OK
	if r.Status == conversion.OutcomeRefused {
		kind = ui.Warn
	}
	l.Status, l.Code, l.Message = r.Status, r.Code, r.Message
	f.Flash(kind, "Decided again: "+callWords(l))
	return f.Redirect(f.Path("/postback-log/" + l.ID.String()))
}

func (a *admin) replayCalls(f *portal.Frame) error {
	var filter callFilter
	if err := f.Query(&filter); err != nil {
		return err
	}
	back := portal.URL(f.Path("/postback-log"), filter)
	asked, none := a.askedCalls(f, filter)
	if none || asked.From.IsZero() {
		f.Flash(ui.Warn, "Choose a period first, so that it is clear how much is replayed.")
		return f.Redirect(back)
	}
	done, err := a.Conversions.Replays(f.Context(), f.Actor, asked)
	if err != nil {
		return err
	}
	kind, text := ui.OK, fmt.Sprintf("%s replayed: %s counted, %s refused again, %s still waiting.", portal.Counted(done.Count, "call"), portal.Count(done.Recorded), portal.Count(done.Refused), portal.Count(done.Queued))
	if done.More {
		kind, text = ui.Warn, text+" There are more: replay again."
	}
	f.Flash(kind, text)
	return f.Redirect(back)
}
