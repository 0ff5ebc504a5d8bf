package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/report"
)

const tagReports = "Reports"

func (s *service) reportRoutes() {
	register(s, op{"get-reports", http.MethodGet, "/reports", "Add up clicks, conversions and money", tagReports, 0, []int{429}}, s.getReport)
}

// orNull is a value that is null in some rows, in a field that other answers do not have at all.
type orNull[T any] struct{ value *T }

// MarshalJSON implements json.Marshaler.
func (n orNull[T]) MarshalJSON() ([]byte, error) { return json.Marshal(n.value) }

// Schema implements huma.SchemaProvider: that of the value, or null.
func (orNull[T]) Schema(r huma.Registry) *huma.Schema {
	schema := *r.Schema(reflect.TypeFor[T](), true, "")
	schema.Nullable = true
	return &schema
}

// reportRow is a group's figures in one currency, or a total. Only the keys that it is grouped by are there. Affiliates
// see no revenue, advertisers no commission.
type reportRow struct {
	Month          *string         `json:"month,omitempty" doc:"Such as 2026-11"`
	Week           *string         `json:"week,omitempty" doc:"Date of its Monday"`
	Day            *string         `json:"day,omitempty" doc:"Date in the report's time zone" example:"2026-11-21"`
	Hour           *string         `json:"hour,omitempty" doc:"Its start, in UTC"`
	OfferID        *int64          `json:"offer_id,omitempty" doc:"As the click's link named it: there may be no such offer"`
	OfferName      *orNull[string] `json:"offer_name,omitempty" nullable:"true" doc:"Name of the offer; null where there is no such offer"`
	AffiliateID    *int64          `json:"affiliate_id,omitempty" doc:"As the click's link named it: there may be no such affiliate"`
	AffiliateName  *orNull[string] `json:"affiliate_name,omitempty" nullable:"true" doc:"Name of the affiliate; null where there is no such affiliate"`
	AdvertiserID   *int64          `json:"advertiser_id,omitempty" doc:"0 where the offer is unknown"`
	AdvertiserName *orNull[string] `json:"advertiser_name,omitempty" nullable:"true" doc:"Name of the advertiser; null where the offer is unknown"`
	GoalID         *orNull[int64]  `json:"goal_id,omitempty" nullable:"true" doc:"null for clicks, which have no goal"`
	GoalAlias      *orNull[string] `json:"goal_alias,omitempty" nullable:"true" doc:"Alias of the goal; null for clicks"`
	Status         *orNull[string] `json:"status,omitempty" nullable:"true" doc:"Of conversions; null for clicks"`
	Country        *string         `json:"country,omitempty" doc:"Of the click: ISO 3166-1 alpha-2, empty if unknown"`
	Device         *string         `json:"device,omitempty" doc:"Of the click; empty if unknown"`
	OS             *string         `json:"os,omitempty" doc:"Of the click; empty if unknown"`
	Browser        *string         `json:"browser,omitempty" doc:"Of the click; empty if unknown"`
	Source         *string         `json:"source,omitempty" doc:"Of the click; empty if none"`
	Sub1           *string         `json:"sub1,omitempty" doc:"Free value of the affiliate"`
	Sub2           *string         `json:"sub2,omitempty" doc:"Free value of the affiliate"`
	Sub3           *string         `json:"sub3,omitempty" doc:"Free value of the affiliate"`
	Sub4           *string         `json:"sub4,omitempty" doc:"Free value of the affiliate"`
	Sub5           *string         `json:"sub5,omitempty" doc:"Free value of the affiliate"`
	Sub6           *string         `json:"sub6,omitempty" doc:"Free value of the affiliate"`
	Sub7           *string         `json:"sub7,omitempty" doc:"Free value of the affiliate"`
	Sub8           *string         `json:"sub8,omitempty" doc:"Free value of the affiliate"`
	Sub9           *string         `json:"sub9,omitempty" doc:"Free value of the affiliate"`
	Sub10          *string         `json:"sub10,omitempty" doc:"Free value of the affiliate"`

	Currency      *string `json:"currency" nullable:"true" doc:"Clicks count in that of their offer; null for clicks whose offer does not exist" example:"USD"`
	Clicks        int64   `json:"clicks" doc:"Valid clicks, repeated ones included, by the time of the click"`
	UniqueClicks  int64   `json:"unique_clicks" doc:"First valid clicks of a UTC day, offer, affiliate, address and user agent"`
	InvalidClicks int64   `json:"invalid_clicks" doc:"Clicks refused with a reason"`
	Conversions   int64   `json:"conversions" doc:"All but trash and tests, by the time of the conversion: approved + pending + rejected"`
	Approved      int64   `json:"approved" doc:"Conversions whose status is approved now"`
	Pending       int64   `json:"pending" doc:"Conversions that are pending or on hold now"`
	Rejected      int64   `json:"rejected" doc:"Conversions that are rejected now"`
	CR            string  `json:"cr" csv:"number" doc:"Conversions per click in percent; 0.00 without clicks" example:"3.25"`
	EPC           *string `json:"epc,omitempty" csv:"number" doc:"Commission per click, with 4 decimals; 0.0000 without clicks" example:"0.1250"`
	Revenue       *string `json:"revenue,omitempty" csv:"number" doc:"Of approved and pending conversions" example:"150.00"`
	Commission    *string `json:"commission,omitempty" csv:"number" doc:"Of approved and pending conversions" example:"125.00"`
	Profit        *string `json:"profit,omitempty" csv:"number" doc:"Revenue - commission" example:"25.00"`
}

