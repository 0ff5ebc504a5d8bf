package portaladvertiser

import (
	"strings"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/preset"
	"github.com/waypost/waypost/ui"
)

// The texts that an advertiser copies. Words in capitals are to be replaced; the rest is ready: the advertiser's own
// address, token, offer and goal stand in it.

// filled puts an advertiser's own values into a text.
func filled(text, base string, a advertiser.Advertiser, o offer.Offer, goal string) string {
	host := strings.TrimPrefix(strings.TrimPrefix(base, "https://"), "http://")
	scheme := strings.TrimSuffix(base, host)
	token := a.PostbackToken
	if token == "" {
		token = "YOUR-TOKEN"
	}
	return strings.NewReplacer("YOUR-GOAL", goal, "https://NETWORK", scheme+host, "NETWORK", host, "TOKEN", token, "OFFER", idText(int64(o.ID)), "GOAL", goal).Replace(text)
}

// postbackURL is the address that a shop's server calls, ready but for the sale's own values.
func postbackURL(a advertiser.Advertiser) string {
	text := "https://NETWORK/postback?clickid=CLICK_ID&txid=ORDER_ID&val=AMOUNT&goal=GOAL"
	if a.PostbackAuth == advertiser.AuthToken {
		text += "&token=TOKEN"
	}
	return text
}

// callSamples call the address in five languages.
func callSamples(a advertiser.Advertiser) []ui.Sample {
	if a.PostbackAuth == advertiser.AuthHMAC {
		return hmacSamples
	}
	put := func(code, token string) string {
		if a.PostbackAuth != advertiser.AuthToken {
			token = ""
		}
		return strings.ReplaceAll(code, "/*token*/", token)
	}
	return []ui.Sample{
		{Language: "curl", Code: put("curl -sS -G 'https://NETWORK/postback' \\\n/*token*/"+
			"  --data-urlencode \"clickid=$CLICK_ID\" \\\n  --data-urlencode \"txid=$ORDER_ID\" \\\n  --data-urlencode \"val=$AMOUNT\" \\\n  --data-urlencode 'goal=GOAL'", "  --data-urlencode 'token=TOKEN' \\\n")},
		{Language: "Go", Code: put(`q := url.Values{
	"clickid": {clickID}, "txid": {orderID}, "val": {amount}, "goal": {"GOAL"},/*token*/
}
res, err := http.Get("https://NETWORK/postback?" + q.Encode())
if err != nil {
	return err // try again later: the same txid never counts twice
}
defer res.Body.Close()`, "\n\t\"token\": {\"TOKEN\"},")},
		{Language: "PHP", Code: put(`$query = http_build_query([
    'clickid' => $clickId, 'txid' => $orderId, 'val' => $amount, 'goal' => 'GOAL',/*token*/
]);
$answer = file_get_contents('https://NETWORK/postback?' . $query);`, "\n    'token' => 'TOKEN',")},
		{Language: "Node", Code: put(`const query = new URLSearchParams({
  clickid: clickId, txid: orderId, val: amount, goal: 'GOAL',/*token*/
});
const answer = await fetch('https://NETWORK/postback?' + query);`, "\n  token: 'TOKEN',")},
		{Language: "Python", Code: put(`import urllib.parse, urllib.request

query = urllib.parse.urlencode({
    "clickid": click_id, "txid": order_id, "val": amount, "goal": "GOAL",/*token*/
})
answer = urllib.request.urlopen("https://NETWORK/postback?" + query, timeout=10)`, "\n    \"token\": \"TOKEN\",")},
	}
}

