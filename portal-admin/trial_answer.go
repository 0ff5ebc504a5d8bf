package portaladmin

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// explain tells step by step what became of a test postback.
func (a *admin) explain(f *portal.Frame, advertiserName, sent string, r conversion.Result) (*trialAnswer, error) {
	body, err := json.MarshalIndent(r.Answer(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("show answer: %w", err)
	}
	status := ui.StatusOf(ui.Calls, string(r.Status))
	v := &trialAnswer{Sent: "GET " + strings.TrimRight(a.TrackingURL, "/") + "/postback?" + sent, Status: r.HTTPStatus, Badge: status.Kind, Word: status.Word, Message: capital(r.Message),
		Body: fmt.Sprintf("HTTP %d\n\n%s", r.HTTPStatus, body)}
	v.Steps = append(v.Steps, ui.Event{Icon: "send", Kind: ui.OK, What: "Sent in the place of " + advertiserName, Text: "With its own proof, and test=1: it counts for nothing. Its log shows that it was you."})
	if r.ClickID != "" {
		v.Trace = f.Path("/trace/" + r.ClickID)
	}
	if r.Status == conversion.OutcomeRefused {
		v.Steps = append(v.Steps, ui.Event{Icon: "x", Kind: ui.Bad, What: "Refused: " + r.Code, Text: capital(r.Message)})
		return v, nil
	}
	v.Steps = append(v.Steps, ui.Event{Icon: "check", Kind: ui.OK, What: "The click was found and the proof is right"})
	if r.Status == conversion.OutcomeQueued {
		v.Steps = append(v.Steps, ui.Event{Icon: "clock", Kind: ui.Brand, What: "Queued", Text: capital(r.Message)})
		return v, nil
	}
	if !r.ConversionID.IsZero() {
		c, err := a.Conversions.Get(f.Context(), f.Actor, r.ConversionID)
		switch {
		case err == nil:
			v.Steps = append(v.Steps, ui.Event{Icon: "coin", Kind: ui.OK, What: status.Word + " as " + ui.StatusOf(ui.Conversions, string(c.Status)).Word,
				Text: "Commission " + portal.Money(c.Commission) + ", revenue " + portal.Money(c.Revenue) + ". A test: neither balance nor report changes."})
		case !errs.Is(err, errs.KindNotFound):
			return nil, err
		}
	}
	for _, w := range r.Warnings {
		v.Steps = append(v.Steps, ui.Event{Icon: "alert-triangle", Kind: ui.Warn, What: "Warning: " + w})
	}
	for _, name := range r.Ignored {
		v.Steps = append(v.Steps, ui.Event{Icon: "info-circle", What: name + " was sent and changes nothing", Text: "The goal's rule decides."})
	}
	v.Steps = append(v.Steps, ui.Event{Icon: "webhook", Kind: ui.Brand, What: "The affiliate's postback is on its way", Text: "The trace shows when it arrived, and what the tracker answered."})
	return v, nil
}
