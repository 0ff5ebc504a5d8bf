package affiliate_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/store/storetest"
)

var admin = account.Actor{UserID: 1, Role: account.RoleAdmin}

func newService(db *storetest.DB) *affiliate.Service {
	return affiliate.NewService(affiliate.Deps{Tx: db, Store: db.Affiliates(), Audit: db.Audit(), Clock: func() time.Time { return time.Now().UTC() }})
}

func mustCreate(t *testing.T, s *affiliate.Service, a affiliate.Affiliate) affiliate.Affiliate {
	t.Helper()
	made, _, err := s.Create(context.Background(), admin, a)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	ctx, s := context.Background(), newService(db)
	made := mustCreate(t, s, affiliate.Affiliate{Name: "Jo", Email: "jo@x.example", Status: affiliate.StatusPending, Currency: "eur", Fire: affiliate.FireAll})
	read, err := s.Get(ctx, admin, made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(made, read); diff != "" {
		t.Error(diff)
	}
	changed, _, err := s.Update(ctx, admin, made.ID, func(a *affiliate.Affiliate) {
		*a = affiliate.Affiliate{Name: "Jo 2", Status: a.Status, Currency: "USD", Fire: affiliate.FireSpecific, UpdatedAt: a.UpdatedAt}
	})
	if err != nil {
		t.Fatal(err)
	}
	if read, err = s.Get(ctx, admin, made.ID); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(changed, read); diff != "" {
		t.Error(diff)
	}
	if read.Email != "" || read.Fire != affiliate.FireSpecific {
		t.Errorf("zero values are lost: %+v", read)
	}
	// Defaults belong to a new affiliate. A change that empties a field is refused.
	for at, change := range map[string]func(*affiliate.Affiliate){
		"body.currency": func(a *affiliate.Affiliate) { a.Currency = "" },
		"body.status":   func(a *affiliate.Affiliate) { a.Status = "" },
		"body.fire":     func(a *affiliate.Affiliate) { a.Fire = "" },
	} {
		_, _, err := s.Update(ctx, admin, made.ID, change)
		if e, ok := errs.As(err); !ok || e.Kind != errs.KindInvalid || len(e.Fields) != 1 || e.Fields[0].Location != at {
			t.Errorf("%s: %v", at, err)
		}
	}
	if err := s.Delete(ctx, admin, made.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(ctx, admin, made.ID); !errs.Is(err, errs.KindNotFound) {
		t.Errorf("after the deletion: %v", err)
	}
}

func TestTenancy(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), newService(storetest.New(t))
	a, b := mustCreate(t, s, affiliate.Affiliate{Name: "A"}), mustCreate(t, s, affiliate.Affiliate{Name: "B"})
	ofA := account.Actor{UserID: 7, Role: account.RoleAffiliate, AffiliateID: int64(a.ID)}
	advertiser := account.Actor{UserID: 8, Role: account.RoleAdvertiser, AdvertiserID: int64(b.ID)} // the same number
	profile := func(a *affiliate.Affiliate) {
		a.Name, a.Email, a.Currency, a.Fire = "Me", "me@x.example", "EUR", affiliate.FireAll
	}
	activate := func(a *affiliate.Affiliate) { a.Status = affiliate.StatusPaused }

	for name, err := range map[string]error{
		"get another":         second(s.Get(ctx, ofA, b.ID)),
		"update another":      third(s.Update(ctx, ofA, b.ID, profile)),
		"delete another":      s.Delete(ctx, ofA, b.ID),
		"advertiser's get":    second(s.Get(ctx, advertiser, b.ID)),
		"advertiser's update": third(s.Update(ctx, advertiser, b.ID, profile)),
	} {
		if !errs.Is(err, errs.KindNotFound) {
			t.Errorf("%s: %v, want not found", name, err)
		}
	}
	for name, err := range map[string]error{
		"own status":   third(s.Update(ctx, ofA, a.ID, activate)),
		"own deletion": s.Delete(ctx, ofA, a.ID),
		"creation":     third(s.Create(ctx, ofA, affiliate.Affiliate{Name: "C"})),
	} {
		if !errs.Is(err, errs.KindForbidden) {
			t.Errorf("%s: %v, want forbidden", name, err)
		}
	}
	if got, _, err := s.Update(ctx, ofA, a.ID, profile); err != nil || got.Name != "Me" || got.Currency != "EUR" {
		t.Errorf("own profile: %+v, %v", got, err)
	}
	for actor, want := range map[account.Actor]int{admin: 2, ofA: 1, advertiser: 0} {
		list, err := s.List(ctx, actor, affiliate.Filter{}, domain.Page{})
		if err != nil || len(list.Items) != want {
			t.Errorf("%s sees %d, %v; want %d", actor.Role, len(list.Items), err, want)
		}
	}
}

// An affiliate with a click stays, although no foreign key holds it.
func TestDeleteInUse(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	ctx, s := context.Background(), newService(db)
	a, b := mustCreate(t, s, affiliate.Affiliate{Name: "A"}), mustCreate(t, s, affiliate.Affiliate{Name: "B"})
	for _, sql := range []string{
		`CREATE TABLE clicks_all PARTITION OF clicks DEFAULT`,
		`INSERT INTO clicks SELECT gen_random_uuid(), now(), 1, 1, 1, '', '', '{}', '', '', '', '', '', '', '', '', '', '', '', '', '', false`,
		`INSERT INTO users (email, role, affiliate_id, status, created_at, updated_at) VALUES ('u@x.example', 'affiliate', 2, 'active', now(), now())`,
	} {
		if _, err := db.Pool().Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []affiliate.ID{a.ID, b.ID} {
		if err := s.Delete(ctx, admin, id); !errs.HasCode(err, "in_use") {
			t.Errorf("affiliate %d: %v, want in_use", id, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func third[T, U any](_ T, _ U, err error) error { return err }
