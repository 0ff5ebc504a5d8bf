package postback

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	good := Postback{AffiliateID: 1, URL: "https://t.example/pb?c={aff_click_id}"}
	for name, c := range map[string]struct {
		change func(*Postback)
		code   string // of the error
		field  string
	}{
		"defaults":           {func(*Postback) {}, "", ""},
		"lower-case method":  {func(p *Postback) { p.Method = "post" }, "", ""},
		"goal of an offer":   {func(p *Postback) { p.OfferID, p.GoalID = 1, 2 }, "", ""},
		"no affiliate":       {func(p *Postback) { p.AffiliateID = 0 }, "required", "body.affiliate_id"},
		"negative offer":     {func(p *Postback) { p.OfferID = -1 }, "invalid_scope", "body.offer_id"},
		"goal without offer": {func(p *Postback) { p.GoalID = 2 }, "goal_without_offer", "body.goal_id"},
		"method":             {func(p *Postback) { p.Method = "PUT" }, "invalid_method", "body.method"},
		"status":             {func(p *Postback) { p.Statuses = []conversion.Status{"paid"} }, "invalid_status", "body.statuses"},
		"no URL":             {func(p *Postback) { p.URL = "" }, "invalid_url", "body.url"},
		"host is a macro":    {func(p *Postback) { p.URL = "https://{sub1}/" }, "invalid_url", "body.url"},
		"octal host":         {func(p *Postback) { p.URL = "http://0177.0.0.1/" }, "invalid_url", "body.url"},
		"userinfo":           {func(p *Postback) { p.URL = "http://a:b@h.example/" }, "invalid_url", "body.url"},
	} {
		p := good
		c.change(&p)
		p.Normalise()
		_, err := p.Validate()
		if c.code == "" && err != nil || c.code != "" && !errs.HasCode(err, c.code) {
			t.Errorf("%s: %v, want %q", name, err, c.code)
		}
		if e, ok := errs.As(err); ok && (len(e.Fields) != 1 || e.Fields[0].Location != c.field) {
			t.Errorf("%s: fields %v, want %s", name, e.Fields, c.field)
		}
	}
	p := good
	p.Normalise()
	if p.Method != MethodGET || !cmp.Equal(p.Statuses, []conversion.Status{conversion.StatusApproved}) {
		t.Errorf("defaults are %s %v", p.Method, p.Statuses)
	}
	p.Statuses, p.URL = []conversion.Status{"hold", "trash", "hold"}, "https://t.example/?x={nonsense}"
	p.Normalise()
	warnings, err := p.Validate()
	if err != nil || len(p.Statuses) != 2 || len(warnings) != 1 || warnings[0].Code != "unknown_macro" || warnings[0].Field != "url" {
		t.Errorf("statuses %v, warnings %v, error %v", p.Statuses, warnings, err)
	}
}

func TestHostOf(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://T.Example/x:1":            "t.example:443",
		"HTTP://t.example":                 "t.example:80",
		"http://t.example:8080?u=http://x": "t.example:8080",
		"https://[2001:DB8::1]/":           "[2001:db8::1]:443",
		"http://[2001:db8::1]:81#a":        "[2001:db8::1]:81",
		"https://1.2.3.4:443/{click_id}":   "1.2.3.4:443",
	} {
		if got := hostOf(address); got != want {
			t.Errorf("hostOf(%s) = %s, want %s", address, got, want)
		}
	}
}

