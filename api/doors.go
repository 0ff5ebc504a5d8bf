package api

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"
)

const tagTracking = "Tracking"

// describeDoors adds what package tracking serves outside Base to the document: tracking links, postbacks and pixels.
// They are no huma routes, for they decide in microseconds; their words are those of TRACKING.md.
func describeDoors(document *huma.OpenAPI) {
	answer := document.Components.Schemas.Schema(reflect.TypeFor[callAnswer](), true, "CallAnswer")
	root := []*huma.Server{{URL: "/", Description: "The tracking host"}}
	door := func(path string, item *huma.PathItem) {
		for _, operation := range []*huma.Operation{item.Get, item.Post} {
			if operation != nil {
				operation.Servers = root
			}
		}
		document.Paths[path] = item
	}
	door("/click", &huma.PathItem{Get: &huma.Operation{
		OperationID: "click", Summary: "Follow a tracking link", Tags: []string{tagTracking}, Parameters: linkParameters(),
		Description: "Records the click and redirects to the offer's destination, whose macros are filled. An acknowledged redirect is a durable click.",
		Responses: map[string]*huma.Response{
			"302": {Description: "The click is recorded; the visitor goes on", Headers: map[string]*huma.Param{
				"Location":       {Description: "The offer's destination, or the fallback of a click that does not qualify", Schema: textSchema("uri")},
				"Waypost-Stored": {Description: "no, where the spool could not be written and the click is not recorded", Schema: textSchema("")},
			}},
			"400": {Description: "o or a is missing or no number", Content: map[string]*huma.MediaType{"application/json": {
				Schema:  document.Components.Schemas.Schema(reflect.TypeFor[linkFault](), true, "LinkFault"),
				Example: linkFault{Status: 400, Code: "missing_offer", Message: "the link names no offer: it needs the parameter o"}}}},
			"404": {Description: "The click does not qualify and nothing names a fallback", Content: page("text/plain", "text/html")},
			"503": {Description: "No catalogue yet; try again", Content: page("text/plain", "text/html")},
		},
	}})
	parameters := postbackParameters()
	properties := map[string]*huma.Schema{}
	for _, p := range parameters {
		properties[p.Name] = &huma.Schema{Description: p.Description}
	}
	body := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeObject, Properties: properties, AdditionalProperties: true},
		Example: map[string]any{"clickid": exampleClickID, "token": "SECRET", "val": "99.99", "comperc": "7.5", "txid": "A-1001"}}
	responses := callResponses(answer)
	door("/postback", &huma.PathItem{
		Get: &huma.Operation{OperationID: "postback", Summary: "Report a conversion", Tags: []string{tagTracking}, Parameters: parameters,
			Description: "Server to server. Matches the click, computes the commission and answers what became of it, as JSON.", Responses: responses},
		Post: &huma.Operation{OperationID: "postback-by-post", Summary: "Report a conversion with a body", Tags: []string{tagTracking}, Parameters: parameters,
			Description: "The same parameters in the query or in a form or JSON body; the query comes first.", Responses: responses,
			RequestBody: &huma.RequestBody{Content: map[string]*huma.MediaType{"application/json": body, "application/x-www-form-urlencoded": body}}},
	})
	pixelParameters := append(slices.Clone(parameters),
		parameter("offer_id", false, "The offer whose click is meant where clickid is missing; send it. Alias: o", 12))
	for _, pixel := range []struct{ path, id, summary, mediaType string }{
		{"/pixel.gif", "pixel-image", "Report a conversion by an image", "image/gif"},
		{"/pixel", "pixel-frame", "Report a conversion by an iframe", "text/html"},
		{"/pixel.js", "pixel-script", "Report a conversion by a script", "text/javascript"},
	} {
		door(pixel.path, &huma.PathItem{Get: &huma.Operation{
			OperationID: pixel.id, Summary: pixel.summary, Tags: []string{tagTracking}, Parameters: pixelParameters,
			Description: "For a thank-you page where no server can call. The click comes from the first-party cookie where clickid is missing; offer_id tells which of the visitor's clicks is meant. The headers Waypost-Status and Waypost-Code tell the outcome.",
			Responses:   map[string]*huma.Response{"default": {Description: "The pixel, whatever the outcome", Content: page(pixel.mediaType)}},
		}})
	}
}

// callAnswer is the answer to a postback (contract section 3): all fields always present.
type callAnswer struct {
	Status           string   `json:"status" enum:"recorded,updated,duplicate,queued,refused" doc:"What became of the call"`
	Code             string   `json:"code" example:"ok" doc:"ok, duplicate, click_pending, or the reason of a refusal"`
	Message          string   `json:"message" doc:"The same for people: what was wrong, and what to do"`
	ConversionID     *string  `json:"conversion_id" nullable:"true" doc:"The conversion; null where there is none"`
	ClickID          *string  `json:"click_id" nullable:"true" doc:"The click; null where none was found"`
	ConversionStatus *string  `json:"conversion_status" nullable:"true" enum:"pending,hold,approved,rejected,trash" doc:"Where the conversion stands now; null where there is none"`
	Warnings         []string `json:"warnings" doc:"Codes of what was odd although the call was accepted" example:"[\"zero_commission\"]"`
}

// linkFault is the answer to a link that names no offer or affiliate.
type linkFault struct {
	Status  int    `json:"status" example:"400" doc:"HTTP status code"`
	Code    string `json:"code" example:"missing_offer" doc:"Stable word for machines"`
	Message string `json:"message" doc:"What is wrong, for people"`
}

