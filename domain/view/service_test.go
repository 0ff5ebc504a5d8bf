package view_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/view"
	"github.com/waypost/waypost/store/storetest"
)

// world has two affiliates and an advertiser with users, and two operators.
type world struct {
	*testing.T
	db    *storetest.DB
	views *view.Service
	now   time.Time
	users map[string]account.User

	mu      sync.Mutex
	ordered []string
	refuse  error
}

// OrderMailed implements view.Files.
func (w *world) OrderMailed(_ context.Context, actor account.Actor, path string, format view.Format, title string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refuse != nil {
		return w.refuse
	}
	w.ordered = append(w.ordered, fmt.Sprintf("%d %s %s %s", actor.UserID, path, format, title))
	return nil
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, db: storetest.New(t), now: time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC), users: map[string]account.User{}} // a Wednesday
	clock := func() time.Time { return w.now }
	w.views = view.NewService(view.Deps{Tx: w.db, Store: w.db.Views(), Users: w.db.Accounts(), Files: w, Clock: clock, Log: slog.New(slog.DiscardHandler)})
	affiliates := affiliate.NewService(affiliate.Deps{Tx: w.db, Store: w.db.Affiliates(), Audit: w.db.Audit(), Clock: clock})
	advertisers := advertiser.NewService(advertiser.Deps{Tx: w.db, Store: w.db.Advertisers(), Audit: w.db.Audit(), Clock: clock, Random: rand.Reader})
	for _, name := range []string{"one", "two"} {
		_, _, err := affiliates.Create(t.Context(), account.SystemActor("test"), affiliate.Affiliate{Name: name})
		w.must(err)
	}
	_, _, err := advertisers.Create(t.Context(), account.SystemActor("test"), advertiser.Advertiser{Name: "shop"})
	w.must(err)
	for name, u := range map[string]account.User{"admin": {Role: account.RoleAdmin, TimeZone: "Europe/Berlin"}, "viewer": {Role: account.RoleViewer, Name: "Vera"},
		"a": {Role: account.RoleAffiliate, AffiliateID: 1}, "a mate": {Role: account.RoleAffiliate, AffiliateID: 1}, "b": {Role: account.RoleAffiliate, AffiliateID: 2},
		"d": {Role: account.RoleAdvertiser, AdvertiserID: 1}} {
		u.Email, u.Status, u.CreatedAt, u.UpdatedAt = strings.ReplaceAll(name, " ", ".")+"@x.example", account.UserStatusActive, w.now, w.now
		if u.TimeZone == "" {
			u.TimeZone = "UTC"
		}
		w.must(w.db.Accounts().InsertUser(t.Context(), &u))
		w.users[name] = u
	}
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) actor(name string) account.Actor { return w.users[name].Actor("192.0.2.1") }

func (w *world) create(name string, v view.View) view.View {
	w.Helper()
	v, err := w.views.Create(w.Context(), w.actor(name), v)
	w.must(err)
	return v
}

// seen are the names of the views of a page as a menu has them; a star marks the default.
func (w *world) seen(name, page string) string {
	w.Helper()
	all, err := w.views.OfPage(w.Context(), w.actor(name), page)
	w.must(err)
	var names []string
	for _, v := range all {
		if v.Default {
			v.Name += "*"
		}
		names = append(names, v.Name)
	}
	return strings.Join(names, " ")
}

