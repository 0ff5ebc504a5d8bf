package portaladmin

import (
	"slices"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// storyMost is how many events of a click a record shows; the trace has all.
const storyMost = 100

// readStory reads what happened to a conversion, newest first, and who was told of it.
func (a *admin) readStory(f *portal.Frame, n portal.Names, v *conversionView) error {
	events, err := a.Conversions.Events(f.Context(), f.Actor, v.c.ClickID, storyMost)
	if err != nil {
		return err
	}
	for _, e := range slices.Backward(events) {
		if e.ConversionID == v.c.ID {
			v.story = append(v.story, storyEvent(f, e))
		}
	}
	sent, err := a.Postbacks.ListDeliveries(f.Context(), f.Actor, postback.DeliveryFilter{ConversionID: v.c.ID}, domain.Page{})
	if err != nil {
		return err
	}
	v.deliveries = f.DeliveryTable("story-deliveries", sent.Items, a.deliveryList(f, n))
	return nil
}

func storyEvent(f *portal.Frame, e conversion.Event) ui.Event {
	status := ui.StatusOf(ui.Conversions, string(e.To))
	shown := ui.Event{Icon: "arrows-exchange", Kind: status.Kind, When: f.Ago(e.At), Exact: f.Exact(e.At), ISO: iso(e.At), Text: capital(e.Actor)}
	switch e.Kind {
	case conversion.EventCreated:
		shown.Icon, shown.What = "coin", "Recorded as "+status.Word
	case conversion.EventAmounts:
		shown.Icon, shown.What, shown.Kind = "edit", "Amounts changed", ui.Brand
	default:
		shown.What = ui.StatusOf(ui.Conversions, string(e.From)).Word + " → " + status.Word
	}
	if e.Reason != "" {
		shown.Text += " · " + portal.Sentence(e.Reason)
	}
	if was := e.Data.Before; was != nil {
		now := e.Data.Figures
		var changed []ui.Difference
		for _, d := range []ui.Difference{{Field: "Value", Before: was.Val, After: now.Val}, {Field: "Commission", Before: was.Commission, After: now.Commission}, {Field: "Revenue", Before: was.Revenue, After: now.Revenue}} {
			if d.Before != d.After {
				d.Before, d.After = d.Before+" "+string(was.Currency), d.After+" "+string(now.Currency)
				changed = append(changed, d)
			}
		}
		if len(changed) > 0 {
			shown.Body = ui.Diff(changed)
		}
	}
	return shown
}

// statusChoices are the statuses that a hand may give, the present one first.
func statusChoices(now conversion.Status) []ui.Option {
	options := []ui.Option{{Label: "Leave as it is"}}
	for _, s := range []conversion.Status{conversion.StatusApproved, conversion.StatusPending, conversion.StatusHold, conversion.StatusRejected, conversion.StatusTrash} {
		if s != now && conversion.CanMove(now, s) {
			options = append(options, ui.Option{Value: string(s), Label: ui.StatusOf(ui.Conversions, string(s)).Word})
		}
	}
	return options
}
