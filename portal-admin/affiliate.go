package portaladmin

import (
	"fmt"
	"net/http"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// affiliate is the overview of a record.
func (a *admin) affiliate(f *portal.Frame) error {
	one, err := a.findAffiliate(f)
	if err != nil {
		return err
	}
	p := affiliateParty(one)
	figures, err := a.recordFigures(f, report.Filter{AffiliateID: one.ID}, p.base(f))
	if err != nil {
		return err
	}
	if f.Part() && f.Target() == "figures" {
		return f.RenderPart(http.StatusOK, figures)
	}
	fire := "The most specific one"
	if one.Fire == affiliate.FireAll {
		fire = "Every one that matches"
	}
	about := []ui.Pair{{Label: "Id", Text: fmtID(one.ID), Copy: true}, {Label: "E-mail", Text: portal.Or(one.Email)}, {Label: "Paid in", Text: string(one.Currency)},
		{Label: "Postbacks that are called", Text: fire}, {Label: "Partner since", Text: f.Date(one.CreatedAt)}, {Label: "Last changed", Text: f.Time(one.UpdatedAt)}}
	return a.renderParty(f, http.StatusOK, p, "", "Overview", overviewTab(figures, about, partnerLinks(f, "affiliate", p.id), "Last 30 days against the 30 days before, in "+f.Zone.String()))
}

// partnerLinks lead to a partner's traffic.
func partnerLinks(f *portal.Frame, field string, id int64) []ui.Pair {
	var links []ui.Pair
	for _, l := range []struct{ label, path string }{{"Conversions", "/conversions"}, {"Clicks", "/clicks"}, {"Report by offer", "/reports"}} {
		to := f.Path(l.path) + "?" + field + "=" + fmtID(id)
		if l.path == "/reports" {
			to = f.Path(l.path) + "?group_by=offer&" + field + "=" + fmtID(id)
		}
		links = append(links, ui.Pair{Label: l.label, Text: to})
	}
	return links
}

func (a *admin) affiliateSettings(f *portal.Frame) error {
	one, err := a.findAffiliate(f)
	if err != nil {
		return err
	}
	return a.showAffiliateSettings(f, http.StatusOK, one, affiliateInput{Name: one.Name, Email: one.Email, Currency: one.Currency, Fire: one.Fire, Seen: one.UpdatedAt}, nil)
}

func (a *admin) showAffiliateSettings(f *portal.Frame, status int, one affiliate.Affiliate, in affiliateInput, x portal.Faults) error {
	p := affiliateParty(one)
	in.Status = ""
	return a.renderParty(f, status, p, "/settings", "Settings", partnerFormBody(partnerForm{Action: p.base(f) + "/settings", CSRF: f.CSRF, Seen: in.Seen,
		Cancel: p.base(f) + "/settings", Verb: "Save changes", Sections: affiliateSections(in, x)}.form(x)))
}

func (a *admin) saveAffiliate(f *portal.Frame) error {
	one, err := a.findAffiliate(f)
	if err != nil {
		return err
	}
	var in affiliateInput
	if err = f.Bind(&in); err == nil {
		_, _, err = a.Affiliates.Update(f.Context(), f.Actor, one.ID, in.apply)
	}
	if x, ok := portal.FaultsOf(err); ok {
		return a.showAffiliateSettings(f, http.StatusUnprocessableEntity, one, in, x)
	}
	if err != nil {
		return err
	}
	f.Flash(ui.OK, "The changes are saved.")
	return f.Redirect(affiliateParty(one).base(f) + "/settings")
}

func (a *admin) setAffiliateStatus(f *portal.Frame) error {
	var in struct {
		Status affiliate.Status `form:"status"`
	}
	if err := f.Bind(&in); err != nil {
		return err
	}
	id, err := number[affiliate.ID](f, "id")
	if err != nil {
		return err
	}
	one, _, err := a.Affiliates.Update(f.Context(), f.Actor, id, func(one *affiliate.Affiliate) { one.Status = in.Status })
	if err != nil {
		return err
	}
	f.Flash(ui.OK, fmt.Sprintf("%s is now %s.", one.Name, ui.StatusOf(ui.Partners, string(one.Status)).Word))
	return f.Redirect(affiliateParty(one).base(f))
}

func (a *admin) deleteAffiliate(f *portal.Frame) error {
	one, err := a.findAffiliate(f)
	if err != nil {
		return err
	}
	if err := a.Affiliates.Delete(f.Context(), f.Actor, one.ID); err != nil {
		if x, ok := portal.FaultsOf(err); ok {
			f.Flash(ui.Bad, one.Name+" cannot be deleted: "+x[""])
			return f.Redirect(affiliateParty(one).base(f))
		}
		return err
	}
	f.Flash(ui.OK, one.Name+" is deleted.")
	return f.Redirect(f.Path("/affiliates"))
}

// affiliatePostbacks is the tab with the addresses that are called for the affiliate's conversions.
func (a *admin) affiliatePostbacks(f *portal.Frame) error {
	one, err := a.findAffiliate(f)
	if err != nil {
		return err
	}
	var filter struct{ portal.Paging }
	if err := f.Query(&filter); err != nil {
		return err
	}
	list, err := a.Postbacks.List(f.Context(), f.Actor, postback.Filter{AffiliateID: one.ID}, filter.Slice())
	if err != nil {
		return err
	}
	p := affiliateParty(one)
	path := p.base(f) + "/postbacks"
	t := ui.Table{ID: "postbacks", Name: "Postbacks of " + p.name, Actions: may(f), Columns: []ui.Column{{Label: "Address", Wide: true}, {Label: "State"}, {Label: "Sent for", Hide: true}, {Label: "Failures", Number: true, Hide: true}},
		Empty: ui.Empty(ui.Nothing{Icon: "webhook", Title: "No postback yet", Text: "The affiliate sets one up in its own portal; then its tracker learns of each conversion."})}
	var ids portal.NameIDs
	for _, one := range list.Items {
		ids.Offers, ids.Goals = append(ids.Offers, one.OfferID), append(ids.Goals, one.GoalID)
	}
	names, err := f.Names(ids)
	if err != nil {
		return err
	}
	for _, one := range list.Items {
		t.Rows = append(t.Rows, postbackRow(f, names, path, one))
	}
	return a.renderParty(f, http.StatusOK, p, "/postbacks", "Postbacks", listCard(listView{Table: t, Pager: portal.Pager(path, filter, filter.Paging, list, "postback")}))
}

func postbackRow(f *portal.Frame, names portal.Names, path string, p postback.Postback) ui.Row {
	scope := "Every offer"
	switch {
	case p.GoalID != 0:
		scope = names.Goal(p.OfferID, p.GoalID) + " of " + names.Offer(p.OfferID)
	case p.OfferID != 0:
		scope = names.Offer(p.OfferID)
	}
	state, sends, verb, icon := "active", "", "Pause", "player-pause"
	if !p.Active {
		state, verb, icon = "paused", "Resume", "player-play"
		if p.PausedReason != "" {
			scope += " · paused by the system: " + pausedWords(p.PausedReason)
		}
	}
	for i, s := range p.Statuses {
		if i > 0 {
			sends += ", "
		}
		sends += ui.StatusOf(ui.Conversions, string(s)).Word
	}
	failures := portal.Count(p.Failures)
	if p.Failures > 0 {
		scope += " · failing since " + f.Time(p.FailingSince)
	}
	url := postback.MaskURL(p.URL)
	row := ui.Row{ID: "postback-" + fmtID(p.ID), Cells: []ui.Cell{
		{Text: url, Mono: true, Href: f.Path("/deliveries?postback=" + fmtID(p.ID)), Sub: p.Method + " · " + scope, Narrow: scope},
		{Badge: ui.StatusBadge(ui.Postbacks, state)}, {Text: sends}, {Text: failures}}}
	if may(f) {
		active := "0"
		if !p.Active {
			active = "1"
		}
		row.Actions = postButton(path+"/"+fmtID(p.ID), f.CSRF, ui.Button{Label: verb, Name: verb + " postback " + fmtID(p.ID), Icon: icon, Small: true, Submit: true}, ui.Option{Label: "active", Value: active})
	}
	return row
}

// pausedWords says why the system paused a postback.
func pausedWords(r postback.PausedReason) string {
	if r == postback.PausedGone {
		return "its server answered 410 Gone"
	}
	return "it failed for three days"
}

func (a *admin) switchPostback(f *portal.Frame) error {
	one, err := a.findAffiliate(f)
	if err != nil {
		return err
	}
	id, err := number[postback.ID](f, "postback")
	if err != nil {
		return err
	}
	var in struct {
		Active bool `form:"active"`
	}
	if err := f.Bind(&in); err != nil {
		return err
	}
	p, err := a.Postbacks.Get(f.Context(), f.Actor, id)
	if err != nil {
		return err
	}
	if p.AffiliateID != one.ID {
		return noSuchThing()
	}
	if _, _, err := a.Postbacks.Update(f.Context(), f.Actor, id, func(p *postback.Postback) { p.Active = in.Active }); err != nil {
		return err
	}
	if in.Active {
		f.Flash(ui.OK, "The postback is active again; what waited is sent now.")
	} else {
		f.Flash(ui.OK, "The postback is paused; deliveries wait.")
	}
	return f.Redirect(affiliateParty(one).base(f) + "/postbacks")
}

// affiliateBalance is the tab with what the affiliate has earned, and each movement of it.
func (a *admin) affiliateBalance(f *portal.Frame) error {
	one, err := a.findAffiliate(f)
	if err != nil {
		return err
	}
	var filter portal.Paging
	if err := f.Query(&filter); err != nil {
		return err
	}
	p, owner := affiliateParty(one), ledger.Affiliate(one.ID)
	read := func(p domain.Page) (domain.Slice[ledger.Entry], error) {
		return a.Ledger.Entries(f.Context(), f.Actor, ledger.Filter{Party: owner}, p)
	}
	if f.WantsFile() {
		return portal.File(f, fmt.Sprintf("ledger-of-affiliate-%d", one.ID), ledgerColumns(), read)
	}
	balances, err := a.Ledger.Balances(f.Context(), f.Actor, owner)
	if err != nil {
		return err
	}
	list, err := read(filter.Slice())
	if err != nil {
		return err
	}
	var stats [][]ui.Stat
	for _, b := range balances {
		stats = append(stats, []ui.Stat{{Label: "Pending", Value: portal.Money(b.Pending)}, {Label: "Approved", Value: portal.Money(b.Approved)},
			{Label: "Invoiced", Value: portal.Money(b.Invoiced)}, {Label: "Paid", Value: portal.Money(b.Paid)}})
	}
	path := p.base(f) + "/balance"
	t := ui.Table{ID: "ledger", Name: "Ledger of " + p.name, Compact: true, Columns: []ui.Column{{Label: "What", Wide: true}, {Label: "From", Hide: true}, {Label: "To", Hide: true}, {Label: "When", Hide: true}, {Label: "Amount", Number: true}},
		Empty: ui.Empty(ui.Nothing{Icon: "coin", Title: "Nothing earned yet", Text: "The first conversion makes the first entry. Entries are never changed: a correction is an entry of its own."})}
	for _, e := range list.Items {
		cell := ui.Cell{Text: ledgerWords(e.Kind), Sub: e.Note, Narrow: f.Time(e.At) + " · " + f.AccountWords(e.From) + " → " + f.AccountWords(e.To)}
		if !e.ConversionID.IsZero() {
			cell.Href = f.Path("/conversions/" + e.ConversionID.String())
		}
		t.Rows = append(t.Rows, ui.Row{ID: "entry-" + e.ID.String(), Cells: []ui.Cell{cell, {Text: f.AccountWords(e.From)}, {Text: f.AccountWords(e.To)},
			{Text: f.Time(e.At), Title: f.Exact(e.At)}, {Text: portal.Money(e.Amount), Strong: true}}})
	}
	return a.renderParty(f, http.StatusOK, p, "/balance", "Balance", balanceTab(stats, f.Export(portal.Export{Things: "ledger", Path: path, API: fmt.Sprintf("/affiliates/%d/ledger", one.ID), Small: true}), listView{Table: t, Pager: portal.Pager(path, filter, filter, list, "ledger line")}))
}

// ledgerColumns are those of the API's file.
func ledgerColumns() []portal.FileColumn[ledger.Entry] {
	return []portal.FileColumn[ledger.Entry]{
		{Name: "id", Text: func(e ledger.Entry) string { return e.ID.String() }},
		{Name: "transaction_id", Text: func(e ledger.Entry) string { return e.TransactionID.String() }},
		{Name: "at", Text: func(e ledger.Entry) string { return iso(e.At) }},
		{Name: "kind", Text: func(e ledger.Entry) string { return string(e.Kind) }},
		{Name: "from_account", Text: func(e ledger.Entry) string { return string(e.From) }},
		{Name: "to_account", Text: func(e ledger.Entry) string { return string(e.To) }},
		{Name: "amount", Number: true, Text: func(e ledger.Entry) string { return e.Amount.String() }},
		{Name: "currency", Text: func(e ledger.Entry) string { return string(e.Amount.Currency()) }},
		{Name: "conversion_id", Text: func(e ledger.Entry) string {
			if e.ConversionID.IsZero() {
				return ""
			}
			return e.ConversionID.String()
		}},
		{Name: "note", Text: func(e ledger.Entry) string { return e.Note }},
	}
}

// ledgerWords says what moved the money.
func ledgerWords(k ledger.Kind) string {
	switch k {
	case ledger.KindConversion:
		return "Conversion"
	case ledger.KindStatusChange:
		return "Status changed"
	case ledger.KindReversal:
		return "Old amount taken back"
	case ledger.KindCorrection:
		return "New amount"
	}
	return capital(string(k))
}