func TestWhoSeesAView(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine := w.create("a", view.View{Page: "/conversions", Name: "mine", Query: "status=pending"})
	ours := w.create("a", view.View{Page: "/conversions", Name: "ours", Shared: true, Default: true})
	w.create("admin", view.View{Page: "/conversions", Name: "network's", Shared: true})
	w.create("viewer", view.View{Page: "/conversions", Name: "Vera's"})
	w.create("a", view.View{Page: "/clicks", Name: "clicks"})
	for name, want := range map[string]string{"a": "mine ours*", "a mate": "ours", "b": "", "d": "", "admin": "network's", "viewer": "Vera's network's"} {
		if got := w.seen(name, "/conversions"); got != want {
			t.Errorf("%s sees %q, want %q", name, got, want)
		}
		list, err := w.views.List(t.Context(), w.actor(name), view.Filter{Page: "/conversions"}, domain.Page{})
		w.must(err)
		if len(list.Items) != len(strings.Fields(strings.ReplaceAll(want, "Vera's network's", "x y"))) {
			t.Errorf("%s lists %+v", name, list.Items)
		}
	}
	if all, err := w.views.List(t.Context(), w.actor("viewer"), view.Filter{Own: true}, domain.Page{}); err != nil || len(all.Items) != 1 || all.Items[0].OwnerName != "Vera" {
		t.Errorf("own: %+v, %v", all, err)
	}
	none := func(v *view.View) { v.Name, v.Default = "stolen", true }
	for name, id := range map[string]view.ID{"a mate": mine.ID, "b": ours.ID, "d": ours.ID, "admin": ours.ID, "viewer": mine.ID} {
		_, get := w.views.Get(t.Context(), w.actor(name), id)
		_, update := w.views.Update(t.Context(), w.actor(name), id, none)
		for deed, err := range map[string]error{"get": get, "update": update, "delete": w.views.Delete(t.Context(), w.actor(name), id)} {
			if !errs.HasCode(err, "not_found") {
				t.Errorf("%s, %s: %v", name, deed, err)
			}
		}
	}
	// Of a shared view a mate may choose that the page opens with it, and no more.
	_, err := w.views.Update(t.Context(), w.actor("a mate"), ours.ID, none)
	if del := w.views.Delete(t.Context(), w.actor("a mate"), ours.ID); !errs.HasCode(err, "not_owner") || !errs.HasCode(del, "not_owner") {
		t.Errorf("a mate changes it: %v; deletes it: %v", err, del)
	}
	_, err = w.views.Update(t.Context(), w.actor("a mate"), ours.ID, func(v *view.View) { v.Default = true })
	w.must(err)
	if got := w.seen("a mate", "/conversions"); got != "ours*" {
		t.Errorf("a mate sees %q", got)
	}
	// Shared no more, it is nobody else's default; shared again, neither.
	for _, shared := range []bool{false, true} {
		_, err = w.views.Update(t.Context(), w.actor("a"), ours.ID, func(v *view.View) { v.Shared = shared })
		w.must(err)
	}
	if got := w.seen("a mate", "/conversions") + ", " + w.seen("a", "/conversions"); got != "ours, mine ours*" {
		t.Errorf("after that: %q", got)
	}
	// One page opens with one view.
	_, err = w.views.Update(t.Context(), w.actor("a"), mine.ID, func(v *view.View) { v.Default = true })
	w.must(err)
	if got := w.seen("a", "/conversions"); got != "mine* ours" {
		t.Errorf("two defaults: %q", got)
	}
	w.must(w.views.Delete(t.Context(), w.actor("a"), mine.ID))
	if got := w.seen("a", "/conversions"); got != "ours" {
		t.Errorf("deleted: %q", got)
	}
}

// Who moves to another party takes no view along, for its name and filters are the first one's.
func TestViewsStayWithTheParty(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create("a", view.View{Page: "/conversions", Name: "ours", Query: "sub1=secret", Shared: true, Schedule: view.Daily})
	accounts := account.NewService(account.Deps{Tx: w.db, Store: w.db.Accounts(), Audit: w.db.Audit(), Clock: func() time.Time { return w.now }, Random: rand.Reader})
	change := func(deed func(*account.User)) {
		t.Helper()
		_, err := accounts.UpdateUser(t.Context(), account.Actor{UserID: w.users["admin"].ID, Role: account.RoleAdmin}, w.users["a"].ID, deed)
		w.must(err)
	}
	change(func(u *account.User) { u.Name = "Ann" })
	if got := w.seen("a mate", "/conversions"); got != "ours" {
		t.Errorf("renamed: %q", got)
	}
	change(func(u *account.User) { u.AffiliateID = 2 })
	for _, name := range []string{"a mate", "b"} {
		if got := w.seen(name, "/conversions"); got != "" {
			t.Errorf("%s sees %q", name, got)
		}
	}
	moved := w.users["a"]
	moved.AffiliateID = 2
	if own, err := w.views.OfPage(t.Context(), moved.Actor(""), "/conversions"); err != nil || len(own) != 0 {
		t.Errorf("the user sees %v, %v", own, err)
	}
	w.now = w.now.AddDate(0, 0, 2)
	if came, err := w.views.Due(t.Context()); came != 0 || err != nil {
		t.Errorf("%d files came, %v", came, err)
	}
}

func TestWhoMayKeepViews(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := view.View{Page: "/conversions", Name: "x"}
	looking := account.Actor{Role: account.RoleAffiliate, AffiliateID: 1, Viewing: w.users["admin"].ID}
	_, err := w.views.Create(t.Context(), looking, v)
	_, system := w.views.Create(t.Context(), account.SystemActor("test"), v)
	_, stranger := w.views.Create(t.Context(), account.Actor{UserID: 1}, v)
	if !errs.HasCode(err, "view_only") || !errs.Is(system, errs.KindForbidden) || !errs.Is(stranger, errs.KindForbidden) {
		t.Errorf("%v, %v, %v", err, system, stranger)
	}
	w.create("a", view.View{Page: "/conversions", Name: "ours", Shared: true})
	if seen, err := w.views.OfPage(t.Context(), looking, "/conversions"); err != nil || len(seen) != 1 {
		t.Errorf("who looks sees %v, %v", seen, err)
	}
	w.create("viewer", v)
	w.create("admin", v) // names are each user's own
	_, err = w.views.Create(t.Context(), w.actor("viewer"), view.View{Page: "/conversions", Name: " X "})
	if !errs.HasCode(err, "name_taken") {
		t.Errorf("the same name: %v", err)
	}
	w.create("viewer", view.View{Page: "/clicks", Name: "X"})
	for i := range 98 {
		w.create("viewer", view.View{Page: "/offers", Name: fmt.Sprint(i)})
	}
	if _, err := w.views.Create(t.Context(), w.actor("viewer"), view.View{Page: "/offers", Name: "one more"}); !errs.HasCode(err, "too_many_views") {
		t.Errorf("the 101st: %v", err)
	}
}

