package api

import "github.com/waypost/waypost/domain/account"

// trafficNotes are those of postbacks, clicks, conversions and money.
var trafficNotes = map[string]note{
	"list-postbacks": {may: account.PermissionReadTraffic, about: "An affiliate sees its own, an advertiser none."},
	"create-postback": {may: account.PermissionWritePostbacks, about: "The URL is checked: private and local addresses, and ports other than 80 and 443, are refused. The `signing_secret` signs deliveries by POST as the Standard Webhooks specification says.",
		codes: savePostback + " too_many_postbacks", body: `{"affiliate_id": 34, "url": "https://tracker.example/postback?cid={aff_click_id}&payout={payout}", "statuses": ["approved", "rejected"]}`},
	"get-postback":           {may: account.PermissionReadTraffic, about: "Its owner and operators may."},
	"update-postback":        {may: account.PermissionWritePostbacks, about: "Only the fields that are sent change. `active` `true` starts one that was paused: deliveries that waited go out.", codes: savePostback + " changed_meanwhile", body: `{"active": true}`},
	"rotate-postback-secret": {may: account.PermissionWritePostbacks, about: "For 24 hours deliveries are signed with both secrets."},
	"test-postback": {may: account.PermissionWritePostbacks, about: "Calls the URL now, with the values of a conversion or click, or invented ones, and answers what came back. Nothing is stored. Without a body the postback is tried as it is.",
		codes: "too_many_tests unknown_conversion unknown_click malformed_clickid invalid_id invalid_url blocked_address blocked_port", body: `{"conversion_id": "019cb74a-8a1c-75bb-aa8c-7cde17b3c493"}`},
	"backfill-postback": {may: account.PermissionWritePostbacks, about: "Owes a delivery for each conversion of the period that the postback would have fired for and has not. `dry_run` only counts.",
		codes: "postback_inactive invalid_time invalid_period", body: `{"from": "2026-03-01", "to": "2026-03-04", "dry_run": true}`},
	"preview-postback": {may: account.PermissionWritePostbacks, about: "Fills the URL as it stands, faults and all, and marks its parts. Nothing is stored or sent.",
		codes: "unknown_conversion unknown_click malformed_clickid invalid_id invalid_method invalid_status", body: `{"url": "https://tracker.example/postback?cid={aff_click_id}&payout={payout}"}`},
	"get-postback-health":           {may: account.PermissionReadTraffic, about: "Its owner and operators may."},
	"get-affiliate-postback-health": {may: account.PermissionReadTraffic, about: "An affiliate may read its own; an advertiser none."},
	"delete-postback":               {may: account.PermissionWritePostbacks, about: "Set `active` to `false` on one that has deliveries.", codes: "in_use"},

	"list-clicks": {may: account.PermissionReadTraffic, about: "An affiliate sees its own clicks, an advertiser those of its offers."},
	"get-click":   {may: account.PermissionReadTraffic, about: "From the moment of its redirect: a click whose row has not arrived is waited for.", codes: "click_not_found@404"},
	"share-trace": {may: account.PermissionReadTraffic, about: "The link shows the trace as you see it now and later, until it ends or is revoked; it ends with your right to log in. Needs a log-in.",
		codes: "click_not_found@404 login_required invalid_length view_not_allowed no_such_party too_many_links invalid_text", body: `{"hours": 72, "note": "Dispute of order 1001"}`},
	"list-trace-links":  {may: account.PermissionReadTraffic, about: "A party sees those that its users made, operators all.", codes: "malformed_clickid"},
	"revoke-trace-link": {may: account.PermissionReadTraffic, about: "It opens nothing from then on. A party may end those that its users made, operators all."},
	"get-shared-trace":  {about: "Without a log-in: the token is the right. The trace is what the link's maker may see. After 50 tokens that are none from one address within 15 minutes: 429.", codes: "link_not_found too_many_attempts"},
	"trace-click":       {may: account.PermissionReadTraffic, about: "The click, why it was refused, each postback, conversion, change, posting and delivery, with causes before their effects. Each role sees what it may.", codes: "click_not_found@404"},

	"list-conversions": {may: account.PermissionReadTraffic, about: "Affiliates see no revenue, advertisers no commission.", codes: "malformed_clickid"},
	"get-conversion":   {may: account.PermissionReadTraffic, about: "Affiliates see no revenue, advertisers no commission."},
	"create-conversion": {roles: "admin manager", about: "Amounts are computed as for a postback: the goal's rules decide. Without a click one is minted; the window does not count. Postings and deliveries follow.",
		codes: "duplicate unstorable_data missing_partition click_not_found@422 click_of_another goal_not_found unknown_reference malformed_clickid invalid_status invalid_currency invalid_decimal invalid_amount invalid_comperc amount_overflow time_in_future invalid_time",
		body:  `{"offer_id": 12, "affiliate_id": 34, "val": "99.99", "txid": "order-1001"}`},
	"update-conversion": {may: account.PermissionManageConversions, about: "Money moves with the status. A corrected amount is posted as the reversal of the old one and a new posting. Advertisers approve and reject their own, unless the network's settings say otherwise.",
		codes: "status_not_allowed conversion_in_trash no_rate advertisers_do_not_decide invalid_status invalid_amount invalid_decimal too_many_decimals amount_overflow",
		body:  `{"status": "rejected", "reason": "returned by the customer"}`},

	"list-postback-log": {may: account.PermissionReadTraffic, about: "An advertiser sees calls for its offers, an affiliate those for its clicks, without what the advertiser pays.", codes: "malformed_clickid invalid_id"},
	"get-postback-log":  {may: account.PermissionReadTraffic, about: "With what was read, under which names, and what nothing reads."},
	"replay-postback": {roles: "admin manager", about: "Decides the call as it came, as of the time when it came, by the rules of today, and answers as `/postback` does: a call that is refused again answers the status of its refusal with that JSON.",
		codes: "missing_partition unreadable_call"},
	"replay-postbacks": {roles: "admin manager", about: "Takes as many as fit in one request; `more` tells that some are left.", codes: "malformed_clickid invalid_time",
		body: `{"code": "goal_not_found", "offer_id": 12}`},

	"list-deliveries": {may: account.PermissionReadTraffic, about: "An affiliate sees its own; an advertiser those of its conversions, without address and answers.", codes: "malformed_clickid invalid_id"},
	"get-delivery":    {may: account.PermissionReadTraffic, about: "An advertiser sees neither the address nor the answers."},
	"resend-deliveries": {may: account.PermissionResendDeliveries, about: "Takes the filters of the list as its body, at least one, and answers how many are sent again; with `dry_run` it only counts them. Of several deliveries of one conversion to one postback only the last is sent.",
		codes: "filter_required malformed_clickid invalid_id invalid_time", body: `{"postback_id": 5, "status": "failed"}`},
	"resend-delivery": {may: account.PermissionResendDeliveries, about: "Starts a new round of tries at once; `Webhook-Id` stays the same."},

	"get-affiliate-balance":  {may: account.PermissionReadMoney, about: "One item for each currency. An affiliate may read its own."},
	"list-affiliate-ledger":  {may: account.PermissionReadMoney, about: "The entries add up to the balance. An affiliate may read its own."},
	"get-advertiser-balance": {may: account.PermissionReadMoney, about: "One item for each currency. An advertiser may read its own."},
	"list-advertiser-ledger": {may: account.PermissionReadMoney, about: "The entries add up to the balance. An advertiser may read its own."},
	"get-reports": {may: account.PermissionReadTraffic, about: "One row for each group and currency, and totals. Clicks count by the time of the click, conversions by the time of the conversion. Affiliates see no revenue, advertisers no commission, neither sees profit.",
		codes: "invalid_group_by invalid_tz invalid_period period_too_long invalid_currency too_many_reports"},
	"list-exchange-rates": {roles: "admin manager finance viewer", about: "Of any source; the newest day first."},
	"put-exchange-rate": {may: account.PermissionManageMoney, about: "Makes or replaces the rate of that day. Conversions that waited for it are computed and take the status that they would have had.",
		codes: "invalid_date date_in_future invalid_currency same_currency invalid_rate invalid_decimal too_many_decimals",
		body:  `{"date": "2026-03-04", "base": "EUR", "quote": "USD", "rate": "1.0825"}`},
}
