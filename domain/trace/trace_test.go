package trace_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/domain/trace"
)

var (
	operator   = trace.View{Commission: true, Revenue: true}
	affiliate  = trace.View{Commission: true}
	advertiser = trace.View{Revenue: true}
	start      = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
)

func at(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }

// id makes a UUID of a moment that shows its number.
func id(ms int, n byte) domain.UUID {
	u, err := domain.NewUUID(at(ms), strings.NewReader(strings.Repeat("\x00", 16)))
	if err != nil {
		panic(err)
	}
	u[15] = n
	return u
}

func figures(commission, revenue string) conversion.Figures {
	return conversion.Figures{Val: "100", Commission: commission, Revenue: revenue, Currency: "USD"}
}

func text(click.ID) string { return "click-text" }

// story is a click with two postbacks, one conversion that moved, its ledger and a delivery with two tries.
func story() trace.Rows {
	c := conversion.ID{UUID: id(1000, 1)}
	posting := func(p ledger.Party, from, to ledger.Account, minor int64) ledger.Entry {
		return ledger.Entry{ID: ledger.ID{UUID: id(1001, 9)}, ConversionID: c.UUID, At: at(1001),
			Posting: ledger.Posting{Party: p, From: from, To: to, Amount: money.NewAmount(minor, "USD"), Kind: ledger.KindConversion}}
	}
	return trace.Rows{
		Click: click.Click{ID: click.ID(id(0, 0)), OfferID: 3, AffiliateID: 12, AdvertiserID: 7, Facts: click.Facts{Country: "DE"}},
		Log: []conversion.LogEntry{
			{ID: conversion.LogID{UUID: id(500, 2)}, ReceivedAt: at(500), Method: "GET", Query: "clickid=x&token=***", HTTPStatus: 403,
				Status: conversion.OutcomeRefused, Code: "invalid_token", IP: "192.0.2.7"},
			{ID: conversion.LogID{UUID: id(999, 3)}, ReceivedAt: at(999), Method: "GET", Query: "clickid=x&payout=15&com=3&Revenue=9\nre%76enue=4&val=100",
				HTTPStatus: 200, Status: conversion.OutcomeRecorded, Code: "ok", ConversionID: c, IP: "192.0.2.7",
				Warnings: []string{"unfilled_macro"}, Ignored: []string{"com", "payout"}},
		},
		Events: []conversion.Event{
			{ConversionID: c, LogID: conversion.LogID{UUID: id(999, 3)}, Kind: conversion.EventCreated, To: "approved", Actor: "postback",
				Data: conversion.EventData{Figures: figures("12.50", "15.00")}, At: at(1001)},
			{ConversionID: c, Kind: conversion.EventStatusChange, From: "approved", To: "rejected", Actor: "admin", Reason: "refund",
				Data: conversion.EventData{Figures: figures("12.50", "15.00")}, At: at(5000)},
		},
		Entries: []ledger.Entry{
			posting("a12", "network:commission", "a12:approved", 1250),
			posting("d7", "network:revenue", "d7:receivable", 1500),
		},
		Deliveries: []postback.Delivery{{
			ID: postback.DeliveryID{UUID: id(1000, 4)}, CreatedAt: at(1000), PostbackID: 5, ConversionID: c, EventStatus: "approved",
			Method: "GET", URL: "https://a.example/?payout=12.50", Status: postback.DeliveryDelivered,
			Attempts: []postback.Attempt{
				{Number: 1, At: at(1002), Error: postback.ErrorTimeout, Duration: 15 * time.Second},
				{Number: 2, At: at(1900), StatusCode: 200, Duration: 35 * time.Millisecond},
			},
		}},
	}
}

func told(tr trace.Trace) []string {
	var lines []string
	for _, i := range tr.Items {
		lines = append(lines, string(i.Kind)+": "+i.Summary)
	}
	return lines
}

func TestTellForOperator(t *testing.T) {
	t.Parallel()
	c := id(1000, 1).String()
	want := []string{
		"click: Click on offer 3 by affiliate 12 from DE",
		"postback_in: Postback refused: invalid_token",
		"postback_in: Postback recorded; the goal's rules ignore com, payout (unfilled_macro)",
		"conversion: Conversion " + c + " recorded: commission 12.50 USD, revenue 15.00 USD, approved",
		"ledger: 12.50 USD moved from network:commission to a12:approved",
		"ledger: 15.00 USD moved from network:revenue to d7:receivable",
		"delivery: Affiliate's postback 5 is due for status approved: delivered",
		"delivery_attempt: Try 1 of postback 5: the receiver did not answer within 15 s after 15000 ms",
		"delivery_attempt: Try 2 of postback 5: HTTP 200 after 35 ms",
		"status_change: Conversion " + c + " moved from approved to rejected: refund",
	}
	if diff := cmp.Diff(want, told(trace.Tell(story(), operator, text))); diff != "" {
		t.Error(diff)
	}
}

