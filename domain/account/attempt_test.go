package account_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
)

// try logs in from an address, with a session as the door makes it.
func (w *world) try(email, password, ip string) error {
	u, err := w.Login(ctx, account.LoginInput{Email: email, Password: password, IP: ip})
	if err == nil {
		_, err = w.IssueRefresh(ctx, u, ip)
	}
	return err
}

// guess guesses from an address until it is refused, and tells how often it was not.
func (w *world) guess(email, ip string) int {
	for n := 0; ; n++ {
		if err := w.try(email, "wrong", ip); !errs.HasCode(err, "invalid_credentials") || n > 50 {
			return n
		}
	}
}

func TestStrangersDoNotLockTheOwnerOut(t *testing.T) {
	t.Parallel()
	w, box := newMailWorld(t)
	u := w.mustCreate(t, "admin@acme.example", account.RoleAdmin)
	self := u.Actor("2001:db8:1:2::9")
	must(t, w.try(u.Email, good, "2001:db8:1:2::1"))
	if n := w.guess(u.Email, "198.51.100.66"); n != 10 {
		t.Fatalf("a stranger guesses %d times", n)
	}
	for ip, limited := range map[string]bool{"198.51.100.66": true, "192.0.2.1": true, "2001:db8:1:3::1": true, "2001:db8:1:2::7": false} {
		if err := w.try(u.Email, good, ip); errs.Is(err, errs.KindLimited) != limited || !limited && err != nil {
			t.Errorf("the right password from %s: %v", ip, err)
		}
	}
	if err := w.SetPassword(ctx, self, account.SetPasswordInput{UserID: u.ID, Current: "wrong", New: better}); !errs.HasCode(err, "wrong_password") {
		t.Errorf("a log-in's own question: %v", err)
	}
	if n := w.guess(u.Email, "2001:db8:1:2::5"); n != 10 { // the owner's own network has no more than others
		t.Errorf("from the owner's network: %d guesses", n)
	}
	// Another password, by mail or by an administrator, begins anew.
	must(t, w.ForgotPassword(ctx, u.Email, "203.0.113.9"))
	must(t, w.UseLink(ctx, box.token(t), better, "203.0.113.9"))
	must(t, w.try(u.Email, better, "203.0.113.9"))
	w.guess(u.Email, "198.51.100.67")
	if err := w.try(u.Email, better, "192.0.2.1"); !errs.Is(err, errs.KindLimited) {
		t.Errorf("after the reset there is no limit: %v", err)
	}
	must(t, w.SetPassword(ctx, admin, account.SetPasswordInput{UserID: u.ID, New: good}))
	must(t, w.try(u.Email, good, "192.0.2.1"))
	// A network is forgotten after 30 days.
	w.clock.advance(30*24*time.Hour + time.Minute)
	w.guess(u.Email, "198.51.100.68")
	if err := w.try(u.Email, good, "192.0.2.1"); !errs.Is(err, errs.KindLimited) {
		t.Errorf("from where there was no log-in for a month: %v", err)
	}
}

// Many addresses together guess no more often than one, a right log-in in between forgives none, and nobody there is no
// exception.
func TestGuessesFromManyAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustCreate(t, "jane@acme.example", account.RoleManager)
	for _, email := range []string{"jane@acme.example", "nobody@acme.example"} {
		for i := range 12 {
			err := w.try(email, "wrong", fmt.Sprintf("198.51.100.%d", i))
			if i < 10 && !errs.HasCode(err, "invalid_credentials") || i >= 10 && !errs.Is(err, errs.KindLimited) {
				t.Errorf("%s, guess %d: %v", email, i, err)
			}
		}
	}
	w.clock.advance(15*time.Minute + time.Second)
	for range 9 {
		must(t, notNil(w.try("jane@acme.example", "wrong", "192.0.2.9")))
	}
	must(t, w.try("jane@acme.example", good, "192.0.2.9"))
	if n := w.guess("jane@acme.example", "192.0.2.9"); n != 1 {
		t.Errorf("%d guesses after nine wrong ones and a right one", n)
	}
}

// Right log-ins never use up each other's places, not even the last one.
func TestRightLoginsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustCreate(t, "bot@acme.example", account.RoleViewer)
	for range 9 {
		must(t, notNil(w.try("bot@acme.example", "wrong", "203.0.113.9")))
	}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, err := w.login("bot@acme.example", good); err != nil {
				t.Errorf("a right one: %v", err)
			}
		})
	}
	wg.Wait()
	if n := w.guess("bot@acme.example", "203.0.113.9"); n != 1 {
		t.Errorf("%d wrong ones after nine", n)
	}
}

func notNil(err error) error {
	if err == nil {
		return errs.Invalid("nil", "there is no error")
	}
	return nil
}
