package portalaffiliate

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/portal/portaltest"
)

// postbackNetwork is a network with these pages alone.
func postbackNetwork(t *testing.T) *portaltest.Network {
	t.Helper()
	n := portaltest.New(t)
	postbackRoutes(n.Portal.Door(n.Echo, portal.Door{Kind: portal.Affiliate, Name: "Affiliate portal"}),
		postbackPages{postbacks: n.Postbacks, offers: n.Offers, conversions: n.Conversions, clicks: n.Clicks, history: n.History})
	return n
}

func page(n *portaltest.Network, i int, below string) string {
	return fmt.Sprintf("/affiliate/postbacks/%d%s", n.PostbackOf[i].ID, below)
}

func TestPostbackList(t *testing.T) {
	t.Parallel()
	n := postbackNetwork(t)
	list := n.Affiliate(0).Get("/affiliate/postbacks").Is(200)
	list.Shows("Global postback", "tracker.example", "Kettle Coffee", "broken.example", "Failing", "200 Delivered", "Approved, Rejected", "Add postback")
	if strings.Index(list.Text(), "tracker.example") > strings.Index(list.Text(), "broken.example") {
		t.Error("the global postback is not the first")
	}
	list.Lacks("hush")
	n.Affiliate(1).Get("/affiliate/postbacks").Is(200).Shows("No postback yet", "Set global postback").Lacks("tracker.example")
	n.Affiliate(0).Get("/affiliate/postbacks/global").To(page(n, 0, "")).Is(200).Shows("Global postback")
	n.Affiliate(1).Get("/affiliate/postbacks/global").Is(200).Shows("Global postback", "Create postback")
}

func TestPostbackPage(t *testing.T) {
	t.Parallel()
	n := postbackNetwork(t)
	global := n.Affiliate(0).Get(page(n, 0, "")).Is(200)
	global.Shows("Called for every conversion on every offer", "Delivered, 24 h", "Success rate", "8 over 28 hours", "15 seconds", "On 410, or 72 h of failures",
		"Valid HTTPS URL, 3 tokens, includes your click ID.", "Delivery log", "Live", "200 Delivered")
	if got := global.Field("url"); got != n.PostbackOf[0].URL {
		t.Errorf("the form holds %s", got)
	}
	broken := n.Affiliate(0).Get(page(n, 1, "")).Is(200)
	broken.Shows("Kettle Coffee", "The tracker does not accept calls right now.", "500 Retry", "The tracker has a fault of its own"[4:], "1 of 9", "Signature", "Show secret")
	broken.Lacks(n.PostbackOf[1].SigningSecret)
	n.Affiliate(0).Get(page(n, 1, "?secret=show")).Is(200).Shows(n.PostbackOf[1].SigningSecret)
	broken.Shows("Resend")
	n.Affiliate(0).Get(page(n, 1, "?status=delivered")).Is(200).Shows("No deliveries with this result")
	log := n.Affiliate(0).Part(page(n, 0, "?live=off"), "log").Is(200).Shows("Paused", "Go live").Lacks("<html", "hx-sse:connect")
	if len(log.All("section", "id", "log")) != 1 {
		t.Errorf("the part is %s", log.Body)
	}
}

// Two of a team have the same form open: the second is told, and what was typed stays.
func TestStalePostbackForm(t *testing.T) {
	t.Parallel()
	n := postbackNetwork(t)
	b := n.Affiliate(0)
	form := url.Values{"scope": {"global"}, "url": {"https://second.example/p?cid={aff_click_id}"}, "method": {"GET"}, "statuses": {"approved"}, "seen": {b.Get(page(n, 0, "")).Field("seen")}}
	n.Now = n.Now.Add(time.Second)
	b.Post(page(n, 0, "/pause"), nil).To(page(n, 0, ""))
	stale := b.Post(page(n, 0, ""), form).Is(422).Shows("was changed since you opened it")
	if n.Count("SELECT count(*) FROM postbacks WHERE url LIKE 'https://second%'") != 0 || stale.Field("url") != form.Get("url") {
		t.Errorf("the stale form was saved, or came back with %q", stale.Field("url"))
	}
	form.Set("seen", stale.Field("seen"))
	b.Post(page(n, 0, ""), form).To(page(n, 0, "")).Shows("Postback saved.", "Paused")
}