func callResponses(answer *huma.Schema) map[string]*huma.Response {
	responses := map[string]*huma.Response{}
	for status, description := range map[string]string{
		"200": "recorded, updated or duplicate (every outcome, for an advertiser with always_200)",
		"202": "queued: stored durably, decided in a moment",
		"400": "A parameter is missing or malformed",
		"401": "token or signature is missing",
		"403": "token, signature or address is wrong",
		"404": "No such click, goal or coupon",
		"409": "The conversion cannot move to this status",
		"422": "The click or its offer cannot convert any more",
		"429": "Too many refused authentications from this address; the call is in the incoming log and can be replayed",
		"503": "Could be stored nowhere; send it again",
	} {
		responses[status] = &huma.Response{Description: description, Content: map[string]*huma.MediaType{"application/json": {Schema: answer}}}
	}
	return responses
}

func linkParameters() []*huma.Param {
	all := []*huma.Param{
		parameter("o", true, "The offer's id. Alias: offer_id", 12),
		parameter("a", true, "The affiliate's id. Aliases: affiliate_id, aff_id, pid", 34),
		parameter("aff_click_id", false, "The affiliate's own click id. Aliases: click_id, clickid", nil),
		parameter("sub1", false, "Free value of the affiliate. Aliases: sub_id1, aff_sub, s1", nil),
	}
	for i := 2; i <= 10; i++ {
		all = append(all, parameter(fmt.Sprintf("sub%d", i), false, fmt.Sprintf("Free value of the affiliate. Aliases: sub_id%[1]d, aff_sub%[1]d, s%[1]d", i), nil))
	}
	return append(all, parameters([]named{
		{"source", "Traffic source"},
		{"landing_page_id", "Landing page. Alias: link_id"},
		{"creative_id", "Creative"},
		{"deep_link", "Page of the advertiser, for destinations with {deep_link}. Aliases: url, redirect"},
		{"coupon", "Coupon code"},
		{"preset", "Parameter set of another system, see GET /presets"},
	})...)
}

func postbackParameters() []*huma.Param {
	all := parameters([]named{
		{"clickid", "The click id. Aliases: click_id, clickId, cid, transaction_id, subid, cnv_id"},
		{"token", "The advertiser's secret. Aliases: security_token, secure, verification_token"},
		{"val", "Value of the sale, decimal. Aliases: amount, sale_amount, sum"},
		{"com", "Commission owed to the affiliate, decimal"},
		{"comperc", "Commission in percent of val, 0 to 100; used where com is missing or 0"},
		{"payout", "What the advertiser pays the network, decimal. Alias: revenue"},
		{"txid", "The advertiser's unique id, the idempotency key. Aliases: txn_id, order_id, action_id, adv_sub, tid"},
		{"id", "Goal: all digits = its id, else its alias; the offer's default goal if missing. Aliases: goal, goal_id, goal_alias, event_id, event, et"},
		{"status", "approved, pending, hold, rejected, trash or a mapped word. Aliases: conv_status, cnv_status"},
		{"approved_status", "Words of this call that mean approved, between , or ;"},
		{"pending_status", "Words of this call that mean pending, between , or ;"},
		{"rejected_status", "Words of this call that mean rejected, between , or ;"},
		{"trash_status", "Words of this call that mean trash, between , or ;"},
		{"currency", "ISO 4217, of all amounts; the offer's if missing. Aliases: cnv_currency, cur"},
		{"param", "Free text; pieces between ; are kept as a list"},
		{"conversion_id", "Free value: the advertiser's id of the conversion"},
		{"coupon", "Finds the affiliate where there is no click; send txid with it. Aliases: coupon_code, promo_code, cp"},
		{"test", "1 walks the whole chain without counting"},
		{"ts", "Unix seconds, for postback_auth hmac"},
		{"sig", "Last in the query: hex HMAC-SHA256 of all before &sig=, for postback_auth hmac"},
		{"preset", "Parameter set of another system, see GET /presets"},
	})
	for _, free := range []named{{"param", "Free value"}, {"adv", "Free value"}, {"event", "Free number"}} {
		for i := 1; i <= 10; i++ {
			all = append(all, parameter(fmt.Sprintf("%s%d", free.name, i), false, free.description, nil))
		}
	}
	return all
}

type named struct{ name, description string }

func parameters(of []named) []*huma.Param {
	all := make([]*huma.Param, 0, len(of))
	for _, n := range of {
		all = append(all, parameter(n.name, false, n.description, nil))
	}
	return all
}

func parameter(name string, required bool, description string, example any) *huma.Param {
	return &huma.Param{Name: name, In: "query", Required: required, Description: description, Example: example, Schema: textSchema("")}
}

func textSchema(format string) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: format}
}

func page(mediaTypes ...string) map[string]*huma.MediaType {
	content := map[string]*huma.MediaType{}
	for _, m := range mediaTypes {
		content[m] = &huma.MediaType{Schema: textSchema("")}
		switch m {
		case "text/html":
			content[m].Example = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>…</title></html>"
		case "text/javascript":
			content[m].Example = `window.dispatchEvent(new CustomEvent("waypost",{detail:{status:"recorded",code:"ok"}}));`
		case "text/plain":
			content[m].Example = "not available"
		}
	}
	return content
}
