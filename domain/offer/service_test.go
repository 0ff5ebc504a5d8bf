package offer_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/audit"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/store/storetest"
)

var (
	ctx   = context.Background()
	admin = account.Actor{UserID: 1, Role: account.RoleAdmin}
)

func now() time.Time { return time.Now().UTC() }

// routing is what clicks are routed by.
type routing interface {
	LoadRouting(context.Context) (*click.Routing, error)
	CatalogueVersion(context.Context) (int64, error)
}

// world is a network with two advertisers and two affiliates.
type world struct {
	*offer.Service
	deps       offer.Deps
	pool       *pgxpool.Pool // past the service, into the database
	routing    routing
	onChange   func(func(context.Context))
	a1, a2     affiliate.Affiliate
	d1, d2     advertiser.Advertiser
	ofA1, ofD1 account.Actor
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db := storetest.New(t)
	w := &world{pool: db.Pool(), routing: db.Routing(), onChange: db.OnCatalogueChange, deps: offer.Deps{
		Tx: db, Store: db.Offers(), Advertisers: db.Advertisers(), Affiliates: db.Affiliates(), Audit: db.Audit(),
		Clock: now, Lint: click.LintDestination, TrackingURL: "https://trk.example",
	}}
	w.Service = offer.NewService(w.deps)
	advertisers := advertiser.NewService(advertiser.Deps{Tx: db, Store: db.Advertisers(), Audit: db.Audit(), Clock: now, Random: rand.Reader})
	affiliates := affiliate.NewService(affiliate.Deps{Tx: db, Store: db.Affiliates(), Audit: db.Audit(), Clock: now})
	var err error
	for _, d := range []*advertiser.Advertiser{&w.d1, &w.d2} {
		if *d, _, err = advertisers.Create(ctx, admin, advertiser.Advertiser{Name: "D", Currency: "EUR"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range []*affiliate.Affiliate{&w.a1, &w.a2} {
		if *a, _, err = affiliates.Create(ctx, admin, affiliate.Affiliate{Name: "A"}); err != nil {
			t.Fatal(err)
		}
	}
	w.ofA1 = account.Actor{UserID: 11, Role: account.RoleAffiliate, AffiliateID: int64(w.a1.ID)}
	w.ofD1 = account.Actor{UserID: 12, Role: account.RoleAdvertiser, AdvertiserID: int64(w.d1.ID)}
	return w
}

func (w *world) mustCreate(t *testing.T, change func(*offer.Offer)) offer.Offer {
	t.Helper()
	o := offer.Offer{AdvertiserID: w.d1.ID, Name: "Shoes", DestinationURL: destination}
	if change != nil {
		change(&o)
	}
	made, _, err := w.Create(ctx, admin, o)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func (w *world) mustExec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := w.pool.Exec(ctx, sql, args...); err != nil {
		t.Fatal(err)
	}
}

// mustConvert gives the goal a conversion.
func (w *world) mustConvert(t *testing.T, o offer.Offer, goal offer.GoalID) {
	t.Helper()
	w.mustExec(t, `INSERT INTO conversions (click_id, id, dedupe_key, txid, offer_id, goal_id, affiliate_id, advertiser_id, status, val,
		commission, revenue, currency, original_val, original_currency, exchange_rate, test, params, clicked_at, created_at, updated_at)
		VALUES (gen_random_uuid(), gen_random_uuid(), 'k', '', $1, $2, $3, $4, 'approved', 1, 1, 1, 'EUR', 1, 'EUR', 1, false, '{}', now(), now(), now())`,
		int64(o.ID), int64(goal), int64(w.a1.ID), int64(o.AdvertiserID))
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.mustCreate(t, func(o *offer.Offer) {
		o.PreviewURL, o.FallbackURL = "https://shop.example/preview", "https://shop.example/else?o={offer_id}"
		o.Status, o.Visibility = offer.StatusDraft, offer.VisibilityApproval
		o.WindowDays, o.MinSeconds, o.ShowValue = 30, 5, true
		o.Goals = []offer.Goal{
			{Alias: "lead", Name: "Lead", Payout: offer.Rule{Model: offer.ModelFixed, Amount: rate("12.5")}, InitialStatus: "hold", HoldDays: 7},
			{Alias: "sale", IsDefault: true, Payout: offer.Rule{Model: offer.ModelHybrid, Amount: rate("1"), Percent: rate("7.123456")},
				Revenue: offer.Rule{Amount: rate("0.12345678"), Percent: rate("0")}, Dedupe: offer.DedupeUpdate},
		}
	})
	if made.Currency != "EUR" {
		t.Errorf("currency %s, want the advertiser's", made.Currency)
	}
	read, err := w.Get(ctx, admin, made.ID)
	if err != nil {
		t.Fatal(err)
	}
	same := cmp.Comparer(money.Rate.Equal)
	if diff := cmp.Diff(made, read, same); diff != "" {
		t.Error(diff)
	}
	changed, _, err := w.Update(ctx, admin, made.ID, func(o *offer.Offer) {
		o.PreviewURL, o.FallbackURL, o.MinSeconds, o.ShowValue = "", "", 0, false
		o.Goals[1].Revenue = offer.Rule{Model: offer.ModelPostback}
	})
	if err != nil {
		t.Fatal(err)
	}
	if read, err = w.Get(ctx, admin, made.ID); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(changed, read, same); diff != "" {
		t.Error(diff)
	}
	if read.ShowValue || read.MinSeconds != 0 || read.Goals[1].Revenue.Amount != nil {
		t.Errorf("zero values are lost: %+v", read)
	}
}

func TestCreateRefusesUnknownAdvertiser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, _, err := w.Create(ctx, admin, offer.Offer{AdvertiserID: 999, Name: "X", DestinationURL: destination})
	if e, _ := errs.As(err); e == nil || e.Code != "unknown_advertiser" || e.Fields[0].Location != "body.advertiser_id" {
		t.Errorf("got %v", err)
	}
}

func TestUpdateGoalsInOneGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.mustCreate(t, func(o *offer.Offer) { o.Goals = []offer.Goal{{Alias: "a"}, {Alias: "b"}, {Alias: "c"}} })
	got, _, err := w.Update(ctx, admin, o.ID, func(o *offer.Offer) {
		renamed := o.Goals[2]
		renamed.Alias = "a"
		o.Goals = []offer.Goal{{Alias: "b", Name: "found by alias", IsDefault: true}, renamed, {Alias: "new"}}
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Goals[0].ID != o.Goals[1].ID || got.Goals[1].ID != o.Goals[2].ID || got.Goals[2].ID <= o.Goals[2].ID {
		t.Errorf("ids: %+v, were %+v", got.Goals, o.Goals)
	}
	read, err := w.Get(ctx, admin, o.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got.Goals, read.Goals); diff != "" {
		t.Error(diff)
	}
	_, _, err = w.Update(ctx, admin, o.ID, func(o *offer.Offer) { o.Goals[0].ID = 4711 })
	if !errs.HasCode(err, "unknown_goal") {
		t.Errorf("a goal of another offer: %v", err)
	}
}

func TestGoals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.mustCreate(t, nil)
	first := o.Goals[0]
	lead, warnings, err := w.CreateGoal(ctx, admin, o.ID, offer.Goal{Alias: "lead", Dedupe: offer.DedupeNone})
	if err != nil || lead.ID == 0 || lead.OfferID != o.ID || len(warnings) != 1 || warnings[0].Field != "dedupe" {
		t.Fatalf("got %+v, %v, %v", lead, warnings, err)
	}
	if _, _, err := w.CreateGoal(ctx, admin, o.ID, offer.Goal{Alias: "lead"}); !errs.HasCode(err, "goals_alias") || !errs.Is(err, errs.KindConflict) {
		t.Errorf("alias taken: %v", err)
	}
	_, _, err = w.CreateGoal(ctx, admin, o.ID, offer.Goal{Alias: "42"})
	if e, _ := errs.As(err); e == nil || e.Code != "invalid_alias" || e.Fields[0].Location != "body.alias" {
		t.Errorf("bad alias: %+v", e)
	}
	if _, _, err := w.UpdateGoal(ctx, admin, o.ID, first.ID, "", func(g *offer.Goal) { g.IsDefault = false }); !errs.HasCode(err, "default_goal") {
		t.Errorf("take the default away: %v", err)
	}
	if err := w.DeleteGoal(ctx, admin, o.ID, first.ID); !errs.HasCode(err, "default_goal") {
		t.Errorf("delete the default: %v", err)
	}
	seen := o.Goals[0].Version()
	if _, _, err := w.UpdateGoal(ctx, admin, o.ID, first.ID, seen, func(g *offer.Goal) { g.Name = "First" }); err != nil {
		t.Errorf("change what was seen: %v", err)
	}
	if _, _, err := w.UpdateGoal(ctx, admin, o.ID, first.ID, seen, func(g *offer.Goal) { g.Name = "Undone" }); !errs.HasCode(err, "changed_meanwhile") {
		t.Errorf("change what is another by now: %v", err)
	}
	if _, _, err := w.UpdateGoal(ctx, admin, o.ID, lead.ID, "", func(g *offer.Goal) { g.IsDefault = true }); err != nil {
		t.Errorf("take the default over: %v", err)
	}
	read, err := w.Get(ctx, admin, o.ID)
	if err != nil || read.Goals[0].IsDefault || !read.Goals[1].IsDefault {
		t.Errorf("got %+v, %v", read.Goals, err)
	}
	other := w.mustCreate(t, nil)
	if _, _, err := w.UpdateGoal(ctx, admin, other.ID, lead.ID, "", func(*offer.Goal) {}); !errs.Is(err, errs.KindNotFound) {
		t.Errorf("goal of another offer: %v", err)
	}
	w.mustConvert(t, o, first.ID)
	if err := w.DeleteGoal(ctx, admin, o.ID, first.ID); !errs.HasCode(err, "in_use") {
		t.Errorf("delete a goal with conversions: %v", err)
	}
	if err := w.DeleteGoal(ctx, admin, o.ID, 999); !errs.Is(err, errs.KindNotFound) {
		t.Errorf("delete no goal: %v", err)
	}
	spare, _, err := w.CreateGoal(ctx, admin, o.ID, offer.Goal{Alias: "spare", IsDefault: true})
	if err != nil || !spare.IsDefault {
		t.Errorf("a new default: %+v, %v", spare, err)
	}
	if err := w.DeleteGoal(ctx, admin, o.ID, lead.ID); err != nil {
		t.Errorf("delete a former default: %v", err)
	}
}

// The days of a hold go with it, unless they were sent too: then the sender hears that they mean nothing.
func TestHoldIsGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.mustCreate(t, func(o *offer.Offer) { o.Goals = []offer.Goal{{Alias: "a", InitialStatus: "hold", HoldDays: 7}} })
	goal := o.Goals[0]
	_, _, err := w.UpdateGoal(ctx, admin, o.ID, goal.ID, "", func(g *offer.Goal) { g.InitialStatus, g.HoldDays = "pending", 5 })
	if e, _ := errs.As(err); e == nil || e.Code != "hold_days_without_hold" || e.Fields[0].Location != "body.hold_days" {
		t.Errorf("days without hold: %v", err)
	}
	released, _, err := w.UpdateGoal(ctx, admin, o.ID, goal.ID, "", func(g *offer.Goal) { g.InitialStatus = "pending" })
	if err != nil || released.HoldDays != 0 {
		t.Errorf("released: %+v, %v", released, err)
	}
	if _, _, err := w.UpdateGoal(ctx, admin, o.ID, goal.ID, "", func(g *offer.Goal) { g.HoldDays = 7 }); !errs.HasCode(err, "hold_days_without_hold") {
		t.Errorf("days of a goal that does not hold: %v", err)
	}
	held, _, err := w.UpdateGoal(ctx, admin, o.ID, goal.ID, "", func(g *offer.Goal) { g.InitialStatus = "hold" })
	if err != nil || held.HoldDays != 30 {
		t.Errorf("held again: %+v, %v", held, err)
	}
	whole, _, err := w.Update(ctx, admin, o.ID, func(o *offer.Offer) {
		o.Goals = []offer.Goal{{Alias: "a", InitialStatus: "approved", HoldDays: held.HoldDays}} // found by its alias
	})
	if err != nil || whole.Goals[0].ID != goal.ID || whole.Goals[0].HoldDays != 0 {
		t.Errorf("within the offer: %+v, %v", whole.Goals, err)
	}
}

func TestCurrencyIsFixedByConversions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.mustCreate(t, nil)
	toYen := func(o *offer.Offer) { o.Currency = "JPY" }
	toD2 := func(o *offer.Offer) { o.AdvertiserID = w.d2.ID }
	if _, _, err := w.Update(ctx, admin, o.ID, toYen); err != nil {
		t.Errorf("before: %v", err)
	}
	w.mustConvert(t, o, o.Goals[0].ID)
	if _, _, err := w.Update(ctx, admin, o.ID, func(o *offer.Offer) { o.Currency = "EUR" }); !errs.HasCode(err, "currency_fixed") || !errs.Is(err, errs.KindConflict) {
		t.Errorf("after: %v", err)
	}
	if _, _, err := w.Update(ctx, admin, o.ID, toD2); !errs.HasCode(err, "advertiser_fixed") {
		t.Errorf("advertiser: %v", err)
	}
	if _, _, err := w.Update(ctx, admin, o.ID, func(o *offer.Offer) { o.Name = "Other" }); err != nil {
		t.Errorf("name: %v", err)
	}
	if err := w.Delete(ctx, admin, o.ID); !errs.HasCode(err, "in_use") {
		t.Errorf("delete: %v", err)
	}
}

