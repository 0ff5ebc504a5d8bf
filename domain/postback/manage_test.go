package postback_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/postback"
)

// One affiliate's many postbacks are its own affair only up to a bound.
func TestCreateTooMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := postback.Postback{AffiliateID: 1, URL: "https://t.example/"}
	if _, _, err := w.service.Create(w.ctx, operator, p); err != nil {
		t.Fatal(err)
	}
	w.exec(`INSERT INTO postbacks (affiliate_id, url, method, statuses, signing_secret, created_at, updated_at)
		SELECT affiliate_id, url, method, statuses, signing_secret, created_at, updated_at FROM postbacks, generate_series(2, 199)`)
	last, _, err := w.service.Create(w.ctx, operator, p)
	if err != nil {
		t.Fatalf("the 200th: %v", err)
	}
	if _, _, err := w.service.Create(w.ctx, operator, p); !errs.HasCode(err, "too_many_postbacks") || !errs.Is(err, errs.KindConflict) {
		t.Errorf("the 201st: %v", err)
	}
	if _, _, err := w.service.Create(w.ctx, operator, postback.Postback{AffiliateID: 2, URL: p.URL}); err != nil {
		t.Errorf("another affiliate's first: %v", err)
	}
	if err := w.service.Delete(w.ctx, operator, last.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.service.Create(w.ctx, operator, p); err != nil {
		t.Errorf("in the place of a deleted one: %v", err)
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct {
		actor    account.Actor
		postback postback.Postback
		code     string
	}{
		"defaults":                    {operator, postback.Postback{AffiliateID: 1, URL: "https://t.example/"}, ""},
		"all fields":                  {operator, postback.Postback{AffiliateID: 2, OfferID: 1, GoalID: 2, URL: "https://t.example/?{status}", Method: "POST", Statuses: []conversion.Status{"rejected"}, Active: true}, ""},
		"affiliate's own is implied":  {affiliateUser(2), postback.Postback{URL: "https://t.example/"}, ""},
		"another's is never taken":    {affiliateUser(2), postback.Postback{AffiliateID: 1, URL: "https://t.example/"}, ""},
		"operator names nobody":       {operator, postback.Postback{URL: "https://t.example/"}, "required"},
		"unknown affiliate":           {operator, postback.Postback{AffiliateID: 99, URL: "https://t.example/"}, "unknown_affiliate"},
		"unknown offer":               {operator, postback.Postback{AffiliateID: 1, OfferID: 99, URL: "https://t.example/"}, "unknown_offer"},
		"another offer's goal":        {operator, postback.Postback{AffiliateID: 1, OfferID: 1, GoalID: 3, URL: "https://t.example/"}, "unknown_goal"},
		"private offer, operator":     {operator, postback.Postback{AffiliateID: 1, OfferID: 2, URL: "https://t.example/"}, ""},
		"private offer, affiliate":    {affiliateUser(1), postback.Postback{OfferID: 2, URL: "https://t.example/"}, "unknown_offer"},
		"refused address":             {operator, postback.Postback{AffiliateID: 1, URL: "http://private.example/"}, "blocked_address"},
		"invalid URL":                 {operator, postback.Postback{AffiliateID: 1, URL: "ftp://t.example/"}, "invalid_url"},
		"advertiser":                  {advertiserUser(1), postback.Postback{AffiliateID: 1, URL: "https://t.example/"}, "forbidden"},
		"viewer":                      {account.Actor{UserID: 3, Role: account.RoleViewer}, postback.Postback{AffiliateID: 1, URL: "https://t.example/"}, "forbidden"},
		"affiliate user of no party":  {account.Actor{UserID: 3, Role: account.RoleAffiliate}, postback.Postback{AffiliateID: 1, URL: "https://t.example/"}, "forbidden"},
		"what only Waypost may write": {operator, postback.Postback{AffiliateID: 1, URL: "https://t.example/", ID: 77, SigningSecret: "whsec_mine", Failures: 9, PausedReason: "gone"}, ""},
	} {
		p, _, err := w.service.Create(w.ctx, c.actor, c.postback)
		if c.code != "" {
			if !errs.HasCode(err, c.code) {
				t.Errorf("%s: %v, want %s", name, err, c.code)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		read, err := w.service.Get(w.ctx, operator, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		p.CreatedAt, p.UpdatedAt = p.CreatedAt.Truncate(time.Microsecond), p.UpdatedAt.Truncate(time.Microsecond)
		if diff := cmp.Diff(p, read); diff != "" {
			t.Errorf("%s: read back (-made +read):\n%s", name, diff)
		}
		if p.ID == 0 || p.ID == 77 || !strings.HasPrefix(p.SigningSecret, "whsec_") || len(p.SigningSecret) != len("whsec_")+44 || p.Failures != 0 || p.PausedReason != "" {
			t.Errorf("%s: %+v", name, p)
		}
		if own := c.actor.AffiliateID; own != 0 && int64(p.AffiliateID) != own {
			t.Errorf("%s: belongs to %d", name, p.AffiliateID)
		}
	}
	if n := w.count(`SELECT count(*) FROM postbacks WHERE position('whsec_'::bytea IN signing_secret) > 0`); n != 0 {
		t.Errorf("%d secrets lie open", n)
	}
	p, warnings, err := w.service.Create(w.ctx, operator, postback.Postback{AffiliateID: 1, URL: "https://nowhere.example/?c={click-id}"})
	var codes []string
	for _, warning := range warnings {
		codes = append(codes, warning.Code)
	}
	if err != nil || !slices.Equal(codes, []string{"unknown_macro", "host_unresolved"}) {
		t.Errorf("postback %+v, warnings %v, error %v", p, codes, err)
	}
	for _, e := range w.audited.entries {
		if e.Action != "postback.create" || strings.Contains(string(e.After), "whsec_") {
			t.Errorf("audit %+v: %s", e, e.After)
		}
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.postback("https://t.example/")
	c := w.conversion()
	w.announce(c)
	changed, _, err := w.service.Update(w.ctx, affiliateUser(1), p.ID, func(p *postback.Postback) {
		p.URL, p.Method, p.OfferID, p.Statuses, p.Active = "https://u.example/", "post", 1, []conversion.Status{"hold"}, false
		p.ID, p.AffiliateID, p.SigningSecret, p.Failures, p.PausedReason = 99, 2, "whsec_mine", 7, "gone"
	})
	if err != nil {
		t.Fatal(err)
	}
	want := p
	want.URL, want.Method, want.OfferID, want.Statuses, want.Active = "https://u.example/", "POST", 1, []conversion.Status{"hold"}, false
	read, err := w.service.Get(w.ctx, operator, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	want.CreatedAt, want.UpdatedAt = read.CreatedAt, read.UpdatedAt
	if diff := cmp.Diff(want, read); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
	if !changed.UpdatedAt.After(p.UpdatedAt) {
		t.Error("updated_at stood still")
	}
	wantStatus(t, w.delivery(c), postback.DeliveryPaused, "", 0, 0)
	if _, _, err := w.service.Update(w.ctx, operator, p.ID, func(p *postback.Postback) { p.Active = true }); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, w.delivery(c), postback.DeliveryPending, "", 0, 0)

	// An address that has become a refused one can be switched off, not on.
	w.exec(`UPDATE postbacks SET url = 'http://private.example/'`)
	if _, _, err := w.service.Update(w.ctx, operator, p.ID, func(p *postback.Postback) { p.Active = false }); err != nil {
		t.Error(err)
	}
	if _, _, err := w.service.Update(w.ctx, operator, p.ID, func(p *postback.Postback) { p.Active = true }); !errs.HasCode(err, "blocked_address") {
		t.Errorf("switched on: %v", err)
	}
	w.exec(`UPDATE postbacks SET url = 'https://u.example/'`)

	for name, c := range map[string]struct {
		actor  account.Actor
		id     postback.ID
		change func(*postback.Postback)
		code   string
	}{
		"another affiliate": {affiliateUser(2), p.ID, func(*postback.Postback) {}, "not_found"},
		"unknown":           {operator, 99, func(*postback.Postback) {}, "not_found"},
		"advertiser":        {advertiserUser(1), p.ID, func(*postback.Postback) {}, "forbidden"},
		"refused address":   {operator, p.ID, func(p *postback.Postback) { p.URL = "http://private.example/" }, "blocked_address"},
		"goal":              {operator, p.ID, func(p *postback.Postback) { p.GoalID = 3 }, "unknown_goal"},
		"offer":             {affiliateUser(1), p.ID, func(p *postback.Postback) { p.OfferID = 2 }, "unknown_offer"},
	} {
		if _, _, err := w.service.Update(w.ctx, c.actor, c.id, c.change); !errs.HasCode(err, c.code) {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	if again, _ := w.service.Get(w.ctx, operator, p.ID); again.URL != "https://u.example/" || again.GoalID != 0 || again.OfferID != 1 {
		t.Errorf("a refused change was kept: %+v", again)
	}
}

func TestTenants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine := w.postback("https://t.example/")
	theirs := w.postback("https://t.example/", func(p *postback.Postback) { p.AffiliateID = 2 })
	c := w.conversion()
	w.announce(c)
	d := w.delivery(c)
	if _, err := w.service.Get(w.ctx, affiliateUser(1), theirs.ID); !errs.Is(err, errs.KindNotFound) {
		t.Errorf("another's postback: %v", err)
	}
	if _, err := w.service.Get(w.ctx, advertiserUser(1), mine.ID); !errs.Is(err, errs.KindNotFound) {
		t.Errorf("advertiser reads a postback: %v", err)
	}
	if err := w.service.Delete(w.ctx, affiliateUser(1), theirs.ID); !errs.Is(err, errs.KindNotFound) {
		t.Errorf("deletes another's: %v", err)
	}
	for actor, want := range map[account.Actor][]postback.ID{
		operator: {theirs.ID, mine.ID}, affiliateUser(1): {mine.ID}, affiliateUser(2): {theirs.ID}, affiliateUser(3): nil, advertiserUser(1): nil,
	} {
		list, err := w.service.List(w.ctx, actor, postback.Filter{}, domain.Page{})
		var got []postback.ID
		for _, p := range list.Items {
			got = append(got, p.ID)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%+v lists %v, %v, want %v", actor, got, err, want)
		}
	}
	for actor, sees := range map[account.Actor]bool{operator: true, affiliateUser(1): true, affiliateUser(2): false, advertiserUser(1): true, advertiserUser(2): false} {
		list, err := w.service.ListDeliveries(w.ctx, actor, postback.DeliveryFilter{}, domain.Page{})
		if err != nil || (len(list.Items) == 1) != sees {
			t.Errorf("%+v lists %d deliveries, %v", actor, len(list.Items), err)
		}
		got, err := w.service.GetDelivery(w.ctx, actor, d.ID)
		if (err == nil) != sees || !sees && !errs.Is(err, errs.KindNotFound) {
			t.Errorf("%+v gets %v", actor, err)
		}
		if _, advertiser := actor.Scope().Advertiser(); advertiser && got.URL+got.Body+got.Host != "" {
			t.Errorf("an advertiser sees %+v", got)
		}
	}
	for _, actor := range []account.Actor{{}, {Role: account.RoleAffiliate}} {
		if _, err := w.service.List(w.ctx, actor, postback.Filter{}, domain.Page{}); !errs.Is(err, errs.KindForbidden) {
			t.Errorf("%+v lists: %v", actor, err)
		}
		if _, err := w.service.ListDeliveries(w.ctx, actor, postback.DeliveryFilter{}, domain.Page{}); !errs.Is(err, errs.KindForbidden) {
			t.Errorf("%+v lists deliveries: %v", actor, err)
		}
	}
	if n, err := w.service.ResendAll(w.ctx, affiliateUser(2), postback.DeliveryFilter{From: time.Unix(1, 0)}); err != nil || n != 0 {
		t.Errorf("another affiliate resent %d, %v", n, err)
	}
	if _, err := w.service.Resend(w.ctx, advertiserUser(1), d.ID); !errs.Is(err, errs.KindForbidden) {
		t.Errorf("an advertiser resends: %v", err)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	used := w.postback("https://t.example/")
	w.announce(w.conversion())
	unused := w.postback("https://t.example/", func(p *postback.Postback) { p.OfferID = 1 })
	if err := w.service.Delete(w.ctx, affiliateUser(1), used.ID); !errs.HasCode(err, "in_use") {
		t.Errorf("one with deliveries: %v", err)
	}
	if err := w.service.Delete(w.ctx, affiliateUser(1), unused.ID); err != nil {
		t.Error(err)
	}
	if _, err := w.service.Get(w.ctx, operator, unused.ID); !errs.Is(err, errs.KindNotFound) {
		t.Errorf("it is still there: %v", err)
	}
}

func TestListDeliveries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.postback("https://t.example/")
	w.postback("https://u.example/", func(p *postback.Postback) { p.AffiliateID = 2 })
	var changes []conversion.Change
	for range 5 {
		changes = append(changes, w.conversion())
	}
	theirs := w.conversion()
	theirs.Conversion.AffiliateID = 2
	w.announce(append(changes, theirs)...)
	w.exec(`UPDATE deliveries SET status = 'failed', reason = 'http_4xx', next_attempt_at = NULL WHERE conversion_id = $1`, changes[2].Conversion.ID.UUID.String())
	middle := w.delivery(changes[2]).CreatedAt
	for name, c := range map[string]struct {
		filter postback.DeliveryFilter
		want   int
	}{
		"all":          {postback.DeliveryFilter{}, 6},
		"conversion":   {postback.DeliveryFilter{ConversionID: changes[0].Conversion.ID}, 1},
		"click":        {postback.DeliveryFilter{ClickID: changes[0].Click.ID}, 1},
		"postback":     {postback.DeliveryFilter{PostbackID: first.ID}, 5},
		"affiliate":    {postback.DeliveryFilter{AffiliateID: 2}, 1},
		"status":       {postback.DeliveryFilter{Status: postback.DeliveryFailed}, 1},
		"nothing":      {postback.DeliveryFilter{AffiliateID: 2, PostbackID: first.ID}, 0},
		"from and to":  {postback.DeliveryFilter{From: middle, To: middle}, 0},
		"far from now": {postback.DeliveryFilter{To: middle.Add(-time.Hour)}, 0},
		"since":        {postback.DeliveryFilter{From: middle.Add(-time.Hour), To: middle.Add(time.Hour)}, 6},
	} {
		list, err := w.service.ListDeliveries(w.ctx, operator, c.filter, domain.Page{})
		if err != nil || len(list.Items) != c.want || list.NextCursor != "" {
			t.Errorf("%s: %d, %v, want %d", name, len(list.Items), err, c.want)
		}
	}
	if _, err := w.service.ListDeliveries(w.ctx, operator, postback.DeliveryFilter{Status: "lost"}, domain.Page{}); !errs.HasCode(err, "invalid_status") {
		t.Errorf("unknown status: %v", err)
	}
	var pages [][]postback.DeliveryID
	page := domain.Page{Limit: 4}
	for {
		list, err := w.service.ListDeliveries(w.ctx, operator, postback.DeliveryFilter{}, page)
		if err != nil {
			t.Fatal(err)
		}
		var ids []postback.DeliveryID
		for _, d := range list.Items {
			ids = append(ids, d.ID)
		}
		pages = append(pages, ids)
		if page.Cursor = list.NextCursor; page.Cursor == "" {
			break
		}
	}
	all := slices.Concat(pages...)
	if len(pages) != 2 || len(all) != 6 || !slices.IsSortedFunc(all, func(a, b postback.DeliveryID) int { return strings.Compare(b.String(), a.String()) }) {
		t.Errorf("pages %v", pages)
	}
	for _, cursor := range []string{"x", "!!", "MTIz", "MSBub3VwZQ"} {
		if _, err := w.service.ListDeliveries(w.ctx, operator, postback.DeliveryFilter{}, domain.Page{Cursor: cursor}); !errs.HasCode(err, "invalid_cursor") {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
	n, err := w.service.ResendAll(w.ctx, affiliateUser(1), postback.DeliveryFilter{Status: postback.DeliveryFailed})
	if err != nil || n != 1 || w.delivery(changes[2]).Status != postback.DeliveryPending {
		t.Errorf("resent %d, %v", n, err)
	}
}

func TestFireAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.postback("https://t.example/global")
	w.postback("https://t.example/offer", func(p *postback.Postback) { p.OfferID = 1 })
	specific := w.conversion()
	w.announce(specific)
	if ds := w.deliveries(specific); len(ds) != 1 || !strings.HasSuffix(ds[0].URL, "/offer") {
		t.Errorf("specific: %+v", ds)
	}
	w.exec(`UPDATE affiliates SET fire = 'all'`)
	all := w.conversion()
	w.announce(all)
	if ds := w.deliveries(all); len(ds) != 2 {
		t.Errorf("all: %+v", ds)
	}
	unheard := moved(all, conversion.StatusHold)
	w.announce(unheard)
	if ds := w.deliveries(all); len(ds) != 2 {
		t.Errorf("a status that nobody asks for: %+v", ds)
	}
	test := w.conversion()
	test.Conversion.Test = true
	w.announce(test)
	if ds := w.deliveries(test); len(ds) != 2 {
		t.Errorf("a test fires like any other: %+v", ds)
	}
}

// A rolled-back change owes nothing.
func TestAnnounceIsPartOfTheTransaction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.postback("https://t.example/")
	c := w.conversion()
	_ = w.tx.InTx(w.ctx, func(ctx context.Context) error {
		if _, err := w.service.Announce(ctx, []conversion.Change{c}); err != nil {
			t.Error(err)
		}
		return errs.Invalid("no", "no")
	})
	if n := w.count(`SELECT count(*) FROM deliveries`); n != 0 {
		t.Errorf("%d deliveries", n)
	}
}

func TestSendTest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rc := newReceiver(t, always(404))
	p := w.postback(rc.URL+"/?s={status}&t={test}&p={payout}&c={aff_click_id}&key=abc", func(p *postback.Postback) { p.Method = "POST" })
	sample, err := w.service.SendTest(w.ctx, affiliateUser(1), p.ID, postback.TestInput{})
	if err != nil || sample.Method != "POST" || sample.StatusCode != 404 || sample.Error != postback.ErrorHTTP4xx || sample.ResponseBody != "answer 1" ||
		sample.URL != rc.URL+"/?s=approved&t=1&p=1.00&c=test-click&key=***" {
		t.Errorf("%+v, %v", sample, err)
	}
	if !strings.Contains(sample.RequestBody, `"test":"1"`) {
		t.Errorf("request's body %q", sample.RequestBody)
	}
	if r := rc.received()[0]; r.url != "/?s=approved&t=1&p=1.00&c=test-click&key=abc" || r.header.Get("Webhook-Signature") == "" {
		t.Errorf("request %+v", r)
	}
	if n := w.count(`SELECT count(*) FROM deliveries`) + w.count(`SELECT sum(failures) FROM postbacks`); n != 0 {
		t.Error("the test left a trace")
	}
	if _, err := w.service.SendTest(w.ctx, affiliateUser(2), p.ID, postback.TestInput{}); !errs.Is(err, errs.KindNotFound) {
		t.Errorf("another affiliate: %v", err)
	}
}

func TestSendUnsaved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rc := newReceiver(t, always(200))
	ask := postback.PreviewInput{URL: rc.URL + "/?s={status}&t={test}&a={affiliate_id}", Method: "POST", AffiliateID: 2, Statuses: []conversion.Status{"rejected"}}
	before := w.count(`SELECT count(*) FROM postbacks`)
	sample, err := w.service.SendUnsaved(w.ctx, affiliateUser(1), ask) // whatever affiliate is named: an affiliate's own is implied
	if err != nil || sample.StatusCode != 200 || sample.URL != rc.URL+"/?s=rejected&t=1&a=1" {
		t.Errorf("%+v, %v", sample, err)
	}
	if r := rc.received()[0]; r.header.Get("Webhook-Signature") == "" {
		t.Errorf("request %+v", r)
	}
	if n := w.count(`SELECT count(*) FROM postbacks`) - before + w.count(`SELECT count(*) FROM deliveries`); n != 0 {
		t.Error("the test left a trace")
	}
	if !slices.Contains(w.audited.actions(), "postback.test") {
		t.Errorf("audit %v", w.audited.actions())
	}
	for name, bad := range map[string]postback.PreviewInput{"no URL": {}, "another scheme": {URL: "ftp://t.example/"}, "method": {URL: rc.URL, Method: "PUT"}} {
		if _, err := w.service.SendUnsaved(w.ctx, affiliateUser(1), bad); !errs.Is(err, errs.KindInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
