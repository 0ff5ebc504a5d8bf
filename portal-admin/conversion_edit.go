package portaladmin

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// editInput is the form that changes one conversion.
type editInput struct {
	Status     string `form:"status"`
	Reason     string `form:"reason"`
	Val        string `form:"val"`
	Commission string `form:"commission"`
	Revenue    string `form:"revenue"`
	Quiet      bool   `form:"quiet"`
	Seen       string `form:"seen"` // what the form was drawn from
}

func (v conversionView) editFields() []ui.Field {
	currency := string(v.c.Commission.Currency())
	amount := func(name, label, value string) ui.Field {
		return ui.Field{Name: name, Label: label, Value: value, Error: v.faults[name], Unit: currency, InputMode: "decimal", Autocomplete: "off"}
	}
	return []ui.Field{
		{Name: "status", Label: "New status", Value: v.in.Status, Options: v.statuses, Error: v.faults["status"], Optional: true},
		{Name: "reason", Label: "Reason", Value: v.in.Reason, Error: v.faults["reason"], Optional: true, Hint: "Affiliate and advertiser read it.", MaxLength: 500, Autocomplete: "off"},
		amount("val", "Sale value", v.in.Val), amount("revenue", "Revenue", v.in.Revenue), amount("commission", "Commission", v.in.Commission),
	}
}

// edit is the change that the form asks for: amounts that are as they were are left out. That holds for the conversion
// that the form was drawn from; the service refuses the form where it is another by now.
func (in editInput) edit(c conversion.Conversion) (conversion.EditInput, error) {
	e := conversion.EditInput{Reason: in.Reason, Quiet: in.Quiet, Seen: in.Seen}
	if in.Status != "" {
		status := conversion.Status(in.Status)
		e.Status = &status
	}
	for _, amount := range []struct {
		name, sent, now string
		to              **money.Rate
	}{{"val", in.Val, c.Val.String(), &e.Val}, {"commission", in.Commission, c.Commission.String(), &e.Commission}, {"revenue", in.Revenue, c.Revenue.String(), &e.Revenue}} {
		if amount.sent == "" || amount.sent == amount.now {
			continue
		}
		rate, err := money.ParseRate(amount.sent)
		if err != nil {
			return e, at(err, amount.name)
		}
		*amount.to = &rate
	}
	return e, nil
}

func (a *admin) editConversion(f *portal.Frame) error {
	v, err := a.readConversion(f)
	if err != nil {
		return err
	}
	err = f.Bind(&v.in)
	var e conversion.EditInput
	if err == nil {
		e, err = v.in.edit(v.c)
	}
	if err == nil && e.Status != nil && (*e.Status == conversion.StatusRejected || *e.Status == conversion.StatusTrash) && e.Reason == "" {
		err = errs.Invalid("required", "say why: the partners read it").At("body.reason")
	}
	var after conversion.Conversion
	if err == nil {
		after, err = a.Conversions.Edit(f.Context(), f.Actor, v.c.ID, e)
	}
	if faults, ok := portal.FaultsOf(err); ok {
		if errs.HasCode(err, "changed_meanwhile") { // the amounts as they are now; what else was asked stays
			asked := v.in
			if v, err = a.readConversion(f); err != nil {
				return err
			}
			v.in.Status, v.in.Reason, v.in.Quiet = asked.Status, asked.Reason, asked.Quiet
		}
		v.faults = faults
		return f.Render(http.StatusUnprocessableEntity, "Conversion "+v.name, "/conversions", conversionPage(f, v))
	}
	if err != nil {
		return err
	}
	f.Flash(ui.OK, fmt.Sprintf("Conversion %s is %s: revenue %s, commission %s.", v.name, strings.ToLower(ui.StatusOf(ui.Conversions, string(after.Status)).Word),
		portal.Money(after.Revenue), portal.Money(after.Commission)))
	return f.Redirect(v.action)
}

// bulkInput is a status for many conversions: those ticked, or all that the address' filter takes.
type bulkInput struct {
	IDs    []string `form:"id"`
	Status string   `form:"status"`
	Reason string   `form:"reason"`
	Quiet  bool     `form:"quiet"`
	All    bool     `form:"all"`
}

// bulkView is what a change of many does, or did.
type bulkView struct {
	title, lead, action, back, csrf string
	in                              bulkInput
	faults                          portal.Faults
	stats                           []ui.Stat
	effect                          string
	button                          ui.Button
	table                           ui.Table
	done                            bool
}

