package api

import "github.com/danielgtaylor/huma/v2"

// tagNotes are the groups of operations, in the order of the document.
var tagNotes = []*huma.Tag{
	{Name: tagAuth, Description: "Get an access token for e-mail address and password, renew it, end it. An access token lasts 10 minutes, a refresh token 30 days and one use."},
	{Name: tagMe, Description: "Who you are, what you may do, and where you are logged in."},
	{Name: tagSecondFactor, Description: "One-time passwords of an authenticator app (TOTP, RFC 6238), with recovery codes for when it is lost."},
	{Name: tagKeys, Description: "Bearer tokens for programs. A key acts as the user who made it, may be narrowed to a lesser role, and dies with that user."},
	{Name: tagUsers, Description: "Who may log in: operators of the network, and the people of affiliates and advertisers. A party may have many users."},
	{Name: tagNetwork, Description: "Settings that hold for the whole network."},
	{Name: tagAdvertisers, Description: "Who pays for conversions. The `postback_token` proves that a postback is the advertiser's."},
	{Name: tagAffiliates, Description: "Who sends visitors and earns commission."},
	{Name: tagOffers, Description: "What is advertised: where clicks go, what can be earned (goals), and who may run it (access)."},
	{Name: tagCoupons, Description: "Codes that belong to an affiliate and an offer; a sale with the code counts although there was no click."},
	{Name: tagLinks, Description: "Links for affiliates to use. What one can hold stands under [Tracking](#tag-tracking)."},
	{Name: tagPresets, Description: "Parameter sets of trackers and platforms by name, and a judge of the macros in a URL."},
	{Name: tagPostbacks, Description: "URLs of affiliates that learn of their conversions. The most specific active one of a conversion fires; `fire` `all` on the affiliate fires every match."},
	{Name: tagClicks, Description: "Every click, refused ones included, and all that became of it."},
	{Name: tagConversions, Description: "What was earned. Moves: pending → approved, hold, rejected, trash · hold → approved, rejected, trash · approved → rejected, trash · rejected → approved."},
	{Name: tagLog, Description: "Every call to `/postback` and the pixels, refused ones included, within 2 seconds; secrets are masked. A refused call can be decided again once its cause is mended."},
	{Name: tagDeliveries, Description: "Calls to affiliates' postbacks: 9 tries over about 28 hours, at least once, each try with its answer."},
	{Name: tagBalances, Description: "What is owed, from a ledger whose entries add up to the balance. Entries are never changed: a correction is another entry."},
	{Name: tagReports, Description: "Clicks, conversions and money added up, as JSON or CSV."},
	{Name: tagRates, Description: "What one currency is worth in another on a day, for postbacks in a currency that is not the offer's."},
	{Name: tagApplications, Description: "Strangers apply, prove their e-mail address by a mailed link, and operators let them in or not: unverified → pending → approved, rejected."},
	{Name: tagWork, Description: "What waits for an operator."},
	{Name: tagSearch, Description: "Things by what people know of them."},
	{Name: tagHistory, Description: "Who did what, when and from where, with the thing before and after."},
	{Name: tagViews, Description: "Lists and reports of the portals that somebody keeps under a name, with filters, columns and days; their files can come by mail."},
	{Name: tagExports, Description: "Files of lists and reports that are made in the background and kept for 7 days."},
	{Name: tagNotices, Description: "What a party, or the network, has to be told, such as a postback that was paused."},
	{Name: tagTracking, Description: "What visitors' browsers and advertisers' servers call, on the tracking host. No log-in. [Links, postbacks and macros](/api/docs/tracking) has every alias and macro."},
}
