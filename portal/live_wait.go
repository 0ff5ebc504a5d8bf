package portal

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/live"
	"github.com/waypost/waypost/ui"
)

// waitingView tells an advertiser how far the call that is waited for has come: waiting, received, matched or why not.
type waitingView struct {
	poll    string // address to ask again; empty when there is an answer or the wait is over
	since   time.Time
	filter  liveFilter
	found   bool
	matched bool
	over    bool
	status  string
	text    string // the reason in words
	when    string
	href    string // the call
}

// newWaiting begins to wait, now or when the page began to.
func (s *debugger) newWaiting(f *Frame, x liveFilter) waitingView {
	v := waitingView{since: f.Now, filter: x}
	if ms, err := strconv.ParseInt(f.Echo.QueryParam("since"), 10, 64); err == nil && ms > 0 {
		v.since = time.UnixMilli(ms).UTC()
	}
	return v
}

// awaited answers the page that waits.
func (s *debugger) awaited(f *Frame) error {
	var x liveFilter
	if err := f.Query(&x); err != nil {
		return err
	}
	v := s.newWaiting(f, x)
	if err := s.lookForCall(f, &v); err != nil {
		return err
	}
	return f.RenderPart(http.StatusOK, waitingPart(v))
}

// lookForCall finds the newest call since the wait began.
func (s *debugger) lookForCall(f *Frame, v *waitingView) error {
	asked, ok := s.asked(v.filter)
	if !ok {
		return nil
	}
	list, err := s.Conversions.LogList(f.Context(), f.Actor, conversion.LogFilter{From: v.since, ClickID: asked.ClickID, OfferID: asked.OfferID, OrNoOffer: true}, domain.Page{Limit: 1})
	if err != nil {
		return err
	}
	if v.over = f.Now.Sub(v.since) > awaitFor; len(list.Items) == 0 {
		if !v.over {
			v.poll = URL(f.Path(debuggerPath+"/waiting"), v.filter, "after", "", "since", strconv.FormatInt(v.since.UnixMilli(), 10))
		}
		return nil
	}
	l := list.Items[0]
	v.found, v.status, v.text, v.when, v.href = true, string(l.Status), sentence(l.Message), f.LogTime(l.ReceivedAt), f.Path("/postback-log/"+l.ID.String())
	v.matched = l.Status == conversion.OutcomeRecorded || l.Status == conversion.OutcomeUpdated || l.Status == conversion.OutcomeDuplicate
	if !v.matched && !v.over { // the next call may be the right one
		v.poll = URL(f.Path(debuggerPath+"/waiting"), v.filter, "after", "", "since", strconv.FormatInt(v.since.UnixMilli(), 10))
	}
	return nil
}

// steps are the three that a call takes.
func (v waitingView) steps() []ui.Step {
	last := "Matched"
	if v.found && !v.matched {
		last = "Not matched"
	}
	return []ui.Step{{Label: "Waiting for your call", Done: v.found, Current: !v.found}, {Label: "Received", Done: v.found, Current: v.found && v.status == "queued"},
		{Label: last, Done: v.matched, Current: v.found && !v.matched && v.status != "queued"}}
}

// liveBadge is what became of an event.
func liveBadge(e live.Event) templ.Component {
	switch e.Kind {
	case live.KindPostbackIn:
		return ui.StatusBadge(ui.Calls, e.Outcome)
	case live.KindDelivery:
		return ui.StatusBadge(ui.Deliveries, e.Outcome)
	}
	return ui.StatusBadge(ui.Clicks, e.Outcome)
}

// queryOf writes parameters as a query, without those of these names.
func queryOf(list []live.Parameter, without []string) string {
	var parts []string
	for _, p := range list {
		if !slices.Contains(without, p.Name) {
			value := url.QueryEscape(p.Value)
			if p.Value == "***" { // to be put in by hand
				value = p.Value
			}
			parts = append(parts, url.QueryEscape(p.Name)+"="+value)
		}
	}
	return strings.Join(parts, "&")
}

// ShellQuoted is a text as one word of a shell.
func ShellQuoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
