package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// resource is a line of the contract's table in section 5: paths, fields that clients rely on (a star marks those that
// are required on create), words of enumerations, and the filters of its list.
type resource struct {
	path    string // of the collection
	methods string // of the collection, then of the item
	item    string
	fields  string
	words   map[string]string
	filters string
}

var contractResources = []resource{
	{"/users", "get post", "/users/{id} get patch delete", "id email* name role* affiliate_id advertiser_id status created_at",
		map[string]string{"status": "active invited disabled", "role": "admin manager finance viewer affiliate advertiser"}, "from to"},
	{"/advertisers", "get post", "/advertisers/{id} get patch delete", "id name* email status currency override_percent postback_auth postback_token always_200 ip_allowlist status_map",
		map[string]string{"status": "active paused pending blocked", "postback_auth": "token hmac ip none"}, "from to"},
	{"/affiliates", "get post", "/affiliates/{id} get patch delete", "id name* email status currency fire",
		map[string]string{"status": "active pending paused blocked", "fire": "specific all"}, "from to"},
	{"/offers", "get post", "/offers/{id} get patch delete", "id advertiser_id* name* destination_url* preview_url currency status visibility goals",
		map[string]string{"status": "draft active paused expired", "visibility": "public approval private"}, "from to"},
	{"/offers/{id}/goals", "get post", "/offers/{id}/goals/{goal_id} get patch delete", "id alias* name is_default payout revenue initial_status hold_days dedupe",
		map[string]string{"initial_status": "approved pending hold", "dedupe": "txid click none update add"}, ""},
	{"/offers/{id}/affiliates", "get post", "", "affiliate_id status", map[string]string{"status": "pending approved rejected"}, "from to"},
	{"/postbacks", "get post", "/postbacks/{id} get patch delete", "id affiliate_id offer_id goal_id url* method statuses active paused_reason signing_secret",
		map[string]string{"method": "GET POST"}, "from to"},
	{"/clicks", "get", "/clicks/{click_id} get", "click_id offer_id affiliate_id valid reason ip country device os browser sub1 sub2 sub3 sub4 sub5 sub6 sub7 sub8 sub9 sub10 source aff_click_id created_at",
		nil, "from to offer_id affiliate_id valid"},
	{"/conversions", "get post", "/conversions/{id} get patch", "id click_id txid offer_id goal_id affiliate_id advertiser_id status val commission revenue currency original_val original_currency rate test params clicked_at created_at",
		map[string]string{"status": "pending hold approved rejected trash"}, "from to click_id txid offer_id goal_id affiliate_id advertiser_id status test"},
	{"/postback-log", "get", "/postback-log/{id} get", "id received_at method query ip http_status status code message warnings click_id conversion_id",
		map[string]string{"status": "recorded updated duplicate queued refused"}, "from to click_id status code"},
	{"/deliveries", "get", "/deliveries/{id} get", "id conversion_id click_id postback_id url method status reason attempts next_attempt_at",
		map[string]string{"status": "pending delivered retrying failed paused"}, "from to conversion_id click_id postback_id affiliate_id status"},
	{"/affiliates/{id}/balance", "get", "", "currency pending approved invoiced paid", nil, ""},
	{"/affiliates/{id}/ledger", "get", "", "id transaction_id at kind from_account to_account amount currency conversion_id note", nil, "from to"},
	{"/exchange-rates", "get put", "", "date base quote rate source", map[string]string{"source": "manual feed"}, "from to"},
	{"/api-keys", "get post", "/api-keys/{id} get delete", "id name* prefix secret", nil, ""},
	{"/presets", "get", "/presets/{name} get", "name", nil, ""},
}

// contractDeeds are the contract's other operations: fields of the body (a star marks the required), of the answer.
var contractDeeds = []struct{ operation, body, answer string }{
	{"post /auth/login", "email* password* otp", "access_token refresh_token token_type expires_in"},
	{"post /auth/refresh", "refresh_token*", "access_token refresh_token token_type expires_in"},
	{"post /auth/logout", "", ""},
	{"get /me", "", "id email role affiliate_id advertiser_id"},
	{"post /api-keys", "name* role expires_at", "id name prefix secret"},
	{"post /users", "password", ""},
	{"post /users/{id}/password", "password*", ""},
	{"post /offers/{id}/affiliates", "affiliate_id status", ""},
	{"post /tracking-links", "offer_id* affiliate_id sub1 sub10 deep_link", "url"},
	{"post /postbacks/{id}/test", "", "url method status_code duration_ms error response_body"},
	{"post /postbacks/{id}/backfill", "from* to* dry_run", "count"},
	{"get /clicks/{click_id}/trace", "", "click_id items"},
	{"patch /conversions/{id}", "status reason fire_postbacks", "id"},
	{"post /conversions", "offer_id* affiliate_id* goal_id click_id val com payout txid status", "id"},
	{"post /postback-log/{id}/replay", "", "status code message conversion_id click_id conversion_status warnings"},
	{"post /deliveries/{id}/resend", "", "id"},
	{"post /deliveries/resend", "conversion_id click_id postback_id affiliate_id status from to", "count"},
	{"get /reports", "", "items totals"},
	{"put /exchange-rates", "date* base* quote* rate*", "date base quote rate source"},
}