func TestPostbackIsCreatedChangedAndRestored(t *testing.T) {
	t.Parallel()
	n := postbackNetwork(t)
	b := n.Affiliate(1)
	form := url.Values{"url": {"https://new.example/p?cid={aff_click_id}&key=old"}, "method": {"GET"}, "statuses": {"approved"}, "offer_id": {fmt.Sprint(n.OfferOf[portaltest.Private].ID)}}
	made := b.Post("/affiliate/postbacks", form)
	id := n.Count("SELECT max(id) FROM postbacks")
	path := fmt.Sprintf("/affiliate/postbacks/%d", id)
	made.To(path).Is(200).Shows("Secret deals", "Postback created.", "No deliveries yet")
	if got := n.Count("SELECT count(*) FROM postbacks WHERE affiliate_id = $1 AND active", n.AffiliateOf[1].ID); got != 1 {
		t.Errorf("%d postbacks", got)
	}

	n.Now = n.Now.Add(time.Minute)
	// What is wrong stands at its field, and what was typed stays.
	form.Set("url", "ftp://new.example/{aff_click_id}")
	refused := b.Post(path, form).Is(422)
	if got := refused.Field("url"); got != "ftp://new.example/{aff_click_id}" || len(refused.All("textarea", "aria-invalid", "true")) != 1 {
		t.Errorf("the form came back with %q", got)
	}
	form.Set("url", "https://newer.example/p?cid={aff_click_id}&key=new")
	form.Del("statuses")
	b.Post(path, form).Is(422).Shows("Choose at least one status")
	form["statuses"] = []string{"approved", "rejected"}
	form.Set("method", "POST")
	b.Post(path, form).To(path).Shows("Postback saved.", "Signature")

	// The history tells both, and puts the first version back into the form with the present secret.
	story := b.Get(path+"/history").Is(200).Shows("Created by", "Changed by", "affiliate1@users.example", "https://new.example/p?cid={aff_click_id}&key=***", "Approved, Rejected")
	restore := ""
	for _, href := range story.Links() {
		if strings.Contains(href, "?version=") {
			restore = href
		}
	}
	n.Exec(`INSERT INTO audit_log (id, at, user_id, actor, ip, action, object_type, object_id)
		SELECT gen_random_uuid(), $2, 0, 'system', '', 'postback.test', 'postback', $1 FROM generate_series(1, 501)`, path[strings.LastIndex(path, "/")+1:], n.Now.Add(time.Second))
	old := b.Get(restore).Is(200).Shows("not saved yet")
	if got := old.Field("url"); got != "https://new.example/p?cid={aff_click_id}&key=new" {
		t.Errorf("the restored URL is %q", got)
	}
	if got := n.Count("SELECT count(*) FROM postbacks WHERE url LIKE 'https://newer%'"); got != 1 {
		t.Error("looking at a version changed the postback")
	}

	n.Now = n.Now.Add(time.Minute)
	b.Post(path+"/pause", nil).To(path).Shows("Paused.", "Resume")
	b.Post(path+"/resume", nil).To(path).Shows("Active", "Pause")
	b.Post(path+"/rotate", nil).To(path + "?secret=show#signing")
	b.Get(path+"/history").Is(200).Shows("Paused by", "Resumed by", "Signing secret rotated")
	b.Post(path+"/delete", nil).To("/affiliate/postbacks").Shows("Postback deleted.", "No postback yet")
}

func TestGlobalPostbackKeepsItsScope(t *testing.T) {
	t.Parallel()
	n := postbackNetwork(t)
	goal := n.OfferOf[portaltest.Public].Goals[0].ID
	n.Exec("UPDATE postbacks SET goal_ids = ARRAY[$1::bigint] WHERE id = $2", int64(goal), int64(n.PostbackOf[0].ID))
	form := url.Values{"url": {n.PostbackOf[0].URL}, "method": {"GET"}, "statuses": {"approved"}, "scope": {"global"}, "offer_id": {fmt.Sprint(n.OfferOf[0].ID)}}
	n.Affiliate(0).Post(page(n, 0, ""), form).To(page(n, 0, "")).Shows("Only some goals.", "Trial")
	if got := n.Count("SELECT count(*) FROM postbacks WHERE id = $1 AND offer_id IS NULL AND cardinality(goal_ids) = 1", int64(n.PostbackOf[0].ID)); got != 1 {
		t.Error("saving the global postback changed its scope")
	}
}

