package portaladmin

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/domain/work"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// dashboardFilter is the dashboard's address.
type dashboardFilter struct {
	portal.Period
	Metric string `query:"metric"`
}

// dashboardView is how the network fares.
type dashboardView struct {
	Head      ui.Head
	Range     ui.DateRange
	Metric    string
	Path      string
	Figures   figuresView
	Work      []ui.Stat // what waits, with links
	Tops      []topView
	Latest    []ui.FeedItem
	Postbacks ui.Table
	Start     []ui.Step // of a new network; empty when it runs
}

// topView is a short list of who brings most.
type topView struct {
	Title, Href string
	Bars        []ui.Bar
}

// dashboardDays is the period that the dashboard shows where none is chosen.
const dashboardDays = 30

// days brings the filter to a period of whole days; what is none of that is the last 30 days.
func (d dashboardFilter) days(f *portal.Frame) period {
	usual := lastDays(f, dashboardDays)
	from, err := time.Parse(time.DateOnly, d.From)
	to, err2 := time.Parse(time.DateOnly, d.To)
	if err != nil || err2 != nil || to.Before(from) || to.Sub(from) > report.MaxDays*24*time.Hour-24*time.Hour {
		return usual
	}
	n := int(to.Sub(from)/(24*time.Hour)) + 1
	return period{d.From, d.To, from.AddDate(0, 0, -n).Format(time.DateOnly), from.AddDate(0, 0, -1).Format(time.DateOnly)}
}

func (a *admin) dashboard(f *portal.Frame) error {
	var filter dashboardFilter
	if err := f.Query(&filter); err != nil {
		return err
	}
	p, path := filter.days(f), f.Path("")
	figures, err := a.figures(f, report.Filter{}, p, filter.Metric, path, filter)
	if err != nil {
		return err
	}
	if f.Part() && f.Target() == "figures" {
		return f.RenderPart(http.StatusOK, figuresCard(figures))
	}
	filter.From, filter.To = p.from, p.to
	v := dashboardView{Path: path, Figures: figures, Metric: filter.Metric, Range: *filter.Picker(f, "dates", ""),
		Head: ui.Head{Title: "Dashboard", Lead: fmt.Sprintf("%s. Figures in %s, %s, as of %s.", greeting(f), f.Settings.Currency, f.Zone, f.Now.In(f.Zone).Format("15:04"))}}
	if v.Tops, err = a.tops(f, p); err != nil {
		return err
	}
	queue, _, err := a.Work.Queue(f.Context(), f.Actor, 5)
	if err != nil {
		return err
	}
	v.Work = workStats(f, queue)
	if len(queue.Postbacks.Items) > 0 {
		v.Postbacks = failingPostbacks(f, queue)
	}
	if v.Latest, err = a.latest(f); err != nil {
		return err
	}
	if figures.Nothing {
		if v.Start, err = a.firstSteps(f); err != nil {
			return err
		}
	}
	return f.Page("Dashboard", "", dashboardPage(v))
}

func greeting(f *portal.Frame) string {
	part := "Good evening"
	switch hour := f.Now.In(f.Zone).Hour(); {
	case hour >= 5 && hour < 12:
		part = "Good morning"
	case hour >= 12 && hour < 18:
		part = "Good afternoon"
	}
	if first, _, _ := strings.Cut(f.User.Name, " "); first != "" {
		return part + ", " + first
	}
	return part
}

// workStats are the kinds of work with how much of each waits.
func workStats(f *portal.Frame, q work.Queue) []ui.Stat {
	var all []ui.Stat
	for _, w := range []struct {
		label, path string
		n           int
	}{{"Applications", "/applications?status=pending", q.Applications.Count}, {"Access requests", "/work#access", q.AccessRequests.Count},
		{"Pending conversions", "/conversions?status=pending", q.Conversions.Count}, {"Failing postbacks", "/work#postbacks", q.Postbacks.Count}} {
		stat := ui.Stat{Label: w.label, Value: portal.Count(w.n)}
		if w.n > 0 {
			stat.After, stat.Href = "Review", f.Path(w.path)
		}
		all = append(all, stat)
	}
	return all
}