// hmacSamples sign the query: ts is the present Unix time, sig stands last.
var hmacSamples = []ui.Sample{
	{Language: "curl", Code: `SECRET='TOKEN'
Q="clickid=$CLICK_ID&txid=$ORDER_ID&val=$AMOUNT&goal=GOAL&ts=$(date +%s)"
SIG=$(printf %s "$Q" | openssl dgst -sha256 -hmac "$SECRET" | sed 's/.*= //')
curl -sS "https://NETWORK/postback?$Q&sig=$SIG"`},
	{Language: "Go", Code: `q := url.Values{
	"clickid": {clickID}, "txid": {orderID}, "val": {amount}, "goal": {"GOAL"},
	"ts": {strconv.FormatInt(time.Now().Unix(), 10)},
}.Encode()
mac := hmac.New(sha256.New, []byte("TOKEN"))
mac.Write([]byte(q))
res, err := http.Get("https://NETWORK/postback?" + q + "&sig=" + hex.EncodeToString(mac.Sum(nil)))
if err != nil {
	return err // try again later with a new ts: the same txid never counts twice
}
defer res.Body.Close()`},
	{Language: "PHP", Code: `$query = http_build_query([
    'clickid' => $clickId, 'txid' => $orderId, 'val' => $amount, 'goal' => 'GOAL', 'ts' => time(),
]);
$sig = hash_hmac('sha256', $query, 'TOKEN');
$answer = file_get_contents("https://NETWORK/postback?$query&sig=$sig");`},
	{Language: "Node", Code: `import { createHmac } from 'node:crypto';

const query = new URLSearchParams({
  clickid: clickId, txid: orderId, val: amount, goal: 'GOAL', ts: Math.floor(Date.now() / 1000),
}).toString();
const sig = createHmac('sha256', 'TOKEN').update(query).digest('hex');
const answer = await fetch('https://NETWORK/postback?' + query + '&sig=' + sig);`},
	{Language: "Python", Code: `import hashlib, hmac, time, urllib.parse, urllib.request

query = urllib.parse.urlencode({
    "clickid": click_id, "txid": order_id, "val": amount, "goal": "GOAL", "ts": int(time.time()),
})
sig = hmac.new(b"TOKEN", query.encode(), hashlib.sha256).hexdigest()
answer = urllib.request.urlopen("https://NETWORK/postback?" + query + "&sig=" + sig, timeout=10)`},
}

// pixelSamples are the three pixels; the script is the surest of them.
var pixelSamples = []ui.Sample{
	{Language: "Script", Code: `<script src="https://NETWORK/pixel.js?token=TOKEN&offer_id=OFFER&goal=GOAL&val=AMOUNT&txid=ORDER_ID" async></script>`},
	{Language: "Picture", Code: `<img src="https://NETWORK/pixel.gif?token=TOKEN&offer_id=OFFER&goal=GOAL&val=AMOUNT&txid=ORDER_ID" width="1" height="1" alt="">`},
	{Language: "Frame", Code: `<iframe src="https://NETWORK/pixel?token=TOKEN&offer_id=OFFER&goal=GOAL&val=AMOUNT&txid=ORDER_ID" width="1" height="1" title="" hidden></iframe>`},
}

// couponSample reports a sale that came by a code, without a click.
func couponSample(a advertiser.Advertiser) string {
	text := "https://NETWORK/postback?coupon=CODE&txid=ORDER_ID&val=AMOUNT"
	if a.PostbackAuth == advertiser.AuthToken {
		text += "&token=TOKEN"
	}
	return text
}

// samples puts the advertiser's own values into each.
func samples(list []ui.Sample, base string, a advertiser.Advertiser, o offer.Offer, goal string) []ui.Sample {
	out := make([]ui.Sample, len(list))
	for i, s := range list {
		out[i] = ui.Sample{Language: s.Language, Code: filled(s.Code, base, a, o, goal)}
	}
	return out
}

// platforms are the systems that an advertiser may run on, with ready addresses.
func platforms() (list []preset.Preset) {
	for _, p := range preset.All() {
		if p.Is(preset.KindAdvertiser) {
			list = append(list, p)
		}
	}
	return list
}

// callParameters explain what a call says.
var callParameters = [][3]string{
	{"clickid", "the id that the visitor brought", "needed, unless a coupon or the pixel's cookie finds the click"},
	{"txid", "your order id", "send it: a repeat with the same one never counts twice"},
	{"val", "value of the sale", "decimal, such as 99.99"},
	{"goal", "which goal was reached", "its alias or id; left out, the default one"},
	{"currency", "of the amounts", "such as EUR; left out, the offer's"},
	{"status", "approved, pending, hold, rejected or trash", "left out, what the goal says; a later call with another status changes it"},
	{"payout", "what you pay for this conversion", "decimal; only where the goal takes it from the call"},
	{"com", "what the affiliate earns", "decimal; only where the goal takes it from the call"},
	{"comperc", "the same in percent of val", "used where com is missing"},
	{"coupon", "the code that the customer typed", "finds the affiliate without a click"},
	{"test", "1", "walks the whole way and costs nothing"},
}
