package portaladvertiser_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/portal/portaltest"
)

// A call with the advertiser's token and a wrong click id is in its log and in front of whoever waits for it, with the
// reason; another advertiser sees nothing of it.
func TestCallWithWrongClickIDIsSeen(t *testing.T) {
	t.Parallel()
	n := mounted(t)
	a, b := n.Advertiser(0), n.Advertiser(1)
	if r := n.Call(0, n.Now, "clickid", "not-a-click-id", "txid", "lost-1"); r.Code != "malformed_clickid" {
		t.Fatalf("%+v", r)
	}
	a.Get("/advertiser/postback-log").Shows("lost-1", "Refused")
	a.Get("/advertiser/postback-log?status=refused").Shows("click id")
	b.Get("/advertiser/postback-log").Lacks("lost-1")
	for _, query := range []string{"", "?offer=1"} {
		a.Get("/advertiser/debugger" + query).Shows("lost-1")
		b.Get("/advertiser/debugger" + query).Lacks("lost-1")
	}
	since := fmt.Sprint(n.Now.Add(-time.Second).UnixMilli())
	a.Get("/advertiser/debugger/waiting?offer=1&since="+since).Shows("Not matched", "click id")
	b.Get("/advertiser/debugger/waiting?since=" + since).Lacks("Not matched")
}

// A test from the portal is marked for who sent it and for the other side.
func TestSentTestIsMarked(t *testing.T) {
	t.Parallel()
	n := mounted(t)
	a := n.Advertiser(0)
	form := url.Values{"click_id": {n.ClickIDs[portaltest.ClickBare]}, "val": {"12,5"}, "txid": {"mine-1"}}
	a.Post("/advertiser/offers/1/tracking", form).Is(200)
	by := fmt.Sprintf("Test sent from a portal by user %d of the advertiser", a.User.ID)
	a.Get("/advertiser/postback-log").Shows(by)
	a.Get("/advertiser/trace/" + n.ClickIDs[portaltest.ClickBare]).Shows("Test call, sent from a portal")
	operator := n.Operator(account.RoleManager)
	if _, _, err := n.Conversions.Rehearse(t.Context(), operator.Actor(), n.AdvertiserOf[0], conversion.Rehearsal{ClickID: n.ClickIDs[portaltest.ClickBare], TxID: "theirs-9"}); err != nil {
		t.Fatal(err)
	}
	a.Get("/advertiser/postback-log").Shows("Test sent from a portal by the network").Lacks(fmt.Sprintf("user %d of the network", operator.User.ID))
	for range 30 {
		a.Post("/advertiser/offers/1/tracking", form)
	}
	a.Post("/advertiser/offers/1/tracking", form).Is(429)
}

// An offer whose destination carries no click id says so on its tracking page until it does.
func TestTrackingSaysThatTheClickIDIsMissing(t *testing.T) {
	t.Parallel()
	n := mounted(t)
	a := n.Advertiser(0)
	a.Get("/advertiser/offers/1/tracking").Lacks("Sales cannot be matched")
	n.Exec(`UPDATE offers SET destination_url = 'https://shop.example/' WHERE id = 1`)
	a.Get("/advertiser/offers/1/tracking").Shows("Sales cannot be matched", "{click_id}")
}

// The call that the tracking page recommends is taken without a hint that something was odd.
func TestRecommendedCallGivesNoHint(t *testing.T) {
	t.Parallel()
	n := mounted(t)
	page := n.Advertiser(0).Get("/advertiser/offers/1/tracking?goal=sale")
	found := regexp.MustCompile(regexp.QuoteMeta(portaltest.TrackingURL) + `/postback\?(clickid=CLICK_ID&[^\s"]+)`).FindStringSubmatch(page.Text())
	if found == nil {
		t.Fatal("no recommended address")
	}
	query := strings.NewReplacer("CLICK_ID", n.ClickIDs[portaltest.ClickBare], "ORDER_ID", "rec-1", "AMOUNT", "99.90").Replace(found[1])
	sent, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	var pairs []string
	for name := range sent {
		pairs = append(pairs, name, sent.Get(name))
	}
	if r := n.Call(0, n.Now, pairs...); r.Code != "ok" || len(r.Warnings) > 0 {
		t.Fatalf("%+v", r)
	}
	list, err := n.Conversions.LogList(t.Context(), n.Advertiser(0).Actor(), conversion.LogFilter{}, domain.Page{Limit: 1})
	if err != nil || len(list.Items) != 1 || len(list.Items[0].Hints()) != 0 {
		t.Errorf("%+v, %v: %v", list.Items, err, list.Items[0].Hints())
	}
	a := n.Advertiser(0)
	a.Get("/advertiser/postback-log/" + list.Items[0].ID.String()).Is(200).Lacks("Worth a look")
}
