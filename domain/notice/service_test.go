package notice_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/notice"
	"github.com/waypost/waypost/store/storetest"
)

// world has two affiliates and two advertisers, numbered 1 and 2, and users of every role and status.
type world struct {
	*testing.T
	db      *storetest.DB
	notices *notice.Service
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, db: storetest.New(t)}
	clock := func() time.Time { return time.Now().UTC() }
	w.notices = notice.NewService(notice.Deps{Tx: w.db, Store: w.db.Notices(), Outbox: w.db.Mails(), Clock: clock, Random: rand.Reader,
		PublicURL: "https://network.example"})
	affiliates := affiliate.NewService(affiliate.Deps{Tx: w.db, Store: w.db.Affiliates(), Audit: w.db.Audit(), Clock: clock})
	advertisers := advertiser.NewService(advertiser.Deps{Tx: w.db, Store: w.db.Advertisers(), Audit: w.db.Audit(), Clock: clock, Random: rand.Reader})
	for i, name := range []string{"one", "two"} {
		a, _, err := affiliates.Create(t.Context(), account.SystemActor("test"), affiliate.Affiliate{Name: name})
		w.must(err)
		d, _, err := advertisers.Create(t.Context(), account.SystemActor("test"), advertiser.Advertiser{Name: name})
		w.must(err)
		if a.ID != affiliate.ID(i+1) || d.ID != advertiser.ID(i+1) {
			t.Fatalf("ids %d, %d", a.ID, d.ID)
		}
	}
	for _, u := range []account.User{
		{Email: "admin@x.example", Role: account.RoleAdmin}, {Email: "manager@x.example", Role: account.RoleManager},
		{Email: "finance@x.example", Role: account.RoleFinance}, {Email: "viewer@x.example", Role: account.RoleViewer},
		{Email: "gone@x.example", Role: account.RoleAdmin, Status: account.UserStatusDisabled},
		{Email: "aff1@x.example", Role: account.RoleAffiliate, AffiliateID: 1}, {Email: "aff1b@x.example", Role: account.RoleAffiliate, AffiliateID: 1},
		{Email: "aff1c@x.example", Role: account.RoleAffiliate, AffiliateID: 1, Status: account.UserStatusInvited},
		{Email: "aff2@x.example", Role: account.RoleAffiliate, AffiliateID: 2}, {Email: "adv1@x.example", Role: account.RoleAdvertiser, AdvertiserID: 1},
	} {
		if u.Status == "" {
			u.Status = account.UserStatusActive
		}
		u.CreatedAt, u.UpdatedAt = clock(), clock()
		w.must(w.db.Accounts().InsertUser(t.Context(), &u))
	}
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

var (
	operator   = account.Actor{UserID: 1, Role: account.RoleManager}
	affiliate1 = account.Actor{UserID: 2, Role: account.RoleAffiliate, AffiliateID: 1}
	affiliate2 = account.Actor{UserID: 3, Role: account.RoleAffiliate, AffiliateID: 2}
	adv1       = account.Actor{UserID: 4, Role: account.RoleAdvertiser, AdvertiserID: 1}
)

func (w *world) list(actor account.Actor, f notice.Filter) []notice.Notice {
	w.Helper()
	s, err := w.notices.List(w.Context(), actor, f, domain.Page{})
	w.must(err)
	return s.Items
}

// mails takes the queued mails out of the database.
func (w *world) mails() (to []string, text string) {
	w.Helper()
	due, err := w.db.Mails().Claim(w.Context(), 100, time.Hour)
	w.must(err)
	for _, d := range due {
		to = append(to, d.Message.To)
		text = d.Message.Subject + "|" + d.Message.Text
	}
	slices.Sort(to)
	return to, text
}

func TestPost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		n     notice.Notice
		to    []string
		party account.Actor
	}{
		{notice.Notice{AffiliateID: 1}, []string{"aff1@x.example", "aff1b@x.example"}, affiliate1},
		{notice.Notice{AdvertiserID: 1}, []string{"adv1@x.example"}, adv1},
		{notice.Notice{}, []string{"admin@x.example", "manager@x.example"}, operator},
	} {
		c.n.Kind, c.n.Text, c.n.ObjectType, c.n.ObjectID = "postback_paused", "Your postback 7 was paused. It failed 40 times.", "postback", "7"
		c.n.ReadAt = time.Now() // not the poster's to say
		w.must(w.notices.Post(t.Context(), c.n))
		to, text := w.mails()
		if !slices.Equal(to, c.to) {
			t.Errorf("%+v goes to %v, want %v", c.n, to, c.to)
		}
		if want := "Your postback 7 was paused|" + c.n.Text + "\n\nLog in for details: https://network.example\n"; text != want {
			t.Errorf("mail %q, want %q", text, want)
		}
		all := w.list(c.party, notice.Filter{})
		if len(all) != 1 || all[0].Text != c.n.Text || all[0].ObjectID != "7" || !all[0].ReadAt.IsZero() || time.Since(all[0].At) > time.Minute {
			t.Errorf("listed %+v", all)
		}
	}
}

