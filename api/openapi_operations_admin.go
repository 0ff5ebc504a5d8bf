package api

import "github.com/waypost/waypost/domain/account"

const notPending = "application_not_pending"

// adminNotes are those of sign-up, of what operators look after, and of changes of many conversions.
var adminNotes = map[string]note{
	"set-network-logo": {may: account.PermissionManageNetwork, about: "The picture is served to everybody at `logo_url`. SVG is refused, for it can carry a script.",
		codes: "too_large unsupported_image", body: `{"content": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}`},
	"delete-network-logo": {may: account.PermissionManageNetwork, about: "Where there is none, nothing happens."},

	"get-sign-up": {about: "What pages without a log-in need."},
	"apply": {about: "Mails a link to the address, good for 48 hours. The answer is the same whether or not the address has an account or an application: then the mail says so.",
		codes: "sign_up_closed too_many_attempts invalid_email invalid_country invalid_url invalid_choice unknown_question invalid_text",
		body:  `{"kind": "affiliate", "company": "Blue Media", "contact": "Jane Doe", "email": "jane@example.com", "country": "DE", "website": "https://blue-media.example/", "answers": {"traffic": "Search"}, "accepted_terms": true}`},
	"verify-application": {about: "Takes the token of the mailed link, once. The operators are told that somebody waits.", codes: "invalid_link too_many_attempts",
		body: `{"token": "q8Zr1vX5mB2nK7dS4gT9hJ6wL3cP0fYaEuGiOxRtVbM"}`},
	"list-applications": {roles: "admin manager finance viewer", about: "Unverified ones included; those that nobody verifies are forgotten after 7 days."},
	"get-application":   {roles: "admin manager finance viewer", about: "With the answers, as the questions were asked."},
	"approve-application": {may: account.PermissionManageCatalogue, about: "Makes the affiliate or advertiser and an invited user, who is mailed a link to choose a password; all of it or nothing.",
		codes: notPending + " users_email"},
	"reject-application": {may: account.PermissionManageCatalogue, about: "The applicant is mailed the reason.", codes: notPending, body: `{"reason": "We work with publishers of our own country only."}`},

	"list-views": {about: "Your own, and those that your party's other users share, or other operators; newest first. What a view shows, everybody sees by their own rights."},
	"create-view": {about: "A view is a list or report of your portal with its filters, columns and days. At most 100 of a user.", codes: "name_taken too_many_views unknown_page invalid_query invalid_text invalid_choice",
		body: `{"page": "/conversions", "name": "Pending, last 7 days", "query": "status=pending", "span": "7d", "schedule": "weekly", "format": "xlsx"}`},
	"get-view":              {about: "Your own, or a shared one."},
	"update-view":           {about: "Only the fields that are sent change. Of another's shared view, only `default` is yours.", codes: "name_taken not_owner invalid_query invalid_text invalid_choice", body: `{"default": true}`},
	"delete-view":           {about: "Your own. Nobody can open it any more, and its mails end.", codes: "not_owner"},
	"list-exports":          {about: "Your own, newest first."},
	"create-export":         {about: "What waits is made in a minute or so, with the rights that you have then, and a mail tells you. At most 5 of a user wait at a time, and the files of one take at most 1 GiB; the same order that still waits is answered again.", codes: "too_many_waiting too_many_files invalid_path invalid_choice too_long invalid_text required", body: `{"path": "/admin/conversions?status=approved", "format": "xlsx", "title": "Approved conversions"}`},
	"get-export":            {about: "Your own."},
	"get-export-file":       {about: "As it was made, when `state` is ready.", codes: "not_ready"},
	"delete-export":         {about: "Your own, also while it waits."},
	"list-affiliate-notes":  {roles: "admin manager finance viewer", about: "No affiliate ever sees them."},
	"add-affiliate-note":    {may: account.PermissionManageCatalogue, about: "Stands in the affiliate's history too.", codes: "invalid_text", body: `{"text": "Prefers to be called."}`},
	"list-advertiser-notes": {roles: "admin manager finance viewer", about: "No advertiser ever sees them."},
	"add-advertiser-note":   {may: account.PermissionManageCatalogue, about: "Stands in the advertiser's history too.", codes: "invalid_text", body: `{"text": "Pays late, but pays."}`},
	"delete-note":           {may: account.PermissionManageCatalogue, about: "One's own; administrators may delete any. The audit log keeps the text."},

	"list-audit": {roles: "admin manager finance viewer affiliate", about: "Administrators read all. Other operators name one object by `object_type` (offer, goal, coupon, affiliate, advertiser, postback, conversion, application) and `object_id`. An affiliate reads the history of its own postbacks, where operators are not named."},
	"search":     {may: account.PermissionReadCatalogue, about: "At most 20, each of which you may open. Names match in part, case ignored; ids from their beginning; clicks and conversions by the whole id."},
	"get-work":   {roles: "admin manager finance viewer", about: "Counts, sums, and the oldest of each kind. A failing postback is one with 3 failures or more since its last success."},

	"change-conversions": {may: account.PermissionManageConversions, about: "Each is judged by itself: one that cannot move keeps none of the others. `dry_run` tells what would become of the money. At most 1000 in one call; in pages of 100, each a transaction. Advertisers approve and reject their own, unless the network's settings say otherwise.",
		codes: "too_many filter_required invalid_id malformed_clickid invalid_time invalid_status advertisers_do_not_decide amount_overflow",
		body:  `{"ids": ["019cb74a-8a1c-75bb-aa8c-7cde17b3c493"], "status": "approved", "reason": "checked with the shop", "dry_run": true}`},
	"import-conversions": {may: account.PermissionManageConversions, about: "As above, line by line: a line that cannot be done tells why and keeps none of the others. `val`, `com` and `revenue` correct the amounts (operators).",
		codes: "too_large too_many empty_file invalid_csv unknown_column missing_column wrong_number_of_fields duplicate_line ambiguous_txid invalid_text advertisers_do_not_decide amount_overflow",
		body:  `{"csv": "conversion_id,status,reason\r\n019cb74a-8a1c-75bb-aa8c-7cde17b3c493,rejected,returned\r\n", "dry_run": true}`},
}