func TestDueViews(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	daily := w.create("admin", view.View{Page: "/conversions", Name: "daily", Query: "status=pending", Span: view.Yesterday, Schedule: view.Daily, Format: view.XLSX})
	w.create("a", view.View{Page: "/reports", Name: "weekly", Query: "group=offer", Span: view.LastWeek, Schedule: view.Weekly})
	w.create("b", view.View{Page: "/reports", Name: "gone", Schedule: view.Daily})
	w.create("d", view.View{Page: "/offers", Name: "never"})
	if want := time.Date(2026, 11, 19, 6, 0, 0, 0, time.UTC); !daily.NextAt.Equal(want) { // Berlin
		t.Errorf("next %s, want %s", daily.NextAt, want)
	}
	gone := w.users["b"]
	gone.Status = account.UserStatusDisabled
	w.must(w.db.Accounts().UpdateUser(t.Context(), gone))
	due := func(at time.Time) []string {
		t.Helper()
		w.now, w.ordered = at, nil
		var wait sync.WaitGroup
		for range 3 { // nodes
			wait.Go(func() {
				if _, err := w.views.Due(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		slices.Sort(w.ordered)
		return w.ordered
	}
	admin, a := w.users["admin"].ID, w.users["a"].ID
	onDay := func(day string) string {
		return fmt.Sprintf("%d /admin/conversions?from=%s&status=pending&to=%s xlsx daily", admin, day, day)
	}
	weekly := fmt.Sprintf("%d /affiliate/reports?from=2026-11-16&group=offer&to=2026-11-22 csv weekly", a)
	for _, tc := range []struct {
		at   time.Time
		want []string
	}{
		{w.now, nil},
		{time.Date(2026, 11, 19, 5, 59, 59, 0, time.UTC), nil},
		{time.Date(2026, 11, 19, 6, 0, 0, 0, time.UTC), []string{onDay("2026-11-18")}},
		{time.Date(2026, 11, 19, 6, 1, 0, 0, time.UTC), nil},
		// Two days of standing still are one file.
		{time.Date(2026, 11, 23, 7, 0, 30, 0, time.UTC), []string{onDay("2026-11-22"), weekly}},
		{time.Date(2026, 11, 23, 7, 1, 0, 0, time.UTC), nil},
	} {
		slices.Sort(tc.want)
		if got := due(tc.at); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, want %q", tc.at, got, tc.want)
		}
	}
	// Where too much waits already it comes a minute later; what is refused for good waits for its next time; what breaks is
	// tried again.
	w.refuse = errs.Conflict("too_many_waiting", "too many wait")
	if got := due(time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)); got != nil {
		t.Errorf("too much waits: %q", got)
	}
	w.refuse = nil
	if got := due(time.Date(2026, 11, 24, 6, 1, 0, 0, time.UTC)); !slices.Equal(got, []string{onDay("2026-11-23")}) {
		t.Errorf("a minute later: %q", got)
	}
	w.refuse = errs.Invalid("invalid_path", "there is no such page any more")
	if got := due(time.Date(2026, 11, 24, 7, 0, 0, 0, time.UTC)); got != nil {
		t.Errorf("refused: %q", got)
	}
	w.refuse = nil
	if got := due(time.Date(2026, 11, 24, 7, 1, 0, 0, time.UTC)); got != nil {
		t.Errorf("after a refusal: %q", got)
	}
	w.now, w.refuse = time.Date(2026, 11, 25, 6, 0, 0, 0, time.UTC), context.DeadlineExceeded
	if _, err := w.views.Due(t.Context()); err == nil {
		t.Error("a failure is not told")
	}
	w.refuse = nil
	if got := due(time.Date(2026, 11, 25, 6, 1, 0, 0, time.UTC)); !slices.Equal(got, []string{onDay("2026-11-24")}) {
		t.Errorf("after a failure: %q", got)
	}
	// Never again.
	off, err := w.views.Update(t.Context(), w.actor("admin"), daily.ID, func(v *view.View) { v.Schedule = view.Never })
	w.must(err)
	if !off.NextAt.IsZero() {
		t.Errorf("off, but next at %s", off.NextAt)
	}
}
