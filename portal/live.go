package portal

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/live"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/ui"
)

// Debugger is what the live debugger works with.
type Debugger struct {
	Live        *live.Service
	Clicks      *click.Service
	Conversions *conversion.Service
	TrackingURL string // base of links and of the address that calls are sent to
}

const (
	debuggerPath = "/debugger"
	livePoll     = time.Second      // between two looks of a stream
	awaitFor     = 15 * time.Minute // that a page waits for a call before it says so
)

// Debugger adds the live debugger: clicks, incoming calls and postbacks to affiliates, as they happen.
func (g *Group) Debugger(d Debugger) {
	s := &debugger{d}
	g.GET(debuggerPath, s.page)
	g.Poll(debuggerPath+"/waiting", s.awaited)
	g.Stream(debuggerPath+"/stream", s.stream)
}

type debugger struct{ Debugger }

// liveFilter is the query of the debugger.
type liveFilter struct {
	Click      string `query:"click"`
	Offer      Pick   `query:"offer"`
	Affiliate  Pick   `query:"affiliate"`
	Advertiser Pick   `query:"advertiser"`
	Kind       string `query:"kind"`
	After      string `query:"after"` // where a stream goes on
}

// asked is the filter as the service takes it; false where it names a click that cannot be.
func (s *debugger) asked(x liveFilter) (live.Filter, bool) {
	f := live.Filter{OfferID: offer.ID(x.Offer), AffiliateID: affiliate.ID(x.Affiliate), AdvertiserID: advertiser.ID(x.Advertiser)}
	if slices.Contains(live.Kinds(), live.Kind(x.Kind)) {
		f.Kinds = []live.Kind{live.Kind(x.Kind)}
	}
	if x.Click == "" {
		return f, true
	}
	id, err := s.Clicks.Parse(strings.ToLower(strings.TrimSpace(x.Click)))
	f.ClickID = id
	return f, err == nil
}

// debuggerView is the page.
type debuggerView struct {
	filter  ui.Filter
	table   ui.Table
	waiting waitingView
	partner bool // an advertiser's page: it waits for the advertiser's own call
	bad     string
}

func (s *debugger) page(f *Frame) error {
	var x liveFilter
	if err := f.Query(&x); err != nil {
		return err
	}
	x.After = ""
	v := debuggerView{partner: f.Actor.Role == account.RoleAdvertiser}
	asked, ok := s.asked(x)
	var events []live.Event
	var after live.Cursor
	var err error
	if ok {
		if events, after, err = s.Live.Since(f.Context(), f.Actor, asked, live.Cursor{}); err != nil {
			return err
		}
	} else {
		v.bad = "This is no click id: one has 32 characters. Copy the whole id."
	}
	names, err := s.names(f, x, events)
	if err != nil {
		return err
	}
	slices.Reverse(events) // newest first
	path := f.Path(debuggerPath)
	v.filter = ui.Filter{ID: "filter", Action: path, Search: "click", SearchLabel: "Click id", SearchValue: x.Click, ResetHref: path,
		Selects: []ui.FilterSelect{{Field: "kind", Label: "What", Any: "Everything", Value: x.Kind, Options: kindOptions(f)}},
		Fields:  liveFields(f, x, names),
		Chips: Chips(path, x, "click", Is("Click", x.Click), "kind", Is("What", liveKinds[live.Kind(x.Kind)]), "offer", names.IsPicked(search.KindOffer, x.Offer),
			"affiliate", names.IsPicked(search.KindAffiliate, x.Affiliate), "advertiser", names.IsPicked(search.KindAdvertiser, x.Advertiser))}
	x.After = after.String()
	v.table = s.table(f, names, events)
	if ok {
		v.table.Stream = URL(path+"/stream", x)
	}
	if v.partner {
		v.waiting = s.newWaiting(f, x)
		if err := s.lookForCall(f, &v.waiting); err != nil {
			return err
		}
	}
	return f.Page("Live debugger", debuggerPath, debuggerPage(f, v))
}

