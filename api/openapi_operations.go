package api

import "github.com/waypost/waypost/domain/account"

// note is what the document tells about an operation besides what its types say.
type note struct {
	may   account.Permission // what the role must permit; empty = nothing, every role may
	roles string             // who may, in words, where the permission alone does not tell
	about string             // what it does, who is narrowed how, what follows
	codes string             // codes of errors of its own, in words; code@status where a code has two and it answers one
	body  string             // example of the request, JSON
}

const (
	saveAdvertiser = "invalid_email invalid_currency invalid_percent too_many_decimals invalid_ip ip_allowlist_required invalid_postback_token duplicate_word invalid_status too_many"
	saveOffer      = "unknown_advertiser unknown_goal invalid_url invalid_currency out_of_range invalid_alias duplicate_alias two_default_goals default_goal hold_days_without_hold too_many_decimals amount_overflow"
	saveGoal       = "invalid_alias goals_alias default_goal out_of_range hold_days_without_hold too_many_decimals"
	savePostback   = "unknown_affiliate unknown_offer unknown_goal invalid_url blocked_address blocked_port invalid_status invalid_method goal_without_offer goal_ids_with_goal too_many_goals invalid_scope"
	saveUser       = "users_email unknown_affiliate unknown_advertiser not_allowed invalid_email invalid_time_zone invalid_choice"
	anyPassword    = "password_too_short password_too_long password_common password_guessable invalid_password"
)

// accountNotes are those of log-in and users.
var accountNotes = map[string]note{
	"login": {about: "Answers a pair of tokens. Unknown addresses, wrong passwords and users who may not log in get the same answer. After 10 wrong passwords for an account, or 50 from an address, within 15 minutes: 429.",
		codes: "invalid_credentials otp_required invalid_otp@401 too_many_attempts busy",
		body:  `{"email": "jane@example.com", "password": "correct horse battery"}`},
	"refresh": {about: "Spends the refresh token and answers the next pair. A refresh token that is used a second time shows that two parties hold it: the whole log-in ends.",
		codes: "invalid_refresh_token", body: `{"refresh_token": "4Jt0mYk1sZJq3WfQ7c9oXbR2nVhLdT8uEaGpC5iKyM0"}`},
	"logout": {about: "Ends the log-in that the access token belongs to, at once; your other log-ins go on. An API key has no log-in: delete the key.", codes: "login_required"},
	"forgot-password": {about: "Mails a link, good for one hour, if there is such a user. The answer takes the same time either way.", codes: "too_many_attempts invalid_email",
		body: `{"email": "jane@example.com"}`},
	"set-password": {about: "Takes the token of the mailed link, once. An invited user is active from then on; all log-ins of the user end.", codes: "invalid_link " + anyPassword,
		body: `{"token": "q8Zr1vX5mB2nK7dS4gT9hJ6wL3cP0fYaEuGiOxRtVbM", "password": "correct horse battery"}`},
	"me":                 {about: "Shows the user that the token belongs to, its party, and what may be done with this token: an API key may be narrower than its user."},
	"update-me":          {about: "Only the fields that are sent change. Needs a log-in.", codes: "invalid_time_zone invalid_choice invalid_text login_required", body: `{"time_zone": "Europe/Berlin", "theme": "dark"}`},
	"list-sessions":      {about: "Newest first, those of browsers to the portals among them; log-ins that have ended are not listed."},
	"end-session":        {about: "Its access token, or its browser's cookie, is refused from then on.", codes: "login_required"},
	"end-other-sessions": {about: "Ends your log-ins to the API and those of your browsers at once; this one goes on.", codes: "login_required"},
	"start-second-factor": {about: "Answers a secret for the app. Nothing changes until it is confirmed; another start replaces it.",
		codes: "second_factor_on login_required"},
	"confirm-second-factor": {about: "Needs the password and the app's first code. Turns the second factor on, tells the owner by mail, and answers ten recovery codes, once.",
		codes: "no_enrolment wrong_password invalid_otp@422 too_many_attempts login_required", body: `{"password": "correct horse battery", "otp": "123456"}`},
	"renew-recovery-codes": {about: "The codes before are void.", codes: "no_second_factor invalid_otp@422 too_many_attempts login_required", body: `{"otp": "123456"}`},
	"drop-second-factor": {about: "Needs the password and a code. Recovery codes are void; the owner is told by mail.", codes: "no_second_factor wrong_password invalid_otp@422 too_many_attempts login_required",
		body: `{"password": "correct horse battery", "otp": "123456"}`},
	"list-api-keys": {about: "Your own; administrators may list another user's with `user_id`. Secrets are not shown again.", codes: "not_found"},
	"create-api-key": {about: "The answer holds the `secret`, once: send it as the bearer token. The key acts as you, may do no more than you, and ends when you are disabled or deleted. Needs a log-in, not another key.",
		codes: "login_required role_not_narrower in_the_past", body: `{"name": "Nightly import", "role": "viewer", "expires_at": "2027-03-04T00:00:00Z"}`},
	"get-api-key":    {about: "Your own; administrators may read another user's."},
	"delete-api-key": {about: "It is refused from then on. Your own; administrators may delete another user's. A key may end itself only.", codes: "login_required"},

	"list-users": {may: account.PermissionManageUsers, about: "Others read themselves with GET /me.", codes: "invalid_choice"},
	"create-user": {may: account.PermissionManageUsers, about: "With a `password` the user can log in at once; without one the user is invited by mail and chooses one. The answer to an invitation holds the link too.",
		codes: saveUser + " login_required " + anyPassword, body: `{"email": "jane@example.com", "name": "Jane Doe", "role": "affiliate", "affiliate_id": 34}`},
	"get-user": {may: account.PermissionManageUsers, about: "Others read themselves with GET /me."},
	"update-user": {may: account.PermissionManageUsers, about: "Only the fields that are sent change. A user who is disabled, or gets another role or party, is logged out everywhere, and with another party loses the saved views; the last active administrator stays one.",
		codes: saveUser + " last_admin no_password login_required", body: `{"status": "disabled"}`},
	"delete-user": {may: account.PermissionManageUsers, about: "Its log-ins and API keys end at once. What the user did stays in the audit log.", codes: "last_admin login_required in_use"},
	"set-user-password": {about: "Your own needs `current_password`; administrators set another user's without. All log-ins of the user end.",
		codes: "wrong_password too_many_attempts login_required " + anyPassword, body: `{"password": "correct horse battery", "current_password": "the one before"}`},
	"invite-user":         {may: account.PermissionManageUsers, about: "The link before is void. The answer holds the new one too, for whom mail does not reach.", codes: "not_invited login_required"},
	"end-user-sessions":   {may: account.PermissionManageUsers, about: "Those of browsers and those of the API end at once; the user may log in again, and its API keys go on. To keep a user out, disable it.", codes: "own_sessions login_required"},
	"reset-second-factor": {may: account.PermissionManageUsers, about: "For a user who lost the app and the recovery codes.", codes: "own_second_factor login_required"},

	"get-network":    {about: "Operators see all settings, parties the network's name and face."},
	"update-network": {may: account.PermissionManageNetwork, about: "Only the fields that are sent change.", codes: "invalid_text invalid_colour invalid_email invalid_url invalid_currency invalid_time_zone invalid_question_id duplicate_question_id duplicate_option out_of_range not_allowed too_many", body: `{"name": "Acme Network", "advertisers_decide": true}`},
	"list-notices":   {may: account.PermissionReadTraffic, about: "A party sees its own, operators the network's."},
	"read-notice":    {may: account.PermissionReadTraffic, about: "It is read for the whole party."},
	"read-all-notices": {may: account.PermissionReadTraffic,
		about: "They are read for the whole party; the answer counts them."},
}

