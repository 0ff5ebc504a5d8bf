package portaladmin

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
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
		rate, err := money.ParseTyped(amount.sent)
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
	if err == nil {
		err = conversion.CheckReason(e)
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
