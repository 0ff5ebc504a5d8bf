package advertiser_test

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

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/audit"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/store/storetest"
)

var (
	admin  = account.Actor{UserID: 1, Role: account.RoleAdmin, IP: "203.0.113.9"}
	viewer = account.Actor{UserID: 2, Role: account.RoleViewer}
)

// recorder is an audit log that can be made to fail.
type recorder struct{ record func(audit.Entry) error }

func (r recorder) Record(_ context.Context, e audit.Entry) error { return r.record(e) }

func deps(db *storetest.DB) advertiser.Deps {
	return advertiser.Deps{Tx: db, Store: db.Advertisers(), Audit: db.Audit(), Clock: func() time.Time { return time.Now().UTC() }, Random: rand.Reader}
}

func mustCreate(t *testing.T, s *advertiser.Service, a advertiser.Advertiser) advertiser.Advertiser {
	t.Helper()
	made, _, err := s.Create(context.Background(), admin, a)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), advertiser.NewService(deps(storetest.New(t)))
	made := mustCreate(t, s, advertiser.Advertiser{
		Name: "Acme", Email: "pay@acme.example", Status: advertiser.StatusPaused, Currency: "JPY", OverridePercent: money.MustRate("12.345678"),
		PostbackAuth: advertiser.AuthIP, PostbackToken: "a-token-of-its-own", AlwaysOK: true,
		IPAllowlist: []string{"10.0.0.0/8", `192.0.2.1`}, StatusMap: map[string]string{`we,ird "word"`: "approved"},
	})
	read, err := s.Get(ctx, admin, made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(made, read, cmp.Comparer(money.Rate.Equal)); diff != "" {
		t.Error(diff)
	}
	// Every field that may be empty can be emptied.
	changed, _, err := s.Update(ctx, admin, made.ID, func(a *advertiser.Advertiser) {
		*a = advertiser.Advertiser{Name: "Acme 2", Status: a.Status, Currency: "USD", PostbackAuth: advertiser.AuthToken, PostbackToken: a.PostbackToken,
			UpdatedAt: a.UpdatedAt}
	})
	if err != nil {
		t.Fatal(err)
	}
	read, err = s.Get(ctx, admin, made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(changed, read, cmp.Comparer(money.Rate.Equal)); diff != "" {
		t.Error(diff)
	}
	if read.AlwaysOK || read.Email != "" || len(read.IPAllowlist) != 0 || len(read.StatusMap) != 0 || !read.OverridePercent.IsZero() || read.Currency != "USD" {
		t.Errorf("zero values are lost: %+v", read)
	}
	if read.CreatedAt != made.CreatedAt || !read.UpdatedAt.After(made.UpdatedAt) {
		t.Errorf("times: made %v %v, now %v %v", made.CreatedAt, made.UpdatedAt, read.CreatedAt, read.UpdatedAt)
	}
}

// Defaults belong to a new advertiser. A change that empties a field is refused.
func TestChangesTakeNoDefaults(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), advertiser.NewService(deps(storetest.New(t)))
	made := mustCreate(t, s, advertiser.Advertiser{Name: "Acme", Currency: "EUR", Status: advertiser.StatusBlocked, PostbackAuth: advertiser.AuthHMAC})
	for at, change := range map[string]func(*advertiser.Advertiser){
		"body.currency":      func(a *advertiser.Advertiser) { a.Currency = "" },
		"body.status":        func(a *advertiser.Advertiser) { a.Status = "" },
		"body.postback_auth": func(a *advertiser.Advertiser) { a.PostbackAuth = "" },
	} {
		_, _, err := s.Update(ctx, admin, made.ID, change)
		if e, ok := errs.As(err); !ok || e.Kind != errs.KindInvalid || len(e.Fields) != 1 || e.Fields[0].Location != at {
			t.Errorf("%s: %v", at, err)
		}
	}
}

