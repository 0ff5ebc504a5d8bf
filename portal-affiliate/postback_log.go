package portalaffiliate

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

const (
	logRows  = 15          // of a part of the log
	logPause = time.Second // between two looks for what is new
)

// logFilter is what the address says of the log.
type logFilter struct {
	Status string `query:"status"`
	Live   string `query:"live"` // "off" while it is paused
	portal.Paging
}

// logView is the delivery log of one postback.
type logView struct {
	table    ui.Table
	segments []ui.Tab
	stream   string // empty where the log stands still
	live     bool   // the first part, which can be live
	turn     string // the address that pauses or goes on
	export   templ.Component
	confirm  *ui.ConfirmBox // that sends them
	fields   []ui.Option    // of the confirmation: Label is the name
	pager    ui.PageLinks
}

func (p postbackPages) logQuery(f *portal.Frame, one postback.Postback) (logFilter, postback.DeliveryFilter, error) {
	var in logFilter
	if err := f.Query(&in); err != nil {
		return in, postback.DeliveryFilter{}, err
	}
	filter := postback.DeliveryFilter{PostbackID: one.ID, Status: postback.DeliveryStatus(in.Status)}
	if !filter.Status.Valid() {
		in.Status, filter.Status = "", ""
	}
	in.Limit = 0
	return in, filter, nil
}

// logOf is the part of the log that the address asks for.
func (p postbackPages) logOf(f *portal.Frame, one postback.Postback) (logView, error) {
	in, filter, err := p.logQuery(f, one)
	if err != nil {
		return logView{}, err
	}
	list, err := p.postbacks.ListDeliveries(f.Context(), f.Actor, filter, domain.Page{Limit: logRows, Cursor: in.Cursor})
	if err != nil {
		return logView{}, err
	}
	table, err := p.logTable(f, list.Items, in, nil)
	if err != nil {
		return logView{}, err
	}
	path := postbackPath(f, one.ID)
	at := func(pairs ...string) string { return portal.URL(path, in, pairs...) + "#log" }
	v := logView{table: table, live: in.Cursor == "", export: f.Export(portal.Export{Things: "deliveries", Path: f.Path("/deliveries"), Routes: true, Small: true,
		Filter: deliveriesFilter{Postback: int64(one.ID), Status: in.Status}, API: "/deliveries", Asked: []string{"postback_id", fmt.Sprint(one.ID), "status", in.Status}})}
	for _, s := range []struct{ status, label string }{{"", "All"}, {"delivered", ""}, {"pending", ""}, {"retrying", ""}, {"failed", ""}} {
		label := s.label
		if label == "" {
			label = ui.StatusOf(ui.Deliveries, s.status).Word
		}
		v.segments = append(v.segments, ui.Tab{Label: label, Current: in.Status == s.status, Href: at("status", s.status, "cursor", ""),
			HX: ui.HX{Get: portal.URL(path, in, "status", s.status, "cursor", ""), Target: "#log", Swap: "outerHTML", PushURL: true}})
	}
	if v.live && in.Live != "off" {
		v.stream = portal.URL(path+"/stream", nil, "status", in.Status)
		v.turn = portal.URL(path, in, "live", "off")
	} else if v.live {
		v.turn = portal.URL(path, in, "live", "")
	}
	v.pager = ui.PageLinks{Text: counted(len(list.Items), "delivery", "deliveries") + ", newest first"}
	if in.Cursor != "" {
		v.pager.NewerHref = at("cursor", "")
	}
	if list.NextCursor != "" {
		v.pager.OlderHref = at("cursor", list.NextCursor)
	}
	if !mayResend(f) {
		return v, nil
	}
	can, err := p.postbacks.CanResend(f.Context(), f.Actor, postback.DeliveryFilter{PostbackID: one.ID, Status: postback.DeliveryFailed})
	if err != nil {
		return v, err
	}
	if can != (postback.Resendable{}) {
		these, count := portal.Resendable(can), &v.segments[len(v.segments)-1].Count
		if *count = portal.Count(can.Count); can.More {
			*count += "+"
		}
		v.confirm = &ui.ConfirmBox{ID: "resend-failed", Title: "Resend " + these + "?", Action: f.Path("/deliveries/resend"), CSRF: f.CSRF, Safe: true,
			Verb: "Resend " + these, Text: fmt.Sprintf("%s gets each of them again, with the same Webhook-Id. Of several deliveries of one conversion only the last is sent.", hostOf(one.URL))}
		v.fields = []ui.Option{{Label: "postback", Value: fmt.Sprint(one.ID)}, {Label: "status", Value: string(postback.DeliveryFailed)}, {Label: "back", Value: path + "#log"}}
	}
	return v, nil
}

