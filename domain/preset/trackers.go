package preset

// trackers are the systems that affiliates measure with; some are also used by advertisers or left for Waypost.
func trackers() []Preset {
	return []Preset{
		{
			Name: "bemob", Title: "BeMob", Kinds: []Kind{KindTracker},
			PostbackURL:           "https://YOUR-TRACKER-DOMAIN/postback?cid={aff_click_id}&payout={payout}&txid={txid}&status={status}",
			TrackingLinkParameter: "aff_click_id={clickId}",
			Notes: []string{
				"In BeMob append the parameter to the offer URL, or set it once as the click ID parameter of the affiliate network.",
				"BeMob has no status words of its own: in the affiliate network mark «Use conversion statuses» and enter approved as Approved, pending and hold as New, rejected and trash as Declined. Then ask for these statuses here.",
			},
			Sources: []Source{
				{"BeMob: Conversion tracking", "https://help.bemob.com/docs/conversion-tracking"},
				{"BeMob: Create custom affiliate network", "https://docs.bemob.com/en/create-custom-affiliate-network"},
				{"BeMob: Append BeMob click ID", "https://docs.bemob.com/en/append-bemob-click-id"},
				{"BeMob: Using postback statuses", "https://help.bemob.com/docs/using-postback-statuses"},
			},
		},
		{
			Name: "binom", Title: "Binom", Kinds: []Kind{KindTracker},
			PostbackURL:           "https://YOUR-TRACKER-DOMAIN/click.php?cnv_id={aff_click_id}&payout={payout}&cnv_status={status}&cnv_currency={currency}",
			TrackingLinkParameter: "aff_click_id={clickid}",
			Notes: []string{
				"In Binom append the parameter to the offer URL; set the offer's payout to Auto, else Binom ignores the one that is sent.",
				"click.php lies in the folder of your installation. cnv_status takes any word; it is sent as it is called here.",
			},
			Sources: []Source{
				{"Binom: Postback URL", "https://docs.binom.org/postback-url.php"},
				{"Binom: Payout tracking", "https://docs.binom.org/payout-tracking-v2.php"},
			},
		},
		{
			Name: "clickmeter", Title: "ClickMeter", Kinds: []Kind{KindTracker, KindAdvertiser, KindNetwork},
			PostbackURL:           "https://YOUR-CLICKMETER-POSTBACK-DOMAIN/YOUR-PATH?clickId={aff_click_id}&id=YOUR-CONVERSION-ID&val={val:=0}&com={payout}&param={txid}",
			TrackingLinkParameter: "aff_click_id=[s2sidentifier]",
			DestinationParameter:  "YOUR-PARAMETER=[s2sidentifier]",
			AdvertiserPostbackURL: "https://NETWORK/postback?preset=clickmeter&token=TOKEN&clickId=YOUR-CLICK-ID&id=YOUR-GOAL&val=YOUR-VALUE&com=YOUR-COMMISSION&param=YOUR-TEXT",
			Postback: []Parameter{
				{"clickId", "clickid"}, {"id", "id"}, {"val", "val"}, {"com", "com"}, {"comperc", "comperc"}, {"param", "param"},
			},
			Notes: []string{
				"As an affiliate's tracker: ClickMeter shows the postback URL of each conversion; take its address and id from there. val is 0 where the offer does not show the value.",
				"As an advertiser's or former system: a merchant that was set up for ClickMeter needs only another address and a token. [s2sidentifier] is filled in destination URLs, and val, com and comperc mean the same here.",
				"Give the offer's goal the alias that ClickMeter's conversion id is: id names the goal.",
			},
			Sources: []Source{
				{"ClickMeter: Server to Server conversions (postback URL)", "https://support.clickmeter.com/hc/en-us/articles/211034586"},
			},
		},
		{
			Name: "keitaro", Title: "Keitaro", Kinds: []Kind{KindTracker, KindAdvertiser, KindNetwork},
			PostbackURL:           "https://YOUR-TRACKER-DOMAIN/YOUR-POSTBACK-KEY/postback?subid={aff_click_id}&status={status:approved=sale,pending=lead,hold=lead,trash=rejected}&payout={payout}&currency={currency}&tid={txid}",
			TrackingLinkParameter: "aff_click_id={subid}",
			DestinationParameter:  "external_id={click_id}",
			AdvertiserPostbackURL: "https://NETWORK/postback?preset=keitaro&token=TOKEN&subid={external_id}&status={status}&tid={tid}",
			Postback: []Parameter{
				{"subid", "clickid"}, {"tid", "txid"}, {"payout", "payout"}, {"revenue", "payout"}, {"status", "status"}, {"currency", "currency"},
				{"sale_status", "approved_status"}, {"lead_status", "pending_status"}, {"rejected_status", "rejected_status"},
			},
			Words: map[string]string{"lead": "pending", "sale": "approved", "rebill": "approved", "rejected": "rejected"},
			Notes: []string{
				"As an affiliate's tracker: put the parameter into the offer parameters of the affiliate network, and take address and key from Maintenance › Postback URL. Ask for the statuses approved, pending and rejected here. A second conversion of a click counts only where the offer allows rebills.",
				"As an advertiser's tracker: the link carries the click id as external_id; add the URL as an S2S postback of the campaign. Keitaro's {revenue} is what the advertiser earns: append &val={revenue} where a commission is a percentage of it.",
				"As a former system: statuses keep Keitaro's words and lists; payout and revenue are what the advertiser pays. ignore_status, cost and return have no counterpart.",
			},
			Sources: []Source{
				{"Keitaro: Postback", "https://docs.keitaro.io/en/conversions/postback.html"},
				{"Keitaro: Affiliate networks", "https://docs.keitaro.io/en/conversions-and-postback/adding-affiliate-networks.html"},
				{"Keitaro: S2S postback placeholders", "https://docs.keitaro.io/en/campaigns-and-streams/s2s-postback-placeholders.html"},
				{"Keitaro: Sending postbacks", "https://docs.keitaro.io/en/postbacks/s2s.html"},
			},
		},
		{
			Name: "peerclick", Title: "PeerClick", Kinds: []Kind{KindTracker},
			PostbackURL:           "https://pstb.peerclick.com/postback?cid={aff_click_id}&payout={payout}&status={status}&txid={txid}&currency={currency}&conversion_id={conversion_id}",
			TrackingLinkParameter: "aff_click_id={clickid}",
			Notes: []string{
				"In PeerClick append the parameter to the offer URL. The postback's host is the one that the offer shows; it may differ from pstb.peerclick.com.",
				"PeerClick knows the words that you enter: under Settings › Custom conversion add approved, pending, hold, rejected and trash to the status that each shall count as.",
				"Without txid repeated postbacks of a click leave one conversion with the last values; with it each txid counts.",
			},
			Sources: []Source{
				{"PeerClick: Set a postback URL", "https://help-center.peerclick.com/en/articles/10512589"},
				{"PeerClick: Track conversions via S2S postback URL", "https://help-center.peerclick.com/en/articles/6643019-setting-up-a-standard-postback-to-peerclick"},
				{"PeerClick: Conversion statuses settings", "https://help-center.peerclick.com/en/articles/10225260-conversion-statuses-settings"},
			},
		},
		{
			Name: "redtrack", Title: "RedTrack", Kinds: []Kind{KindTracker},
			PostbackURL:           "https://YOUR-TRACKER-DOMAIN/postback?clickid={aff_click_id}&sum={payout}",
			TrackingLinkParameter: "aff_click_id={clickid}",
			Notes: []string{
				"In RedTrack append the parameter to the offer URL.",
				"For several goals append &type={goal}: the aliases have to be entered, letter by letter, under Tools › Conversion tracking › Conversion type. For repeated sales of a click append &rdtk_event_id={txid} and choose the duplicate mode by event id.",
			},
			Sources: []Source{
				{"RedTrack: Dynamic parameters: clickid", "https://help.redtrack.io/knowledgebase/kb/basic-setup-9785/supported-dynamic-parameters/%d1%81lick-id-parameter/"},
				{"RedTrack: Adding affiliate networks", "https://redtrack.zendesk.com/hc/en-us/articles/207082019-Step-2-Adding-Affiliate-Networks"},
				{"RedTrack: Conversion types and statuses", "https://help.redtrack.io/knowledgebase/kb/conversion-tracking/tracking-event-types/"},
			},
		},
		{
			Name: "voluum", Title: "Voluum", Kinds: []Kind{KindTracker},
			PostbackURL:           "https://YOUR-TRACKER-DOMAIN/postback?cid={aff_click_id}&payout={payout}&txid={txid}&currency={currency}",
			TrackingLinkParameter: "aff_click_id={clickid}",
			Notes: []string{
				"In Voluum append the parameter to the offer URL, or enter aff_click_id as the click ID parameter of the affiliate network. The domain is that of your tracking links.",
				"Voluum knows no rejection: ask for the status approved only. For several goals append &et={goal} once the aliases are custom conversions in Voluum. param1 to param5 take free values.",
			},
			Sources: []Source{
				{"Voluum: Track conversions using S2S postback URL", "https://doc.voluum.com/en/tracking_conversions_postback.html"},
				{"Voluum: Parameters in postback URLs", "https://doc.voluum.com/article/parameters-in-postback-urls"},
				{"Voluum: Custom conversions", "https://doc.voluum.com/en/custom_conversions.html"},
			},
		},
	}
}