// catalogueNotes are those of parties, offers and what hangs on them.
var catalogueNotes = map[string]note{
	"list-advertisers": {may: account.PermissionReadCatalogue, about: "An advertiser sees itself, an affiliate nobody."},
	"create-advertiser": {may: account.PermissionManageCatalogue, about: "Makes a `postback_token` unless one is sent. The change is in force for clicks and postbacks when it is answered.",
		codes: saveAdvertiser, body: `{"name": "Acme Shop", "email": "tech@shop.example", "currency": "USD", "override_percent": "20", "status_map": {"paid": "approved", "refunded": "rejected"}}`},
	"get-advertiser": {may: account.PermissionReadCatalogue, about: "An advertiser may read itself."},
	"update-advertiser": {roles: "admin manager advertiser", about: "Only the fields that are sent change. An advertiser may change its own name and e-mail address.",
		codes: saveAdvertiser, body: `{"postback_auth": "ip", "ip_allowlist": ["203.0.113.0/24"]}`},
	"delete-advertiser": {may: account.PermissionManageCatalogue, about: "Pause one that has offers or users.", codes: "in_use"},
	"rehearse-postback": {may: account.PermissionManageConversions, about: "The call carries the advertiser's own proof and walks the whole chain: the affiliate's postback fires, no money moves, no report counts it. The incoming log says who sent it. An advertiser may test its own. A refusal is answered with 200, and stands in `answer`. At most 30 a minute.",
		codes: "too_many_tests", body: `{"click_id": "01kjvktcmke0nbzgbyd1cmrt6m3k9w7d", "val": "99.99", "txid": "test-1"}`},

	"list-affiliates": {may: account.PermissionReadCatalogue, about: "An affiliate sees itself, an advertiser nobody."},
	"create-affiliate": {may: account.PermissionManageCatalogue, about: "Users who log in for it are made with POST /users.", codes: "invalid_email invalid_currency",
		body: `{"name": "Blue Media", "email": "jane@example.com", "currency": "USD", "fire": "specific"}`},
	"get-affiliate":    {may: account.PermissionReadCatalogue, about: "An affiliate may read itself."},
	"update-affiliate": {roles: "admin manager affiliate", about: "Only the fields that are sent change. An affiliate may change itself, except its status.", codes: "invalid_email invalid_currency", body: `{"status": "paused"}`},
	"delete-affiliate": {may: account.PermissionManageCatalogue, about: "Pause one that has clicks, postbacks or users.", codes: "in_use"},

	"list-offers": {may: account.PermissionReadCatalogue, about: "An advertiser sees its own offers, an affiliate those that it may run or ask for. Affiliates see no revenue rule, advertisers no payout rule."},
	"create-offer": {may: account.PermissionManageCatalogue, about: "Without `goals` the offer gets one default goal, alias `default`, with the models `postback`. A destination without a macro for the click id, and macros that will not be filled, are `warnings` of the answer. The offer takes clicks when it is answered.",
		codes: saveOffer, body: `{"advertiser_id": 7, "name": "Acme Shop: sale", "destination_url": "https://shop.example/?ref={click_id}", "currency": "USD", "goals": [{"alias": "sale", "is_default": true, "payout": {"model": "percent", "percent": "7.5"}, "revenue": {"model": "postback"}}]}`},
	"get-offer": {may: account.PermissionReadCatalogue, about: "With its goals."},
	"update-offer": {may: account.PermissionManageCatalogue, about: "Only the fields that are sent change; `goals`, where it is sent, is the whole list. Currency and advertiser are fixed once there are conversions.",
		codes: saveOffer + " currency_fixed advertiser_fixed in_use", body: `{"status": "paused"}`},
	"delete-offer": {may: account.PermissionManageCatalogue, about: "Pause one that has clicks.", codes: "in_use"},
	"list-goals":   {may: account.PermissionReadCatalogue, about: "All of them; there is no next part."},
	"create-goal": {may: account.PermissionManageCatalogue, about: "One that is made the default takes over from the one before.", codes: saveGoal + " too_many",
		body: `{"alias": "lead", "payout": {"model": "fixed", "amount": "12.50"}, "revenue": {"model": "fixed", "amount": "15.00"}, "initial_status": "hold", "hold_days": 14}`},
	"get-goal":              {may: account.PermissionReadCatalogue, about: "Affiliates see no revenue rule, advertisers no payout rule."},
	"update-goal":           {may: account.PermissionManageCatalogue, about: "Only the fields that are sent change. Conversions that were made keep their amounts.", codes: saveGoal, body: `{"payout": {"percent": "8"}}`},
	"delete-goal":           {may: account.PermissionManageCatalogue, about: "An offer keeps a default goal.", codes: "in_use default_goal"},
	"list-offer-affiliates": {roles: "admin manager finance viewer affiliate", about: "An affiliate sees itself. Everybody may run a public offer, listed or not."},
	"set-offer-affiliate": {roles: "admin manager affiliate", about: "Makes or changes the permission. Operators decide; an affiliate may ask with status `pending`.",
		codes: "unknown_affiliate invalid_choice", body: `{"affiliate_id": 34, "status": "approved"}`},
	"list-coupons": {may: account.PermissionReadCatalogue, about: "An affiliate sees its own, an advertiser those of its offers."},
	"create-coupon": {may: account.PermissionManageCatalogue, about: "A code is unique for an advertiser, case ignored.", codes: "coupon_exists unknown_offer unknown_affiliate invalid_text",
		body: `{"code": "ANNA10", "offer_id": 12, "affiliate_id": 34}`},
	"get-coupon":    {may: account.PermissionReadCatalogue, about: "An affiliate may read its own, an advertiser those of its offers."},
	"update-coupon": {may: account.PermissionManageCatalogue, about: "Only the fields that are sent change; what was earned stays with who earned it.", codes: "coupon_exists unknown_offer unknown_affiliate invalid_text", body: `{"active": false}`},
	"delete-coupon": {may: account.PermissionManageCatalogue, about: "From then on it finds nothing; what was earned by it stays."},
	"make-tracking-link": {may: account.PermissionMakeLinks, about: "Puts a link together; nothing is stored. `warnings` tells what will keep its clicks from counting.",
		codes: "unknown_offer unknown_affiliate invalid_text", body: `{"offer_id": 12, "affiliate_id": 34, "sub1": "newsletter"}`},
	"list-presets": {about: "All at once; there is no next part."},
	"get-preset":   {about: "What to paste where, for one system.", codes: "preset_not_found"},
	"lint-url": {about: "Judges as saving would, and stores nothing. A URL that could not be saved is a 422.", codes: "invalid_url",
		body: `{"kind": "destination", "url": "https://shop.example/?ref={ClickID}"}`},
}