func (a *admin) bulk(f *portal.Frame, in bulkInput, dry bool) (conversion.BulkResult, error) {
	status := conversion.Status(in.Status)
	asked := conversion.BulkInput{Edit: conversion.EditInput{Status: &status, Reason: in.Reason, Quiet: in.Quiet}, DryRun: dry}
	if in.All {
		var filter conversionFilter
		if err := f.Query(&filter); err != nil {
			return conversion.BulkResult{}, err
		}
		matching, none := a.askedConversions(f, filter)
		if none {
			return conversion.BulkResult{}, nil
		}
		asked.Filter = &matching
		return a.Conversions.Bulk(f.Context(), f.Actor, asked)
	}
	for _, text := range in.IDs {
		id, ok := domain.ParseUUID(text)
		if !ok {
			return conversion.BulkResult{}, noSuchThing()
		}
		asked.IDs = append(asked.IDs, conversion.ID{UUID: id})
	}
	return a.Conversions.Bulk(f.Context(), f.Actor, asked)
}

func (a *admin) bulkPreview(f *portal.Frame) error {
	var in bulkInput
	if err := f.Bind(&in); err != nil {
		return err
	}
	if !in.All && len(in.IDs) == 0 {
		f.Flash(ui.Warn, "Tick some conversions first.")
		return f.Redirect(f.Path("/conversions"))
	}
	return a.showBulk(f, http.StatusOK, in, nil)
}

func (a *admin) showBulk(f *portal.Frame, status int, in bulkInput, faults portal.Faults) error {
	result, err := a.bulk(f, in, true)
	if found, ok := portal.FaultsOf(err); ok {
		f.Flash(ui.Bad, anyOf(found))
		return f.Redirect(f.Path("/conversions"))
	}
	if err != nil {
		return err
	}
	word := ui.StatusOf(ui.Conversions, in.Status).Word
	query := f.Echo.Request().URL.RawQuery
	v := bulkView{title: word + ": " + portal.Counted(len(result.Results), "conversion"), lead: "Nothing has changed yet. This is what it would do.", csrf: f.CSRF, in: in, faults: faults,
		action: f.Path("/conversions/bulk/apply") + "?" + query, back: f.Path("/conversions") + "?" + query,
		button: ui.Button{Label: "Make " + portal.Counted(result.Changed, "conversion") + " " + strings.ToLower(word), Look: ui.Primary, Submit: true, Off: result.Changed == 0}}
	if in.Status == string(conversion.StatusRejected) || in.Status == string(conversion.StatusTrash) {
		v.button.Look = ui.Danger
	}
	if err := a.fillBulk(f, &v, result); err != nil {
		return err
	}
	return f.Render(status, v.title, "/conversions", bulkPage(v))
}

func (v bulkView) reasonField() ui.Field {
	return ui.Field{Name: "reason", Label: "Reason", Value: v.in.Reason, Error: v.faults["reason"], Hint: "Affiliates and advertisers read it.", Optional: !rejects(v.in.Status), MaxLength: 500, Autocomplete: "off"}
}

func rejects(status string) bool {
	return status == string(conversion.StatusRejected) || status == string(conversion.StatusTrash)
}

// fillBulk adds the counts, the money and each conversion's fate.
func (a *admin) fillBulk(f *portal.Frame, v *bulkView, result conversion.BulkResult) error {
	v.stats = []ui.Stat{{Label: "Change", Value: portal.Count(result.Changed), After: "of " + portal.Count(len(result.Results))}, {Label: "Cannot change", Value: portal.Count(result.Failed)}}
	sums := map[string]map[money.Currency]money.Amount{"Affiliates, approved": {}, "Affiliates, pending": {}, "Advertisers, approved": {}}
	affiliates := map[string]bool{}
	for _, b := range result.Money {
		add := func(name string, amount money.Amount) {
			if amount.Sign() == 0 {
				return
			}
			if sum, err := plus(sums[name][b.Currency], amount); err == nil {
				sums[name][b.Currency] = sum
			}
		}
		if strings.HasPrefix(string(b.Party), "a") {
			affiliates[string(b.Party)] = true
			add("Affiliates, approved", b.Approved)
			add("Affiliates, pending", b.Pending)
		} else {
			add("Advertisers, approved", b.Approved)
		}
	}
	for _, name := range []string{"Affiliates, approved", "Affiliates, pending", "Advertisers, approved"} {
		for _, c := range money.Currencies() {
			if sum, ok := sums[name][c]; ok {
				v.stats = append(v.stats, ui.Stat{Label: name, Value: signed(sum)})
			}
		}
	}
	v.effect = "No balance changes."
	if len(affiliates) > 0 {
		v.effect = "Balances of " + portal.Counted(len(affiliates), "affiliate") + " change as shown above, and those of the advertisers with them."
	}
	if result.More {
		v.effect += fmt.Sprintf(" The filter takes more than %s conversions: these are the newest; repeat it for the others.", portal.Count(conversion.MaxBulk))
	}
	var ids []offer.ID
	for _, m := range result.Results {
		ids = append(ids, m.Before.OfferID)
	}
	n, err := a.named(f, ids)
	if err != nil {
		return err
	}
	v.table = movedTable(f, n, result.Results)
	return nil
}

