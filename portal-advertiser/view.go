package portaladvertiser

import (
	"fmt"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// listView is a page with a list.
type listView struct {
	Head   ui.Head
	Above  templ.Component
	Filter ui.Filter
	Table  ui.Table
	Pager  ui.PageLinks
	Extra  templ.Component // dialogs
}

// own is the advertiser whose portal this is.
func own(f *portal.Frame) advertiser.ID { return advertiser.ID(f.Actor.AdvertiserID) }

// number reads an id of the path. What is none is not found.
func number[T ~int64](f *portal.Frame, name string) (T, error) {
	n, err := strconv.ParseInt(f.Param(name), 10, 64)
	if err != nil || n <= 0 {
		return 0, errs.NotFound("not_found", "there is nothing with this id")
	}
	return T(n), nil
}

// uuid reads an id of the path that is no number.
func uuid(f *portal.Frame, name string) (domain.UUID, error) {
	id, ok := domain.ParseUUID(f.Param(name))
	if !ok {
		return id, errs.NotFound("not_found", "there is nothing with this id")
	}
	return id, nil
}

// pageLinks are the links below a list. The filter's query stays.
func pageLinks[T any](path string, filter any, p portal.Paging, list domain.Slice[T], thing string) ui.PageLinks {
	links := ui.PageLinks{Text: counted(len(list.Items), thing)}
	if list.NextCursor != "" {
		links.OlderHref = portal.URL(path, filter, "cursor", list.NextCursor)
		links.Text += " on this page; there are more"
	}
	if p.Cursor != "" {
		links.NewerHref = portal.URL(path, filter, "cursor", "")
	}
	return links
}

// counted is "1 offer", "12 offers".
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return portal.Count(n) + " " + thing + "s"
}

// offerNames names the advertiser's offers, for tables and for a filter.
func (s *pages) offerNames(f *portal.Frame) (map[offer.ID]offer.Offer, []ui.Option, error) {
	list, err := s.Offers.List(f.Context(), f.Actor, offer.Filter{}, domain.Page{Limit: domain.MaxLimit})
	if err != nil {
		return nil, nil, err
	}
	names := map[offer.ID]offer.Offer{}
	var options []ui.Option
	for _, o := range list.Items {
		names[o.ID] = o
		options = append(options, ui.Option{Value: strconv.FormatInt(int64(o.ID), 10), Label: o.Name})
	}
	return names, options, nil
}

// offerName is the name of one that the list may lack.
func offerName(names map[offer.ID]offer.Offer, id offer.ID) string {
	if o, ok := names[id]; ok {
		return o.Name
	}
	if id == 0 {
		return portal.None
	}
	return fmt.Sprintf("Offer %d", id)
}

// goalName is what a goal of an offer is called.
func goalName(o offer.Offer, id offer.GoalID) string {
	g, ok := o.Goal(id)
	switch {
	case !ok:
		return fmt.Sprintf("Goal %d", id)
	case g.Name != "":
		return g.Name
	}
	return g.Alias
}

// Period is the days of a filter, in the viewer's zone, both included.
type Period struct {
	From string `query:"from"`
	To   string `query:"to"`
}

// bounds are the instants of the period; zero where a day is not given or is none.
func (p Period) bounds(f *portal.Frame) (from, to time.Time) {
	if d, err := time.ParseInLocation(time.DateOnly, p.From, f.Zone); err == nil {
		from = d
	}
	if d, err := time.ParseInLocation(time.DateOnly, p.To, f.Zone); err == nil {
		to = d.AddDate(0, 0, 1)
	}
	return from, to
}

// picker is the period as a field of a filter.
func (p Period) picker(f *portal.Frame, all string) *ui.DateRange {
	today := f.Now.In(f.Zone).Format(time.DateOnly)
	return &ui.DateRange{ID: "dates", From: p.From, To: p.To, Today: today, Max: today, Label: p.label(all), Zone: f.Zone.String()}
}

func (p Period) label(all string) string {
	from, err1 := time.Parse(time.DateOnly, p.From)
	to, err2 := time.Parse(time.DateOnly, p.To)
	switch {
	case err1 != nil && err2 != nil:
		return all
	case err1 != nil:
		return "until " + to.Format("2 Jan 2006")
	case err2 != nil:
		return "since " + from.Format("2 Jan 2006")
	case p.From == p.To:
		return from.Format("2 Jan 2006")
	case from.Year() == to.Year():
		return from.Format("2 Jan") + " – " + to.Format("2 Jan 2006")
	}
	return from.Format("2 Jan 2006") + " – " + to.Format("2 Jan 2006")
}

// chips are the active filters: pairs of the field's name and what it says; empty ones are left out.
func chips(path string, filter any, pairs ...string) (list []ui.Chip) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			list = append(list, ui.Chip{Text: pairs[i+1], Href: portal.URL(path, filter, pairs[i], "", "cursor", "")})
		}
	}
	return list
}

// sumText is a sum of a report with its currency.
func sumText(s report.Sum, c money.Currency) string {
	if c == "" {
		return portal.None
	}
	rate, err := money.ParseRate(s.String())
	if err != nil { // beyond what a rate holds
		return s.String() + " " + string(c)
	}
	return portal.Price(rate, c)
}

// csvHref is the address of a list's file.
func csvHref(path string, filter any) string {
	return portal.URL(path, filter, "format", "csv", "cursor", "", "limit", "")
}

// wantsCSV tells that the list's file is asked for.
func wantsCSV(f *portal.Frame) bool { return f.Echo.QueryParam("format") == "csv" }

func idText(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}

// is, isOffer, since and until are what chips say; empty for a filter that is not set.
func is(what, value string) string {
	if value == "" {
		return ""
	}
	return what + " is " + value
}

func isOffer(names map[offer.ID]offer.Offer, id int64) string {
	if id == 0 {
		return ""
	}
	return "Offer is " + offerName(names, offer.ID(id))
}

func since(day string) string {
	if day == "" {
		return ""
	}
	return "Since " + day
}

func until(day string) string {
	if day == "" {
		return ""
	}
	return "Until " + day
}

// clickFilter takes every click.
func clickFilter() click.Filter { return click.Filter{} }