func TestTokenIsMadeAndSealed(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	ctx, s := context.Background(), advertiser.NewService(deps(db))
	a, b := mustCreate(t, s, advertiser.Advertiser{Name: "A"}), mustCreate(t, s, advertiser.Advertiser{Name: "B"})
	if len(a.PostbackToken) < 32 || a.PostbackToken == b.PostbackToken {
		t.Errorf("tokens %q, %q", a.PostbackToken, b.PostbackToken)
	}
	rotated, _, err := s.Update(ctx, admin, a.ID, func(a *advertiser.Advertiser) { a.PostbackToken = "" })
	if err != nil || len(rotated.PostbackToken) < 32 || rotated.PostbackToken == a.PostbackToken {
		t.Errorf("rotated to %q, %v", rotated.PostbackToken, err)
	}
	var rows, log string
	err = db.Pool().QueryRow(ctx, `SELECT string_agg(d::text, ' '), (SELECT string_agg(l::text, ' ') FROM audit_log l) FROM advertisers d`).Scan(&rows, &log)
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{a.PostbackToken, b.PostbackToken, rotated.PostbackToken} {
		if hexed := fmt.Sprintf("%x", token); strings.Contains(rows, token) || strings.Contains(rows, hexed) || strings.Contains(log, token) {
			t.Errorf("token %s can be read in the database", token)
		}
	}
	if !strings.Contains(log, "advertiser.update") || !strings.Contains(log, "(changed)") {
		t.Errorf("the audit log does not tell of the new token: %s", log)
	}
}