func TestSelect(t *testing.T) {
	t.Parallel()
	approved := []conversion.Status{conversion.StatusApproved}
	recipient := func(id ID, o offer.ID, g offer.GoalID, fire affiliate.Fire, change ...func(*Postback)) Recipient {
		p := Postback{ID: id, AffiliateID: 7, OfferID: o, GoalID: g, Statuses: approved, Active: true}
		for _, f := range change {
			f(&p)
		}
		return Recipient{Postback: p, Fire: fire}
	}
	inactive := func(p *Postback) { p.Active = false }
	rejectedOnly := func(p *Postback) { p.Statuses = []conversion.Status{conversion.StatusRejected} }
	const s, all = affiliate.FireSpecific, affiliate.FireAll
	created := conversion.Change{Created: true, Conversion: conversion.Conversion{AffiliateID: 7, OfferID: 3, GoalID: 5, Status: conversion.StatusApproved}}
	moved, same, rejected := created, created, created
	moved.Created, moved.OldStatus = false, conversion.StatusPending
	same.Created, same.OldStatus = false, conversion.StatusApproved
	rejected.Created, rejected.OldStatus, rejected.Conversion.Status = false, conversion.StatusApproved, conversion.StatusRejected
	for name, c := range map[string]struct {
		change     conversion.Change
		recipients []Recipient
		want       []ID
	}{
		"nobody":                         {created, nil, nil},
		"global":                         {created, []Recipient{recipient(1, 0, 0, s)}, []ID{1}},
		"goal beats offer beats global":  {created, []Recipient{recipient(1, 0, 0, s), recipient(2, 3, 0, s), recipient(3, 3, 5, s)}, []ID{3}},
		"offer beats global":             {created, []Recipient{recipient(1, 0, 0, s), recipient(2, 3, 0, s), recipient(3, 3, 6, s)}, []ID{2}},
		"all":                            {created, []Recipient{recipient(1, 0, 0, all), recipient(2, 3, 0, all), recipient(3, 3, 5, all), recipient(4, 4, 0, all)}, []ID{1, 2, 3}},
		"another offer does not count":   {created, []Recipient{recipient(1, 0, 0, s), recipient(2, 4, 0, s)}, []ID{1}},
		"inactive does not count":        {created, []Recipient{recipient(1, 0, 0, s), recipient(2, 3, 0, s, inactive)}, []ID{1}},
		"another affiliate's":            {created, []Recipient{recipient(1, 0, 0, s, func(p *Postback) { p.AffiliateID = 8 })}, nil},
		"two of the same scope":          {created, []Recipient{recipient(1, 0, 0, s), recipient(2, 0, 0, s)}, []ID{1, 2}},
		"one per status":                 {rejected, []Recipient{recipient(1, 0, 0, s), recipient(2, 0, 0, s, rejectedOnly)}, []ID{2}},
		"status not asked for":           {rejected, []Recipient{recipient(1, 0, 0, s)}, nil},
		"the offer's silences the other": {rejected, []Recipient{recipient(1, 0, 0, s, rejectedOnly), recipient(2, 3, 0, s)}, nil},
		"move":                           {moved, []Recipient{recipient(1, 0, 0, s)}, []ID{1}},
		"amounts only":                   {same, []Recipient{recipient(1, 0, 0, all)}, nil},
	} {
		var got []ID
		for _, p := range Select(&c.change, c.recipients) {
			got = append(got, p.ID)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// change is a conversion in which every macro has a value of its own.
func change(t testing.TB) conversion.Change {
	t.Helper()
	at := time.Date(2026, 3, 31, 23, 59, 58, 123_000_000, time.FixedZone("", 2*60*60))
	clickID, err := click.Mint(at.Add(-time.Hour), bytes.NewReader(make([]byte, 10)))
	if err != nil {
		t.Fatal(err)
	}
	visit := click.Click{ID: clickID, Facts: click.Facts{AffClickID: "aff&1", Source: "src", IP: "2001:db8::1", Country: "DE",
		Device: "mobile", OS: "iOS", Browser: "Safari", Language: "de-DE", DeepLink: "https://shop.example/a?b=c", CreativeID: "cr"}}
	for i := range visit.Subs {
		visit.Subs[i] = "s" + string(rune('a'+i))
	}
	return conversion.Change{
		Created: true, At: at, Click: visit,
		Offer: offer.Offer{ID: 3, Name: "Shoes & more", ShowValue: true, Goals: []offer.Goal{{ID: 5, Alias: "sale"}}},
		Conversion: conversion.Conversion{ClickID: clickID, TxID: "tx 1", OfferID: 3, GoalID: 5, AffiliateID: 7, AdvertiserID: 9,
			Status: conversion.StatusApproved, Val: money.MustRate("99.995"), Commission: money.NewAmount(750, "USD"),
			Revenue: money.NewAmount(999999, "USD"), Test: true, ClickedAt: clickID.Time(), CreatedAt: at,
			Params: conversion.Params{Param: []string{"first", "second"}, Values: map[string]string{"param2": "named", "event10": "4.5", "conversion_id": "theirs"}}},
	}
}

func values(t testing.TB, c *conversion.Change) *Values {
	t.Helper()
	v, err := NewValues(c, click.NewSigner([]byte("a secret of more than thirty-two bytes")), DeliveryID{}, bytes.NewReader(make([]byte, 8)))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestValues(t *testing.T) {
	t.Parallel()
	c := change(t)
	v := values(t, &c)
	want := map[string]string{
		"click_id": click.NewSigner([]byte("a secret of more than thirty-two bytes")).Text(c.Click.ID), "aff_click_id": "aff&1", "offer_id": "3",
		"affiliate_id": "7", "sub1": "sa", "sub2": "sb", "sub3": "sc", "sub4": "sd", "sub5": "se", "sub6": "sf", "sub7": "sg",
		"sub8": "sh", "sub9": "si", "sub10": "sj", "source": "src", "ip": "2001:db8::1", "country": "DE", "device": "mobile",
		"os": "iOS", "browser": "Safari", "language": "de-DE", "timestamp": "1774994398", "rand": "0",
		"deep_link": "https://shop.example/a?b=c", "creative_id": "cr", "conversion_id": "00000000-0000-0000-0000-000000000000",
		"txid": "tx 1", "status": "approved", "payout": "7.50", "val": "99.995", "currency": "USD", "goal": "sale",
		"goal_id": "5", "offer_name": "Shoes & more", "param1": "first", "param2": "named", "event10": "4.5",
		"click_time": "2026-03-31T20:59:58Z", "conversion_time": "2026-03-31T21:59:58Z", "date": "2026-03-31", "test": "1",
		"delivery_id": "00000000-0000-0000-0000-000000000000",
	}
	got := map[string]string{}
	for _, m := range click.PostbackMacros.Names() {
		if value := v.Value(m.Name); value != "" {
			got[m.Name] = value
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	filled := click.PostbackMacros.Parse("https://h/?p={commission}&s={status:approved=1,rejected=2}&a=[aff_click_id]&x=#sub2#").Fill(v.Value)
	if filled != "https://h/?p=7.50&s=1&a=aff%261&x=sb" {
		t.Errorf("filled to %s", filled)
	}

	c.Offer.ShowValue, c.Conversion.Test, c.Conversion.Params, c.Conversion.ClickedAt = false, false, conversion.Params{}, time.Time{}
	for name, want := range map[string]string{"val": "", "test": "0", "param1": "", "event10": "", "click_time": "", "sub11": "", "sub0": "", "revenue": "", "sub": ""} {
		if got := v.Value(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func TestBody(t *testing.T) {
	t.Parallel()
	c := change(t)
	c.Offer.ShowValue = false
	text, err := values(t, &c).body()
	if err != nil {
		t.Fatal(err)
	}
	var body struct {
		Type, Timestamp string
		Data            map[string]string
	}
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		t.Fatal(err)
	}
	if body.Type != "conversion.created" || body.Timestamp != "2026-03-31T21:59:58Z" || body.Data["payout"] != "7.50" || body.Data["status"] != "approved" {
		t.Errorf("body %s", text)
	}
	for _, name := range []string{"val", "rand", "timestamp", "param9"} {
		if _, ok := body.Data[name]; ok {
			t.Errorf("body holds %s: %s", name, text)
		}
	}
	if strings.Contains(text, "9999.99") {
		t.Errorf("body tells the revenue: %s", text)
	}
	c.Created = false
	if text, _ = values(t, &c).body(); !strings.Contains(text, `"type":"conversion.status_changed"`) {
		t.Errorf("body %s", text)
	}
}

func TestSignIsTheSpecificationsExample(t *testing.T) {
	t.Parallel()
	// The example of the reference libraries of standard-webhooks 1.0.
	got, err := Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), `{"test": 2432232314}`)
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; err != nil || got != want {
		t.Errorf("signature %s, want %s, error %v", got, want, err)
	}
	for _, secret := range []string{"", "whsec_", "whsec_!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"} {
		if _, err := Sign(secret, "id", time.Unix(0, 0), ""); err == nil || secret != "" && strings.Contains(err.Error(), "MfKQ") {
			t.Errorf("secret %q: %v", secret, err)
		}
	}
	secret, err := NewSigningSecret(bytes.NewReader(make([]byte, 32)))
	if err != nil || secret != "whsec_"+strings.Repeat("A", 43)+"=" {
		t.Errorf("secret %s, error %v", secret, err)
	}
}

func TestMaskURL(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://h/p":                                      "https://h/p",
		"https://h/p?cid=1&payout=2.5":                     "https://h/p?cid=1&payout=2.5",
		"https://h/p?token=a&cid=1":                        "https://h/p?token=***&cid=1",
		"https://h/?cid=1&Secure_Token=a#x":                "https://h/?cid=1&Secure_Token=***#x",
		"https://h/?api_key=a&apikey=b&key=c&sig=d&auth=e": "https://h/?api_key=***&apikey=***&key=***&sig=***&auth=***",
		"https://h/?x-signature=a&client_secret=b&pwd=c":   "https://h/?x-signature=***&client_secret=***&pwd=***",
		"https://h/?monkey=1&signal=2&author=3&keyword=4":  "https://h/?monkey=1&signal=2&author=3&keyword=4",
		"https://h/?token=&key&a=token=1&password=a=b":     "https://h/?token=&key&a=token=1&password=***",
		"https://h/?a=1&token%5B%5D=x":                     "https://h/?a=1&token%5B%5D=***",
	} {
		if got := MaskURL(address); got != want {
			t.Errorf("MaskURL(%s) = %s, want %s", address, got, want)
		}
	}
}

func TestSupersedeWithinOneBatch(t *testing.T) {
	t.Parallel()
	conversionID := func(n byte) (id conversion.ID) {
		id.UUID[15] = n
		return id
	}
	ds := []Delivery{{ConversionID: conversionID(1), PostbackID: 1}, {ConversionID: conversionID(1), PostbackID: 2},
		{ConversionID: conversionID(2), PostbackID: 1}, {ConversionID: conversionID(1), PostbackID: 1}}
	for i := range ds {
		ds[i].Status = DeliveryPending
	}
	supersede(ds)
	for i, want := range []DeliveryStatus{DeliveryFailed, DeliveryPending, DeliveryPending, DeliveryPending} {
		if ds[i].Status != want || (want == DeliveryFailed) != (ds[i].Reason == ReasonSuperseded) {
			t.Errorf("delivery %d is %s %q", i, ds[i].Status, ds[i].Reason)
		}
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		health Health
		want   PausedReason
	}{
		"first failure":     {Health{Active: true, Failures: 1, FailingSince: now}, ""},
		"often, not long":   {Health{Active: true, Failures: 1000, FailingSince: now.Add(-72*time.Hour + time.Second)}, ""},
		"long, not often":   {Health{Active: true, Failures: 9, FailingSince: now.Add(-1000 * time.Hour)}, ""},
		"long and often":    {Health{Active: true, Failures: 10, FailingSince: now.Add(-72 * time.Hour)}, PausedFailing},
		"gone":              {Health{Active: true, Failures: 1, FailingSince: now, Gone: true}, PausedGone},
		"inactive, no more": {Health{Failures: 99, FailingSince: now.Add(-1000 * time.Hour), Gone: true}, ""},
	} {
		c.health.Now = now
		if got := c.health.Verdict(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC)
	s := time.Second
	for name, c := range map[string]struct {
		tries    int
		response Response
		want     Outcome
	}{
		"200":                     {0, Response{StatusCode: 200}, Outcome{Status: DeliveryDelivered, Tries: 1}},
		"204 at the last try":     {8, Response{StatusCode: 204}, Outcome{Status: DeliveryDelivered, Tries: 9}},
		"299":                     {0, Response{StatusCode: 299}, Outcome{Status: DeliveryDelivered, Tries: 1}},
		"301 is not followed":     {0, Response{StatusCode: 301}, Outcome{DeliveryRetrying, "", 1, 5 * s}},
		"404":                     {1, Response{StatusCode: 404}, Outcome{DeliveryRetrying, "", 2, 30 * s}},
		"timeout":                 {2, Response{Error: ErrorTimeout}, Outcome{DeliveryRetrying, "", 3, 300 * s}},
		"last try":                {8, Response{StatusCode: 500}, Outcome{DeliveryFailed, "http_5xx", 9, 0}},
		"last try, no answer":     {8, Response{Error: ErrorDNS}, Outcome{DeliveryFailed, "dns", 9, 0}},
		"410":                     {0, Response{StatusCode: 410}, Outcome{DeliveryFailed, "gone", 1, 0}},
		"429 without a time":      {0, Response{StatusCode: 429}, Outcome{DeliveryRetrying, "", 1, 5 * s}},
		"429 later":               {0, Response{StatusCode: 429, RetryAfter: "120"}, Outcome{DeliveryRetrying, "", 1, 120 * s}},
		"503 sooner":              {1, Response{StatusCode: 503, RetryAfter: "1"}, Outcome{DeliveryRetrying, "", 2, 30 * s}},
		"503 beyond a day":        {0, Response{StatusCode: 503, RetryAfter: "999999"}, Outcome{DeliveryRetrying, "", 1, 24 * time.Hour}},
		"503 beyond int64":        {0, Response{StatusCode: 503, RetryAfter: strings.Repeat("9", 40)}, Outcome{DeliveryRetrying, "", 1, 24 * time.Hour}},
		"500 has no say":          {0, Response{StatusCode: 500, RetryAfter: "120"}, Outcome{DeliveryRetrying, "", 1, 5 * s}},
		"date":                    {0, Response{StatusCode: 503, RetryAfter: "Sat, 10 Jan 2026 12:02:00 GMT"}, Outcome{DeliveryRetrying, "", 1, 120 * s}},
		"date of RFC 850":         {0, Response{StatusCode: 503, RetryAfter: "Saturday, 10-Jan-26 12:02:00 GMT"}, Outcome{DeliveryRetrying, "", 1, 120 * s}},
		"date of asctime":         {0, Response{StatusCode: 503, RetryAfter: "Sat Jan 10 12:02:00 2026"}, Outcome{DeliveryRetrying, "", 1, 120 * s}},
		"date in the past":        {0, Response{StatusCode: 503, RetryAfter: "Sat, 10 Jan 2025 12:02:00 GMT"}, Outcome{DeliveryRetrying, "", 1, 5 * s}},
		"nonsense":                {0, Response{StatusCode: 503, RetryAfter: "-5"}, Outcome{DeliveryRetrying, "", 1, 5 * s}},
		"a time at the last try":  {8, Response{StatusCode: 503, RetryAfter: "60"}, Outcome{DeliveryFailed, "http_5xx", 9, 0}},
		"no status and no error":  {8, Response{}, Outcome{DeliveryFailed, "connection", 9, 0}},
		"informational as answer": {8, Response{StatusCode: 101}, Outcome{DeliveryFailed, "http_1xx", 9, 0}},
	} {
		if diff := cmp.Diff(c.want, Decide(c.tries, c.response, now, 0.5)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// The contract: 9 tries over about 28 h, each wait within 10 % of its figure.
func TestScheduleProperties(t *testing.T) {
	t.Parallel()
	figures := []float64{5, 30, 300, 1800, 7200, 18000, 36000, 36000}
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var total time.Duration
		tries := 0
		for {
			o := Decide(tries, Response{Error: ErrorConnect}, time.Time{}, random.Float64())
			if o.Tries != tries+1 {
				t.Fatalf("tries went from %d to %d", tries, o.Tries)
			}
			tries = o.Tries
			if o.Status == DeliveryFailed {
				break
			}
			if share := o.Wait.Seconds() / figures[tries-1]; o.Status != DeliveryRetrying || share < 0.9-1e-9 || share > 1.1+1e-9 {
				t.Fatalf("after try %d: %+v", tries, o)
			}
			total += o.Wait
		}
		if tries != 9 || tries != Tries() || total < 25*time.Hour || total > 31*time.Hour {
			t.Fatalf("%d tries over %s", tries, total)
		}
	}
	if a, b := Decide(0, Response{}, time.Time{}, 0).Wait, Decide(0, Response{}, time.Time{}, 1).Wait; a != 4500*time.Millisecond || b != 5500*time.Millisecond {
		t.Errorf("bounds %s, %s", a, b)
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("120", int64(0))
	f.Add("Sat, 10 Jan 2026 12:02:00 GMT", int64(1768046400))
	f.Add("Saturday, 10-Jan-26 12:02:00 GMT", int64(1<<40))
	f.Add("99999999999999999999", int64(-1))
	f.Fuzz(func(t *testing.T, header string, now int64) {
		if wait := retryAfter(header, time.Unix(now, 0)); wait < 0 || wait > 24*time.Hour {
			t.Errorf("retryAfter(%q) = %s", header, wait)
		}
	})
}

func FuzzMaskURL(f *testing.F) {
	f.Add("https://h/p?token=abc&x=1#y", "abc")
	f.Add("?key=&&=#?", "")
	f.Fuzz(func(t *testing.T, address, secret string) {
		MaskURL(address)
		if strings.ContainsAny(secret, "&#") || len(secret) < 4 {
			return
		}
		if masked := MaskURL("https://h/?a=1&access_token=" + secret + "&b=2"); masked != "https://h/?a=1&access_token=***&b=2" {
			t.Errorf("masked to %s", masked)
		}
	})
}