func newReportRow(r report.Row, by []report.Dimension, v view) reportRow {
	b := reportRow{Currency: optionalText(r.Currency), Clicks: r.Clicks, UniqueClicks: r.UniqueClicks, InvalidClicks: r.InvalidClicks,
		Conversions: r.Conversions, Approved: r.Approved, Pending: r.Pending, Rejected: r.Rejected, CR: r.CR(),
		EPC: shown(v.commission(), r.EPC()), Revenue: shown(v.revenue(), r.Revenue.String()),
		Commission: shown(v.commission(), r.Commission.String()), Profit: shown(v == viewOperator, r.Profit().String())}
	texts := map[report.Dimension]**string{report.DimensionMonth: &b.Month, report.DimensionWeek: &b.Week, report.DimensionDay: &b.Day,
		report.DimensionHour: &b.Hour, report.DimensionCountry: &b.Country, report.DimensionDevice: &b.Device, report.DimensionOS: &b.OS,
		report.DimensionBrowser: &b.Browser, report.DimensionSource: &b.Source, "sub1": &b.Sub1, "sub2": &b.Sub2, "sub3": &b.Sub3,
		"sub4": &b.Sub4, "sub5": &b.Sub5, "sub6": &b.Sub6, "sub7": &b.Sub7, "sub8": &b.Sub8, "sub9": &b.Sub9, "sub10": &b.Sub10}
	for i := range r.Keys {
		k, name := r.Keys[i], &orNull[string]{optionalText(r.Keys[i].Name)}
		switch by[i] {
		case report.DimensionOffer:
			b.OfferID, b.OfferName = &k.ID, name
		case report.DimensionAffiliate:
			b.AffiliateID = &k.ID
			if v != viewAdvertiser { // who knows affiliates by their ids alone
				b.AffiliateName = name
			}
		case report.DimensionAdvertiser:
			b.AdvertiserID, b.AdvertiserName = &k.ID, name
		case report.DimensionGoal:
			b.GoalID, b.GoalAlias = &orNull[int64]{optionalID(k.ID)}, name
		case report.DimensionStatus:
			b.Status = &orNull[string]{optionalText(k.Text)}
		default:
			*texts[by[i]] = &k.Text
		}
	}
	return b
}

type missingRateBody struct {
	Currency string   `json:"currency" doc:"ISO 4217, that there is no rate from"`
	Days     []string `json:"days" doc:"Dates, in UTC"`
}

// reportBody is a report.
type reportBody struct {
	From         time.Time         `json:"from" doc:"Begin of the period"`
	To           time.Time         `json:"to" doc:"Excluded"`
	Items        []reportRow       `json:"items" doc:"Newest first, then by the other keys and by currency"`
	Totals       []reportRow       `json:"totals" doc:"Of all items, those of other parts too; one row for each currency"`
	MissingRates []missingRateBody `json:"missing_rates" doc:"Where a currency was asked for: what stays in rows of its own currency for want of a rate"`
	NextCursor   *string           `json:"next_cursor" nullable:"true" doc:"Ask for the next part of the items with it; null at the end"`
	tableBody
}