func TestPostNeedsKindTextAndOneParty(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, n := range []notice.Notice{{Text: "x"}, {Kind: "x"}, {Kind: "x", Text: " \x00"}, {Kind: "x", Text: "x", AffiliateID: 1, AdvertiserID: 1}} {
		if err := w.notices.Post(t.Context(), n); err == nil {
			t.Errorf("%+v was posted", n)
		}
	}
}

func TestNothingWithoutItsTransaction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	undone := errors.New("undone")
	err := w.db.InTx(t.Context(), func(ctx context.Context) error {
		w.must(w.notices.Post(ctx, notice.Notice{AffiliateID: 1, Kind: "k", Text: "t"}))
		return undone
	})
	to, _ := w.mails()
	if !errors.Is(err, undone) || len(to) != 0 || len(w.list(affiliate1, notice.Filter{})) != 0 {
		t.Errorf("%v: %v", err, to)
	}
}

func TestEachPartyHasItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	parties := map[string]account.Actor{"network": operator, "affiliate 1": affiliate1, "affiliate 2": affiliate2, "advertiser 1": adv1}
	w.must(w.notices.Post(t.Context(), notice.Notice{Kind: "k", Text: "network"}))
	w.must(w.notices.Post(t.Context(), notice.Notice{AffiliateID: 1, Kind: "k", Text: "affiliate 1"}))
	w.must(w.notices.Post(t.Context(), notice.Notice{AffiliateID: 2, Kind: "k", Text: "affiliate 2"}))
	w.must(w.notices.Post(t.Context(), notice.Notice{AdvertiserID: 1, Kind: "k", Text: "advertiser 1"}))
	ids := map[string]notice.ID{}
	for name, actor := range parties {
		all := w.list(actor, notice.Filter{})
		if len(all) != 1 || all[0].Text != name {
			t.Fatalf("%s sees %+v", name, all)
		}
		ids[name] = all[0].ID
	}
	for name, actor := range parties {
		for other, id := range ids {
			if other == name {
				continue
			}
			if _, err := w.notices.MarkRead(t.Context(), actor, id); !errs.Is(err, errs.KindNotFound) {
				t.Errorf("%s marks what is %s's: %v", name, other, err)
			}
		}
	}
	for name, actor := range parties {
		if len(w.list(actor, notice.Filter{Unread: true})) != 1 {
			t.Errorf("%s: another party marked it as read", name)
		}
	}
	if n, err := w.notices.MarkAllRead(t.Context(), affiliate1); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for name, actor := range parties {
		if unread := len(w.list(actor, notice.Filter{Unread: true})); unread != map[bool]int{true: 0, false: 1}[name == "affiliate 1"] {
			t.Errorf("%s has %d unread", name, unread)
		}
	}
	nobody := account.Actor{UserID: 9, Role: account.RoleAffiliate}
	if _, err := w.notices.List(t.Context(), nobody, notice.Filter{}, domain.Page{}); !errs.Is(err, errs.KindForbidden) {
		t.Errorf("a user of no party: %v", err)
	}
	if _, err := w.notices.MarkAllRead(t.Context(), nobody); !errs.Is(err, errs.KindForbidden) {
		t.Errorf("a user of no party: %v", err)
	}
}

func TestReadKeepsItsFirstTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(w.notices.Post(t.Context(), notice.Notice{AffiliateID: 1, Kind: "k", Text: "t"}))
	id := w.list(affiliate1, notice.Filter{})[0].ID
	first, err := w.notices.MarkRead(t.Context(), affiliate1, id)
	w.must(err)
	again, err := w.notices.MarkRead(t.Context(), affiliate1, id)
	w.must(err)
	if first.ReadAt.IsZero() || !again.ReadAt.Equal(first.ReadAt) {
		t.Errorf("read at %v, then %v", first.ReadAt, again.ReadAt)
	}
	if _, err := w.notices.MarkRead(t.Context(), affiliate1, notice.ID{UUID: domain.UUID{1}}); !errs.Is(err, errs.KindNotFound) {
		t.Errorf("unknown id: %v", err)
	}
}

func TestListPagesNewestFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var want []string
	for i := range 7 {
		text := strings.Repeat("x", i+1)
		kind := "even"
		if i%2 == 1 {
			kind = "odd"
		}
		w.must(w.notices.Post(t.Context(), notice.Notice{AffiliateID: 1, Kind: kind, Text: text}))
		want = append([]string{text}, want...)
	}
	var got []string
	page := domain.Page{Limit: 3}
	for {
		s, err := w.notices.List(t.Context(), affiliate1, notice.Filter{}, page)
		w.must(err)
		for _, n := range s.Items {
			got = append(got, n.Text)
		}
		if page.Cursor = s.NextCursor; page.Cursor == "" {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if odd := w.list(affiliate1, notice.Filter{Kind: "odd"}); len(odd) != 3 {
		t.Errorf("%d odd ones", len(odd))
	}
	if none := w.list(affiliate1, notice.Filter{From: time.Now().Add(time.Hour)}); len(none) != 0 {
		t.Errorf("%d of the future", len(none))
	}
	if _, err := w.notices.List(t.Context(), affiliate1, notice.Filter{}, domain.Page{Cursor: "x"}); !errs.HasCode(err, "invalid_cursor") {
		t.Errorf("cursor: %v", err)
	}
}