func TestPostbackPreview(t *testing.T) {
	t.Parallel()
	n := postbackNetwork(t)
	b := n.Affiliate(0)
	preview := func(form url.Values) *portaltest.Page {
		t.Helper()
		return b.Post("/affiliate/postbacks/preview", form).Is(200)
	}
	sent := preview(url.Values{"url": {"https://t.example/?c={aff_click_id}&p={payout}"}, "method": {"GET"}, "statuses": {"approved"}})
	if marks := sent.All("mark", "", ""); len(marks) != 2 || portaltest.TextOf(marks[0]) != "test-click" {
		t.Errorf("%d filled values: %s", len(marks), sent.Body)
	}
	sent.Lacks("<html")
	preview(url.Values{"url": {"https://t.example/?c={externalid}"}}).Shows("{externalid}", "{aff_click_id}")
	preview(url.Values{"url": {"javascript:alert(1)"}}).Lacks("href=\"javascript")
	preview(url.Values{"url": {""}}).Shows("Type the URL")
	own := n.Results[portaltest.ClickLead].ConversionID
	preview(url.Values{"url": {"https://t.example/?c={aff_click_id}&g={goal}"}, "conversion_id": {own.String()}}).Shows("theirs-0", "lead", "with the values of this conversion")
	foreign := n.Results[4].ConversionID
	preview(url.Values{"url": {"https://t.example/?c={aff_click_id}"}, "conversion_id": {foreign.String()}}).Lacks("theirs-6")
	for _, evil := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `{{7*7}}`, `{<b>}`} {
		got := preview(url.Values{"url": {"https://t.example/?c={aff_click_id}&x=" + evil}})
		if len(got.All("script", "", ""))+len(got.All("img", "", ""))+len(got.All("b", "", "")) > 0 {
			t.Errorf("%s became markup: %s", evil, got.Body)
		}
	}
}

func TestPostbackXSS(t *testing.T) {
	t.Parallel()
	n := postbackNetwork(t)
	evil := `https://t.example/?c={aff_click_id}&x="><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}`
	n.Exec("UPDATE postbacks SET url = $1 WHERE id = $2", evil, int64(n.PostbackOf[0].ID))
	n.Exec("UPDATE offers SET name = '<script>alert(2)</script>' WHERE id = $1", int64(n.OfferOf[0].ID))
	n.Exec("UPDATE deliveries SET url = $1", evil)
	n.Exec("UPDATE delivery_attempts SET url = $1, response_body = $1", evil)
	d := n.Affiliate(0).Get("/affiliate/deliveries").Is(200)
	paths := []string{"/affiliate/postbacks", page(n, 0, ""), page(n, 0, "/history"), "/affiliate/deliveries?q=" + url.QueryEscape(evil), "/affiliate/postbacks/new?tracker=voluum&v=" + url.QueryEscape(evil)}
	for _, href := range d.Links() {
		if strings.HasPrefix(href, "/affiliate/deliveries/0") {
			paths = append(paths, href)
		}
	}
	if len(paths) < 6 {
		t.Fatalf("no link to a delivery: %v", d.Links())
	}
	for _, path := range paths {
		got := n.Affiliate(0).Get(path).Is(200)
		if strings.Contains(got.Body, "<script>alert") || strings.Contains(got.Body, "<img src=x") {
			t.Errorf("%s: a text is not escaped", path)
		}
		if len(got.All("script", "", "")) != 1 || len(got.All("img", "src", "x")) > 0 {
			t.Errorf("%s: a text became markup", path)
		}
	}
	posted := n.Affiliate(0).Post("/affiliate/postbacks", url.Values{"url": {`javascript:alert(1)//"><script>x</script>`}, "statuses": {"approved"}, "method": {"<script>"}}).Is(422)
	if len(posted.All("script", "", "")) != 1 {
		t.Error("the form came back with markup")
	}
}

