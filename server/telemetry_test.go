package server

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	span "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
)

// spanSink receives spans as a collector of OpenTelemetry does.
type spanSink struct {
	*httptest.Server
	mu      sync.Mutex
	spans   []*span.Span
	raw     bytes.Buffer // all that came, as text
	headers http.Header
}

func newSpanSink(t *testing.T) *spanSink {
	t.Helper()
	s := &spanSink{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			plain, err := gzip.NewReader(body)
			if err != nil {
				t.Error(err)
				return
			}
			body = plain
		}
		data, err := io.ReadAll(body)
		var request collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(data, &request)
		}
		if err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.headers = r.Header
		s.raw.Write(data)
		for _, resource := range request.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				s.spans = append(s.spans, scope.Spans...)
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(s.Close)
	return s
}

// named are the spans of that name so far.
func (s *spanSink) named(name string) (all []*span.Span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.spans {
		if one.Name == name {
			all = append(all, one)
		}
	}
	return all
}

// attributeOf is a span's, as text.
func attributeOf(s *span.Span, key string) string {
	for _, a := range s.Attributes {
		if a.Key == key {
			return fmt.Sprint(a.Value)
		}
	}
	return ""
}

// TestSpansFollowAPostbackToItsDelivery: over a whole server; and nothing in them is secret or a stranger's.
func TestSpansFollowAPostbackToItsDelivery(t *testing.T) {
	t.Parallel()
	const hidden, stranger = "zqhunter2zq", "0af7651916cd43dd8448eb211c80319c"
	sink := newSpanSink(t)
	arrived := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { arrived <- r.Header.Get("Traceparent") }))
	t.Cleanup(receiver.Close)
	s := mustStart(t, quietLog, "OTEL_EXPORTER_OTLP_ENDPOINT="+sink.URL, "OTEL_EXPORTER_OTLP_HEADERS=api-key="+hidden, "WAYPOST_OUTBOUND_ALLOW=127.0.0.0/8")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	adv, _, err := s.services.advertisers.Create(ctx, tester, advertiser.Advertiser{Name: "Shop", Email: "shop@shop.example", Currency: "USD"})
	must(err)
	aff, _, err := s.services.affiliates.Create(ctx, tester, affiliate.Affiliate{Name: "Blog", Email: "blog@blog.example", Currency: "USD"})
	must(err)
	off, _, err := s.services.offers.Create(ctx, tester, offer.Offer{AdvertiserID: adv.ID, Name: "Offer", DestinationURL: "https://shop.example/?c={click_id}",
		Visibility: offer.VisibilityPublic, Status: offer.StatusActive, Goals: []offer.Goal{{Alias: "sale", Name: "Sale", IsDefault: true,
			Payout: fixedRule(offer.ModelPostback, ""), Revenue: fixedRule(offer.ModelFixed, "5"), InitialStatus: "approved"}}})
	must(err)
	_, _, err = s.services.postbacks.Create(ctx, tester, postback.Postback{AffiliateID: aff.ID, URL: receiver.URL + "/?token=" + hidden + "&p={payout}", Active: true,
		Statuses: []conversion.Status{"approved"}})
	must(err)
	location, err := url.Parse(s.ask(fmt.Sprintf("/click?o=%d&a=%d", off.ID, aff.ID)).Header().Get("Location"))
	must(err)
	must(s.track.loader.Flush(ctx)) // a call that comes before its click's row is decided twice
	call := httptest.NewRequest(http.MethodGet, "/postback?"+url.Values{"clickid": {location.Query().Get("c")}, "com": {"1"}, "token": {adv.PostbackToken}}.Encode(), nil)
	call.RemoteAddr = "127.0.0.1:1234"
	call.Header.Set("Traceparent", "00-"+stranger+"-b7ad6b7169203331-01")
	answer := httptest.NewRecorder()
	s.door.ServeHTTP(answer, call)
	if answer.Code != http.StatusOK || answer.Header().Get("X-Request-Id") == "" {
		t.Fatalf("%d %s %v", answer.Code, answer.Body, answer.Header())
	}
	select {
	case theirs := <-arrived:
		if theirs != "" {
			t.Error("a receiver is told of the trace")
		}
	case <-time.After(30 * time.Second):
		t.Fatal("no delivery arrived")
	}
	s.ask("/api/v1/offers?token=" + hidden)
	for deadline := time.Now().Add(30 * time.Second); len(sink.named("GET delivery")) == 0; time.Sleep(50 * time.Millisecond) {
		must(s.spans.provider.ForceFlush(ctx))
		if time.Now().After(deadline) {
			t.Fatal("no span of a delivery")
		}
	}
	request, batch, delivery := sink.named("GET /postback"), sink.named("RecordBatch"), sink.named("GET delivery")
	if len(request) != 1 || len(batch) != 1 {
		t.Fatalf("%d requests, %d batches", len(request), len(batch))
	}
	if string(batch[0].ParentSpanId) != string(request[0].SpanId) || string(batch[0].TraceId) != string(request[0].TraceId) {
		t.Error("the batch is not the child of its call")
	}
	if id := attributeOf(delivery[0], "waypost.conversion_id"); id == "" || !strings.Contains(attributeOf(batch[0], "waypost.conversion_ids"), strings.Trim(strings.SplitN(id, `"`, 3)[1], `"`)) {
		t.Errorf("the delivery is of %s, the batch of %s", id, attributeOf(batch[0], "waypost.conversion_ids"))
	}
	if address := attributeOf(delivery[0], "url.full"); !strings.Contains(address, "token=***") {
		t.Errorf("the delivery went to %s", address)
	}
	statements := 0
	for _, one := range sink.named("batch INSERT conversions") {
		statements++
		if string(one.TraceId) != string(batch[0].TraceId) {
			t.Error("the statements are not those of the batch")
		}
	}
	names := map[string]bool{}
	sink.mu.Lock()
	for _, one := range sink.spans {
		names[one.Name] = true
		if hex.EncodeToString(one.TraceId) == stranger {
			t.Errorf("%s follows a stranger's trace", one.Name)
		}
	}
	text, header := sink.raw.String(), sink.headers.Get("Api-Key")
	sink.mu.Unlock()
	if statements == 0 || len(sink.named("GET /api/v1/offers")) != 1 || len(sink.named("GET /click")) != 0 {
		t.Errorf("spans %v", names)
	}
	for _, secret := range []string{hidden, adv.PostbackToken} {
		if strings.Contains(text, secret) {
			t.Error("a span shows a secret")
		}
	}
	if header != hidden {
		t.Error("the headers of the settings did not come")
	}
}

