package portaladvertiser

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// dashboardView is the start page.
type dashboardView struct {
	head     ui.Head
	dates    ui.DateRange
	figures  figuresView
	waiting  string // how many wait for a decision, and the link; empty for none
	waitHref string
	steps    []ui.Step // until the first test conversion; none after
	done     string
	health   healthView
	latest   []ui.FeedItem
}

// healthView is how the advertiser's calls fared in the last 24 hours.
type healthView struct {
	stats   []ui.Stat
	reasons []ui.Bar
	none    bool
}

func (s *pages) dashboard(f *portal.Frame) error {
	var q figuresQuery
	if err := f.Query(&q); err != nil {
		return err
	}
	p := q.span(f, figuresDays)
	v := dashboardView{}
	var err error
	if v.figures, err = s.figures(f, report.Filter{}, p, q, f.Path("")); err != nil {
		return err
	}
	if f.Part() && f.Target() == "figures" {
		return f.RenderPart(200, figuresCard(v.figures))
	}
	v.dates = *portal.Period{From: p.from, To: p.to}.Picker(f, "dates", "")
	v.head = ui.Head{Title: "Dashboard", Lead: "Cost is what your conversions cost you, approved and pending. Today is still changing. Times in " + f.Zone.String() + ".", Actions: datesForm(f, v.dates, q)}
	if err := s.waiting(f, &v); err != nil {
		return err
	}
	if err := s.firstSteps(f, &v); err != nil {
		return err
	}
	if v.health, err = s.health(f, 0); err != nil {
		return err
	}
	if err := s.latest(f, &v); err != nil {
		return err
	}
	return f.Page("Dashboard", "", dashboardPage(f, v))
}

const waitingShown = 100

// waiting counts what waits for the advertiser's decision.
func (s *pages) waiting(f *portal.Frame, v *dashboardView) error {
	if !f.Settings.AdvertisersDecide {
		return nil
	}
	notTest := false
	list, err := s.Conversions.List(f.Context(), f.Actor, conversion.Filter{Status: conversion.StatusPending, Test: &notTest}, domain.Page{Limit: waitingShown})
	if err != nil || len(list.Items) == 0 {
		return err
	}
	v.waiting = portal.Counted(len(list.Items), "conversion")
	if list.NextCursor != "" {
		v.waiting = "More than " + v.waiting
	}
	v.waitHref = f.Path(conversionsPath) + "?status=pending&test=none"
	return nil
}

// firstSteps is the checklist until the first test conversion.
func (s *pages) firstSteps(f *portal.Frame, v *dashboardView) error {
	one := domain.Page{Limit: 1}
	made, err := s.Conversions.List(f.Context(), f.Actor, conversion.Filter{}, one)
	if err != nil || len(made.Items) > 0 {
		return err
	}
	offers, err := s.Offers.List(f.Context(), f.Actor, offer.Filter{}, one)
	if err != nil {
		return err
	}
	clicks, err := s.Clicks.List(f.Context(), f.Actor, clickFilter(), one)
	if err != nil {
		return err
	}
	calls, err := s.Conversions.LogList(f.Context(), f.Actor, conversion.LogFilter{}, one)
	if err != nil {
		return err
	}
	setUp := f.Path("/offers")
	if len(offers.Items) > 0 {
		setUp = f.Path("/offers/" + strconv.FormatInt(int64(offers.Items[0].ID), 10) + "/tracking")
	}
	v.steps = []ui.Step{
		{Label: "Your first offer", Text: "The network makes it with you.", Done: len(offers.Items) > 0},
		{Label: "Set up tracking", Text: "Put the postback URL, or the pixel, where a sale is confirmed.", Href: setUp, Done: len(calls.Items) > 0},
		{Label: "First click", Text: "A visitor comes through an affiliate's link.", Done: len(clicks.Items) > 0},
		{Label: "First call received", Text: "Your server reports a sale. If it is refused, the log says why.", Href: f.Path(logPath), Done: len(calls.Items) > 0},
		{Label: "First test conversion", Text: "A call with test=1 walks the whole way and costs nothing.", Href: setUp},
	}
	done := 0
	for _, step := range v.steps {
		if step.Done {
			done++
		}
	}
	v.done = fmt.Sprintf("%d of %d done", done, len(v.steps))
	return nil
}