func TestTrackers(t *testing.T) {
	t.Parallel()
	n := postbackNetwork(t)
	b := n.Affiliate(1)
	b.Get("/affiliate/postbacks/global").Is(200).Shows("Voluum", "PeerClick", "Binom", "Keitaro", "RedTrack", "ClickMeter", "BeMob", "Your own tracker")
	asked := b.Get("/affiliate/postbacks/global?tracker=keitaro").Is(200).Shows("Start from Keitaro", "Tracker domain", "Postback key", "aff_click_id={subid}")
	if got := asked.Field("url"); got != "" {
		t.Errorf("filled before the answers: %s", got)
	}
	filled := b.Get("/affiliate/postbacks/global?tracker=keitaro&v=https%3A%2F%2Ftrack.voss.example%2Fx&v=abc123").Is(200)
	if got := filled.Field("url"); !strings.HasPrefix(got, "https://track.voss.example/abc123/postback?subid={aff_click_id}&status={status:approved=sale") {
		t.Errorf("filled with %s", got)
	}
	for _, p := range trackers() {
		q := url.Values{"tracker": {p.Name}, "v": {"a.example", "b", "c", "d"}}
		got := b.Get("/affiliate/postbacks/global?" + q.Encode()).Is(200)
		if address := got.Field("url"); strings.Contains(address, "YOUR-") || address == "" {
			t.Errorf("%s: %q", p.Name, address)
		}
		got.Lacks("is not a known")
	}
}

const deedsSQL = "SELECT count(*) FROM audit_log WHERE object_type IN ('postback', 'delivery')"

// Another affiliate's postbacks and deliveries are not found, on any route; no stranger gets in; an advertiser and an
// operator have no business here.
func TestForeignPostbacks(t *testing.T) {
	t.Parallel()
	n := postbackNetwork(t)
	d := deliveriesOf(n, 0)[0].ID.String()
	gets := []string{page(n, 0, ""), page(n, 0, "/history"), page(n, 0, "/backfill"), page(n, 0, "/secret"), page(n, 0, "/stream"), "/affiliate/deliveries/" + d,
		"/affiliate/postbacks/0", "/affiliate/postbacks/x", "/affiliate/postbacks/99999999999999999999", "/affiliate/deliveries/x", "/affiliate/postbacks/9999/stream"}
	posts := []string{page(n, 0, ""), page(n, 0, "/test"), page(n, 0, "/pause"), page(n, 0, "/resume"), page(n, 0, "/rotate"), page(n, 0, "/delete"), page(n, 0, "/backfill"), "/affiliate/deliveries/" + d + "/resend"}
	form := url.Values{"url": {"https://evil.example/?c={aff_click_id}"}, "statuses": {"approved"}, "method": {"GET"}, "from": {"2020-01-01"}, "to": {"2030-01-01"}}
	before := n.Count(deedsSQL)
	for _, path := range gets {
		n.Affiliate(1).Get(path).Is(404).Lacks("tracker.example", "hush")
		n.Nobody().Get(path).Is(303)
	}
	for _, path := range posts {
		n.Affiliate(1).Post(path, form).Is(404)
		n.Affiliate(0).PostForged(path, form).Is(403)
		n.Advertiser(0).Post(path, form).Is(403)
		n.Operator(account.RoleAdmin).Post(path, form).Is(403)
	}
	n.Affiliate(1).Post("/affiliate/deliveries/resend", url.Values{"postback": {fmt.Sprint(n.PostbackOf[0].ID)}, "status": {"delivered"}}).Is(404)
	n.Affiliate(1).Get(fmt.Sprintf("/affiliate/deliveries?postback=%d", n.PostbackOf[0].ID)).Is(200).Lacks("tracker.example", "200 Delivered")
	n.Affiliate(1).Get(fmt.Sprintf("/affiliate/deliveries.csv?postback=%d", n.PostbackOf[0].ID)).Is(200).Lacks("tracker.example")
	form.Set("offer_id", fmt.Sprint(n.OfferOf[portaltest.Private].ID)) // which the first affiliate may not know
	n.Affiliate(0).Post("/affiliate/postbacks", form).Is(422)
	if after := n.Count(deedsSQL); after != before {
		t.Errorf("%d deeds of strangers", after-before)
	}
}

