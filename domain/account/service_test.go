package account_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/store/storetest"
)

const good = "purple monkey dishwasher"

var (
	ctx   = context.Background()
	admin = account.Actor{UserID: 1_000_000, Role: account.RoleAdmin}
)

// clock is a time that a test moves.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().UTC().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

type world struct {
	*account.Service
	clock *clock
	pool  *pgxpool.Pool // past the service, into the database
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db := storetest.New(t)
	w := &world{pool: db.Pool(), clock: &clock{}}
	w.Service = account.NewService(account.Deps{Tx: db, Store: db.Accounts(), Audit: db.Audit(), Clock: w.clock.now, Random: rand.Reader})
	return w
}

func (w *world) mustCreate(t *testing.T, email string, role account.Role) account.User {
	t.Helper()
	u, err := w.CreateUser(ctx, admin, account.User{Email: email, Role: role}, good)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (w *world) mustBegin(t *testing.T, u account.User) account.Session {
	t.Helper()
	s, err := w.IssueRefresh(ctx, u, "203.0.113.9")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (w *world) login(email, password string) (account.User, error) {
	return w.Login(ctx, account.LoginInput{Email: email, Password: password, IP: "203.0.113.9"})
}

func TestLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.mustCreate(t, "Jane@Acme.example", account.RoleManager)
	disabled := w.mustCreate(t, "off@acme.example", account.RoleViewer)
	if _, err := w.UpdateUser(ctx, admin, disabled.ID, func(u *account.User) { u.Status = account.UserStatusDisabled }); err != nil {
		t.Fatal(err)
	}
	if _, err := w.CreateUser(ctx, admin, account.User{Email: "new@acme.example", Role: account.RoleViewer}, ""); err != nil {
		t.Fatal(err)
	}
	for _, email := range []string{"Jane@Acme.example", "jane@acme.EXAMPLE", " jane@acme.example "} {
		if got, err := w.login(email, good); err != nil || got.ID != u.ID {
			t.Errorf("%q: %+v, %v", email, got, err)
		}
	}
	var first error
	for _, in := range [][2]string{
		{"jane@acme.example", "wrong"}, {"jane@acme.example", ""}, {"jane@acme.example", strings.Repeat("x", 10_000)},
		{"nobody@acme.example", good}, {"off@acme.example", good}, {"new@acme.example", ""}, {"", ""}, {"a\x00b", good},
	} {
		_, err := w.login(in[0], in[1])
		if !errs.HasCode(err, "invalid_credentials") || !errs.Is(err, errs.KindUnauthenticated) {
			t.Errorf("%q: %v", in[0], err)
			continue
		}
		if first == nil {
			first = err
		}
		if err.Error() != first.Error() {
			t.Errorf("%q can be told by its answer: %v", in[0], err)
		}
	}
}

func TestLoginLimitByAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustCreate(t, "jane@acme.example", account.RoleManager)
	for i := range 10 {
		if _, err := w.login("jane@acme.example", "wrong"); !errs.HasCode(err, "invalid_credentials") {
			t.Fatalf("attempt %d: %v", i, err)
		}
		if i == 8 { // a right one in between neither counts nor forgives
			if _, err := w.login("jane@acme.example", good); err != nil {
				t.Fatalf("before the limit: %v", err)
			}
		}
	}
	for _, email := range []string{"jane@acme.example", "JANE@acme.example"} {
		if _, err := w.login(email, good); !errs.Is(err, errs.KindLimited) {
			t.Errorf("%s, right password after ten wrong ones: %v", email, err)
		}
	}
	if _, err := w.login("joe@acme.example", "wrong"); !errs.HasCode(err, "invalid_credentials") {
		t.Errorf("another account: %v", err)
	}
	w.clock.advance(15*time.Minute + time.Second)
	if _, err := w.login("jane@acme.example", good); err != nil {
		t.Errorf("after the window: %v", err)
	}
}

func TestLoginLimitByAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustCreate(t, "jane@acme.example", account.RoleManager)
	var wg sync.WaitGroup
	var refused, limited atomic.Int64
	for i := range 60 { // all at once: none slips through between check and count
		wg.Go(func() {
			switch _, err := w.login(fmt.Sprintf("u%d@acme.example", i), "wrong"); {
			case errs.HasCode(err, "invalid_credentials"):
				refused.Add(1)
			case errs.Is(err, errs.KindLimited):
				limited.Add(1)
			}
		})
	}
	wg.Wait()
	if refused.Load() != 50 || limited.Load() != 10 {
		t.Errorf("%d were tried, %d limited; want 50 and 10", refused.Load(), limited.Load())
	}
	if _, err := w.login("jane@acme.example", good); !errs.Is(err, errs.KindLimited) {
		t.Errorf("a right one from the same address: %v", err)
	}
	if _, err := w.Login(ctx, account.LoginInput{Email: "jane@acme.example", Password: good, IP: "198.51.100.1"}); err != nil {
		t.Errorf("from another address: %v", err)
	}
}

