package api

// callCodes are the codes in the answer to a postback, by status. A test holds the refusals against package conversion.
var callCodes = []codeNote{
	{"ok", on(200, 202), "", "Recorded or updated (200), or stored durably while the database is away (202)", "Nothing: what waits is decided by itself"},
	{"duplicate", on(200), "", "A repeat: the first conversion's id stands beside it", "Nothing"},
	{"click_pending", on(202), "", "The click's id proves itself, its row has not arrived", "Nothing: it is decided by itself"},
	{"missing_clickid", on(400), "", "No click id was sent", "Send the id that filled {click_id}"},
	{"malformed_clickid", on(400), "", "This is no click id of this network", "Copy it whole"},
	{"invalid_val", on(400), "", "val is no plain decimal", "Send digits with at most one . or ,"},
	{"invalid_com", on(400), "", "com is no plain decimal", "Send digits with at most one . or ,"},
	{"invalid_comperc", on(400), "", "comperc is no plain decimal from 0 to 100", "Send a percent, not a fraction"},
	{"invalid_payout", on(400), "", "payout is no plain decimal", "Send digits with at most one . or ,"},
	{"invalid_currency", on(400), "", "currency is no ISO 4217 code in use", "Send one such as USD"},
	{"invalid_status", on(400), "", "The status means nothing here", "Send approved, pending, hold, rejected or trash, or map the word"},
	{"invalid_txid", on(400), "", "txid is longer than is kept", "Shorten it"},
	{"invalid_body", on(400), "", "The body is neither a form nor one flat JSON object", "Send name=value pairs or a flat object"},
	{"amount_overflow", on(400), "", "The amount is too large", "Check val and comperc"},
	{"missing_token", on(401), "", "No token was sent", "Send the advertiser's postback_token as token"},
	{"missing_signature", on(401), "", "sig, or the header Waypost-Signature, is missing", "Sign the call"},
	{"invalid_token", on(403), "", "token is not that of the click's advertiser", "Send the postback_token of that advertiser"},
	{"invalid_signature", on(403), "", "The signature is wrong, or ts is missing or old", "Sign the query before &sig=, or the body, with the current time"},
	{"ip_not_allowed", on(403), "", "The address is not on the advertiser's ip_allowlist", "Add it"},
	{"click_not_found", on(404), "", "There is no such click", "Check where the id comes from"},
	{"goal_not_found", on(404), "", "The click's offer has no such goal", "Create the goal, or send another; replay the call"},
	{"coupon_not_found", on(404), "", "No active coupon has the code", "Create it, or send clickid; replay the call"},
	{"status_not_allowed", on(409), "", "The conversion cannot move to this status", "See the status moves"},
	{"click_not_valid", on(422), "", "The click had been refused", "Nothing: it cannot convert"},
	{"outside_window", on(422), "", "The click is older than the offer's window", "Widen window_days and replay the call"},
	{"too_fast", on(422), "", "The conversion came sooner than min_seconds after its click", "Lower min_seconds and replay the call"},
	{"offer_inactive", on(422), "", "The offer is a draft, expired or deleted", "Make it active and replay the call"},
	{"no_rate", on(422), "", "There is no exchange rate to add these amounts", "Set the rate and replay the call"},
	{"rate_limited", on(429), "", "Too many refused authentications from this address", "Send the right token; try again after Retry-After"},
	{"unavailable", on(503), "", "The call could be stored nowhere", "Send it again after Retry-After"},
}

// warningNote explains the code of a warning.
type warningNote struct {
	code  string
	where string // save, postback, or both
	means string
	do    string
}

// warningCodes are the codes of warnings.
var warningCodes = []warningNote{
	{"no_click_id_macro", "save", "The URL has no macro that carries the click id", "Add {click_id}, in a postback {aff_click_id}"},
	{"unknown_macro", "save", "There is no macro of this name: it stays as it is", "Take the suggestion of POST /lint"},
	{"macro_case", "save", "Names of macros are case-sensitive: it stays as it is", "Write it as suggested"},
	{"macro_never_filled", "save", "The macro is known only when a conversion is posted back", "Take it out of the destination"},
	{"foreign_macro", "save", "The macro is spelled as another system does", "Write {name}"},
	{"host_unresolved", "save", "The name of the host does not resolve now", "Check it for a typing error"},
	{"postbacks_unauthenticated", "save", "postback_auth none accepts every caller", "Choose token, hmac or ip"},
	{"weak_token", "save", "The postback_token can be guessed", "Send an empty one to have one made"},
	{"repeats_count_twice", "save", "dedupe none or add counts a sender's retry twice", "Choose txid"},
	{"offer_inactive", "save", "The offer is not active: nothing counts until it is", "Make it active"},
	{"affiliate_inactive", "save", "The affiliate is not active: nothing counts until it is", "Make it active"},
	{"not_approved", "save", "The affiliate may not run this offer yet", "Approve it: POST /offers/{id}/affiliates"},
	{"ignored", "save", "The goal's own rule decides: the amount that was sent changes nothing", "Change the goal's model, or leave it out"},
	{"no_rate", "save, postback", "There is no exchange rate yet: the conversion stays pending until there is", "Set it: PUT /exchange-rates"},
	{"zero_commission", "save, postback", "The commission is 0", "Check the goal's payout rule and what is sent"},
	{"amounts_differ", "postback", "A repeat named other amounts, which change nothing", "Set dedupe update to take them"},
	{"unfilled_macro", "postback", "A value is still a macro of the sender: it counts as missing", "Mend the sender's postback URL"},
	{"no_txid", "postback", "A coupon's sale came without an order id: sent twice, it counts twice", "Send txid"},
	{"older_than_status", "postback", "The conversion was moved after the call had arrived: its status is ignored", "Nothing"},
	{"older_than_amounts", "postback", "The amounts were set after the call had arrived: those of the call are ignored", "Nothing"},
	{"unknown_preset", "postback", "There is no preset of this name: our names apply", "See GET /presets"},
	{"value_too_long", "postback", "A value was cut", "Shorten it"},
	{"invalid_encoding", "postback", "A value was not UTF-8", "Send UTF-8"},
	{"control_characters", "postback", "Control characters were taken out", "Send plain text"},
	{"invalid_event", "postback", "An event is no number and was left out", "Send digits"},
}