// reportAnswer is a report with what its file needs.
type reportAnswer struct {
	Body  reportBody
	blank reportRow
}

func (a *reportAnswer) export(e *csvExport) { a.Body.export(e) }

// sample has the columns of a file without rows.
func (a *reportAnswer) sample() any { return a.blank }

func (a *reportAnswer) rows() (any, string) {
	if a.Body.NextCursor == nil {
		return a.Body.Items, ""
	}
	return a.Body.Items, *a.Body.NextCursor
}

type reportQuery struct {
	GroupBy  string `query:"group_by" maxLength:"300" default:"day" doc:"Comma list of month, week, day, hour, offer, affiliate, advertiser (not for affiliates), goal, status, country, device, os, browser, source, sub1 to sub10" example:"day,offer"`
	From     string `query:"from" maxLength:"40" doc:"From this date in tz, or this RFC 3339 time, on; default 30 days before the end, which is included"`
	To       string `query:"to" maxLength:"40" doc:"Until this date in tz, which is included, or before this time; default today. At most 400 days after from"`
	TZ       string `query:"tz" maxLength:"64" default:"UTC" doc:"IANA time zone, which decides where days begin" example:"Europe/Berlin"`
	Currency string `query:"currency" maxLength:"10" doc:"ISO 4217. Each conversion is converted to it by itself, at the newest stored rate of its UTC day or the 7 days before; clicks count in it too. Without it there is a row for each currency"`

	OfferID      offer.ID      `query:"offer_id" minimum:"1" doc:"Only of this offer"`
	AffiliateID  affiliate.ID  `query:"affiliate_id" minimum:"1" doc:"Only of this affiliate"`
	AdvertiserID advertiser.ID `query:"advertiser_id" minimum:"1" doc:"Only of this advertiser"`
	GoalID       offer.GoalID  `query:"goal_id" minimum:"1" doc:"Leaves clicks out, which have no goal"`
	Country      string        `query:"country" maxLength:"2" doc:"Of the click"`
	Sub1         string        `query:"sub1" maxLength:"255" doc:"Of the click"`

	Limit  int    `query:"limit" minimum:"1" maximum:"10000" default:"10000" doc:"How many items at most"`
	Cursor string `query:"cursor" maxLength:"300" doc:"next_cursor of the part before"`
}

func (q *reportQuery) largest()           { q.Limit = report.MaxRows }
func (q *reportQuery) turn(cursor string) { q.Cursor = cursor }

func (s *service) getReport(ctx context.Context, actor account.Actor, in *reportQuery) (*reportAnswer, error) {
	r, err := s.Reports.Report(ctx, actor, report.Query{GroupBy: in.GroupBy, From: in.From, To: in.To, Zone: in.TZ, Currency: in.Currency,
		Filter: report.Filter{OfferID: in.OfferID, AffiliateID: in.AffiliateID, AdvertiserID: in.AdvertiserID, GoalID: in.GoalID,
			Country: strings.ToUpper(in.Country), Sub1: in.Sub1},
		Limit: in.Limit, Cursor: in.Cursor})
	if err != nil {
		return nil, err
	}
	out := &reportAnswer{Body: reportBody{From: moment(r.From), To: moment(r.To), Items: make([]reportRow, 0, len(r.Items)),
		Totals: []reportRow{}, MissingRates: []missingRateBody{}, NextCursor: optionalText(r.NextCursor)}}
	v := viewOf(actor)
	for _, part := range []struct {
		rows []report.Row
		into *[]reportRow
	}{{r.Items, &out.Body.Items}, {r.Totals, &out.Body.Totals}} {
		for _, row := range part.rows {
			*part.into = append(*part.into, newReportRow(row, r.GroupBy, v))
		}
	}
	for _, m := range r.Missing {
		b := missingRateBody{Currency: string(m.Currency)}
		for _, day := range m.Days {
			b.Days = append(b.Days, day.Format(time.DateOnly))
		}
		out.Body.MissingRates = append(out.Body.MissingRates, b)
	}
	out.blank = newReportRow(report.Row{Keys: make([]report.Key, len(r.GroupBy))}, r.GroupBy, v)
	return out, nil
}