// stream sends what happens from now on.
func (s *debugger) stream(ctx context.Context, f *Frame, out *Stream) error {
	var x liveFilter
	if err := f.Query(&x); err != nil {
		return err
	}
	asked, ok := s.asked(x)
	after, err := live.ParseCursor(cmp.Or(f.Mark(), x.After))
	if err != nil || !ok {
		after = live.Cursor{}
	}
	tick := time.NewTicker(livePoll)
	defer tick.Stop()
	for ok {
		events, next, err := s.Live.Since(ctx, f.Actor, asked, after)
		if err != nil {
			return err
		}
		after, f.Now = next, f.portal.Clock.Now() // a day may begin meanwhile
		names, err := s.names(f, x, events)
		if err != nil {
			return err
		}
		for i, e := range events { // each is put above the one before
			t, mark := s.table(f, names, []live.Event{e}), ""
			t.Rows[0].Fresh = true
			if i == len(events)-1 {
				mark = after.String() // all of them have been told
			}
			if err := out.SendMark(ctx, ui.TableRows(t), mark); err != nil {
				return nil // the reader has gone
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
	<-ctx.Done()
	return nil
}

// names are those of what the events and the filter name.
func (s *debugger) names(f *Frame, x liveFilter, events []live.Event) (Names, error) {
	ids := NameIDs{Offers: []offer.ID{offer.ID(x.Offer)}, Affiliates: []affiliate.ID{affiliate.ID(x.Affiliate)}, Advertisers: []advertiser.ID{advertiser.ID(x.Advertiser)}}
	for _, e := range events {
		ids.Offers, ids.Affiliates = append(ids.Offers, e.OfferID), append(ids.Affiliates, e.AffiliateID)
	}
	return f.Names(ids)
}

// liveClick is a click in words.
func liveClick(names Names, e live.Event) string {
	text := "Click by " + names.Affiliate(e.AffiliateID)
	if e.Reason != "" {
		text += ": " + ClickReason(click.Reason(e.Reason))
	}
	return text
}

var liveKinds = map[live.Kind]string{live.KindClick: "Clicks", live.KindPostbackIn: "Incoming calls", live.KindDelivery: "Postbacks to affiliates"}

func kindOptions(f *Frame) (options []ui.Option) {
	for _, kind := range live.Kinds() {
		options = append(options, ui.Option{Value: string(kind), Label: liveKinds[kind]})
	}
	return options
}

// table shows events as rows.
func (s *debugger) table(f *Frame, names Names, events []live.Event) ui.Table {
	t := ui.Table{ID: "live", Name: "What happens", Actions: true, Columns: []ui.Column{{Label: "Time"}, {Label: "What happened", Wide: true, Wrap: true}, {Label: "Result"},
		{Label: "Offer", Hide: true}, {Label: "Click", Hide: true}}}
	for _, e := range events {
		t.Rows = append(t.Rows, s.row(f, names, e))
	}
	return t
}

func (s *debugger) row(f *Frame, names Names, e live.Event) ui.Row {
	what := ui.Cell{Text: sentence(e.Summary), Sub: parametersText(e.Parameters), Narrow: names.Offer(e.OfferID)}
	switch e.Kind {
	case live.KindPostbackIn:
		what.Href, what.Sheet = f.Path("/postback-log/"+e.ID), "Incoming call"
	case live.KindDelivery:
		if f.group.door.Kind != Advertiser {
			what.Href, what.Sheet = f.Path("/deliveries/"+e.ID), "Delivery"
		}
	default:
		what.Href, what.Text = f.Path("/trace/"+e.ID), liveClick(names, e)
	}
	of := ui.Cell{Text: None}
	if e.ClickID != "" {
		of = ui.Cell{Text: ShortID(e.ClickID), Title: e.ClickID, Mono: true, Href: f.Path("/trace/" + e.ClickID)}
	}
	row := ui.Row{Cells: []ui.Cell{{Text: f.LogTime(e.At), Title: f.Exact(e.At)}, what, {Body: liveBadge(e)}, {Text: names.Offer(e.OfferID)}, of}}
	if curl := s.curl(e); curl != "" {
		row.Actions = ui.CopyText(curl, "Copy as curl: "+strings.ToLower(liveKindOf[e.Kind])+" of "+f.LogTime(e.At))
	}
	return row
}

var liveKindOf = map[live.Kind]string{live.KindClick: "Click", live.KindPostbackIn: "Incoming call", live.KindDelivery: "Postback"}

func parametersText(list []live.Parameter) string {
	var parts []string
	for _, p := range list {
		parts = append(parts, p.Name+"="+p.Value)
	}
	return strings.Join(parts, "  ")
}

// curl is the event as a command; secrets stay masked.
func (s *debugger) curl(e live.Event) string {
	of := func(name string) string {
		for _, p := range e.Parameters {
			if p.Name == name {
				return p.Value
			}
		}
		return ""
	}
	address := ""
	switch e.Kind {
	case live.KindDelivery:
		if address = of("url"); address != "" && of("method") == http.MethodPost {
			return "curl -sS -X POST " + ShellQuoted(address)
		}
	case live.KindPostbackIn:
		address = s.TrackingURL + "/postback?" + queryOf(e.Parameters, nil)
	case live.KindClick:
		address = fmt.Sprintf("%s/click?o=%d&a=%d", s.TrackingURL, e.OfferID, e.AffiliateID)
		if rest := queryOf(e.Parameters, []string{"ip", "country", "device"}); rest != "" {
			address += "&" + rest
		}
	}
	if address == "" {
		return ""
	}
	return "curl -sS " + ShellQuoted(address)
}
