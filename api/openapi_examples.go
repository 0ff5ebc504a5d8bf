package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// The examples all tell of one network: affiliate 34 sends a visitor to offer 12 of advertiser 7, who buys (goal 21),
// and the affiliate's tracker learns of it by postback 5.
const (
	exampleClickID    = "01kjvktcmke0nbzgbyd1cmrt6m3k9w7d"
	exampleConversion = "019cb74a-8a1c-75bb-aa8c-7cde17b3c493"
	exampleDelivery   = "019cb74a-8a80-7dc6-b3c1-969040b2aeb1"
	exampleLogLine    = "019cb74a-89b8-75e1-bb25-7825720e66ee"
	exampleMoment     = "2026-03-04T05:20:41.5Z"
	exampleURL        = "https://tracker.example/postback?cid=c-8817&payout=7.50"
)

// fieldExamples are the values of fields: by schema and name, else by name alone. A field that may be null and is not
// here is null.
var fieldExamples = map[string]any{
	"offer_id": 12, "affiliate_id": 34, "advertiser_id": 7, "goal_id": 21, "postback_id": 5, "user_id": 41,
	"click_id": exampleClickID, "conversion_id": exampleConversion, "transaction_id": "019cb74a-8a1d-7b20-93c1-6d2f0a4e8b17",
	"created_at": exampleMoment, "updated_at": exampleMoment, "clicked_at": "2026-03-04T05:06:07.123Z", "at": exampleMoment,
	"currency": "USD", "original_currency": "USD", "method": "GET", "ip": "203.0.113.9", "name": "Acme Shop", "email": "jane@example.com",
	"message": "recorded", "url": exampleURL, "duration_ms": 184, "count": 42, "status_code": 200, "txid": "order-1001",
	"sub1": "newsletter", "sub2": "", "sub3": "", "sub4": "", "sub5": "", "sub6": "", "sub7": "", "sub8": "", "sub9": "", "sub10": "",
	"val": "99.99", "commission": "7.50", "revenue": "9.00", "original_val": "99.99", "response_body": "OK",
	"source": "blog", "landing_page_id": "", "creative_id": "", "deep_link": "", "coupon": "", "destination_url": "https://shop.example/?ref={click_id}",
	"aff_click_id": "c-8817", "country": "DE", "device": "mobile", "os": "iOS", "browser": "Safari", "language": "de", "number": 1,
	"from": "2026-03-04T00:00:00Z", "to": "2026-03-05T00:00:00Z", "time_zone": "Europe/Berlin", "title": "Postback documentation",
	"object_id": "5", "object_type": "postback", "warnings": []any{},

	"AccessBody.status":                  "approved",
	"AdvertiserBody.id":                  7,
	"AdvertiserBody.email":               "tech@shop.example",
	"AdvertiserBody.always_200":          false,
	"AdvertiserBody.ip_allowlist":        []any{},
	"AdvertiserBody.postback_token":      "pt_8fK2mQ7vX4nB9sLz",
	"AdvertiserBody.override_percent":    "20",
	"AdvertiserBody.status_map":          map[string]any{"paid": "approved", "refunded": "rejected"},
	"AffiliateBody.id":                   34,
	"AffiliateBody.name":                 "Blue Media",
	"BalanceBody.pending":                "15.00",
	"BalanceBody.approved":               "482.50",
	"BalanceBody.invoiced":               "0.00",
	"BalanceBody.paid":                   "1200.00",
	"OwedBody.pending":                   "18.00",
	"OwedBody.receivable":                "579.00",
	"OwedBody.invoiced":                  "0.00",
	"OwedBody.received":                  "1440.00",
	"ClickBody.valid":                    true,
	"ClickBody.robot":                    false,
	"ClickBody.created_at":               "2026-03-04T05:06:07.123Z",
	"ClickBody.user_agent":               "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)",
	"ClickBody.referrer":                 "https://blog.example/review",
	"ConversionBody.id":                  exampleConversion,
	"ConversionBody.status":              "approved",
	"ConversionBody.rate":                "1",
	"ConversionBody.test":                false,
	"ConversionBody.params":              map[string]any{"comperc": "7.5"},
	"CouponBody.id":                      3,
	"CouponBody.active":                  true,
	"DeliveryBody.id":                    exampleDelivery,
	"DeliveryBody.event_status":          "approved",
	"DeliveryBody.status":                "delivered",
	"AttemptBody.error":                  nil,
	"AttemptBody.error_code":             nil,
	"EnrolmentBody.otpauth_url":          "otpauth://totp/Acme%20Network:jane@example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Acme%20Network",
	"EntryBody.id":                       "019cb74a-8a1e-7f41-8f0e-12d5c7a9b364",
	"EntryBody.kind":                     "conversion",
	"EntryBody.from_account":             "network:commission",
	"EntryBody.to_account":               "a34:approved",
	"EntryBody.amount":                   "7.50",
	"EntryBody.note":                     "",
	"GoalBody.id":                        21,
	"LiveEvent.kind":                     "postback_in",
	"LiveEvent.id":                       exampleLogLine,
	"LiveEvent.summary":                  "Postback refused: token is not that of the click's advertiser",
	"ViewBody.id":                        6,
	"ViewBody.user_name":                 "Jane",
	"ViewBody.page":                      "/conversions",
	"ViewBody.query":                     "status=pending",
	"ViewBody.span":                      "7d",
	"ViewBody.name":                      "Pending, last 7 days",
	"ViewBody.shared":                    false,
	"ViewBody.default":                   true,
	"ViewBody.schedule":                  "weekly",
	"ViewBody.format":                    "xlsx",
	"ViewBody.next_at":                   "2026-03-09T06:00:00Z",
	"ExportBody.id":                      "019cb74d-0c41-7b63-9d2e-6a7b8c9d0e1f",
	"ExportBody.path":                    "/admin/conversions?status=approved",
	"ExportBody.format":                  "xlsx",
	"ExportBody.title":                   "Approved conversions",
	"ExportBody.by_mail":                 false,
	"ExportBody.state":                   "ready",
	"ExportBody.reason":                  nil,
	"ExportBody.file_name":               "conversions-2026-03-04.xlsx",
	"ExportBody.size":                    48211,
	"TraceItem.kind":                     "click",
	"TraceItem.summary":                  "Click on offer 12 by affiliate 34 from DE",
	"TraceItem.data":                     map[string]any{"offer_id": 12},
	"TraceLinkBody.id":                   "019cb74b-1c40-7a52-b3d0-5f9e2c81a6d7",
	"expires_at":                         "2026-03-11T05:20:41.5Z",
	"GoalBody.alias":                     "sale",
	"GoalBody.name":                      "Sale",
	"GoalBody.is_default":                true,
	"GoalBody.payout":                    map[string]any{"model": "percent", "amount": nil, "percent": "7.5"},
	"GoalBody.revenue":                   map[string]any{"model": "postback", "amount": nil, "percent": nil},
	"GoalBody.hold_days":                 0,
	"KeyBody.id":                         2,
	"KeyBody.secret":                     "wp_Zk3a9QxB7mT2vN8sL4cR1yW6dF0hJ5gPqUeKiOzXtAb",
	"KeyBody.role":                       "viewer",
	"KeyBody.expires_at":                 "2027-03-04T00:00:00Z",
	"LinkBody.url":                       "https://track.example/click?o=12&a=34&sub1=newsletter",
	"LintBody.warnings":                  []any{map[string]any{"code": "macro_case", "piece": "{ClickID}", "suggestion": "{clickid}", "message": "{ClickID} stays as it is, for names are case-sensitive"}},
	"LintBody.macros":                    []any{map[string]any{"text": "{ClickID}", "name": "ClickID", "known": false, "filled": false}},
	"LintBody.preview":                   "https://shop.example/?ref={ClickID}",
	"LogBody.id":                         exampleLogLine,
	"LogBody.received_at":                "2026-03-04T05:20:41.4Z",
	"LogBody.query":                      "clickid=" + exampleClickID + "&token=***&amount=99.99&comperc=7.5&txid=order-1001",
	"LogBody.body_start":                 "",
	"LogBody.http_status":                200,
	"LogBody.conversion_status":          "approved",
	"LogBody.unknown":                    []any{},
	"LogBody.ignored":                    []any{},
	"LogBody.hints":                      []any{},
	"CallAnswer.conversion_status":       "approved",
	"NetworkBody.advertisers_decide":     true,
	"NetworkBody.name":                   "Acme Network",
	"NoticeBody.id":                      "019cb74a-9001-7c55-a1b2-0d3e4f5a6b7c",
	"NoticeBody.text":                    "Your postback 5 is paused. tracker.example answered 410 Gone, which means that the address is no longer in use.",
	"OfferBody.id":                       12,
	"OfferBody.name":                     "Acme Shop: sale",
	"OfferBody.preview_url":              "https://shop.example/",
	"OfferBody.fallback_url":             "",
	"OfferBody.status":                   "active",
	"OfferBody.window_days":              90,
	"OfferBody.min_seconds":              0,
	"OfferBody.show_value":               true,
	"RateBody.source":                    "manual",
	"PartyBody.id":                       34,
	"PartyBody.name":                     "Blue Media",
	"PostbackBody.id":                    5,
	"PostbackBody.offer_id":              nil,
	"PostbackBody.goal_id":               nil,
	"PostbackBody.url":                   "https://tracker.example/postback?cid={aff_click_id}&payout={payout}",
	"PostbackBody.statuses":              []any{"approved", "rejected"},
	"PostbackBody.goal_ids":              []any{},
	"PostbackBody.active":                true,
	"PostbackBody.signing_secret":        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
	"PostbackBody.previous_secret_until": "2026-03-05T05:20:41.5Z",
	"PresetBody.link_parameters":         []any{map[string]any{"name": "oid", "as": "o"}, map[string]any{"name": "affid", "as": "a"}},
	"PresetBody.postback_parameters":     []any{map[string]any{"name": "revenue_amount", "as": "payout"}},
	"PresetBody.kinds":                   []any{"advertiser", "network"},
	"PresetBody.postback_url":            nil,
	"PresetBody.tracking_link_parameter": nil,
	"PresetBody.notes":                   []any{"In Everflow, paste the postback under the offer's events."},
	"PresetSource.url":                   "https://developers.everflow.io/",
	"RecoveryCodesBody.recovery_codes":   []any{"k3vq-9mzt-4xhr-w2pd", "b7nf-6sjc-8yga-r5te"},
	"ReplayedBody.recorded":              40,
	"ReplayedBody.refused":               2,
	"ReplayedBody.queued":                0,
	"ReplayedBody.more":                  false,
	"ReplayedBody.last_received_at":      "2026-03-04T05:20:41.4Z",
	"SessionBody.id":                     "019cb700-1a2b-7c3d-8e4f-5a6b7c8d9e0f",
	"SessionBody.kind":                   "browser",
	"SessionBody.current":                true,
	"SessionBody.last_used_at":           exampleMoment,
	"SessionBody.expires_at":             "2026-04-03T05:20:41.5Z",
	"TokensBody.access_token":            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MSJ9.k5v2…",
	"TokensBody.refresh_token":           "4Jt0mYk1sZJq3WfQ7c9oXbR2nVhLdT8uEaGpC5iKyM0",
	"TokensBody.expires_in":              600,
	"HistoryBody.id":                     "019cb74a-9100-7a2b-8c3d-4e5f6a7b8c9d",
	"HistoryBody.before":                 map[string]any{"active": true},
	"HistoryBody.after":                  map[string]any{"active": false},
	"MovedBody.id":                       exampleConversion,
	"MovedBody.from":                     "pending",
	"MovedBody.to":                       "approved",
	"NoticeCountBody.count":              3,
}