// health adds up the calls of the last 24 hours, of all offers or of one.
func (s *pages) health(f *portal.Frame, id offer.ID) (healthView, error) {
	tally, err := s.Conversions.LogTally(f.Context(), f.Actor, conversion.LogFilter{From: f.Now.Add(-24 * time.Hour), OfferID: id})
	if err != nil {
		return healthView{}, err
	}
	var accepted, refused, queued int64
	for _, t := range tally {
		switch t.Status {
		case conversion.OutcomeRefused:
			refused += t.Count
		case conversion.OutcomeQueued:
			queued += t.Count
		default:
			accepted += t.Count
		}
	}
	all := accepted + refused + queued
	v := healthView{none: all == 0, stats: []ui.Stat{{Label: "Accepted, 24 h", Value: portal.Count(accepted), After: share(accepted, all), Good: refused == 0 && all > 0},
		{Label: "Refused", Value: portal.Count(refused), After: share(refused, all), Bad: refused > 0}}}
	if queued > 0 {
		v.stats = append(v.stats, ui.Stat{Label: "Being worked on", Value: portal.Count(queued)})
	}
	for _, t := range tally {
		if t.Status == conversion.OutcomeRefused {
			href := f.Path(logPath) + "?status=refused&code=" + t.Code
			if id != 0 {
				href += "&offer=" + idText(int64(id))
			}
			v.reasons = append(v.reasons, ui.Bar{Label: reasonWord(t.Code), Share: portal.Ratio(t.Count, refused), Value: portal.Count(t.Count), Percent: int(t.Count * 100 / refused), Href: href})
		}
	}
	return v, nil
}

// reasons are refusals in words, short enough for a list; the log tells each in full.
var reasons = map[string]string{
	"missing_clickid": "No click id", "malformed_clickid": "Click id is not ours", "click_not_found": "Click unknown",
	"missing_token": "No token", "invalid_token": "Wrong token", "missing_signature": "No signature", "invalid_signature": "Wrong signature",
	"ip_not_allowed": "Address not allowed", "goal_not_found": "Goal unknown", "coupon_not_found": "Coupon unknown",
	"invalid_val": "Value unreadable", "invalid_com": "Commission unreadable", "invalid_comperc": "Percent unreadable", "invalid_payout": "Payout unreadable",
	"invalid_currency": "Currency unknown", "invalid_status": "Status unknown", "invalid_txid": "Order id too long", "invalid_body": "Body unreadable",
	"status_not_allowed": "Status cannot change so", "click_not_valid": "Click was refused", "outside_window": "Too late after the click",
	"too_fast": "Too soon after the click", "offer_inactive": "Offer is not active", "rate_limited": "Too many wrong calls", "no_rate": "No exchange rate",
}

func reasonWord(code string) string {
	if word, ok := reasons[code]; ok {
		return word
	}
	return strings.ReplaceAll(code, "_", " ")
}

const latestShown = 8

func (s *pages) latest(f *portal.Frame, v *dashboardView) error {
	real := false
	list, err := s.Conversions.List(f.Context(), f.Actor, conversion.Filter{Test: &real}, domain.Page{Limit: latestShown})
	if err != nil || len(list.Items) == 0 {
		return err
	}
	names, err := f.Names(namesOf(list.Items))
	if err != nil {
		return err
	}
	for _, c := range list.Items {
		title := c.TxID
		if title == "" {
			title = portal.ShortID(c.ID.String())
		}
		v.latest = append(v.latest, ui.FeedItem{Time: f.Ago(c.CreatedAt), Title: title, Href: f.Path(conversionsPath + "/" + c.ID.String()),
			Text: names.Offer(c.OfferID) + " · " + names.Goal(c.OfferID, c.GoalID), Amount: portal.Money(c.Revenue), Badge: ui.StatusBadge(ui.Conversions, string(c.Status))})
	}
	return nil
}