func TestWeakHashIsRenewed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.mustCreate(t, "jane@acme.example", account.RoleManager)
	// argon2id of the password "purple monkey dishwasher" at m=64, t=1.
	const weak = "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$pjpZ5qHbPBruTx0xv3IGunV0ndBdjETrJdnNM/VRHgs"
	if _, err := w.pool.Exec(ctx, `UPDATE users SET password_hash = $1`, weak); err != nil {
		t.Fatal(err)
	}
	got, err := w.login("jane@acme.example", good)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := w.GetUser(ctx, admin, u.ID)
	if err != nil || !strings.HasPrefix(stored.PasswordHash, "$argon2id$v=19$m=19456,t=2,p=1$") || stored.PasswordHash != got.PasswordHash {
		t.Errorf("stored %s, %v", stored.PasswordHash, err)
	}
	if _, err := w.login("jane@acme.example", good); err != nil {
		t.Errorf("with the new hash: %v", err)
	}
	if _, err := w.IssueRefresh(ctx, got, ""); err != nil {
		t.Errorf("begin a log-in after the renewal: %v", err)
	}
}

func TestRotate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.mustCreate(t, "jane@acme.example", account.RoleManager)
	first, other := w.mustBegin(t, u), w.mustBegin(t, u)
	second, err := w.Rotate(ctx, first.RefreshToken, "")
	if err != nil || second.RefreshToken == first.RefreshToken || second.Family != first.Family || second.User.ID != u.ID {
		t.Fatalf("got %+v, %v", second, err)
	}
	third, err := w.Rotate(ctx, second.RefreshToken, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Active(ctx, u.ID, first.Family); err != nil {
		t.Errorf("active: %v", err)
	}
	// The first token is shown again: someone holds a copy. Nobody goes on with this log-in.
	if _, err := w.Rotate(ctx, first.RefreshToken, "198.51.100.1"); !errs.HasCode(err, "invalid_refresh_token") {
		t.Errorf("reuse: %v", err)
	}
	if _, err := w.Rotate(ctx, third.RefreshToken, ""); !errs.HasCode(err, "invalid_refresh_token") {
		t.Errorf("newest token after a reuse: %v", err)
	}
	if _, err := w.Active(ctx, u.ID, first.Family); !errs.HasCode(err, "session_ended") {
		t.Errorf("active after a reuse: %v", err)
	}
	if _, err := w.Active(ctx, u.ID, other.Family); err != nil {
		t.Errorf("another log-in of the same user: %v", err)
	}
	var reuses int
	err = w.pool.QueryRow(ctx, `SELECT count(*) FROM audit_log WHERE action = 'user.token_reuse' AND ip = '198.51.100.1'`).Scan(&reuses)
	if err != nil || reuses != 1 {
		t.Errorf("%d audit rows of the reuse, %v", reuses, err)
	}
	for _, token := range []string{"", "x", other.RefreshToken + "x", strings.ToUpper(other.RefreshToken)} {
		if _, err := w.Rotate(ctx, token, ""); !errs.Is(err, errs.KindUnauthenticated) {
			t.Errorf("token %q: %v", token, err)
		}
	}
	if _, err := w.Rotate(ctx, other.RefreshToken, ""); err != nil {
		t.Errorf("other log-in: %v", err)
	}
}

// One token shown by many at once makes one successor at most, and that one is dead too.
func TestRotateAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.mustCreate(t, "jane@acme.example", account.RoleManager)
	s := w.mustBegin(t, u)
	var wg sync.WaitGroup
	won := make(chan account.Session, 16)
	for range 16 {
		wg.Go(func() {
			token := s.RefreshToken
			for { // the winner goes on and on: no successor may outlive the revocation
				next, err := w.Rotate(ctx, token, "")
				if err != nil {
					return
				}
				won <- next
				token = next.RefreshToken
				if len(won) == cap(won) {
					return
				}
			}
		})
	}
	wg.Wait()
	close(won)
	if len(won) == 0 {
		t.Error("nobody got a token")
	}
	for next := range won {
		if _, err := w.Rotate(ctx, next.RefreshToken, ""); !errs.HasCode(err, "invalid_refresh_token") {
			t.Errorf("a successor lives on: %v", err)
		}
	}
	if _, err := w.Active(ctx, u.ID, s.Family); !errs.HasCode(err, "session_ended") {
		t.Errorf("the log-in lives on: %v", err)
	}
}

func TestTokensEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.mustCreate(t, "jane@acme.example", account.RoleManager)
	v := w.mustCreate(t, "joe@acme.example", account.RoleManager)
	disable := func(s account.UserStatus) func(*account.User) { return func(u *account.User) { u.Status = s } }
	for name, end := range map[string]func(t *testing.T, s account.Session){
		"log-out": func(t *testing.T, s account.Session) { must(t, w.EndLogin(ctx, s.User.Actor(""), s.Family)) },
		"log-out, old": func(t *testing.T, s account.Session) {
			rotated(t, w, &s)
			must(t, w.EndLogin(ctx, s.User.Actor(""), s.Family))
		},
		"disabled": func(t *testing.T, _ account.Session) { mustUpdate(t, w, u.ID, disable("disabled")) },
		"disabled and on": func(t *testing.T, _ account.Session) {
			mustUpdate(t, w, u.ID, disable("disabled"))
			mustUpdate(t, w, u.ID, disable("active"))
		},
		"role changed": func(t *testing.T, _ account.Session) {
			mustUpdate(t, w, u.ID, func(u *account.User) { u.Role = "viewer" })
		},
		"new password": func(t *testing.T, _ account.Session) {
			must(t, w.SetPassword(ctx, admin, account.SetPasswordInput{UserID: u.ID, New: "another purple monkey"}))
		},
		"time": func(t *testing.T, _ account.Session) { w.clock.advance(account.RefreshLifetime) },
	} {
		mustUpdate(t, w, u.ID, func(u *account.User) { u.Status, u.Role = "active", account.RoleManager })
		current, err := w.GetUser(ctx, admin, u.ID)
		must(t, err)
		s, other := w.mustBegin(t, current), w.mustBegin(t, v)
		end(t, s)
		if _, err := w.Active(ctx, u.ID, s.Family); !errs.HasCode(err, "session_ended") {
			t.Errorf("%s: the access token lives on: %v", name, err)
		}
		if _, err := w.Rotate(ctx, s.RefreshToken, ""); !errs.HasCode(err, "invalid_refresh_token") {
			t.Errorf("%s: the refresh token lives on: %v", name, err)
		}
		if _, err := w.Active(ctx, v.ID, other.Family); err != nil && name != "time" {
			t.Errorf("%s: another user's log-in ends too: %v", name, err)
		}
		if _, err := w.Active(ctx, v.ID, s.Family); err == nil {
			t.Errorf("%s: a log-in serves another user", name)
		}
	}
	w.clock.advance(account.RefreshLifetime + 25*time.Hour)
	if n, err := w.Prune(ctx); err != nil || n == 0 {
		t.Errorf("pruned %d, %v", n, err)
	}
}

func TestTokensAreHashed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.mustBegin(t, w.mustCreate(t, "jane@acme.example", account.RoleManager))
	var rows, log string
	err := w.pool.QueryRow(ctx, `SELECT string_agg(r::text, ' '), (SELECT string_agg(l::text, ' ') FROM audit_log l) FROM refresh_tokens r`).Scan(&rows, &log)
	if err != nil || strings.Contains(rows, s.RefreshToken) || strings.Contains(rows, fmt.Sprintf("%x", s.RefreshToken)) {
		t.Errorf("the token can be read: %v", err)
	}
	if len(s.RefreshToken) < 43 || strings.Contains(log, "argon2id") {
		t.Errorf("token %q; log %s", s.RefreshToken, log)
	}
}