func TestTenancy(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), advertiser.NewService(deps(storetest.New(t)))
	a, b := mustCreate(t, s, advertiser.Advertiser{Name: "A"}), mustCreate(t, s, advertiser.Advertiser{Name: "B"})
	ofA := account.Actor{UserID: 7, Role: account.RoleAdvertiser, AdvertiserID: int64(a.ID)}
	affiliate := account.Actor{UserID: 8, Role: account.RoleAffiliate, AffiliateID: int64(b.ID)} // the same number
	rename := func(a *advertiser.Advertiser) { a.Name = "Renamed" }
	block := func(a *advertiser.Advertiser) { a.Status = advertiser.StatusBlocked }

	if _, err := s.Get(ctx, ofA, a.ID); err != nil {
		t.Errorf("own record: %v", err)
	}
	for name, deed := range map[string]func() error{
		"get another":        func() error { _, err := s.Get(ctx, ofA, b.ID); return err },
		"update another":     func() error { _, _, err := s.Update(ctx, ofA, b.ID, rename); return err },
		"delete another":     func() error { return s.Delete(ctx, ofA, b.ID) },
		"affiliate's get":    func() error { _, err := s.Get(ctx, affiliate, b.ID); return err },
		"affiliate's update": func() error { _, _, err := s.Update(ctx, affiliate, b.ID, rename); return err },
		"one that is not":    func() error { _, err := s.Get(ctx, admin, 999); return err },
	} {
		if err := deed(); !errs.Is(err, errs.KindNotFound) {
			t.Errorf("%s: %v, want not found", name, err)
		}
	}
	for name, deed := range map[string]func() error{
		"own status":     func() error { _, _, err := s.Update(ctx, ofA, a.ID, block); return err },
		"own deletion":   func() error { return s.Delete(ctx, ofA, a.ID) },
		"own creation":   func() error { _, _, err := s.Create(ctx, ofA, advertiser.Advertiser{Name: "C"}); return err },
		"viewer's write": func() error { _, _, err := s.Update(ctx, viewer, a.ID, rename); return err },
		"nobody":         func() error { _, err := s.Get(ctx, account.Actor{}, a.ID); return err },
		"no party":       func() error { _, err := s.Get(ctx, account.Actor{Role: account.RoleAdvertiser}, a.ID); return err },
	} {
		if err := deed(); !errs.Is(err, errs.KindForbidden) {
			t.Errorf("%s: %v, want forbidden", name, err)
		}
	}
	if got, _, err := s.Update(ctx, ofA, a.ID, rename); err != nil || got.Name != "Renamed" {
		t.Errorf("own profile: %+v, %v", got, err)
	}
	for actor, want := range map[account.Actor]int{admin: 2, viewer: 2, ofA: 1, affiliate: 0} {
		list, err := s.List(ctx, actor, advertiser.Filter{}, domain.Page{})
		if err != nil || len(list.Items) != want {
			t.Errorf("%s sees %d, %v; want %d", actor.Role, len(list.Items), err, want)
		}
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), advertiser.NewService(deps(storetest.New(t)))
	for i := range 5 {
		mustCreate(t, s, advertiser.Advertiser{Name: fmt.Sprintf("100%% nr_%d", i)})
	}
	var names []string
	for page := (domain.Page{Limit: 2}); ; {
		list, err := s.List(ctx, admin, advertiser.Filter{}, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range list.Items {
			names = append(names, a.Name)
		}
		if page.Cursor = list.NextCursor; page.Cursor == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"100% nr_4", "100% nr_3", "100% nr_2", "100% nr_1", "100% nr_0"}, names); diff != "" {
		t.Error(diff)
	}
	for f, want := range map[advertiser.Filter]int{
		{Search: "NR_3"}:                        1,
		{Search: "%"}:                           5,
		{Search: "0_ n"}:                        0,
		{Status: advertiser.StatusPaused}:       0,
		{From: time.Now().Add(time.Hour)}:       0,
		{To: time.Now().Add(time.Hour)}:         5,
		{To: time.Now().Add(-time.Hour)}:        0,
		{Status: "active", Search: `\' OR 1=1`}: 0,
	} {
		if list, err := s.List(ctx, admin, f, domain.Page{}); err != nil || len(list.Items) != want {
			t.Errorf("%+v finds %d, %v; want %d", f, len(list.Items), err, want)
		}
	}
	for _, cursor := range []string{"x", "!", "LTE", "MTIgMzQ"} {
		if _, err := s.List(ctx, admin, advertiser.Filter{}, domain.Page{Cursor: cursor}); !errs.HasCode(err, "invalid_cursor") {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
}

// A change and its audit row stand or fall together, and only what was committed wakes the routing.
func TestAuditInTheSameTransaction(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	ctx := context.Background()
	woken := 0
	db.OnCatalogueChange(func(context.Context) {
		woken++
		var n int
		if err := db.Pool().QueryRow(ctx, `SELECT count(*) FROM advertisers`).Scan(&n); err != nil || n == 0 {
			t.Errorf("woken before the commit: %d rows, %v", n, err)
		}
	})
	version := func() int64 {
		t.Helper()
		v, err := db.Routing().CatalogueVersion(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	works := advertiser.NewService(deps(db))
	before := version()
	a := mustCreate(t, works, advertiser.Advertiser{Name: "A"})
	if version() <= before || woken != 1 {
		t.Errorf("version %d → %d, woken %d times", before, version(), woken)
	}

	broken := deps(db)
	broken.Audit = recorder{func(audit.Entry) error { return errors.New("audit is full") }}
	fails := advertiser.NewService(broken)
	before = version()
	if _, _, err := fails.Create(ctx, admin, advertiser.Advertiser{Name: "B"}); err == nil {
		t.Error("created without an audit row")
	}
	if _, _, err := fails.Update(ctx, admin, a.ID, func(a *advertiser.Advertiser) { a.Name = "changed" }); err == nil {
		t.Error("changed without an audit row")
	}
	if err := fails.Delete(ctx, admin, a.ID); err == nil {
		t.Error("deleted without an audit row")
	}
	list, err := works.List(ctx, admin, advertiser.Filter{}, domain.Page{})
	if err != nil || len(list.Items) != 1 || list.Items[0].Name != "A" || version() != before || woken != 1 {
		t.Errorf("left behind: %+v, %v; version %d → %d, woken %d times", list.Items, err, before, version(), woken)
	}

	var entries int
	err = db.Pool().QueryRow(ctx, `SELECT count(*) FROM audit_log WHERE action = 'advertiser.create' AND user_id = 1 AND actor = 'admin'
		AND ip = '203.0.113.9' AND object_type = 'advertiser' AND object_id = $1 AND before IS NULL AND after->>'Name' = 'A'`, fmt.Sprint(a.ID)).Scan(&entries)
	if err != nil || entries != 1 {
		t.Errorf("%d audit rows, %v", entries, err)
	}
}

// Every one of many changes at once survives: none is computed from a state that another has left.
func TestUpdatesAreNotLost(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), advertiser.NewService(deps(storetest.New(t)))
	a := mustCreate(t, s, advertiser.Advertiser{Name: "A"})
	var wg sync.WaitGroup
	const changes = 20
	for range changes {
		wg.Go(func() {
			_, _, err := s.Update(ctx, admin, a.ID, func(a *advertiser.Advertiser) { a.OverridePercent = a.OverridePercent.Add(money.MustRate("0.5")) })
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	a, err := s.Get(ctx, admin, a.ID)
	if err != nil || !a.OverridePercent.Equal(money.MustRate("10")) {
		t.Errorf("%s, %v; want 10", a.OverridePercent, err)
	}
}