func (p postbackPages) logTable(f *portal.Frame, list []postback.Delivery, in logFilter, fresh map[postback.DeliveryID]bool) (ui.Table, error) {
	l, err := p.deliveryList(f, list)
	l.Fresh, l.Back = fresh, backOf(f)
	l.Empty = ui.Nothing{Icon: "webhook", Title: "No deliveries yet", Text: "Each call to your tracker shows here with its answer, as soon as a conversion of yours takes one of the statuses above. Send a test to try it now."}
	if in.Status != "" {
		l.Empty = ui.Nothing{Icon: "filter", Title: "No deliveries with this result", Text: "Choose another result above to see more."}
	}
	return f.DeliveryTable("log-table", list, l), err
}

// backOf is the page that a deed of its rows leads back to: that of a stream is the postback's.
func backOf(f *portal.Frame) string {
	u := *f.Echo.Request().URL
	u.Path = strings.TrimSuffix(u.Path, "/stream")
	return u.RequestURI()
}

func (p postbackPages) deliveryList(f *portal.Frame, list []postback.Delivery) (portal.DeliveryList, error) {
	names, err := namesOf(f, list, func(d postback.Delivery) offer.ID { return d.OfferID })
	return portal.DeliveryList{Path: f.Path("/deliveries/"), Names: names, PostbackPath: f.Path("/postbacks/"), ConversionPath: f.Path("/conversions/"), TracePath: f.Path("/trace/"),
		ClickID: p.clicks.Text, Resend: mayResend(f), CSRF: f.CSRF}, err
}

// streamed refuses the stream of another's postback.
func (p postbackPages) streamed(f *portal.Frame) error {
	_, err := p.find(f)
	return err
}

// live sends the newest rows, and the figures above, whenever something changed.
func (p postbackPages) live(ctx context.Context, f *portal.Frame, s *portal.Stream) error {
	one, err := p.find(f)
	if err != nil {
		return err
	}
	in, filter, err := p.logQuery(f, one)
	if err != nil {
		return err
	}
	tick := time.NewTicker(logPause)
	defer tick.Stop()
	shown := ""
	var known map[postback.DeliveryID]bool
	for {
		f.Now = p.postbacks.Clock()
		list, err := p.postbacks.ListDeliveries(ctx, f.Actor, filter, domain.Page{Limit: logRows})
		if err != nil {
			return err
		}
		if state := stateOfLog(list.Items); state != shown {
			fresh, seen := map[postback.DeliveryID]bool{}, map[postback.DeliveryID]bool{}
			for _, d := range list.Items {
				seen[d.ID] = true
				fresh[d.ID] = known != nil && !known[d.ID]
			}
			performance, err := p.postbacks.Performance(ctx, f.Actor, one.ID)
			if err != nil {
				return err
			}
			health := healthOf(performance, postbackPath(f, one.ID)+"?status=retrying#log")
			table, err := p.logTable(f, list.Items, in, fresh)
			if err != nil {
				return err
			}
			if err := s.Send(ctx, logNews(table, health)); err != nil {
				return err
			}
			shown, known = state, seen
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// stateOfLog changes whenever a row would look different.
func stateOfLog(list []postback.Delivery) string {
	var b strings.Builder
	b.WriteString("log")
	for _, d := range list {
		fmt.Fprintf(&b, " %s %s %s %d %d %d", d.ID, d.Status, d.Reason, d.Tries, len(d.Attempts), d.NextAttemptAt.Unix())
	}
	return b.String()
}