// An operator who views as the affiliate sees all and changes nothing.
func TestViewingPostbacks(t *testing.T) {
	t.Parallel()
	n := postbackNetwork(t)
	n.Portal.Door(n.Echo, portal.Door{Kind: portal.Admin, Name: "Admin portal"})
	b := n.Operator(account.RoleAdmin)
	b.Post(fmt.Sprintf("/admin/view-as/affiliate/%d", n.AffiliateOf[0].ID), nil).Is(303)
	shown := b.Get(page(n, 1, "?secret=show")).Is(200).Shows("Kettle Coffee", "500 Retry")
	shown.Lacks("Save changes", "Resume", "Send test postback", "Delete postback", "Resend", "Rotate", n.PostbackOf[1].SigningSecret)
	b.Get("/affiliate/postbacks").Is(200).Lacks("Add postback")
	for _, deed := range []string{"", "/test", "/pause", "/rotate", "/delete", "/backfill"} {
		if got := b.Post(page(n, 1, deed), url.Values{"url": {"https://x.example/"}, "statuses": {"approved"}}); got.Status != 403 {
			t.Errorf("%s: status %d", deed, got.Status)
		}
	}
}

func TestDeliveries(t *testing.T) {
	t.Parallel()
	n := postbackNetwork(t)
	b := n.Affiliate(0)
	all := deliveriesOf(n, 0)
	list := b.Get("/affiliate/deliveries").Is(200).Shows("Lumio Sleep", "Kettle Coffee", "200 Delivered", "500 Retry", fmt.Sprint(len(all))+" deliveries")
	list.Lacks("hush")
	b.Get("/affiliate/deliveries?status=failed").Is(200).Shows("No results with these filters", "Clear filters")
	b.Get("/affiliate/deliveries?q="+n.ClickIDs[portaltest.ClickHeld]).Is(200).Shows("Kettle Coffee", "1 delivery").Lacks("200 Delivered")
	b.Get("/affiliate/deliveries?q=nonsense").Is(200).Shows("No results with these filters")
	b.Get("/affiliate/deliveries?limit=1").Is(200).Shows("Older")
	csv := b.Get("/affiliate/deliveries.csv?status=delivered").Is(200)
	if !strings.HasPrefix(csv.Header.Get("Content-Type"), "text/csv") || !strings.HasPrefix(csv.Body, "id,created_at,conversion_id,click_id,postback_id") || strings.Contains(csv.Body, "hush") {
		t.Errorf("file: %s", csv.Body)
	}
	for _, d := range all {
		if d.PostbackID != n.PostbackOf[1].ID {
			continue
		}
		path := "/affiliate/deliveries/" + d.ID.String()
		b.Get(path).Is(200).Shows("POST https://broken.example/pb?cid=theirs-3", "Webhook-Id: "+d.ID.String(), "no such campaign", "500 Internal Server Error", "Next try")
		b.Part(path, "sheet").Is(200).Shows("no such campaign").Lacks("<html")
		b.Post(path+"/resend", url.Values{"back": {page(n, 1, "")}}).To(page(n, 1, "")).Shows("is being sent again")
		b.Post(path+"/resend", url.Values{"back": {"https://evil.example/"}}).To(path)
		b.Post(path+"/resend", url.Values{"back": {"//evil.example/affiliate/"}}).To(path)
	}
}

func deliveriesOf(n *portaltest.Network, i int) []postback.Delivery {
	list, err := n.Postbacks.ListDeliveries(context.Background(), n.Affiliate(i).Actor(), postback.DeliveryFilter{}, domain.Page{})
	if err != nil {
		n.Fatal(err)
	}
	return list.Items
}

func TestBackfill(t *testing.T) {
	t.Parallel()
	n := postbackNetwork(t)
	b := n.Affiliate(1)
	b.Post("/affiliate/postbacks", url.Values{"url": {"https://late.example/?c={aff_click_id}"}, "statuses": {"approved"}, "scope": {"global"}}).Is(303)
	path := fmt.Sprintf("/affiliate/postbacks/%d/backfill", n.Count("SELECT max(id) FROM postbacks"))
	day := n.Now.Format(time.DateOnly)
	b.Get(path+"?from="+day+"&to="+day).Is(200).Shows("1 conversion to be sent", "Send 1 postback")
	if got := n.Count("SELECT count(*) FROM deliveries WHERE affiliate_id = $1", int64(n.AffiliateOf[1].ID)); got != 0 {
		t.Fatalf("counting sent %d", got)
	}
	b.Get(path + "?from=x&to=" + day).Is(422).Shows("Must be a day")
	b.Post(path, url.Values{"from": {day}, "to": {day}}).Is(303)
	if got := n.Count("SELECT count(*) FROM deliveries WHERE affiliate_id = $1", int64(n.AffiliateOf[1].ID)); got != 1 {
		t.Errorf("%d deliveries", got)
	}
	b.Get(path + "?from=" + day + "&to=" + day).Is(200).Shows("Nothing was missed")
}