func TestTellHidesMoneyOfTheOtherSide(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		view            trace.View
		shows, mustHide []string
	}{
		"affiliate":  {affiliate, []string{"12.50", "a12:approved", "com=3"}, []string{"15.00", "revenue", "d7", "payout=15", "Revenue", "192.0.2.7", `"payout"`, "%76"}},
		"advertiser": {advertiser, []string{"15.00", "d7:receivable", "payout=15"}, []string{"commission", "a12:"}},
		"nobody":     {trace.View{}, []string{"value 100 USD"}, []string{"commission", "revenue", "15.00", "payout=15", "a12:", "d7:"}},
	} {
		rows := story()
		if name != "affiliate" {
			rows.Deliveries = nil // the service has emptied what the advertiser may not see of them
		}
		rendered, err := json.Marshal(trace.Tell(rows, c.view, text))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range c.shows {
			if !strings.Contains(string(rendered), want) {
				t.Errorf("%s: %q is missing in %s", name, want, rendered)
			}
		}
		for _, secret := range c.mustHide {
			if strings.Contains(string(rendered), secret) {
				t.Errorf("%s: %q is shown in %s", name, secret, rendered)
			}
		}
	}
}

func TestTellRefusedClick(t *testing.T) {
	t.Parallel()
	tr := trace.Tell(trace.Rows{Click: click.Click{ID: click.ID(id(0, 0)), OfferID: 3, AffiliateID: 12, Reason: click.ReasonOfferInactive}}, affiliate, text)
	want := []string{"click: Click on offer 3 by affiliate 12", "refusal: Click does not qualify: offer inactive"}
	if diff := cmp.Diff(want, told(tr)); diff != "" {
		t.Error(diff)
	}
	if tr.Items[0].Data["valid"] != false || tr.Items[1].Data["reason"] != click.ReasonOfferInactive {
		t.Errorf("data: %v", tr.Items)
	}
}

func TestTellChangedAmounts(t *testing.T) {
	t.Parallel()
	was := figures("10.00", "12.00")
	rows := trace.Rows{Events: []conversion.Event{{Kind: conversion.EventAmounts, From: "approved", To: "approved", At: at(1),
		Data: conversion.EventData{Figures: figures("12.50", "15.00"), Before: &was}}}}
	for view, want := range map[trace.View]string{
		operator:   "changed; commission 12.50 USD, revenue 15.00 USD, before commission 10.00 USD, revenue 12.00 USD",
		affiliate:  "changed; commission 12.50 USD, before commission 10.00 USD",
		advertiser: "changed; revenue 15.00 USD, before revenue 12.00 USD",
	} {
		if got := trace.Tell(rows, view, text).Items[1].Summary; !strings.HasSuffix(got, want) {
			t.Errorf("got %q, want …%q", got, want)
		}
	}
}

func TestIgnoredIsAlwaysAList(t *testing.T) {
	t.Parallel()
	rows := story()
	for view, want := range map[trace.View][][]string{operator: {{}, {"com", "payout"}}, affiliate: {{}, {"com"}}} {
		var got [][]string
		for _, i := range trace.Tell(rows, view, text).Items {
			if i.Kind == trace.KindPostbackIn {
				got = append(got, i.Data["ignored"].([]string))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// The nodes that wrote the rows may have clocks that disagree: an effect is told after its cause all the same.
func TestOrderIsCausalWhateverTheClocks(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		rows := story()
		skew := func(at *time.Time) { *at = start.Add(time.Duration(random.IntN(4000)-2000) * time.Millisecond) }
		for i := range rows.Log {
			skew(&rows.Log[i].ReceivedAt)
		}
		for i := range rows.Events {
			skew(&rows.Events[i].At)
		}
		for i := range rows.Entries {
			skew(&rows.Entries[i].At)
		}
		skew(&rows.Deliveries[0].CreatedAt)
		for i := range rows.Deliveries[0].Attempts {
			skew(&rows.Deliveries[0].Attempts[i].At)
		}
		tr := trace.Tell(rows, operator, text)
		index := func(k trace.Kind, nth int) int {
			for i, item := range tr.Items {
				if item.Kind == k {
					if nth == 0 {
						return i
					}
					nth--
				}
			}
			t.Fatalf("no %s", k)
			return -1
		}
		recorded := slices.IndexFunc(tr.Items, func(i trace.Item) bool {
			return i.Kind == trace.KindPostbackIn && i.Data["status"] == conversion.OutcomeRecorded
		})
		made := index(trace.KindConversion, 0)
		chain := []int{index(trace.KindClick, 0), recorded, made, index(trace.KindDelivery, 0),
			index(trace.KindDeliveryAttempt, 0), index(trace.KindDeliveryAttempt, 1)}
		if !slices.IsSorted(chain) || index(trace.KindLedger, 0) < made || index(trace.KindStatusChange, 0) < made {
			t.Fatalf("out of order: %v\n%s", chain, strings.Join(told(tr), "\n"))
		}
		if first, _ := tr.Items[index(trace.KindDeliveryAttempt, 0)].Data["number"].(int); first != 1 {
			t.Fatalf("tries out of order")
		}
	}
}