// topCount is how many stand in a list of the dashboard.
const topCount = 6

// tops are the offers, affiliates and advertisers that brought most revenue. Reports come in turns: where there is none
// to be had, the lists are left out.
func (a *admin) tops(f *portal.Frame, p period) ([]topView, error) {
	r, err := a.Reports.Report(f.Context(), f.Actor, report.Query{GroupBy: "offer,affiliate,advertiser", From: p.from, To: p.to, Zone: f.Zone.String(), Limit: report.MaxRows})
	if errs.Is(err, errs.KindLimited) || errs.Is(err, errs.KindForbidden) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []topView
	for i, by := range []struct{ dimension, title, path string }{{"offer", "Top offers", "/offers"}, {"affiliate", "Top affiliates", "/affiliates"}, {"advertiser", "Top advertisers", "/advertisers"}} {
		if bars := topBars(f, r, i, by.path); len(bars) > 0 {
			all = append(all, topView{Title: by.title, Href: f.Path(fmt.Sprintf("/reports?group_by=%s&from=%s&to=%s", by.dimension, p.from, p.to)), Bars: bars})
		}
	}
	return all, nil
}

// latest are the newest conversions.
func (a *admin) latest(f *portal.Frame) ([]ui.FeedItem, error) {
	real := false
	list, err := a.Conversions.List(f.Context(), f.Actor, conversion.Filter{Test: &real}, domain.Page{Limit: 6})
	if err != nil {
		return nil, err
	}
	names, err := f.Names(namesOf(list.Items))
	if err != nil {
		return nil, err
	}
	var items []ui.FeedItem
	for _, c := range list.Items {
		items = append(items, ui.FeedItem{Time: clockOrDay(f, c.CreatedAt), Title: names.Offer(c.OfferID), Href: f.Path("/conversions/" + c.ID.String()),
			Text:  names.Affiliate(c.AffiliateID) + " · commission " + portal.Money(c.Commission),
			Badge: ui.StatusBadge(ui.Conversions, string(c.Status)), Amount: portal.Money(c.Revenue)})
	}
	return items, nil
}

// clockOrDay is the time of today, else the day.
func clockOrDay(f *portal.Frame, t time.Time) string {
	if t = t.In(f.Zone); t.Format(time.DateOnly) == f.Now.In(f.Zone).Format(time.DateOnly) {
		return t.Format("15:04")
	}
	return t.Format("2 Jan")
}

// firstSteps are what a new network does first.
func (a *admin) firstSteps(f *portal.Frame) ([]ui.Step, error) {
	one := domain.Page{Limit: 1}
	advertisers, err := a.Advertisers.List(f.Context(), f.Actor, advertiserAny, one)
	if err != nil {
		return nil, err
	}
	offers, err := a.Offers.List(f.Context(), f.Actor, offerAny, one)
	if err != nil {
		return nil, err
	}
	affiliates, err := a.Affiliates.List(f.Context(), f.Actor, affiliateAny, one)
	if err != nil {
		return nil, err
	}
	test := f.Path("/offers")
	if len(offers.Items) > 0 {
		test = offerPath(f, offers.Items[0].ID) + "/test"
	}
	return []ui.Step{
		{Label: "Name your network and give it a face", Href: f.Path("/settings"), Text: "Name, logo, colour and tracking domain.", Done: !f.Settings.UpdatedAt.IsZero() && f.Settings.BrandColour != ""},
		{Label: "Add an advertiser", Href: f.Path("/advertisers/new"), Text: "Who pays for sales.", Done: len(advertisers.Items) > 0},
		{Label: "Create an offer", Href: f.Path("/offers/new"), Text: "Where visitors go and what a sale earns.", Done: len(offers.Items) > 0},
		{Label: "Add an affiliate", Href: f.Path("/affiliates/new"), Text: "Who brings visitors.", Done: len(affiliates.Items) > 0},
		{Label: "Make a test click and a test sale", Href: test, Text: "See the whole chain work before anybody else does."},
	}, nil
}

func (v dashboardView) head() ui.Head {
	h := v.Head
	h.Actions = dashboardDates(v)
	return h
}