func TestWhatAnAffiliateSees(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, tc := range map[string]struct {
		change func(*offer.Offer)
		access offer.AccessStatus
		sees   bool
	}{
		"public":                {nil, "", true},
		"public, rejected":      {nil, offer.AccessRejected, true},
		"draft":                 {func(o *offer.Offer) { o.Status = offer.StatusDraft }, offer.AccessApproved, false},
		"paused":                {func(o *offer.Offer) { o.Status = offer.StatusPaused }, "", false},
		"on approval":           {func(o *offer.Offer) { o.Visibility = offer.VisibilityApproval }, "", true},
		"private":               {func(o *offer.Offer) { o.Visibility = offer.VisibilityPrivate }, "", false},
		"private, pending":      {func(o *offer.Offer) { o.Visibility = offer.VisibilityPrivate }, offer.AccessPending, false},
		"private, approved":     {func(o *offer.Offer) { o.Visibility = offer.VisibilityPrivate }, offer.AccessApproved, true},
		"advertiser is blocked": {func(o *offer.Offer) { o.AdvertiserID = w.d2.ID }, "", false},
	} {
		o := w.mustCreate(t, tc.change)
		if tc.access != "" {
			if _, err := w.SetAccess(ctx, admin, offer.Access{OfferID: o.ID, AffiliateID: w.a1.ID, Status: tc.access}); err != nil {
				t.Fatal(err)
			}
		}
		w.mustExec(t, `UPDATE advertisers SET status = 'blocked' WHERE id = $1`, int64(w.d2.ID))
		_, err := w.Get(ctx, w.ofA1, o.ID)
		if tc.sees && err != nil || !tc.sees && !errs.Is(err, errs.KindNotFound) {
			t.Errorf("%s: get: %v", name, err)
		}
		list, err := w.List(ctx, w.ofA1, offer.Filter{}, domain.Page{Limit: 1})
		if err != nil || (len(list.Items) == 1 && list.Items[0].ID == o.ID) != tc.sees {
			t.Errorf("%s: list %+v, %v", name, list.Items, err)
		}
	}
}

