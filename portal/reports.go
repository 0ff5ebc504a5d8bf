package portal

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/report"
)

const (
	reportLevels  = 4  // dimensions at once
	reportRows    = 50 // of a page
	reportMaxRows = 500
	reportDays    = 7 // where no period is chosen
)

// reportPages are the one report page of all portals; package report decides what of it a party sees.
type reportPages struct {
	reports *report.Service
}

// Reports adds the report page: /reports, and its file.
func (g *Group) Reports(reports *report.Service) {
	s := &reportPages{reports: reports}
	g.List("/reports", s.show)
	g.GET("/reports/file", s.file)
}

// reportFilter is all of the page's state.
type reportFilter struct {
	Group      string        `query:"group"`
	Add        string        `query:"add"` // one more dimension, chosen in the page's form
	From       string        `query:"from"`
	To         string        `query:"to"`
	Zone       string        `query:"tz"`
	Currency   string        `query:"currency"`
	Offer      Pick          `query:"offer"`
	Affiliate  Pick          `query:"affiliate"`
	Advertiser Pick          `query:"advertiser"`
	Goal       Pick          `query:"goal"`
	Country    string        `query:"country"`
	Sub1       string        `query:"sub1"`
	Sort       report.Figure `query:"sort"`
	Rising     bool          `query:"rising"`
	Page       int           `query:"page"`
	Rows       int           `query:"rows"`
	Columns    string        `query:"columns"`
	View       string        `query:"view"`
}

// levels are the dimensions that the filter groups by.
func (r reportFilter) levels() []report.Dimension {
	var levels []report.Dimension
	for word := range strings.SplitSeq(r.Group, ",") {
		d := report.Dimension(strings.TrimSpace(word))
		if d != "" && !slices.Contains(levels, d) && len(levels) < reportLevels {
			levels = append(levels, d)
		}
	}
	if len(levels) == 0 {
		levels = []report.Dimension{report.DimensionDay}
	}
	return levels
}

func groupOf(levels []report.Dimension) string {
	words := make([]string, len(levels))
	for i, d := range levels {
		words[i] = string(d)
	}
	return strings.Join(words, ",")
}

// settle reads the filter of a request. What was chosen stays in its fields.
func (s *reportPages) settle(f *Frame) (reportFilter, *time.Location, error) {
	var r reportFilter
	if err := f.Query(&r); err != nil {
		return r, f.Zone, err
	}
	if r.Add != "" {
		r.Group, r.Add = groupOf(append(r.levels(), report.Dimension(r.Add))), ""
	}
	r.Group = groupOf(r.levels())
	r.Country, r.Columns = strings.ToUpper(r.Country), strings.Join(f.ColumnsAsked(), ",")
	zone := f.Zone
	if r.Zone != "" {
		known, err := time.LoadLocation(r.Zone)
		if err != nil || r.Zone == "Local" {
			return r, zone, errs.Invalid("invalid_tz", "must be a time zone such as Europe/Berlin").At("query.tz")
		}
		zone = known
	}
	return r, zone, nil
}

// period is the chosen one, or the last days.
func (r reportFilter) period(now time.Time, zone *time.Location) (from, to string) {
	from, to = r.From, r.To
	if to == "" {
		to = now.In(zone).Format(time.DateOnly)
	}
	if end, err := time.Parse(time.DateOnly, to); from == "" && err == nil {
		from = end.AddDate(0, 0, 1-reportDays).Format(time.DateOnly)
	}
	return from, to
}

func (r reportFilter) query(now time.Time, zone *time.Location) report.Query {
	from, to := r.period(now, zone)
	return report.Query{GroupBy: r.Group, From: from, To: to, Zone: zone.String(), Currency: r.Currency, Limit: report.MaxRows,
		Filter: report.Filter{OfferID: offer.ID(r.Offer), AffiliateID: affiliate.ID(r.Affiliate), AdvertiserID: advertiser.ID(r.Advertiser),
			GoalID: offer.GoalID(r.Goal), Country: r.Country, Sub1: r.Sub1}}
}

func (s *reportPages) show(f *Frame) error {
	if f.WantsFile() { // as lists do
		return s.file(f)
	}
	r, zone, err := s.settle(f)
	status := http.StatusOK
	var made report.Report
	if err == nil {
		made, err = s.reports.Report(f.Context(), f.Actor, r.query(f.Now, zone))
	}
	faults, wrong := FaultsOf(err)
	if err != nil && !wrong {
		return err
	}
	if wrong {
		status = http.StatusUnprocessableEntity
		if errs.Is(err, errs.KindLimited) {
			status = http.StatusTooManyRequests
		}
	}
	v := reportView{f: f, filter: r, zone: zone, report: made, faults: faults, seen: report.SeenBy(f.Actor), total: len(made.Items), more: made.NextCursor != ""}
	if err := v.readNames(); err != nil {
		return err
	}
	v.note = v.repeats()
	report.Order(v.report.Items, r.Sort, !r.Rising)
	v.cut()
	return f.Render(status, "Reports", "/reports", reportPage(v))
}

// file answers with all rows of the report, with the columns of the API's file.
func (s *reportPages) file(f *Frame) error {
	r, zone, err := s.settle(f)
	if err != nil {
		return err
	}
	q := r.query(f.Now, zone)
	return File(f, "report", reportColumns(r.levels(), report.SeenBy(f.Actor)), func(p domain.Page) (domain.Slice[report.Row], error) {
		q.Cursor = p.Cursor
		part, err := s.reports.Report(f.Context(), f.Actor, q)
		return domain.Slice[report.Row]{Items: part.Items, NextCursor: part.NextCursor}, err
	})
}

func reportColumns(levels []report.Dimension, seen report.Seen) []FileColumn[report.Row] {
	var columns []FileColumn[report.Row]
	for i, d := range levels {
		word := string(d)
		switch d {
		case report.DimensionOffer, report.DimensionAffiliate, report.DimensionAdvertiser, report.DimensionGoal:
			columns = append(columns, FileColumn[report.Row]{Name: word + "_id", Number: true, Text: func(r report.Row) string { return idText(r.Keys[i]) }})
			if d == report.DimensionAffiliate && !seen.Affiliates {
				continue
			}
			word += "_name"
			if d == report.DimensionGoal {
				word = "goal_alias"
			}
			columns = append(columns, FileColumn[report.Row]{Name: word, Text: func(r report.Row) string { return r.Keys[i].Name }})
		default:
			columns = append(columns, FileColumn[report.Row]{Name: word, Text: func(r report.Row) string { return r.Keys[i].Text }})
		}
	}
	columns = append(columns, FileColumn[report.Row]{Name: "currency", Text: func(r report.Row) string { return string(r.Currency) }})
	for _, figure := range reportFigures(seen) {
		columns = append(columns, FileColumn[report.Row]{Name: string(figure.name), Number: true, Text: figure.plain})
	}
	return columns
}
