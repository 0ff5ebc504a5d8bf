package portaladmin

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// bulkInput is a status for many conversions: those ticked, or all that the address' filter takes. The filter is asked
// once, by the preview: its page names the conversions that it judged, and only those are changed.
type bulkInput struct {
	IDs    []string `form:"id"`
	Status string   `form:"status"`
	Reason string   `form:"reason"`
	Quiet  bool     `form:"quiet"`
	All    bool     `form:"all"` // of a preview only
}

// bulkView is what a change of many does, or did.
type bulkView struct {
	title, lead, action, back, csrf string
	in                              bulkInput
	ids                             []string // that were judged
	faults                          portal.Faults
	stats                           []ui.Stat
	effect                          string
	button                          ui.Button
	table                           ui.Table
	done                            bool
}

func (in bulkInput) edit() conversion.EditInput {
	status := conversion.Status(in.Status)
	return conversion.EditInput{Status: &status, Reason: in.Reason, Quiet: in.Quiet}
}

func (a *admin) bulk(f *portal.Frame, in bulkInput, dry bool) (conversion.BulkResult, error) {
	asked := conversion.BulkInput{Edit: in.edit(), DryRun: dry}
	if in.All && dry {
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
		return f.Redirect(filteredConversions(f))
	}
	return a.showBulk(f, http.StatusOK, in, nil)
}

func (a *admin) showBulk(f *portal.Frame, status int, in bulkInput, faults portal.Faults) error {
	result, err := a.bulk(f, in, true)
	if found, ok := portal.FaultsOf(err); ok {
		f.Flash(ui.Bad, anyOf(found))
		return f.Redirect(f.Path("/conversions")) // the fault may be in the filter
	}
	if err != nil {
		return err
	}
	word := ui.StatusOf(ui.Conversions, in.Status).Word
	query := f.Echo.Request().URL.RawQuery
	v := bulkView{title: word + ": " + portal.Counted(len(result.Results), "conversion"), lead: "Nothing has changed yet. This is what it would do.", csrf: f.CSRF, in: in, faults: faults,
		action: f.Path("/conversions/bulk/apply") + "?" + query, back: filteredConversions(f),
		button: ui.Button{Label: "Make " + portal.Counted(result.Changed, "conversion") + " " + strings.ToLower(word), Look: ui.Primary, Submit: true, Off: result.Changed == 0}}
	if conversion.NeedsReason(conversion.Status(in.Status)) {
		v.button.Look = ui.Danger
	}
	for _, m := range result.Results {
		v.ids = append(v.ids, m.ID.String())
	}
	if err := a.fillBulk(f, &v, result); err != nil {
		return err
	}
	return f.Render(status, v.title, "/conversions", bulkPage(v))
}

func (v bulkView) reasonField() ui.Field {
	return ui.Field{Name: "reason", Label: "Reason", Value: v.in.Reason, Error: v.faults["reason"], Hint: "Affiliates and advertisers read it.", Optional: !conversion.NeedsReason(conversion.Status(v.in.Status)), MaxLength: 500, Autocomplete: "off"}
}

// fillBulk adds the counts, the money and each conversion's fate.
func (a *admin) fillBulk(f *portal.Frame, v *bulkView, result conversion.BulkResult) error {
	v.stats = []ui.Stat{{Label: "Change", Value: portal.Count(result.Changed), After: "of " + portal.Count(len(result.Results))}, {Label: "Cannot change", Value: portal.Count(result.Failed)}}
	for _, side := range [...]struct {
		name string
		sums []conversion.Sum
	}{{"Affiliates", result.Affiliates}, {"Advertisers", result.Advertisers}} {
		for _, sum := range side.sums {
			for _, part := range [...]struct {
				name  string
				added money.Amount
			}{{"approved", sum.Approved}, {"pending", sum.Pending}} {
				if part.added.Sign() != 0 {
					v.stats = append(v.stats, ui.Stat{Label: side.name + ", " + part.name, Value: portal.SignedMoney(part.added)})
				}
			}
		}
	}
	v.effect = effectOn(result.Money)
	if result.More {
		v.effect += fmt.Sprintf(" The filter takes more than %s conversions: these are the newest; repeat it for the others.", portal.Count(conversion.MaxBulk))
	}
	changed := make([]conversion.Conversion, len(result.Results))
	for i, m := range result.Results {
		changed[i] = m.Before
	}
	n, err := f.Names(namesOf(changed))
	if err != nil {
		return err
	}
	v.table = movedTable(f, n, result.Results)
	return nil
}

// effectOn tells whose balances change; the sums stand above it.
func effectOn(balances []ledger.Balance) string {
	affiliates, advertisers := map[ledger.Party]bool{}, map[ledger.Party]bool{}
	for _, b := range balances {
		if _, ok := b.Party.AffiliateID(); ok {
			affiliates[b.Party] = true
		} else {
			advertisers[b.Party] = true
		}
	}
	var whose []string
	if len(affiliates) > 0 {
		whose = append(whose, portal.Counted(len(affiliates), "affiliate"))
	}
	if len(advertisers) > 0 {
		whose = append(whose, portal.Counted(len(advertisers), "advertiser"))
	}
	if len(whose) == 0 {
		return "No balance changes."
	}
	return "Balances of " + strings.Join(whose, " and ") + " change as shown above."
}

// movedShown is how many conversions of a change are listed; those at fault come first.
const movedShown = 200

func movedTable(f *portal.Frame, n portal.Names, all []conversion.Moved) ui.Table {
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

func movedRow(f *portal.Frame, n portal.Names, i int, m conversion.Moved) ui.Row {
	row := ui.Row{ID: fmt.Sprintf("moved-%d", i), Cells: []ui.Cell{{Text: portal.ShortID(m.ID.String()), Mono: true}, {}, {}, {}, {}, {}}}
	if m.Before.ID.IsZero() && m.Line > 0 {
		row.Cells[0] = ui.Cell{Text: fmt.Sprintf("Line %d", m.Line)}
	}
	if !m.Before.ID.IsZero() {
		row.Cells = []ui.Cell{{Text: n.Offer(m.Before.OfferID), Sub: conversionName(m.Before), Narrow: conversionName(m.Before), Href: f.Path("/conversions/" + m.Before.ID.String())},
			{Text: n.Affiliate(m.Before.AffiliateID)}, {Body: ui.StatusBadge(ui.Conversions, string(m.Before.Status))}, {},
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
	if err == nil {
		err = conversion.CheckReason(in.edit())
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
	return a.showDone(f, result, filteredConversions(f))
}

// filteredConversions is the list as it was narrowed when the deed began: the deed's address carries its filter.
func filteredConversions(f *portal.Frame) string {
	if query := f.Echo.Request().URL.RawQuery; query != "" {
		return f.Path("/conversions") + "?" + query
	}
	return f.Path("/conversions")
}

// showDone is the list of what became of each.
func (a *admin) showDone(f *portal.Frame, result conversion.BulkResult, back string) error {
	v := bulkView{title: portal.Counted(result.Changed, "conversion") + " changed", lead: "What became of each. Postbacks to affiliates are on their way.", done: true, back: back}
	if result.Stopped != nil {
		f.LogError("a change of many conversions stopped", result.Stopped)
		v.lead = "An error stopped the change: the conversions marked below were not tried. Send them again; what is changed already stays so."
	}
	if err := a.fillBulk(f, &v, result); err != nil {
		return err
	}
	return f.Page(v.title, "/conversions", bulkPage(v))
}