func TestTenancy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.mustCreate(t, nil)
	foreign := w.mustCreate(t, func(o *offer.Offer) { o.AdvertiserID = w.d2.ID })
	private := w.mustCreate(t, func(o *offer.Offer) { o.Visibility = offer.VisibilityPrivate })
	rename := func(o *offer.Offer) { o.Name = "mine" }
	list, err := w.List(ctx, w.ofD1, offer.Filter{}, domain.Page{})
	if err != nil || len(list.Items) != 2 || list.Items[0].ID != private.ID || list.Items[1].ID != own.ID {
		t.Errorf("advertiser sees %+v, %v", list.Items, err)
	}
	for name, err := range map[string]error{
		"advertiser gets a foreign one":      second(w.Get(ctx, w.ofD1, foreign.ID)),
		"advertiser updates a foreign one":   third(w.Update(ctx, w.ofD1, foreign.ID, rename)),
		"advertiser deletes a foreign one":   w.Delete(ctx, w.ofD1, foreign.ID),
		"advertiser adds a goal to it":       third(w.CreateGoal(ctx, w.ofD1, foreign.ID, offer.Goal{Alias: "x"})),
		"affiliate updates a private one":    third(w.Update(ctx, w.ofA1, private.ID, rename)),
		"affiliate asks for a private one":   second(w.SetAccess(ctx, w.ofA1, offer.Access{OfferID: private.ID})),
		"affiliate lists access of one":      second(w.ListAccess(ctx, w.ofA1, offer.AccessFilter{OfferID: private.ID}, domain.Page{})),
		"operator sets access of no offer":   second(w.SetAccess(ctx, admin, offer.Access{OfferID: 999, AffiliateID: w.a1.ID})),
		"operator changes what is not there": third(w.Update(ctx, admin, 999, rename)),
	} {
		if !errs.Is(err, errs.KindNotFound) {
			t.Errorf("%s: %v, want not found", name, err)
		}
	}
	// What an input names, and its path does not, is a fault of the input.
	for name, c := range map[string]struct {
		err      error
		code, at string
	}{
		"affiliate links a private one":   {third(w.Link(ctx, w.ofA1, offer.LinkInput{OfferID: private.ID})), "unknown_offer", "body.offer_id"},
		"affiliate links for another":     {third(w.Link(ctx, w.ofA1, offer.LinkInput{OfferID: own.ID, AffiliateID: w.a2.ID})), "unknown_affiliate", "body.affiliate_id"},
		"affiliate asks for another":      {second(w.SetAccess(ctx, w.ofA1, offer.Access{OfferID: own.ID, AffiliateID: w.a2.ID})), "unknown_affiliate", "body.affiliate_id"},
		"operator links for no affiliate": {third(w.Link(ctx, admin, offer.LinkInput{OfferID: own.ID, AffiliateID: 999})), "unknown_affiliate", "body.affiliate_id"},
		"operator links no offer":         {third(w.Link(ctx, admin, offer.LinkInput{OfferID: 999, AffiliateID: w.a1.ID})), "unknown_offer", "body.offer_id"},
		"operator lets nobody":            {second(w.SetAccess(ctx, admin, offer.Access{OfferID: own.ID, AffiliateID: 999})), "unknown_affiliate", "body.affiliate_id"},
		"operator lets no one named":      {second(w.SetAccess(ctx, admin, offer.Access{OfferID: own.ID})), "required", "body.affiliate_id"},
	} {
		if e, ok := errs.As(c.err); !ok || e.Kind != errs.KindInvalid || e.Code != c.code || len(e.Fields) != 1 || e.Fields[0].Location != c.at {
			t.Errorf("%s: %v, want %s at %s", name, c.err, c.code, c.at)
		}
	}
	for name, err := range map[string]error{
		"advertiser updates its own":     third(w.Update(ctx, w.ofD1, own.ID, rename)),
		"advertiser deletes its own":     w.Delete(ctx, w.ofD1, own.ID),
		"advertiser makes one":           third(w.Create(ctx, w.ofD1, own)),
		"advertiser lets an affiliate":   second(w.SetAccess(ctx, w.ofD1, offer.Access{OfferID: own.ID, AffiliateID: w.a1.ID, Status: "approved"})),
		"advertiser lists accesses":      second(w.ListAccess(ctx, w.ofD1, offer.AccessFilter{OfferID: own.ID}, domain.Page{})),
		"advertiser makes links":         third(w.Link(ctx, w.ofD1, offer.LinkInput{OfferID: own.ID, AffiliateID: w.a1.ID})),
		"affiliate approves itself":      second(w.SetAccess(ctx, w.ofA1, offer.Access{OfferID: own.ID, Status: "approved"})),
		"affiliate updates a public one": third(w.Update(ctx, w.ofA1, own.ID, rename)),
		"affiliate adds a goal":          third(w.CreateGoal(ctx, w.ofA1, own.ID, offer.Goal{Alias: "x"})),
		"nobody":                         second(w.List(ctx, account.Actor{}, offer.Filter{}, domain.Page{})),
	} {
		if !errs.Is(err, errs.KindForbidden) {
			t.Errorf("%s: %v, want forbidden", name, err)
		}
	}
}

func TestAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.mustCreate(t, func(o *offer.Offer) { o.Visibility = offer.VisibilityApproval })
	approved := func() bool {
		t.Helper()
		r, err := w.routing.LoadRouting(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return r.Access[o.ID][w.a1.ID]
	}
	asked, err := w.SetAccess(ctx, w.ofA1, offer.Access{OfferID: o.ID})
	if err != nil || asked.Status != offer.AccessPending || asked.AffiliateID != w.a1.ID || approved() {
		t.Errorf("asked: %+v, %v", asked, err)
	}
	granted, err := w.SetAccess(ctx, admin, offer.Access{OfferID: o.ID, AffiliateID: w.a1.ID, Status: offer.AccessApproved})
	if err != nil || granted.Status != offer.AccessApproved || !granted.CreatedAt.Equal(asked.CreatedAt) || !approved() {
		t.Errorf("granted: %+v, %v", granted, err)
	}
	again, err := w.SetAccess(ctx, w.ofA1, offer.Access{OfferID: o.ID, Status: offer.AccessPending})
	if err != nil || again.Status != offer.AccessApproved || !approved() {
		t.Errorf("asked again: %+v, %v", again, err)
	}
	if _, err := w.SetAccess(ctx, admin, offer.Access{OfferID: o.ID, AffiliateID: w.a1.ID, Status: "maybe"}); !errs.HasCode(err, "invalid_choice") {
		t.Errorf("no status: %v", err)
	}
	if _, err := w.SetAccess(ctx, admin, offer.Access{OfferID: o.ID, AffiliateID: w.a2.ID, Status: offer.AccessRejected}); err != nil {
		t.Error(err)
	}
	list, err := w.ListAccess(ctx, admin, offer.AccessFilter{OfferID: o.ID}, domain.Page{Limit: 1})
	if err != nil || len(list.Items) != 1 || list.Items[0].AffiliateID != w.a2.ID || list.NextCursor == "" {
		t.Fatalf("first page: %+v, %v", list, err)
	}
	list, err = w.ListAccess(ctx, admin, offer.AccessFilter{OfferID: o.ID}, domain.Page{Limit: 1, Cursor: list.NextCursor})
	if err != nil || len(list.Items) != 1 || list.Items[0].AffiliateID != w.a1.ID || list.NextCursor != "" {
		t.Errorf("second page: %+v, %v", list, err)
	}
	list, err = w.ListAccess(ctx, w.ofA1, offer.AccessFilter{}, domain.Page{})
	if err != nil || len(list.Items) != 1 || list.Items[0].AffiliateID != w.a1.ID {
		t.Errorf("affiliate sees %+v, %v", list, err)
	}
}

func TestLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.mustCreate(t, func(o *offer.Offer) { o.Visibility = offer.VisibilityApproval })
	link, warnings, err := w.Link(ctx, w.ofA1, offer.LinkInput{OfferID: o.ID, Subs: [10]string{"x"}})
	if want := fmt.Sprintf("https://trk.example/click?o=%d&a=%d&sub1=x", o.ID, w.a1.ID); err != nil || link != want {
		t.Errorf("got %s, %v; want %s", link, err, want)
	}
	if len(warnings) != 1 || warnings[0].Code != "not_approved" {
		t.Errorf("warnings %v", warnings)
	}
	if _, err := w.SetAccess(ctx, admin, offer.Access{OfferID: o.ID, AffiliateID: w.a1.ID, Status: offer.AccessApproved}); err != nil {
		t.Fatal(err)
	}
	if _, warnings, err = w.Link(ctx, admin, offer.LinkInput{OfferID: o.ID, AffiliateID: w.a1.ID}); err != nil || len(warnings) > 0 {
		t.Errorf("approved: %v, %v", warnings, err)
	}
	w.mustExec(t, `UPDATE affiliates SET status = 'paused'`)
	if _, _, err := w.Update(ctx, admin, o.ID, func(o *offer.Offer) { o.Status = offer.StatusPaused }); err != nil {
		t.Fatal(err)
	}
	_, warnings, err = w.Link(ctx, admin, offer.LinkInput{OfferID: o.ID, AffiliateID: w.a1.ID})
	if err != nil || len(warnings) != 2 || warnings[0].Code != "offer_inactive" || warnings[1].Code != "affiliate_inactive" {
		t.Errorf("paused: %v, %v", warnings, err)
	}
	if _, _, err := w.Link(ctx, admin, offer.LinkInput{OfferID: o.ID}); !errs.HasCode(err, "required") {
		t.Errorf("an operator names the affiliate: %v", err)
	}
}