// contractParts are objects inside others.
var contractParts = map[string]string{
	"RuleBody":        "model amount percent",
	"AttemptBody":     "number at status_code duration_ms error response_body",
	"TraceItem":       "at kind summary data",
	"WarningBody":     "field code message",
	"Problem":         "status title detail code errors",
	"ProblemField":    "location message",
	"CallAnswer":      "status code message conversion_id click_id conversion_status warnings",
	"ReportRow":       "currency clicks unique_clicks invalid_clicks conversions approved pending rejected cr epc revenue commission profit",
	"ListBodyKeyBody": "items next_cursor",
}

// The document says what the contract says, to the letter: paths, methods, fields, words, filters.
func TestOpenAPIAgreesWithTheContract(t *testing.T) {
	t.Parallel()
	document := served(t)
	has := func(place string, schema any, fields string) {
		t.Helper()
		for _, field := range strings.Fields(fields) {
			name, required := strings.CutSuffix(field, "*")
			if at(schema, "properties", name) == nil {
				t.Errorf("%s: no field %s", place, name)
			}
			if required && !slices.Contains(asList(at(schema, "required")), any(name)) {
				t.Errorf("%s: %s is not required", place, name)
			}
		}
	}
	for _, r := range contractResources {
		lines := append([]string{r.path + " " + r.methods}, r.item)
		for _, line := range lines {
			words := strings.Fields(line)
			for i := 1; i < len(words); i++ {
				if at(document, "paths", words[0], words[i]) == nil {
					t.Errorf("no %s %s", words[i], words[0])
				}
			}
		}
		list := at(document, "paths", r.path, "get")
		items := resolve(document, at(resolve(document, success(list)), "properties", "items", "items"))
		has(r.path, items, strings.ReplaceAll(r.fields, "*", ""))
		for field, words := range r.words {
			if got := fmt.Sprint(at(items, "properties", field, "enum")); got != "["+words+"]" {
				t.Errorf("%s: words of %s are %s, not %s", r.path, field, got, words)
			}
		}
		for _, filter := range strings.Fields(r.filters) {
			if !slices.ContainsFunc(asList(at(list, "parameters")), func(p any) bool { return at(p, "name") == filter && at(p, "in") == "query" }) {
				t.Errorf("%s: no filter %s", r.path, filter)
			}
		}
		if create := at(document, "paths", r.path, "post"); create != nil {
			var required []string
			for _, field := range strings.Fields(r.fields) {
				if strings.HasSuffix(field, "*") {
					required = append(required, field)
				}
			}
			has("post "+r.path, body(document, create), strings.Join(required, " "))
		}
	}
	for _, d := range contractDeeds {
		method, path, _ := strings.Cut(d.operation, " ")
		operation := at(document, "paths", path, method)
		if operation == nil {
			t.Errorf("no %s", d.operation)
			continue
		}
		has(d.operation+" body", body(document, operation), d.body)
		has(d.operation+" answer", resolve(document, success(operation)), d.answer)
	}
	for name, fields := range contractParts {
		has(name, at(document, "components", "schemas", name), fields)
	}
	kinds := at(document, "components", "schemas", "TraceItem", "properties", "kind", "enum")
	if got := fmt.Sprint(kinds); got != "[click refusal postback_in conversion status_change ledger delivery delivery_attempt]" {
		t.Errorf("kinds of a trace: %s", got)
	}
}

func resolve(document object, schema any) any {
	if ref, ok := at(schema, "$ref").(string); ok {
		return at(document, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	return schema
}

func body(document object, operation any) any {
	return resolve(document, at(operation, "requestBody", "content", "application/json", "schema"))
}

// success is the schema of an operation's success.
func success(operation any) any {
	for _, status := range []string{"200", "201"} {
		if s := at(operation, "responses", status, "content", "application/json", "schema"); s != nil {
			return s
		}
	}
	return nil
}