// schemaExamples are whole objects, as JSON, where fields alone would tell an odd story.
var schemaExamples = map[string]string{
	"ReportBody": `{"from": "2026-03-04T00:00:00Z", "to": "2026-03-05T00:00:00Z",
		"items": [{"day": "2026-03-04", "offer_id": 12, "offer_name": "Acme Shop: sale", "currency": "USD", "clicks": 400, "unique_clicks": 371, "invalid_clicks": 9, "conversions": 13, "approved": 10, "pending": 2, "rejected": 1, "cr": "3.25", "epc": "0.2250", "revenue": "108.00", "commission": "90.00", "profit": "18.00"}],
		"totals": [{"currency": "USD", "clicks": 400, "unique_clicks": 371, "invalid_clicks": 9, "conversions": 13, "approved": 10, "pending": 2, "rejected": 1, "cr": "3.25", "epc": "0.2250", "revenue": "108.00", "commission": "90.00", "profit": "18.00"}],
		"missing_rates": [], "next_cursor": null}`,
	"TraceBody": `{"click_id": "` + exampleClickID + `", "items": [
		{"at": "2026-03-04T05:06:07.123Z", "kind": "click", "summary": "Click on offer 12 by affiliate 34 from DE", "data": {"valid": true, "offer_id": 12, "affiliate_id": 34, "sub1": "newsletter"}},
		{"at": "2026-03-04T05:20:41.4Z", "kind": "postback_in", "summary": "Postback recorded", "data": {"log_id": "` + exampleLogLine + `", "method": "GET", "http_status": 200, "status": "recorded", "code": "ok", "warnings": [], "ignored": []}},
		{"at": "2026-03-04T05:20:41.5Z", "kind": "conversion", "summary": "Conversion ` + exampleConversion + ` recorded: commission 7.50 USD, revenue 9.00 USD, approved", "data": {"conversion_id": "` + exampleConversion + `", "status": "approved", "val": "99.99", "commission": "7.50", "revenue": "9.00", "currency": "USD"}},
		{"at": "2026-03-04T05:20:41.5Z", "kind": "ledger", "summary": "7.50 USD moved from network:commission to a34:approved", "data": {"kind": "conversion", "from_account": "network:commission", "to_account": "a34:approved", "amount": "7.50", "currency": "USD"}},
		{"at": "2026-03-04T05:20:41.6Z", "kind": "delivery", "summary": "Affiliate's postback 5 is due for status approved: delivered", "data": {"delivery_id": "` + exampleDelivery + `", "postback_id": 5, "status": "delivered"}},
		{"at": "2026-03-04T05:20:41.8Z", "kind": "delivery_attempt", "summary": "Try 1 of postback 5: HTTP 200 after 184 ms", "data": {"delivery_id": "` + exampleDelivery + `", "number": 1, "status_code": 200, "duration_ms": 184}}]}`,
	"UserBody": `{"id": 41, "email": "jane@example.com", "name": "Jane Doe", "role": "affiliate", "affiliate_id": 34, "advertiser_id": null, "status": "active", "time_zone": "Europe/Berlin", "theme": "auto", "second_factor": false, "last_login_at": "2026-03-04T05:00:00Z", "created_at": "2026-01-02T09:00:00Z", "updated_at": "2026-01-02T09:00:00Z"}`,
	"MeBody":   `{"id": 41, "email": "jane@example.com", "name": "Jane Doe", "role": "affiliate", "affiliate_id": 34, "advertiser_id": null, "status": "active", "time_zone": "Europe/Berlin", "theme": "auto", "second_factor": false, "last_login_at": "2026-03-04T05:00:00Z", "created_at": "2026-01-02T09:00:00Z", "updated_at": "2026-01-02T09:00:00Z", "party": {"kind": "affiliate", "id": 34, "name": "Blue Media", "status": "active"}, "permissions": ["read_catalogue", "write_postbacks", "make_links", "read_traffic", "resend_deliveries", "read_money"]}`,
}