// Every write of the catalogue raises its version once it is committed, and only then wakes the routing.
func TestCatalogueVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	woken := 0
	w.onChange(func(context.Context) { woken++ })
	o := w.mustCreate(t, nil)
	failing := w.deps
	failing.Audit = recorder{func(audit.Entry) error { return errors.New("audit is full") }}
	broken := offer.NewService(failing)
	rename := func(o *offer.Offer) { o.Name = "changed" }
	var goal offer.Goal
	for _, step := range []struct {
		name string
		deed func(s *offer.Service) error
	}{
		{"update", func(s *offer.Service) error { return third(s.Update(ctx, admin, o.ID, rename)) }},
		{"create goal", func(s *offer.Service) (err error) {
			goal, _, err = s.CreateGoal(ctx, admin, o.ID, offer.Goal{Alias: "g"})
			return err
		}},
		{"update goal", func(s *offer.Service) error {
			return third(s.UpdateGoal(ctx, admin, o.ID, goal.ID, "", func(g *offer.Goal) { g.Name = "G" }))
		}},
		{"delete goal", func(s *offer.Service) error { return s.DeleteGoal(ctx, admin, o.ID, goal.ID) }},
		{"access", func(s *offer.Service) error {
			return second(s.SetAccess(ctx, admin, offer.Access{OfferID: o.ID, AffiliateID: w.a1.ID, Status: offer.AccessApproved}))
		}},
		{"delete", func(s *offer.Service) error { return s.Delete(ctx, admin, o.ID) }},
	} {
		before, wokenBefore := w.version(t), woken
		keep := goal
		if err := step.deed(broken); err == nil || w.version(t) != before || woken != wokenBefore {
			t.Errorf("%s, rolled back: %v, version %d → %d, woken %d → %d", step.name, err, before, w.version(t), wokenBefore, woken)
		}
		goal = keep
		if err := step.deed(w.Service); err != nil || w.version(t) <= before || woken != wokenBefore+1 {
			t.Errorf("%s: %v, version %d → %d, woken %d → %d", step.name, err, before, w.version(t), wokenBefore, woken)
		}
	}
	var actions string
	err := w.pool.QueryRow(ctx, `SELECT string_agg(action, ' ' ORDER BY id) FROM audit_log WHERE object_type IN ('offer', 'goal')`).Scan(&actions)
	if want := "offer.create offer.update goal.create goal.update goal.delete offer_access.set offer.delete"; err != nil || !sameWords(actions, want) {
		t.Errorf("audit log: %s, %v; want %s", actions, err, want)
	}
}

