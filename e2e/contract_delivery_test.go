package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// received is one call that a receiver got.
type received struct {
	method string
	url    *url.URL
	header http.Header
	body   string
}

// receiver is a tracker that keeps whole calls and answers what a test tells it.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	calls  []received
	status int
	header map[string]string
}

func mustReceiver(t testing.TB) *receiver {
	t.Helper()
	r := &receiver{status: http.StatusOK}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.calls = append(r.calls, received{req.Method, req.URL, req.Header.Clone(), string(body)})
		for name, value := range r.header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(r.status)
		_, _ = io.WriteString(w, "thank you")
	}))
	t.Cleanup(r.Close)
	return r
}

// answers sets what is answered from now on; headers are pairs of name and value.
func (r *receiver) answers(status int, headers ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status, r.header = status, map[string]string{}
	for i := 0; i < len(headers); i += 2 {
		r.header[headers[i]] = headers[i+1]
	}
}

func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

// await waits for so many calls.
func (r *receiver) await(t testing.TB, count int) []received {
	t.Helper()
	eventually(t, 25*time.Second, fmt.Sprintf("%d calls arrive", count), func() bool { return len(r.all()) >= count })
	return r.all()
}

// mustPostback saves a postback of the network's affiliate.
func (n *network) mustPostback(t testing.TB, address string, fields object) object {
	t.Helper()
	body := object{"affiliate_id": json.Number(n.Affiliate), "url": address}
	maps.Copy(body, fields)
	return n.c.as(t).must("POST", "/postbacks", body, http.StatusCreated)
}

// deliveries of a conversion, once there are so many and none waits that may still be sent at once.
func (n *network) deliveries(t testing.TB, conversion, status string, count int) []object {
	t.Helper()
	var list []object
	eventually(t, 25*time.Second, fmt.Sprintf("%d deliveries of the conversion are %s", count, status), func() bool {
		list = n.c.as(t).must("GET", "/deliveries?conversion_id="+conversion+"&status="+status, nil, http.StatusOK).items(t)
		return len(list) == count
	})
	return list
}