func plus(a, b money.Amount) (money.Amount, error) {
	if a.Currency() == "" {
		return b, nil
	}
	return a.Add(b)
}

func signed(m money.Amount) string {
	if m.Sign() > 0 {
		return "+" + portal.Money(m)
	}
	return portal.Money(m)
}

// movedShown is how many conversions of a change are listed; those at fault come first.
const movedShown = 200

func movedTable(f *portal.Frame, n trafficNames, all []conversion.Moved) ui.Table {
	t := ui.Table{ID: "moved", Name: "One by one", Columns: []ui.Column{{Label: "Conversion", Wide: true}, {Label: "Affiliate", Hide: true}, {Label: "Now"}, {Label: "Then", Wrap: true},
		{Label: "Revenue", Number: true, Hide: true}, {Label: "Commission", Number: true, Hide: true}}}
	for _, faulty := range []bool{true, false} {
		for i, m := range all {
			if (m.Fault != nil) != faulty || len(t.Rows) >= movedShown {
				continue
			}
			t.Rows = append(t.Rows, movedRow(f, n, i, m))
		}
	}
	return t
}

func movedRow(f *portal.Frame, n trafficNames, i int, m conversion.Moved) ui.Row {
	row := ui.Row{ID: fmt.Sprintf("moved-%d", i), Cells: []ui.Cell{{Text: portal.ShortID(m.ID.String()), Mono: true}, {}, {}, {}, {}, {}}}
	if m.Before.ID.IsZero() && m.Line > 0 {
		row.Cells[0] = ui.Cell{Text: fmt.Sprintf("Line %d", m.Line)}
	}
	if !m.Before.ID.IsZero() {
		row.Cells = []ui.Cell{{Text: n.offer(m.Before.OfferID), Sub: conversionName(m.Before), Narrow: conversionName(m.Before), Href: f.Path("/conversions/" + m.Before.ID.String())},
			{Text: n.affiliate(m.Before.AffiliateID)}, {Body: ui.StatusBadge(ui.Conversions, string(m.Before.Status))}, {},
			{Text: moved(portal.Money(m.Before.Revenue), portal.Money(m.After.Revenue))}, {Text: moved(portal.Money(m.Before.Commission), portal.Money(m.After.Commission))}}
		if m.Line > 0 {
			row.Cells[0].Sub = fmt.Sprintf("Line %d · %s", m.Line, row.Cells[0].Sub)
		}
	}
	switch {
	case m.Fault != nil:
		row.Cells[3] = ui.Cell{Body: refusedWords(portal.Sentence(m.Fault.Message))}
	case !m.Changed():
		row.Cells[3] = ui.Cell{Text: "Stays as it is"}
	default:
		row.Cells[3] = ui.Cell{Body: ui.StatusBadge(ui.Conversions, string(m.After.Status))}
	}
	return row
}

func moved(before, after string) string {
	if before == after {
		return before
	}
	return before + " → " + after
}

func (a *admin) bulkApply(f *portal.Frame) error {
	var in bulkInput
	err := f.Bind(&in)
	if err == nil && rejects(in.Status) && in.Reason == "" {
		err = errs.Invalid("required", "say why: the partners read it").At("body.reason")
	}
	if faults, ok := portal.FaultsOf(err); ok {
		return a.showBulk(f, http.StatusUnprocessableEntity, in, faults)
	}
	if err != nil {
		return err
	}
	result, err := a.bulk(f, in, false)
	if err != nil {
		return err
	}
	return a.showDone(f, result, f.Path("/conversions")+"?"+f.Echo.Request().URL.RawQuery)
}

// showDone is the list of what became of each.
func (a *admin) showDone(f *portal.Frame, result conversion.BulkResult, back string) error {
	v := bulkView{title: portal.Counted(result.Changed, "conversion") + " changed", lead: "What became of each. Postbacks to affiliates are on their way.", done: true, back: back}
	if err := a.fillBulk(f, &v, result); err != nil {
		return err
	}
	return f.Page(v.title, "/conversions", bulkPage(v))
}