func (w *world) version(t *testing.T) int64 {
	t.Helper()
	v, err := w.routing.CatalogueVersion(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// sameWords compares without order: ids made in one millisecond have none.
func sameWords(a, b string) bool {
	count := map[string]int{}
	for _, word := range strings.Fields(a) {
		count[word]++
	}
	for _, word := range strings.Fields(b) {
		count[word]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

type recorder struct{ record func(audit.Entry) error }

func (r recorder) Record(_ context.Context, e audit.Entry) error { return r.record(e) }

// Many goals made at once, all wanting to be the default: each is kept, one wins.
func TestConcurrentGoals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.mustCreate(t, nil)
	const goals = 12
	var wg sync.WaitGroup
	for i := range goals {
		wg.Go(func() {
			if _, _, err := w.CreateGoal(ctx, admin, o.ID, offer.Goal{Alias: fmt.Sprintf("g%d", i), IsDefault: true}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	read, err := w.Get(ctx, admin, o.ID)
	defaults := 0
	for _, g := range read.Goals {
		if g.IsDefault {
			defaults++
		}
	}
	if err != nil || len(read.Goals) != goals+1 || defaults != 1 {
		t.Errorf("%d goals, %d defaults, %v", len(read.Goals), defaults, err)
	}
}

func second[T any](_ T, err error) error { return err }

func third[T, U any](_ T, _ U, err error) error { return err }
