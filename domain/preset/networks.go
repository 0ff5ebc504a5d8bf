package preset

import (
	"slices"
	"strconv"
)

// networks are the platforms that networks run on. An affiliate may resell from one (tracker), an advertiser may run on
// one, and one may be left for Waypost.
func networks() []Preset {
	every := []Kind{KindTracker, KindAdvertiser, KindNetwork}
	return []Preset{
		{
			Name: "affise", Title: "Affise", Kinds: every,
			PostbackURL:           "https://YOUR-AFFISE-DOMAIN/postback?clickid={aff_click_id}&action_id={txid}&sum={payout}&status={status:approved=1,pending=2,rejected=3,trash=3,hold=5}",
			TrackingLinkParameter: "aff_click_id={clickid}",
			DestinationParameter:  "sub1={click_id}",
			AdvertiserPostbackURL: "https://NETWORK/postback?token=TOKEN&clickid={sub1}&txid={transactionid}&status={status}&payout={sum}&currency={currency}",
			Link: slices.Concat([]Parameter{
				{"pid", "a"}, {"offer_id", "o"}, {"ref_id", "aff_click_id"}, {"redirect", "deep_link"},
			}, numbered("sub", 1, 8, "sub", 1)),
			Postback: slices.Concat([]Parameter{
				{"clickid", "clickid"}, {"click_id", "clickid"}, {"action_id", "txid"}, {"goal", "id"}, {"sum", "payout"}, {"status", "status"},
				{"secure", "token"}, {"promo_code", "coupon"},
			}, numbered("custom_field", 1, 10, "adv", 1)),
			Notes: []string{
				"Affise's sum is revenue in its own postback and the affiliate's payout in those that it sends; both are what the advertiser pays, so here they are payout.",
				"As an affiliate's network: with a secure code append &secure=YOUR-CODE. Affise changes the status of pending conversions only.",
				"As a former system: give each advertiser its secure code as postback_token. ext1 to ext3, os_id and sub11 onwards have no counterpart.",
			},
			Sources: []Source{
				{"Affise: Tracking link parameters", "https://help-center.affise.com/en/articles/6483711-affise-tracking-link-parameters"},
				{"Affise: Postback URL parameters", "https://help-center.affise.com/en/articles/6475468-affise-postback-url-parameters"},
				{"Affise: Affiliate postback URL macros", "https://help-center.affise.com/en/articles/6483741-affiliate-postback-url-macros"},
				{"Affise: Affise <-> Affise", "https://help-center.affise.com/en/articles/6838705-affise-affise"},
			},
		},
		{
			Name: "cake", Title: "CAKE", Kinds: every,
			PostbackURL:           "https://YOUR-CAKE-DOMAIN/p.ashx?f=pb&o=YOUR-OFFER-ID&e=YOUR-EVENT-ID&r={aff_click_id}&t={txid}&p={payout}",
			TrackingLinkParameter: "aff_click_id=#reqid#",
			DestinationParameter:  "s2={click_id}",
			AdvertiserPostbackURL: "https://NETWORK/postback?token=TOKEN&clickid=#s2#&txid=#leadid#&payout=#price#",
			Link: slices.Concat([]Parameter{
				{"a", "a"}, {"c", "creative_id"},
			}, numbered("s", 1, 5, "sub", 1)),
			Postback: []Parameter{
				{"r", "clickid"}, {"t", "txid"}, {"e", "id"}, {"p", "payout"}, {"ap", "com"}, {"ect", "val"}, {"eccu", "currency"}, {"ecc", "coupon"},
			},
			Notes: []string{
				"As an advertiser's platform: s1 is reserved for sub affiliates and holds 50 characters; s2 to s5 hold 100.",
				"As a former system: a CAKE link names a creative, not an offer; whoever redirects the old links appends &o=OFFER. Events are goals: give the goal the event's number where they agree, else send the goal's alias as e. Where a commission is a percentage of the sale, send the total as ect; p alone is only what the advertiser pays.",
				"CAKE's request id repeats within a visitor's session; Waypost's click id does not.",
			},
			Sources: []Source{
				{"CAKE: Understanding the conversion pixel", "https://support.getcake.com/support/solutions/articles/5000546124-conversion-pixel-variables"},
				{"CAKE: eCommerce pixel", "https://support.getcake.com/support/solutions/articles/5000545822-ecommerce-commerce-pixel"},
				{"CAKE: Tokens in pixels", "https://support.getcake.com/en/support/solutions/articles/5000546096"},
				{"CAKE: Server-to-server tracking", "https://support.getcake.com/support/solutions/articles/5000546059-how-to-implement-server-to-server-tracking-using-a-postback-url"},
				{"CAKE: Affiliate pixels and tracking", "https://support.getcake.com/support/solutions/articles/5000546376-affiliate-pixels-and-tracking"},
			},
		},
		{
			Name: "everflow", Title: "Everflow", Kinds: every,
			PostbackURL:           "https://YOUR-TRACKING-DOMAIN/?nid=YOUR-NETWORK-ID&transaction_id={aff_click_id}&revenue_amount={payout}&order_id={txid}",
			TrackingLinkParameter: "aff_click_id={transaction_id}",
			DestinationParameter:  "sub1={click_id}",
			AdvertiserPostbackURL: "https://NETWORK/postback?token=TOKEN&clickid={sub1}&val={sale_amount}",
			Link: slices.Concat([]Parameter{
				{"oid", "o"}, {"affid", "a"}, {"source_id", "source"}, {"creative_id", "creative_id"}, {"url", "deep_link"}, {"coupon_code", "coupon"},
			}, numbered("sub", 1, 10, "sub", 1)),
			Postback: slices.Concat([]Parameter{
				{"transaction_id", "clickid"}, {"order_id", "txid"}, {"event_id", "id"}, {"adv_event_id", "id"}, {"amount", "val"}, {"revenue_amount", "payout"},
				{"verification_token", "token"}, {"coupon_code", "coupon"},
			}, numbered("adv", 1, 10, "adv", 1)),
			Notes: []string{
				"As an affiliate's network: with a verification token append &verification_token=YOUR-TOKEN. Ask for the status approved only.",
				"As an advertiser's platform: add the URL as a partner postback. For the amount that the platform owes append &payout= with the payout macro that it shows; {order_id} is not filled in partner postbacks.",
				"As a former system: links with oid and affid keep working; those with encoded ids in the path need a redirect that adds them. nid and aid are not needed. Give each advertiser its verification token as postback_token.",
			},
			Sources: []Source{
				{"Everflow: Accessing and editing S2S postback URLs", "https://helpdesk.everflow.io/customer/accessing-editing-s2s-postback-urls"},
				{"Everflow: How to set up revenue and payout", "https://helpdesk.everflow.io/customer/how-to-set-up-revenue-payout"},
				{"Everflow: Server-side click tracking", "https://developers.everflow.io/sdk/server-side-click-tracking"},
				{"Everflow: Conversion tracking", "https://developers.everflow.io/sdk/conversion-tracking"},
				{"Everflow: Deep linking, tracking parameters", "https://help.everflow.io/support/solutions/articles/22000221835-deep-linking"},
				{"CAKE: How to integrate with Everflow", "https://getcake.freshdesk.com/support/solutions/articles/13000100633-how-to-integrate-with-everflow"},
				{"Mr Postback: Everflow macros", "https://mrpostback.com/everflow/"},
			},
		},
		{
			Name: "scaleo", Title: "Scaleo", Kinds: every,
			PostbackURL:           "https://YOUR-WORKSPACE.scaletrk.com/track/conv-addchange?click_id={aff_click_id}&token=YOUR-SECURITY-TOKEN&conv_status={status:hold=pending}",
			TrackingLinkParameter: "aff_click_id={click_id}",
			DestinationParameter:  "aff_click_id={click_id}",
			AdvertiserPostbackURL: "https://NETWORK/postback?token=TOKEN&clickid={aff_click_id}",
			Link: slices.Concat([]Parameter{
				{"o", "o"}, {"a", "a"}, {"aff_click_id", "aff_click_id"}, {"link_id", "landing_page_id"}, {"deep_link", "deep_link"}, {"creative_id", "creative_id"},
			}, numbered("sub_id", 1, 5, "sub", 1), numbered("aff_param", 1, 5, "sub", 6)),
			Postback: slices.Concat([]Parameter{
				{"click_id", "clickid"}, {"token", "token"}, {"transaction_id", "txid"}, {"adv_order_id", "txid"}, {"goal_id", "id"}, {"goal_alias", "id"},
				{"conv_status", "status"}, {"amount", "val"}, {"payout", "com"}, {"revenue", "payout"}, {"currency", "currency"}, {"promo_code", "coupon"},
				{"approved_status", "approved_status"}, {"pending_status", "pending_status"}, {"rejected_status", "rejected_status"}, {"trash_status", "trash_status"},
			}, numbered("adv_param", 1, 5, "adv", 1)),
			Notes: []string{
				"Scaleo's payout is what the affiliate earns, so within this preset it is com, and revenue is what the advertiser pays.",
				"As an advertiser's platform: append &payout= with the payout macro that the platform shows.",
				"As a former system: /track/conv, /track/conv-change and /track/conv-addchange all become /postback; a repeat that names another status changes it. aff_param1 to aff_param5 are kept as sub6 to sub10. Give each advertiser its security token as postback_token.",
			},
			Sources: []Source{
				{"Scaleo: Affiliate parameters", "https://help.scaleo.io/article/384-affiliate-parameters"},
				{"Scaleo: Ultimate postbacks", "http://help.scaleo.io/article/484-ultimate-postbacks-add-change-conversion"},
				{"Scaleo: Custom statuses for conversions", "http://help.scaleo.io/article/483-custom-statuses-for-conversions"},
				{"Scaleo: Create conversion by click ID", "https://docs.scaleo.io/brand-api/api-reference/manager-tracking-conversions/create-conversion-by-click-id"},
				{"A network on Scaleo: {click_id}, amount, currency", "https://docs.kukuruku.win/ru/docs/postbacks"},
			},
		},
		{
			Name: "tune", Title: "TUNE (HasOffers)", Kinds: every,
			PostbackURL:           "https://YOUR-NETWORK.go2cloud.org/aff_lsr?transaction_id={aff_click_id}&amount={payout}&adv_sub={txid}",
			TrackingLinkParameter: "aff_click_id={transaction_id}",
			DestinationParameter:  "aff_click_id={click_id}",
			AdvertiserPostbackURL: "https://NETWORK/postback?token=TOKEN&clickid={aff_click_id}&txid={adv_sub}&payout={payout}&val={sale_amount}&currency={currency}",
			Link: slices.Concat([]Parameter{
				{"offer_id", "o"}, {"aff_id", "a"}, {"source", "source"}, {"aff_click_id", "aff_click_id"}, {"aff_sub", "sub1"},
			}, numbered("aff_sub", 2, 5, "sub", 2)),
			Postback: slices.Concat([]Parameter{
				{"transaction_id", "clickid"}, {"adv_sub", "txid"}, {"amount", "val"}, {"goal_id", "id"}, {"security_token", "token"},
			}, numbered("adv_sub", 2, 5, "adv", 2), numbered("adv_unique", 1, 5, "adv", 6)),
			Notes: []string{
				"As an affiliate's network: amount is a sale amount in TUNE, of which the offer's revenue is a percentage; leave it out where the offer pays a fixed amount. Ask for the status approved only.",
				"As an advertiser's platform: add the URL as the partner's postback. {adv_sub} is empty where the shop sends no order id; then a click counts once per goal.",
				"As a former system: /aff_c becomes /click and /aff_lsr becomes /postback. TUNE answers 200 to everything: set always_200 for senders that rely on it.",
			},
			Sources: []Source{
				{"TUNE: Customizing a partner tracking link", "https://support.tune.com/hc/en-us/articles/1500005236722-Customizing-a-Partner-Tracking-Link"},
				{"TUNE: Receiving conversions via postback URL", "https://support.tune.com/hc/en-us/articles/4413247665431-Receiving-Conversions-via-Postback-URL"},
				{"TUNE: Customizing a conversion URL", "https://support.tune.com/hc/en-us/articles/1500005236742-Customizing-a-Conversion-URL"},
				{"TUNE: Passing values to a partner conversion URL", "https://support.tune.com/hc/en-us/articles/1500008248741-Passing-Values-to-a-Partner-Conversion-URL"},
				{"HasOffers: Conversion pixels and URLs (macros)", "http://www.hasoffers.com/wiki/Application_Support:Conversion_Pixels_URLs"},
				{"CAKE: How to integrate with TUNE", "https://support.getcake.com/support/solutions/articles/13000103520-how-to-integrate-with-tune"},
			},
		},
	}
}

// numbered is name{from} … name{to}, called as{first} and so on here.
func numbered(name string, from, to int, as string, first int) []Parameter {
	var all []Parameter
	for i := from; i <= to; i++ {
		all = append(all, Parameter{name + strconv.Itoa(i), as + strconv.Itoa(first+i-from)})
	}
	return all
}
