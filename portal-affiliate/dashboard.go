package portalaffiliate

import (
	"cmp"
	"slices"
	"time"

	"github.com/a-h/templ"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

type dashboardView struct {
	head     ui.Head
	notice   *ui.Notice
	steps    []ui.Step // until the first conversion
	figures  figuresView
	offers   *ui.Table
	balances []balanceCard
	balance  string // where the ledger is
	bars     []ui.Bar
	latest   []ui.FeedItem
}

const (
	topOffers    = 6
	topCountries = 5
	latestShown  = 6
)

// dashboard is the start page.
func (s *pages) dashboard(f *portal.Frame) error {
	var in figuresQuery
	if err := f.Query(&in); err != nil {
		return err
	}
	span := in.span(f)
	var err error
	if span.currency, err = s.ownCurrency(f); err != nil {
		return err
	}
	v := dashboardView{balance: f.Path(balancePath)}
	var missing bool
	if v.figures, missing, err = s.figures(f, in, span); err != nil {
		return err
	}
	if f.Part() && f.Target() == "figures" {
		return f.RenderPart(ok, figuresCard(v.figures))
	}
	if missing {
		v.notice = &ui.Notice{Kind: ui.Warn, Strong: "Some earnings are left out.", Text: "There is no exchange rate into " + string(span.currency) + " for some days; your balances hold all of it."}
	}
	greeting := "Figures are in " + string(span.currency) + ", " + f.Zone.String() + "; today's still change."
	v.head = ui.Head{Title: "Dashboard", Lead: greeting, Actions: dashboardActions(f, in, span)}
	if v.steps, err = s.firstSteps(f); err != nil {
		return err
	}
	if v.offers, err = s.topOffers(f, span); err != nil {
		return err
	}
	if v.balances, err = s.balanceCards(f); err != nil {
		return err
	}
	if v.bars, err = s.countries(f, span); err != nil {
		return err
	}
	if v.latest, err = s.latest(f); err != nil {
		return err
	}
	return f.Page("Dashboard", "", dashboardPage(f, v))
}

// topOffers are those that earned most in the period.
func (s *pages) topOffers(f *portal.Frame, span dayspan) (*ui.Table, error) {
	r, err := s.report(f, span.query("offer", span.from, span.to))
	if err != nil || len(r.Items) == 0 {
		return nil, err
	}
	rows := slices.DeleteFunc(r.Items, func(row report.Row) bool {
		return row.Currency != span.currency || row.Clicks == 0 && row.Conversions == 0
	})
	slices.SortStableFunc(rows, func(a, b report.Row) int {
		return cmp.Or(b.Commission.Minor().Cmp(a.Commission.Minor()), cmp.Compare(b.Clicks, a.Clicks))
	})
	shown := rows[:min(len(rows), topOffers)]
	names, err := namesOf(f, shown, func(row report.Row) offer.ID { return offer.ID(row.Keys[0].ID) })
	if err != nil {
		return nil, err
	}
	access, err := s.accesses(f)
	if err != nil {
		return nil, err
	}
	t := &ui.Table{ID: "top-offers", Name: "Top offers", Actions: true, Columns: []ui.Column{{Label: "Offer", Wide: true}, {Label: "Clicks", Number: true, Hide: true}, {Label: "Conv.", Number: true, Hide: true},
		{Label: "CR", Number: true, Hide: true}, {Label: "EPC", Number: true, Hide: true}, {Label: "Earnings", Number: true}}}
	for _, row := range shown {
		id := offer.ID(row.Keys[0].ID)
		name := ui.Cell{Text: names.Offer(id), Square: ui.Initials(names.Offer(id)), Narrow: portal.Count(row.Clicks) + " clicks · " + ratio(row) + " CR"}
		var actions templ.Component
		title := names.Title(id)
		if title.Open {
			name.Href = offerHref(f, id)
		}
		switch {
		case !title.Open:
			if title.Status != "" && title.Status != offer.StatusActive { // known to the affiliate, and not by its advertiser
				name.Badge = ui.StatusBadge(ui.Offers, string(title.Status))
			}
		case access[id] != offer.AccessRejected && access[id] != offer.AccessPending:
			if link := s.plainLink(f, id); link != "" {
				actions = ui.CopyText(link, "Copy tracking link for "+names.Offer(id))
			}
		}
		t.Rows = append(t.Rows, ui.Row{Actions: actions, Cells: []ui.Cell{name, {Text: portal.Count(row.Clicks)}, {Text: portal.Count(row.Conversions)}, {Text: ratio(row)}, {Text: epc(row)},
			{Text: portal.Sum(row.Commission, row.Currency), Strong: true, Share: shareOf(row, rows[0])}}})
	}
	if total, found := totalIn(r.Totals, span.currency); found {
		t.Totals = []ui.Cell{{Text: "All " + portal.Counted(len(rows), "offer")}, {Text: portal.Count(total.Clicks), Strong: true}, {Text: portal.Count(total.Conversions), Strong: true},
			{Text: ratio(total), Strong: true}, {Text: epc(total), Strong: true}, {Text: portal.Sum(total.Commission, total.Currency), Strong: true}}
	}
	return t, nil
}

// countries are those that earned most.
func (s *pages) countries(f *portal.Frame, span dayspan) ([]ui.Bar, error) {
	r, err := s.report(f, span.query("country", span.from, span.to))
	if err != nil {
		return nil, err
	}
	total, found := totalIn(r.Totals, span.currency)
	if !found || total.Commission.Minor().Sign() == 0 {
		return nil, nil
	}
	rows := slices.DeleteFunc(r.Items, func(row report.Row) bool { return row.Currency != span.currency || row.Commission.Minor().Sign() == 0 })
	slices.SortStableFunc(rows, func(a, b report.Row) int { return b.Commission.Minor().Cmp(a.Commission.Minor()) })
	var bars []ui.Bar
	for _, row := range rows[:min(len(rows), topCountries)] {
		percent := shareOf(row, total)
		bars = append(bars, ui.Bar{Label: portal.Country(row.Keys[0].Text), Share: portal.Count(percent) + "%", Value: portal.Sum(row.Commission, row.Currency), Percent: percent})
	}
	return bars, nil
}

// latest are the newest conversions.
func (s *pages) latest(f *portal.Frame) ([]ui.FeedItem, error) {
	real := false
	list, err := s.Conversions.List(f.Context(), f.Actor, conversion.Filter{Test: &real}, domain.Page{Limit: latestShown})
	if err != nil {
		return nil, err
	}
	names, err := namesOf(f, list.Items, func(c conversion.Conversion) offer.ID { return c.OfferID })
	if err != nil {
		return nil, err
	}
	var asked click.Filter
	for _, c := range list.Items {
		asked.ClickIDs = append(asked.ClickIDs, c.ClickID)
	}
	visits := map[click.ID]click.Click{}
	if len(asked.ClickIDs) > 0 {
		clicks, err := s.Clicks.List(f.Context(), f.Actor, asked, domain.Page{Limit: latestShown})
		if err != nil {
			return nil, err
		}
		for _, one := range clicks.Items {
			visits[one.ID] = one
		}
	}
	var items []ui.FeedItem
	for _, c := range list.Items {
		text := names.Goal(c.OfferID, c.GoalID)
		if one, found := visits[c.ClickID]; found {
			sub := ""
			if one.Subs[0] != "" {
				sub = "sub1 = " + one.Subs[0]
			}
			text = joined(text, one.Country, one.OS, sub)
		}
		items = append(items, ui.FeedItem{Time: feedTime(f, c.CreatedAt), Title: names.Offer(c.OfferID), Href: conversionHref(f, c.ID), Text: text,
			Amount: commissionOf(c), Badge: ui.StatusBadge(ui.Conversions, string(c.Status))})
	}
	return items, nil
}

// firstSteps are the way to the first conversion; none once there is one.
func (s *pages) firstSteps(f *portal.Frame) ([]ui.Step, error) {
	one := domain.Page{Limit: 1}
	made, err := s.Conversions.List(f.Context(), f.Actor, conversion.Filter{}, one)
	if err != nil || len(made.Items) > 0 {
		return nil, err
	}
	may := true
	offers, err := s.Offers.List(f.Context(), f.Actor, offer.Filter{MayRun: &may}, one)
	if err != nil {
		return nil, err
	}
	postbacks, err := s.Postbacks.List(f.Context(), f.Actor, postback.Filter{}, one)
	if err != nil {
		return nil, err
	}
	clicks, err := s.Clicks.List(f.Context(), f.Actor, click.Filter{}, one)
	if err != nil {
		return nil, err
	}
	clicked := len(clicks.Items) > 0
	return []ui.Step{
		{Label: "Find an offer", Text: "Some are open to all, others want an application.", Href: f.Path(offersPath), Done: len(offers.Items) > 0},
		{Label: "Build your first link", Text: "With sub ids, so that you know later what worked.", Href: f.Path(linksPath), Done: clicked},
		{Label: "Set your postback", Text: "It tells your tracker of each conversion.", Href: f.Path("/postbacks/global"), Done: len(postbacks.Items) > 0},
		{Label: "First click", Text: "Click your own link once: it shows that all is well.", Href: f.Path(linksPath), Done: clicked},
		{Label: "First conversion", Text: "It stands here with what it earns you.", Href: f.Path(conversionsPath)},
	}, nil
}

// feedTime is short: the hour of what is of today, the day of what is older.
func feedTime(f *portal.Frame, t time.Time) string {
	if t = t.In(f.Zone); day(t).Equal(day(f.Now.In(f.Zone))) {
		return t.Format("15:04")
	}
	return t.Format("2 Jan")
}