// signedBy checks a signature of the Standard Webhooks specification with this secret.
func signedBy(t testing.TB, call received, secret string) bool {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || !strings.HasPrefix(secret, "whsec_") {
		t.Fatalf("secret %q: %v", secret, err)
	}
	id, at := call.header.Get("Webhook-Id"), call.header.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if id == "" || err != nil || time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		t.Errorf("webhook-id %q, webhook-timestamp %q", id, at)
	}
	mac := hmac.New(sha256.New, key)
	_, _ = io.WriteString(mac, id+"."+at+"."+call.body)
	return slices.Contains(strings.Fields(call.header.Get("Webhook-Signature")), "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// TestContractDeliveries is section 4: what fires, what it carries, and what becomes of the receiver's answer.
func TestContractDeliveries(t *testing.T) {
	t.Parallel()
	w := mustShared(t)
	c := w.mustLogIn()

	t.Run("scopes", func(t *testing.T) {
		t.Parallel()
		for fire, want := range map[string]map[string][]string{ // goal → scopes that fire
			"specific": {"lead": {"goal"}, "default": {"offer"}, "other": {"global"}, "without the goal's": {"offer"}},
			"all":      {"lead": {"global", "goal", "offer"}, "default": {"global", "offer"}, "other": {"global"}, "without the goal's": {"global", "offer"}},
		} {
			n := w.mustNetwork(c.as(t), nil, object{"goals": []object{{"alias": "default", "is_default": true}, {"alias": "lead"}}})
			other := object(n.c.must("POST", "/offers", object{"advertiser_id": json.Number(n.Advertiser), "name": "Other", "status": "active", "destination_url": "https://shop.example/?cid={click_id}"}, 201))
			n.c.must("PATCH", "/affiliates/"+n.Affiliate, object{"fire": fire}, 200)
			r := mustReceiver(t)
			var lead object
			for _, g := range n.c.must("GET", "/offers/"+n.Offer+"/goals", nil, 200).items(t) {
				if g.text("alias") == "lead" {
					lead = g
				}
			}
			n.mustPostback(t, r.URL+"/?scope=global&tx={txid}", nil)
			n.mustPostback(t, r.URL+"/?scope=offer&tx={txid}", object{"offer_id": json.Number(n.Offer)})
			byGoal := n.mustPostback(t, r.URL+"/?scope=goal&tx={txid}", object{"goal_id": lead["id"]})
			if byGoal.text("offer_id") != n.Offer {
				t.Errorf("a goal implies its offer: %v", byGoal)
			}
			n.convert(t, "goal", "lead", "com", "1", "txid", "lead")
			n.convert(t, "com", "1", "txid", "default")
			link := n.c.must("POST", "/tracking-links", object{"offer_id": other["id"], "affiliate_id": json.Number(n.Affiliate)}, 201).text("url")
			n.convert(t, "clickid", mustClick(t, link), "com", "1", "txid", "other")
			count := 0
			for _, scopes := range want {
				count += len(scopes)
			}
			r.await(t, count-len(want["without the goal's"])) // what still waits would be kept back with its postback
			n.c.must("PATCH", "/postbacks/"+byGoal.text("id"), object{"active": false}, 200)
			n.convert(t, "goal", "lead", "com", "1", "txid", "without the goal's")
			got := map[string][]string{}
			for _, call := range r.await(t, count) {
				tx := call.url.Query().Get("tx")
				got[tx] = append(got[tx], call.url.Query().Get("scope"))
			}
			for tx, scopes := range want {
				if slices.Sort(got[tx]); !slices.Equal(got[tx], scopes) {
					t.Errorf("fire %s, %s: %v fired, want %v", fire, tx, got[tx], scopes)
				}
			}
		}
	})

	t.Run("statuses and goals", func(t *testing.T) {
		t.Parallel()
		n := w.mustNetwork(c.as(t), nil, object{"goals": []object{{"alias": "default", "is_default": true}, {"alias": "lead"}}})
		n.c.must("PATCH", "/affiliates/"+n.Affiliate, object{"fire": "all"}, 200)
		goals := n.c.must("GET", "/offers/"+n.Offer+"/goals", nil, 200).items(t)
		r := mustReceiver(t)
		plain := n.mustPostback(t, r.URL+"/?pb=plain&status={status}&mapped={status:approved=1,rejected=2}&tx={txid}", nil)
		if fmt.Sprint(plain["statuses"]) != "[approved]" || plain.text("method") != "GET" || plain["active"] != true || plain["paused_reason"] != nil {
			t.Errorf("the defaults of a postback: %v", plain)
		}
		n.mustPostback(t, r.URL+"/?pb=wide&status={status}&mapped={status:approved=1,rejected=2}&tx={txid}", object{"statuses": []string{"approved", "pending", "rejected"}})
		for _, g := range goals {
			if g.text("alias") == "lead" {
				n.mustPostback(t, r.URL+"/?pb=lead&status={status}&tx={txid}", object{"goal_ids": []any{g["id"]}})
			}
		}
		_, first := n.convert(t, "com", "1", "txid", "A", "status", "pending")
		r.await(t, 1)
		n.convert(t, "clickid", first.text("click_id"), "com", "1", "txid", "A", "status", "approved")
		r.await(t, 3)
		n.convert(t, "clickid", first.text("click_id"), "com", "1", "txid", "A", "status", "approved") // a duplicate fires nothing
		n.convert(t, "clickid", first.text("click_id"), "com", "1", "txid", "A", "status", "rejected")
		r.await(t, 4)
		n.convert(t, "com", "1", "txid", "B", "goal", "lead")
		var got []string
		for _, call := range r.await(t, 7) {
			q := call.url.Query()
			got = append(got, strings.TrimSpace(fmt.Sprint(q.Get("tx"), " ", q.Get("pb"), " ", q.Get("status"), " ", q.Get("mapped"))))
		}
		slices.Sort(got)
		want := []string{"A plain approved 1", "A wide approved 1", "A wide pending", "A wide rejected 2", "B lead approved", "B plain approved 1", "B wide approved 1"}
		for i, line := range got {
			if i >= len(want) || strings.TrimSuffix(line, " pending") != want[i] && line != want[i] {
				t.Errorf("received %q, want %q", got, want)
				break
			}
		}
	})

	t.Run("macros", func(t *testing.T) {
		t.Parallel()
		n := w.mustNetwork(c.as(t), nil, object{"name": "Shoes & more", "show_value": false, "goals": []object{{"alias": "default", "is_default": true}}})
		want := map[string]string{"offer_id": n.Offer, "affiliate_id": n.Affiliate, "source": "s/o", "ip": "127.0.0.1", "creative_id": "cr7", "aff_click_id": "AC 1&2",
			"txid": "TX 1", "status": "approved", "payout": "2.50", "commission": "2.50", "currency": "USD", "goal": "default", "offer_name": "Shoes & more", "test": "0",
			"deep_link": "https://shop.example/p?a=1&b=2", "val": ""}
		names := []string{"click_id", "clickid", "s2sidentifier", "transaction_id", "conversion_id", "goal_id", "click_time", "conversion_time", "date", "delivery_id", "timestamp", "rand", "country", "device", "os", "browser", "language"}
		click := "&aff_click_id=AC+1%262&source=s%2Fo&creative_id=cr7&deep_link=" + url.QueryEscape("https://shop.example/p?a=1&b=2")
		call := []string{"txid", "TX 1", "com", "2.5", "val", "77.70"}
		for i := 1; i <= 10; i++ {
			click += fmt.Sprintf("&sub%d=s%%26%d", i, i)
			want[fmt.Sprintf("sub%d", i)] = fmt.Sprintf("s&%d", i)
			want[fmt.Sprintf("param%d", i)] = fmt.Sprintf("p&%d", i)
			want[fmt.Sprintf("event%d", i)] = fmt.Sprint(i)
			call = append(call, fmt.Sprintf("param%d", i), fmt.Sprintf("p&%d", i), fmt.Sprintf("event%d", i), fmt.Sprint(i))
		}
		var query []string
		for _, name := range append(slices.Collect(maps.Keys(want)), names...) {
			query = append(query, name+"_0={"+name+"}", name+"_1=#"+name+"#", name+"_2=["+name+"]")
		}
		r := mustReceiver(t)
		n.mustPostback(t, r.URL+"/pb?"+strings.Join(query, "&")+"&raw={_sub1}", nil)
		id := mustClick(t, n.Link+click)
		answer, conversion := n.convert(t, append(call, "clickid", id)...)
		q := r.await(t, 1)[0].url.Query()
		delivery := n.deliveries(t, answer.text("conversion_id"), "delivered", 1)[0]
		for _, name := range []string{"click_id", "clickid", "s2sidentifier", "transaction_id"} {
			want[name] = id
		}
		want["conversion_id"], want["goal_id"] = answer.text("conversion_id"), conversion.text("goal_id")
		for name, value := range want {
			for i := range 3 {
				if got := q.Get(fmt.Sprintf("%s_%d", name, i)); got != value && !(name == "test" && got == "") {
					t.Errorf("%s, spelling %d: %q, want %q", name, i, got, value)
				}
			}
		}
		if q.Get("delivery_id_0") == "" || q.Get("delivery_id_0") != delivery.text("id") {
			t.Errorf("delivery_id %q of delivery %s", q.Get("delivery_id_0"), delivery.text("id"))
		}
		for _, name := range []string{"click_time_0", "conversion_time_0", "date_0", "timestamp_0", "rand_0"} {
			if q.Get(name) == "" || strings.ContainsAny(q.Get(name), "{}") {
				t.Errorf("%s is %q", name, q.Get(name))
			}
		}
		n.c.must("PATCH", "/offers/"+n.Offer, object{"show_value": true}, 200)
		n.convert(t, "com", "1", "val", "77.70")
		if got := r.await(t, 2)[1].url.Query().Get("val_0"); got != "77.70" && got != "77.7" {
			t.Errorf("val of an offer that shows it: %q", got)
		}
	})

	t.Run("signed POST", func(t *testing.T) {
		t.Parallel()
		n := w.mustNetwork(c.as(t), nil, nil)
		r := mustReceiver(t)
		pb := n.mustPostback(t, r.URL+"/hook?tx={txid}", object{"method": "POST"})
		secret := pb.text("signing_secret")
		answer, _ := n.convert(t, "com", "1", "txid", "P1")
		first := r.await(t, 1)[0]
		if first.method != "POST" || !signedBy(t, first, secret) || first.url.Query().Get("tx") != "P1" {
			t.Errorf("received %+v", first)
		}
		if signedBy(t, received{header: first.header, body: first.body + " "}, secret) {
			t.Error("the signature covers no body")
		}
		delivery := n.deliveries(t, answer.text("conversion_id"), "delivered", 1)[0]
		assertFields(t, delivery, map[string]string{"method": "POST", "postback_id": pb.text("id"), "click_id": answer.text("click_id")})
		attempts := delivery["attempts"].([]any)
		if len(attempts) != 1 {
			t.Fatalf("attempts %v", attempts)
		}
		assertFields(t, attempts[0].(map[string]any), map[string]string{"number": "1", "status_code": "200", "response_body": "thank you"})

		rotated := n.c.must("POST", "/postbacks/"+pb.text("id")+"/rotate-secret", nil, 200).text("signing_secret")
		n.c.must("POST", "/deliveries/"+delivery.text("id")+"/resend", nil, 200)
		second := r.await(t, 2)[1]
		if rotated == secret || !signedBy(t, second, rotated) || !signedBy(t, second, secret) {
			t.Errorf("after the rotation: %+v", second)
		}
		if id := first.header.Get("Webhook-Id"); id == "" || second.header.Get("Webhook-Id") != id {
			t.Errorf("Webhook-Id of a resend: %q, first %q", second.header.Get("Webhook-Id"), id)
		}
		get := mustReceiver(t)
		n.mustPostback(t, get.URL+"/?tx={txid}", object{"offer_id": json.Number(n.Offer)})
		n.convert(t, "com", "1", "txid", "P2")
		if call := get.await(t, 1)[0]; call.method != "GET" || call.header.Get("Webhook-Id") == "" || call.body != "" {
			t.Errorf("GET: %+v", call)
		}
	})

	t.Run("answers", func(t *testing.T) {
		t.Parallel()
		next := func(d object) time.Duration {
			at, err := time.Parse(time.RFC3339, d.text("next_attempt_at"))
			if err != nil {
				t.Errorf("next_attempt_at %q", d.text("next_attempt_at"))
			}
			return time.Until(at)
		}
		for name, tc := range map[string]struct {
			status   int
			headers  []string
			want     string // of the delivery
			from, to time.Duration
		}{
			"204 is success":              {204, nil, "delivered", 0, 0},
			"299 is success":              {299, nil, "delivered", 0, 0},
			"a redirect is not followed":  {302, []string{"Location", "/elsewhere"}, "retrying", -time.Minute, 6 * time.Second},
			"404 is tried again":          {404, nil, "retrying", -time.Minute, 6 * time.Second},
			"500 is tried again":          {500, nil, "retrying", -time.Minute, 6 * time.Second},
			"Retry-After of a 429":        {429, []string{"Retry-After", "3600"}, "retrying", 55 * time.Minute, 70 * time.Minute},
			"Retry-After of a 503":        {503, []string{"Retry-After", "7200"}, "retrying", 115 * time.Minute, 140 * time.Minute},
			"Retry-After as a date":       {503, []string{"Retry-After", time.Now().Add(2 * time.Hour).UTC().Format(http.TimeFormat)}, "retrying", 110 * time.Minute, 140 * time.Minute},
			"Retry-After of days is 24 h": {503, []string{"Retry-After", "864000"}, "retrying", 20 * time.Hour, 27 * time.Hour},
			"Retry-After of a 500 is not": {500, []string{"Retry-After", "3600"}, "retrying", -time.Minute, 6 * time.Second},
		} {
			n := w.mustNetwork(c.as(t), nil, nil)
			r := mustReceiver(t)
			r.answers(tc.status, tc.headers...)
			n.mustPostback(t, r.URL+"/?tx={txid}", nil)
			answer, _ := n.convert(t, "com", "1")
			r.await(t, 1)
			d := n.deliveries(t, answer.text("conversion_id"), tc.want, 1)[0]
			if attempt := object(d["attempts"].([]any)[0].(map[string]any)); attempt.text("status_code") != fmt.Sprint(tc.status) {
				t.Errorf("%s: attempt %v", name, attempt)
			}
			if tc.want == "retrying" {
				// On a machine that is busy for seconds the second attempt may have been made already.
				if wait := next(d); wait > tc.to && len(d["attempts"].([]any)) == 1 || wait < tc.from {
					t.Errorf("%s: next attempt in %s", name, wait)
				}
			}
			for _, call := range r.all() {
				if call.url.Path != "/" {
					t.Errorf("%s: %s was called", name, call.url)
				}
			}
			r.answers(200)
		}
	})

	t.Run("410 pauses", func(t *testing.T) {
		t.Parallel()
		n := w.mustNetwork(c.as(t), nil, nil)
		r := mustReceiver(t)
		r.answers(http.StatusGone)
		pb := n.mustPostback(t, r.URL+"/", nil)
		n.convert(t, "com", "1")
		var now object
		eventually(t, 25*time.Second, "the postback is paused", func() bool {
			now = n.c.must("GET", "/postbacks/"+pb.text("id"), nil, 200)
			return now["active"] == false
		})
		if now.text("paused_reason") == "" {
			t.Errorf("paused without a reason: %v", now)
		}
		n.convert(t, "com", "1")
		r.answers(200)
		if now = n.c.must("PATCH", "/postbacks/"+pb.text("id"), object{"active": true}, 200); now["active"] != true || now["paused_reason"] != nil {
			t.Errorf("active again: %v", now)
		}
		before := len(r.all())
		n.convert(t, "com", "1", "txid", "after")
		r.await(t, before+1)
	})

	t.Run("superseded and resent", func(t *testing.T) {
		t.Parallel()
		n := w.mustNetwork(c.as(t), nil, nil)
		r := mustReceiver(t)
		r.answers(http.StatusServiceUnavailable, "Retry-After", "3600")
		pb := n.mustPostback(t, r.URL+"/?s={status}", object{"statuses": []string{"approved", "rejected"}})
		answer, conversion := n.convert(t, "com", "1", "txid", "S")
		id := answer.text("conversion_id")
		n.deliveries(t, id, "retrying", 1)
		r.answers(200)
		n.convert(t, "clickid", conversion.text("click_id"), "txid", "S", "status", "rejected")
		sent := n.deliveries(t, id, "delivered", 1)[0]
		old := n.deliveries(t, id, "failed", 1)[0]
		if old.text("reason") != "superseded" || !strings.Contains(sent.text("url"), "s=rejected") {
			t.Errorf("the older %v, the newer %v", old, sent)
		}
		got := n.c.must("POST", "/deliveries/resend", object{"postback_id": pb["id"], "status": "delivered"}, 200)
		if got.text("count") != "1" {
			t.Errorf("resent by filter: %v", got)
		}
		calls := r.await(t, 3)
		if calls[1].header.Get("Webhook-Id") != calls[2].header.Get("Webhook-Id") || calls[0].header.Get("Webhook-Id") == calls[1].header.Get("Webhook-Id") {
			t.Errorf("Webhook-Ids %q %q %q", calls[0].header.Get("Webhook-Id"), calls[1].header.Get("Webhook-Id"), calls[2].header.Get("Webhook-Id"))
		}
		for filter, want := range map[string]int{"conversion_id=" + id: 2, "click_id=" + answer.text("click_id"): 2, "postback_id=" + pb.text("id"): 2, "affiliate_id=" + n.Affiliate: 2,
			"affiliate_id=" + n.Affiliate + "&status=failed": 1, "from=2020-01-01&to=2020-01-02&affiliate_id=" + n.Affiliate: 0} {
			if list := n.c.must("GET", "/deliveries?"+filter, nil, 200).items(t); len(list) != want {
				t.Errorf("/deliveries?%s: %d, want %d", filter, len(list), want)
			}
		}
	})

	t.Run("test and backfill", func(t *testing.T) {
		t.Parallel()
		n := w.mustNetwork(c.as(t), nil, nil)
		n.convert(t, "com", "1", "txid", "early")
		r := mustReceiver(t)
		pb := n.mustPostback(t, r.URL+"/?tx={txid}&test={test}", nil)
		got := n.c.must("POST", "/postbacks/"+pb.text("id")+"/test", nil, 200)
		assertFields(t, got, map[string]string{"method": "GET", "status_code": "200", "response_body": "thank you", "error": ""})
		if call := r.await(t, 1)[0]; call.url.Query().Get("test") != "1" || !strings.HasPrefix(got.text("url"), r.URL) {
			t.Errorf("the test: %v, %v", call.url, got)
		}
		r.answers(500)
		if got := n.c.must("POST", "/postbacks/"+pb.text("id")+"/test", nil, 200); got.text("status_code") != "500" {
			t.Errorf("a test that fails: %v", got)
		}
		r.answers(200)
		period := object{"from": "2020-01-01", "to": time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly)}
		dry := object{"dry_run": true}
		maps.Copy(dry, period)
		for i, body := range []object{dry, period} {
			if got := n.c.must("POST", "/postbacks/"+pb.text("id")+"/backfill", body, 200); got.text("count") != "1" {
				t.Errorf("backfill %d: %v", i, got)
			}
		}
		if calls := r.await(t, 3); calls[2].url.Query().Get("tx") != "early" {
			t.Errorf("back-filled %v", calls[2].url)
		}
	})

	t.Run("addresses", func(t *testing.T) {
		t.Parallel()
		n := w.mustNetwork(c.as(t), nil, nil)
		for _, address := range []string{"http://10.0.0.1/", "http://192.168.1.1/", "http://172.16.0.1/", "http://127.0.0.2/", "http://[::1]/", "http://0.0.0.0/", "http://169.254.169.254/latest/",
			"http://[fe80::1]/", "http://[fd00:ec2::254]/", "http://[::ffff:10.0.0.1]/", "http://100.64.0.1/", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/", "http://127.1/",
			"http://user:pw@93.184.216.34/", "http://user@93.184.216.34/", "http://93.184.216.34:8080/", "https://93.184.216.34:22/", "ftp://93.184.216.34/", "file:///etc/passwd", "javascript:alert(1)",
			"//93.184.216.34/", "93.184.216.34", "", "http://", "http://{sub1}/", "http://{sub1}.example/", "http://93.184.216.34:{sub1}/", "http://224.0.0.1/", "http://255.255.255.255/", "http://[::ffff:7f00:2]/"} {
			got := n.c.must("POST", "/postbacks", object{"affiliate_id": json.Number(n.Affiliate), "url": address}, http.StatusUnprocessableEntity)
			if !strings.Contains(got.text("errors"), "url") {
				t.Errorf("%s: the error names no url: %v", address, got)
			}
		}
		for _, address := range []string{"http://127.0.0.1/", "http://127.0.0.1:1/x", "https://127.0.0.1:8443/", "http://93.184.216.34/", "https://93.184.216.34:443/?c={click_id}", "http://93.184.216.34:80/"} {
			n.mustPostback(t, address, object{"active": false})
		}
		unknown := n.mustPostback(t, "https://tracker.no-such-name.invalid/?c={click_id}", nil)
		if len(unknown["warnings"].([]any)) == 0 {
			t.Errorf("a name that does not resolve is saved without a warning: %v", unknown)
		}
	})
}