// saveOnly are fields that only the answer to a write has, unless they are required.
var saveOnly = map[string]bool{"warnings": true, "secret": true, "invitation_url": true, "previous_secret_until": true}

// composer makes examples of schemas from those of their fields.
type composer struct {
	schemas map[string]*huma.Schema
	saved   bool // the answer to a save: has the fields that others lack
}

// example is a value of the schema. name is the field's, owner the schema that has it.
func (c composer) example(s *huma.Schema, owner, name string) (any, error) {
	for _, key := range []string{owner + "." + name, name} {
		if v, ok := fieldExamples[key]; ok && (key != name || s.Ref == "" || name == "warnings") {
			return v, nil
		}
	}
	if ref, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		if text, ok := schemaExamples[ref]; ok {
			var v any
			if err := json.Unmarshal([]byte(text), &v); err != nil {
				return nil, fmt.Errorf("example of %s: %w", ref, err)
			}
			return v, nil
		}
		return c.object(c.schemas[ref], ref)
	}
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0], nil
	case s.Nullable:
		return nil, nil
	case len(s.Enum) > 0:
		return s.Enum[0], nil
	case s.Default != nil:
		return s.Default, nil
	case s.Type == huma.TypeArray:
		item, err := composer{c.schemas, false}.example(s.Items, owner, name+"[]")
		return []any{item}, err
	case s.Type == huma.TypeObject:
		return c.object(s, owner)
	}
	return nil, fmt.Errorf("%s.%s has no example: see fieldExamples", owner, name)
}

func (c composer) object(s *huma.Schema, name string) (any, error) {
	made := map[string]any{}
	for field, property := range s.Properties {
		if saveOnly[field] && !c.saved && !slices.Contains(s.Required, field) {
			continue
		}
		v, err := c.example(property, name, field)
		if err != nil {
			return nil, err
		}
		made[field] = v
	}
	return made, nil
}