func TestEnsureOperator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.EnsureOperator(ctx, "boss@acme.example", "short"); !errs.HasCode(err, "password_too_short") {
		t.Errorf("weak password: %v", err)
	}
	var wg sync.WaitGroup
	for range 4 { // several nodes start together
		wg.Go(func() {
			if err := w.EnsureOperator(ctx, "boss@acme.example", good); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	must(t, w.EnsureOperator(ctx, "boss@acme.example", "something else entirely"))
	must(t, w.EnsureOperator(ctx, "second@acme.example", "something else entirely"))
	if u, err := w.login("boss@acme.example", good); err != nil || u.Role != account.RoleAdmin {
		t.Errorf("got %+v, %v", u, err)
	}
	for search, want := range map[string]int{"": 1, "BOSS@": 1, "%": 0, "_": 0, "nobody": 0, "bo\x00ss\xff": 1} {
		if list, err := w.ListUsers(ctx, admin, account.UserFilter{Search: search}, domain.Page{}); err != nil || len(list.Items) != want {
			t.Errorf("%q finds %d users, %v", search, len(list.Items), err)
		}
	}
	if list, err := w.ListUsers(ctx, admin, account.UserFilter{}, domain.Page{}); err != nil || len(list.Items) != 1 {
		t.Errorf("%d users, %v", len(list.Items), err)
	}
}

func TestCreateUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustCreate(t, "jane@acme.example", account.RoleManager)
	for name, tc := range map[string]struct {
		user     account.User
		password string
		code, at string
	}{
		"no e-mail":            {account.User{Role: "viewer"}, good, "required", "body.email"},
		"no role":              {account.User{Email: "a@b.example"}, good, "invalid_choice", "body.role"},
		"weak password":        {account.User{Email: "a@b.example", Role: "viewer"}, "password1234", "password_common", "body.password"},
		"no party":             {account.User{Email: "a@b.example", Role: "affiliate"}, good, "required", "body.affiliate_id"},
		"operator with party":  {account.User{Email: "a@b.example", Role: "viewer", AdvertiserID: 1}, good, "not_allowed", "body.advertiser_id"},
		"party does not exist": {account.User{Email: "a@b.example", Role: "affiliate", AffiliateID: 99}, good, "unknown_affiliate", "body.affiliate_id"},
		"e-mail taken":         {account.User{Email: "JANE@acme.example", Role: "viewer"}, good, "users_email", "body.email"},
		"active, no password":  {account.User{Email: "a@b.example", Role: "viewer", Status: "active"}, "", "required", "body.password"},
		"no such time zone":    {account.User{Email: "a@b.example", Role: "viewer", TimeZone: "Nowhere"}, good, "invalid_time_zone", "body.time_zone"},
	} {
		_, err := w.CreateUser(ctx, admin, tc.user, tc.password)
		e, _ := errs.As(err)
		if e == nil || e.Code != tc.code || tc.at != "" && (len(e.Fields) != 1 || e.Fields[0].Location != tc.at) {
			t.Errorf("%s: %+v", name, e)
		}
	}
	manager := account.Actor{UserID: 5, Role: account.RoleManager}
	if _, err := w.CreateUser(ctx, manager, account.User{Email: "x@y.example", Role: "admin"}, good); !errs.Is(err, errs.KindForbidden) {
		t.Errorf("a manager makes an administrator: %v", err)
	}
}

func TestUsersSeeThemselves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane, joe := w.mustCreate(t, "jane@acme.example", account.RoleManager), w.mustCreate(t, "joe@acme.example", account.RoleViewer)
	self := jane.Actor("203.0.113.9")
	if u, err := w.Me(ctx, self); err != nil || u.ID != jane.ID {
		t.Errorf("self: %v", err)
	}
	rename := func(u *account.User) { u.Name = "J" }
	profile := func(name, zone string) func(*account.MyProfile) {
		return func(p *account.MyProfile) { p.Name, p.TimeZone = name, zone }
	}
	if u, err := w.UpdateMe(ctx, self, profile("J", "Asia/Tokyo")); err != nil || u.Name != "J" || u.TimeZone != "Asia/Tokyo" || u.Role != jane.Role {
		t.Errorf("own name: %+v, %v", u, err)
	}
	for _, zone := range []string{"Mars/Olympus", "Local", "../etc/passwd", "+02:00"} {
		if _, err := w.UpdateMe(ctx, self, profile("J", zone)); !errs.HasCode(err, "invalid_time_zone") {
			t.Errorf("time zone %s: %v", zone, err)
		}
	}
	change := account.SetPasswordInput{UserID: joe.ID, Current: good, New: "another purple monkey"}
	for name, err := range map[string]error{
		"get":      second(w.GetUser(ctx, self, joe.ID)),
		"get self": second(w.GetUser(ctx, self, jane.ID)),
		"set self": second(w.UpdateUser(ctx, self, jane.ID, rename)),
		"update":   second(w.UpdateUser(ctx, self, joe.ID, rename)),
		"delete":   w.DeleteUser(ctx, self, joe.ID),
		"password": w.SetPassword(ctx, self, change),
	} {
		if !errs.Is(err, errs.KindNotFound) {
			t.Errorf("%s another: %v", name, err)
		}
	}
	if _, err := w.ListUsers(ctx, self, account.UserFilter{}, domain.Page{}); !errs.Is(err, errs.KindForbidden) {
		t.Errorf("list: %v", err)
	}
	change.UserID, change.Current = jane.ID, "wrong"
	if err := w.SetPassword(ctx, self, change); !errs.HasCode(err, "wrong_password") {
		t.Errorf("own password without the current one: %v", err)
	}
	change.Current = good
	must(t, w.SetPassword(ctx, self, change))
	if _, err := w.login("jane@acme.example", change.New); err != nil {
		t.Errorf("with the new password: %v", err)
	}
	if _, err := w.IssueRefresh(ctx, jane, ""); !errs.Is(err, errs.KindUnauthenticated) {
		t.Errorf("a log-in proved by the old password: %v", err)
	}
}

func TestLastAdminStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.mustCreate(t, "a@acme.example", account.RoleAdmin), w.mustCreate(t, "b@acme.example", account.RoleAdmin)
	disable := func(u *account.User) { u.Status = account.UserStatusDisabled }
	var wg sync.WaitGroup
	results := make(chan error, 2)
	for _, u := range []account.User{a, b} { // each is the last if the other goes first
		wg.Go(func() { results <- second(w.UpdateUser(ctx, admin, u.ID, disable)) })
	}
	wg.Wait()
	first, last := <-results, <-results
	if (first == nil) == (last == nil) || !errs.HasCode(first, "last_admin") && !errs.HasCode(last, "last_admin") {
		t.Errorf("got %v and %v", first, last)
	}
	for _, u := range []account.User{a, b} {
		u, err := w.GetUser(ctx, admin, u.ID)
		must(t, err)
		if u.Status == account.UserStatusActive {
			if err := w.DeleteUser(ctx, admin, u.ID); !errs.HasCode(err, "last_admin") {
				t.Errorf("delete the last: %v", err)
			}
		} else {
			must(t, w.DeleteUser(ctx, admin, u.ID))
		}
	}
}

// A profile is changed while somebody holds the administrators.
func TestProfileWaitsForNoAdministrator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustCreate(t, "root@acme.example", account.RoleAdmin)
	u := w.mustCreate(t, "jane@acme.example", account.RoleViewer)
	held, err := w.pool.Begin(ctx)
	must(t, err)
	defer held.Rollback(ctx)
	_, err = held.Exec(ctx, `SELECT 1 FROM users WHERE role = 'admin' FOR UPDATE`)
	must(t, err)
	bounded, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err = w.UpdateMe(bounded, u.Actor(""), func(p *account.MyProfile) { p.Name = "Jane" })
	must(t, err)
}

// An administrator without a password is none that could let the network in again.
func TestAdminWithoutPasswordDoesNotCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.mustCreate(t, "a@acme.example", account.RoleAdmin)
	v, err := w.CreateUser(ctx, admin, account.User{Email: "typo@acme.example", Role: account.RoleAdmin}, "")
	must(t, err)
	for _, from := range []account.UserStatus{account.UserStatusInvited, account.UserStatusDisabled} {
		mustUpdate(t, w, v.ID, func(u *account.User) { u.Status = from })
		if _, err := w.UpdateUser(ctx, admin, v.ID, func(u *account.User) { u.Status = account.UserStatusActive }); !errs.HasCode(err, "no_password") {
			t.Errorf("from %s to active without a password: %v", from, err)
		}
	}
	if _, err := w.pool.Exec(ctx, `UPDATE users SET status = 'active' WHERE id = $1`, v.ID); err != nil { // of an older release
		t.Fatal(err)
	}
	mustUpdate(t, w, v.ID, func(u *account.User) { u.Name = "Typo" })
	if _, err := w.UpdateUser(ctx, admin, u.ID, func(u *account.User) { u.Role = account.RoleViewer }); !errs.HasCode(err, "last_admin") {
		t.Errorf("demote the only one who can log in: %v", err)
	}
	must(t, w.SetPassword(ctx, admin, account.SetPasswordInput{UserID: v.ID, New: better}))
	mustUpdate(t, w, u.ID, func(u *account.User) { u.Role = account.RoleViewer })
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mustUpdate(t *testing.T, w *world, id account.UserID, change func(*account.User)) {
	t.Helper()
	_, err := w.UpdateUser(ctx, admin, id, change)
	must(t, err)
}

// rotated leaves s with a token that was spent.
func rotated(t *testing.T, w *world, s *account.Session) {
	t.Helper()
	_, err := w.Rotate(ctx, s.RefreshToken, "")
	must(t, err)
}

func second[T any](_ T, err error) error { return err }
