package portaladvertiser

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// decideInput is a decision about one conversion, or about many.
type decideInput struct {
	IDs    []string `form:"id"`
	Status string   `form:"status"`
	Reason string   `form:"reason"`
}

const maxReason = 255 // characters that a form takes

func reasonField(in decideInput, faults portal.Faults) ui.Field {
	return ui.Field{Name: "reason", Label: "Reason", Value: in.Reason, Error: faults["reason"], Optional: in.Status != "rejected", MaxLength: maxReason,
		Hint: "The affiliate reads it. Needed to reject."}
}

// edit is the change that is asked for.
func (in decideInput) edit() conversion.EditInput {
	status := conversion.Status(in.Status)
	return conversion.EditInput{Status: &status, Reason: in.Reason}
}

// decide moves one conversion.
func (s *pages) decide(f *portal.Frame) error {
	v, err := s.readConversion(f)
	if err != nil {
		return err
	}
	err = f.Bind(&v.in)
	if err == nil {
		err = conversion.CheckReason(v.in.edit())
	}
	if err == nil {
		_, err = s.Conversions.Edit(f.Context(), f.Actor, v.c.ID, v.in.edit())
	}
	if faults, ok := portal.FaultsOf(err); ok {
		v.faults = faults
		return f.Render(http.StatusUnprocessableEntity, "Conversion "+v.name, conversionsPath, conversionPage(f, v))
	}
	if err != nil {
		return err
	}
	f.Flash(ui.OK, fmt.Sprintf("Conversion %s is %s. The affiliate's postbacks are told.", v.name, strings.ToLower(ui.StatusOf(ui.Conversions, v.in.Status).Word)))
	return f.Redirect(f.Path(conversionsPath + "/" + v.c.ID.String()))
}

// ids are the conversions that the form names.
func (in decideInput) ids() ([]conversion.ID, error) {
	var ids []conversion.ID
	for _, text := range in.IDs {
		id, ok := domain.ParseUUID(text)
		if !ok {
			return nil, errs.NotFound("not_found", "there is no such conversion")
		}
		ids = append(ids, conversion.ID{UUID: id})
	}
	return ids, nil
}

// bulk asks the service what a decision about many does, or does it.
func (s *pages) bulk(f *portal.Frame, in decideInput, dry bool) (conversion.BulkResult, error) {
	ids, err := in.ids()
	if err != nil {
		return conversion.BulkResult{}, err
	}
	return s.Conversions.Bulk(f.Context(), f.Actor, conversion.BulkInput{IDs: ids, Edit: in.edit(), DryRun: dry})
}

// previewView is what a decision about many would do.
type previewView struct {
	in                          decideInput
	faults                      portal.Faults
	title, verb, button, effect string
	look                        ui.Look
	changed                     int
	stats                       []ui.Stat
	table                       ui.Table
}

func (s *pages) previewDecision(f *portal.Frame) error {
	var in decideInput
	if err := f.Bind(&in); err != nil {
		return err
	}
	if len(in.IDs) == 0 {
		f.Flash(ui.Warn, "Select the conversions first.")
		return f.Redirect(f.Path(conversionsPath))
	}
	return s.showPreview(f, http.StatusOK, in, nil)
}

func (s *pages) showPreview(f *portal.Frame, status int, in decideInput, faults portal.Faults) error {
	result, err := s.bulk(f, in, true)
	if err != nil {
		return err
	}
	v := previewView{in: in, faults: faults, verb: "Approve", look: ui.Primary, changed: result.Changed}
	if in.Status == string(conversion.StatusRejected) {
		v.verb, v.look = "Reject", ui.Danger
	}
	v.title = v.verb + " " + portal.Counted(len(result.Results), "conversion")
	v.button = v.verb + " " + portal.Counted(result.Changed, "conversion")
	v.stats = []ui.Stat{{Label: "Would change", Value: portal.Count(result.Changed), After: "of " + portal.Count(len(result.Results))},
		{Label: "Cannot change", Value: portal.Count(result.Failed)}}
	var effects []string
	for _, b := range result.Money {
		v.stats = append(v.stats, ui.Stat{Label: "Approved cost, " + string(b.Currency), Value: portal.SignedMoney(b.Approved)}, ui.Stat{Label: "Pending cost, " + string(b.Currency), Value: portal.SignedMoney(b.Pending)})
		effects = append(effects, moneyEffect(b))
	}
	if v.effect = strings.Join(effects, " "); v.effect == "" {
		v.effect = "Your balance stays as it is."
	}
	changed := make([]conversion.Conversion, len(result.Results))
	for i, m := range result.Results {
		changed[i] = m.Before
	}
	names, err := f.Names(namesOf(changed))
	if err != nil {
		return err
	}
	v.table = ui.Table{ID: "preview", Name: "What would become of each", Columns: []ui.Column{{Label: "Order id", Wide: true}, {Label: "Offer", Hide: true}, {Label: "Cost", Number: true}, {Label: "Now"}, {Label: "Then", Wrap: true}}}
	for _, m := range result.Results {
		row := s.conversionRow(f, names, m.Before)
		then := ui.Cell{Body: ui.StatusBadge(ui.Conversions, string(m.After.Status))}
		if m.Fault != nil {
			then = ui.Cell{Text: portal.Sentence(m.Fault.Message)}
		} else if !m.Changed() {
			then = ui.Cell{Text: "stays"}
		}
		if m.Before.ID.IsZero() {
			row.Cells = []ui.Cell{{Text: m.ID.String(), Mono: true}, {}, {}, {}, {}, {}, {}}
		}
		row.Cells[0].Sheet = ""
		v.table.Rows = append(v.table.Rows, ui.Row{ID: "preview-" + m.ID.String(), Cells: []ui.Cell{row.Cells[0], {Text: row.Cells[2].Text}, row.Cells[5], row.Cells[6], then}})
	}
	return f.Render(status, v.title, conversionsPath, previewPage(f, v))
}

func moneyEffect(b ledger.Balance) string {
	return fmt.Sprintf("Your approved cost in %s moves by %s, your pending cost by %s.", b.Currency, portal.SignedMoney(b.Approved), portal.SignedMoney(b.Pending))
}

func (s *pages) decideMany(f *portal.Frame) error {
	var in decideInput
	err := f.Bind(&in)
	if err == nil {
		err = conversion.CheckReason(in.edit())
	}
	if faults, ok := portal.FaultsOf(err); ok {
		return s.showPreview(f, http.StatusUnprocessableEntity, in, faults)
	}
	if err != nil {
		return err
	}
	result, err := s.bulk(f, in, false)
	if err != nil {
		return err
	}
	kind, text := ui.OK, fmt.Sprintf("%s: now %s.", portal.Counted(result.Changed, "conversion"), strings.ToLower(ui.StatusOf(ui.Conversions, in.Status).Word))
	if result.Failed > 0 {
		kind = ui.Warn
		text += fmt.Sprintf(" %s could not be changed: %s", portal.Count(result.Failed), firstFault(result))
	}
	f.Flash(kind, text)
	return f.Redirect(f.Path(conversionsPath))
}

func firstFault(r conversion.BulkResult) string {
	for _, m := range r.Results {
		if m.Fault != nil {
			return portal.Sentence(m.Fault.Message)
		}
	}
	return ""
}

func sortedNames(values map[string]string) []string { return slices.Sorted(maps.Keys(values)) }