func TestPausedBySystem(t *testing.T) {
	t.Parallel()
	n := postbackNetwork(t)
	id := int64(n.PostbackOf[0].ID)
	n.Exec("UPDATE postbacks SET active = false, paused_reason = 'gone' WHERE id = $1", id)
	n.Affiliate(0).Get(page(n, 0, "")).Is(200).Shows("Paused because the tracker answered 410 Gone.", "then resume", "Resume the postback first")
	n.Exec("UPDATE postbacks SET paused_reason = 'failing', failing_since = $2, failures = 11 WHERE id = $1", id, n.Now.Add(-80*time.Hour))
	n.Affiliate(0).Get(page(n, 0, "")).Is(200).Shows("Paused because the tracker accepted nothing.", "in 11 tries")
	n.Affiliate(0).Post(page(n, 0, "/resume"), nil).To(page(n, 0, "")).Lacks("Paused because")
	n.Affiliate(0).Post(page(n, 0, "/delete"), nil).Is(422).Shows("pause it instead")
}

// receiver is a tracker on this machine.
type receiver struct {
	mu     sync.Mutex
	status int
	got    []string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, q.URL.RequestURI())
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(r.status)
	_, _ = io.WriteString(w, `{"tracker":"heard <b>you</b>"}`)
}

func (r *receiver) answer(status int) { r.mu.Lock(); r.status = status; r.mu.Unlock() }

func (r *receiver) heard() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.got...)
}

// client makes requests for real; the one of the program is tested in package outbound.
type client struct{}

func (client) Send(ctx context.Context, r postback.Request) postback.Response {
	request, err := http.NewRequestWithContext(ctx, r.Method, r.URL, strings.NewReader(r.Body))
	if err != nil {
		return postback.Response{Error: postback.ErrorInvalidURL}
	}
	detail := &postback.Detail{}
	for name, value := range r.Header {
		request.Header.Set(name, value)
		detail.Sent = append(detail.Sent, postback.HeaderLine{Name: name, Value: value})
	}
	began := time.Now()
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return postback.Response{Error: postback.ErrorConnect}
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	detail.Timing.Wait, detail.Status = time.Since(began), answer.Proto+" "+answer.Status
	return postback.Response{StatusCode: answer.StatusCode, Body: string(body), Detail: detail}
}