// TestClicksAreTracedByTheirShare: none by default, all with 1.
func TestClicksAreTracedByTheirShare(t *testing.T) {
	t.Parallel()
	sink := newSpanSink(t)
	s := mustStart(t, quietLog, "OTEL_EXPORTER_OTLP_ENDPOINT="+sink.URL, "OTEL_TRACES_SAMPLER_ARG=0", "WAYPOST_TRACE_CLICKS=1")
	s.ask("/click?o=1&a=1")
	s.ask("/postback?clickid=x")
	if err := s.spans.provider.ForceFlush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(sink.named("GET /click")) != 1 || len(sink.named("GET /postback")) != 0 {
		t.Errorf("%v", sink.spans)
	}
}

// TestWithoutAnEndpointNothingIsTraced: nothing is wrapped then.
func TestWithoutAnEndpointNothingIsTraced(t *testing.T) {
	t.Parallel()
	var none *telemetry
	next := measuredSender{}
	if none.sender(next) != postback.Sender(next) || none.queries() != nil {
		t.Error("something is wrapped")
	}
}

func TestStatementsHaveNames(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		"begin": "BEGIN", "  COMMIT": "COMMIT",
		`SELECT * FROM "offers" WHERE id = $1 FOR UPDATE`:                                                  "SELECT offers",
		"WITH due AS (SELECT id FROM deliveries FOR UPDATE SKIP LOCKED) UPDATE deliveries d SET fence = 1": "UPDATE deliveries",
		"INSERT INTO conversion_keys (a) SELECT x FROM unnest($1) ON CONFLICT DO UPDATE SET a = 1":         "INSERT conversion_keys",
		"DELETE FROM trace_links WHERE expires_at < now()":                                                 "DELETE trace_links",
		"SELECT 'x'": "SELECT",
	} {
		if got := nameSQL(sql); got != want {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
}