// A real receiver: a test of what is saved and of what is not, a resend of what failed, and the row that comes alive.
func TestRealReceiver(t *testing.T) {
	t.Parallel()
	n := postbackNetwork(t)
	tracker := &receiver{status: 404}
	server := httptest.NewServer(tracker)
	defer server.Close()
	n.Postbacks.Sender = client{}
	n.Exec("UPDATE postbacks SET url = $1, method = 'GET' WHERE id = $2", server.URL+"/saved?c={aff_click_id}&t={test}", int64(n.PostbackOf[0].ID))
	b := n.Affiliate(0)

	shown := b.Post(page(n, 0, "/test"), nil).Is(200).Shows("404 Not Found", "The tracker does not know this address", "DNS", "Connect", "TLS", "Answer", `{"tracker":"heard <b>you</b>"}`, "GET "+server.URL+"/saved?c=test-click&t=1")
	if len(shown.All("form", "id", "pb")) != 1 {
		t.Error("without scripts a test does not answer with its page")
	}
	tracker.answer(200)
	own := n.Results[portaltest.ClickLead].ConversionID
	b.Post(page(n, 0, "/test"), url.Values{"url": {server.URL + "/unsaved?c={aff_click_id}&t={test}"}, "method": {"POST"}, "conversion_id": {own.String()}}).Is(200).
		Shows("200 OK", "POST "+server.URL+"/unsaved?c=theirs-0&t=1", "Webhook-Signature", `"type":"conversion.`)
	b.Post(page(n, 0, "/test"), url.Values{"url": {"ftp://x/"}}).Is(422)
	b.Post(page(n, 0, "/test"), url.Values{"conversion_id": {n.Results[4].ConversionID.String()}}).Is(422).Lacks("theirs-6")
	if got := tracker.heard(); len(got) != 2 || got[0] != "/saved?c=test-click&t=1" || got[1] != "/unsaved?c=theirs-0&t=1" {
		t.Fatalf("the tracker heard %v", got)
	}
	if got := n.Count("SELECT count(*) FROM deliveries WHERE url LIKE $1", server.URL+"%"); got != 0 {
		t.Error("a test left a delivery")
	}

	// The stream shows what the page shows, then each change of it.
	n.Exec("UPDATE deliveries SET status = 'failed', reason = 'http_4xx', url = $1, host = $2 WHERE postback_id = $3 AND conversion_id = $4", server.URL+"/again?c=1", strings.TrimPrefix(server.URL, "http://"),
		int64(n.PostbackOf[0].ID), [16]byte(own.UUID))
	rows := stream(t, n, b, page(n, 0, "/stream"))
	rows.until("404 Failed", "200 Failed") // its last answer was the fixture's
	b.Get(page(n, 0, "")).Is(200).Shows("Resend all failed", "Resend 1 failed postback?")
	b.Post("/affiliate/deliveries/resend", url.Values{"postback": {fmt.Sprint(n.PostbackOf[0].ID)}, "status": {"failed"}, "back": {page(n, 0, "")}}).To(page(n, 0, "")).Shows("1 delivery is being sent again")
	rows.until("Waiting")
	n.Deliver(strings.TrimPrefix(server.URL, "http://"))
	if got := tracker.heard(); len(got) != 3 || got[2] != "/again?c=1" {
		t.Fatalf("the tracker heard %v", got)
	}
	rows.until("200 Delivered")
	b.Post("/affiliate/deliveries/resend", url.Values{"postback": {"1"}}).Is(422)

	// One that is not saved yet.
	unsaved := n.Affiliate(1).Post("/affiliate/postbacks/test", url.Values{"url": {server.URL + "/new?c={aff_click_id}"}, "scope": {"global"}, "statuses": {"pending"}}).Is(200)
	unsaved.Shows("GET "+server.URL+"/new?c=test-click", "Create postback")
	if unsaved.Field("url") != server.URL+"/new?c={aff_click_id}" {
		t.Error("the form forgot what was tried")
	}
	n.Affiliate(1).Post("/affiliate/postbacks/test", nil).Is(422)
}

type rows struct {
	t     *testing.T
	lines chan string
}

// stream opens a page's stream, over HTTP.
func stream(t *testing.T, n *portaltest.Network, b *portaltest.Browser, path string) rows {
	t.Helper()
	server := httptest.NewServer(n.Echo)
	t.Cleanup(server.Close)
	t.Cleanup(n.Portal.EndStreams)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := n.Accounts.StartBrowser(t.Context(), b.User, "192.0.2.1", "test")
	if err != nil {
		t.Fatal(err)
	}
	request.AddCookie(&http.Cookie{Name: "waypost_session", Value: token})
	answer, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("stream: %s %s", answer.Status, answer.Header)
	}
	r := rows{t: t, lines: make(chan string, 10_000)}
	go func() {
		defer close(r.lines)
		for scan := bufio.NewScanner(answer.Body); scan.Scan(); {
			r.lines <- scan.Text()
		}
	}()
	return r
}

// until reads on until a line holds one of the texts.
func (r rows) until(texts ...string) {
	r.t.Helper()
	for end := time.After(30 * time.Second); ; {
		select {
		case line, ok := <-r.lines:
			for _, text := range texts {
				if ok && strings.HasPrefix(line, "data:") && strings.Contains(line, text) {
					return
				}
			}
			if !ok {
				r.t.Fatalf("the stream ended before %q", texts)
			}
		case <-end:
			r.t.Fatalf("the stream never said %q", texts)
		}
	}
}
