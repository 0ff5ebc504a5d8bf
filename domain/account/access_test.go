package account_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/mail"
)

// outbox keeps mails of a test.
type outbox struct {
	mu    sync.Mutex
	mails []mail.Message
	err   error
}

func (o *outbox) Queue(_ context.Context, m mail.Message) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mails = append(o.mails, m)
	return o.err
}

func (o *outbox) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.mails)
}

// token is that of the link in the last mail.
func (o *outbox) token(t *testing.T) string {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.mails) == 0 {
		t.Fatal("no mail")
	}
	found := regexp.MustCompile(`/set-password\?token=(\S+)`).FindStringSubmatch(o.mails[len(o.mails)-1].Text)
	if found == nil {
		t.Fatalf("no link in %q", o.mails[len(o.mails)-1].Text)
	}
	return found[1]
}

// told checks whom the last mail told what.
func (o *outbox) told(t *testing.T, to, what string) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.mails) == 0 {
		t.Fatal("no mail")
	}
	if m := o.mails[len(o.mails)-1]; m.To != to || !strings.Contains(m.Subject, what) || !strings.Contains(m.Text, "was "+what) || m.Check() != nil {
		t.Errorf("mail: %+v", m)
	}
}

// newMailWorld is a world whose mails a test can read.
func newMailWorld(t *testing.T) (*world, *outbox) {
	t.Helper()
	w, box := newWorld(t), &outbox{}
	w.Mail, w.PublicURL = box, "https://network.example"
	return w, box
}

const better = "another purple monkey"

func TestKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.mustCreate(t, "jane@acme.example", account.RoleAdmin)
	v := w.mustCreate(t, "joe@acme.example", account.RoleAdmin)
	k, secret, err := w.CreateKey(ctx, u.Actor(""), account.NewKey{Name: " import ", Role: account.RoleViewer, ExpiresAt: w.clock.now().Add(time.Hour)})
	if err != nil || k.Name != "import" || !strings.HasPrefix(secret, "wp_") || len(secret) != 46 || !strings.HasPrefix(secret, k.Prefix) || len(k.Prefix) > 12 {
		t.Fatalf("%+v, %q, %v", k, secret, err)
	}
	a, err := w.KeyActor(ctx, secret, "203.0.113.9")
	if err != nil || a.UserID != u.ID || a.Role != account.RoleViewer || a.Key != k.ID || a.IP != "203.0.113.9" {
		t.Fatalf("%+v, %v", a, err)
	}
	if got, err := w.GetKey(ctx, u.Actor(""), k.ID); err != nil || !got.LastUsedAt.Equal(got.LastUsedAt.Truncate(time.Minute)) || got.LastUsedAt.IsZero() {
		t.Errorf("last used: %+v, %v", got, err)
	}
	var rows, log string
	if err := w.pool.QueryRow(ctx, `SELECT (SELECT string_agg(k::text, ' ') FROM api_keys k), (SELECT string_agg(l::text, ' ') FROM audit_log l)`).Scan(&rows, &log); err != nil ||
		strings.Contains(rows+log, secret[12:]) || !strings.Contains(log, "api_key.create") {
		t.Errorf("stored: %v %s", err, log)
	}
	flipped := secret[:20] + strings.Map(func(r rune) rune { return r ^ 1 }, secret[20:21]) + secret[21:]
	for _, forged := range []string{"", "wp_", secret[:45], secret + "A", " " + secret, strings.ToUpper(secret), "wp_" + strings.ToLower(secret[3:]), "WP_" + secret[3:],
		"wp_" + strings.ToUpper(secret[3:]), flipped, k.Prefix, "wp_" + strings.Repeat("A", 43), secret[3:], fmt.Sprintf("wp_%x", k.Hash)[:46]} {
		if a, err := w.KeyActor(ctx, forged, ""); !errs.HasCode(err, "invalid_api_key") {
			t.Errorf("%q: %+v, %v", forged, a, err)
		}
	}
	for name, err := range map[string]error{
		"key":         third(w.CreateKey(ctx, a, account.NewKey{Name: "x"})),
		"password":    w.SetPassword(ctx, a, account.SetPasswordInput{UserID: u.ID, Current: good, New: better}),
		"factor":      second(w.StartFactor(ctx, a)),
		"confirm":     second(w.ConfirmFactor(ctx, a, good, "123456")),
		"codes":       second(w.RenewRecoveryCodes(ctx, a, "123456")),
		"drop":        w.DropFactor(ctx, a, good, "123456"),
		"end session": w.EndSession(ctx, a, domain.UUID{}),
		"log out":     w.EndLogin(ctx, a, domain.UUID{}),
	} {
		if !errs.HasCode(err, "login_required") || !errs.Is(err, errs.KindForbidden) {
			t.Errorf("%s by a key: %v", name, err)
		}
	}
	// A key of an administrator manages parties' users; operators it could log in as are beyond it.
	_, full, err := w.CreateKey(ctx, u.Actor(""), account.NewKey{Name: "all"})
	must(t, err)
	root, err := w.KeyActor(ctx, full, "")
	must(t, err)
	for name, err := range map[string]error{
		"makes an operator":   second(w.CreateUser(ctx, root, account.User{Email: "x@acme.example", Role: account.RoleViewer}, good)),
		"changes an operator": second(w.UpdateUser(ctx, root, v.ID, func(u *account.User) { u.Email = "y@acme.example" })),
		"deletes an operator": w.DeleteUser(ctx, root, v.ID),
		"resets a factor":     w.ResetFactor(ctx, root, v.ID),
		"sets a password":     w.SetPassword(ctx, root, account.SetPasswordInput{UserID: v.ID, New: better}),
		"invites an operator": third(w.InviteUser(ctx, root, account.User{Email: "x@acme.example", Role: account.RoleViewer})),
	} {
		if !errs.HasCode(err, "login_required") {
			t.Errorf("a key %s: %v", name, err)
		}
	}
	if keys, err := w.ListKeys(ctx, v.Actor(""), u.ID, domain.Page{}); err != nil || len(keys.Items) != 2 || keys.Items[1].ID != k.ID {
		t.Errorf("another administrator's list: %+v, %v", keys, err)
	}
	viewer := w.mustCreate(t, "view@acme.example", account.RoleViewer).Actor("")
	for name, err := range map[string]error{"get": second(w.GetKey(ctx, viewer, k.ID)), "delete": w.DeleteKey(ctx, viewer, k.ID), "list": second(w.ListKeys(ctx, viewer, u.ID, domain.Page{}))} {
		if !errs.Is(err, errs.KindNotFound) {
			t.Errorf("%s another's key: %v", name, err)
		}
	}
	for code, in := range map[string]account.NewKey{"required": {}, "role_not_narrower": {Name: "x", Role: account.RoleManager}, "in_the_past": {Name: "x", ExpiresAt: w.clock.now()}} {
		if _, _, err := w.CreateKey(ctx, viewer, in); !errs.HasCode(err, code) {
			t.Errorf("%s: %v", code, err)
		}
	}
	for name, by := range map[string]account.Actor{"a narrowed key": a, "a key": root} {
		if err := w.DeleteKey(ctx, by, a.Key+root.Key-by.Key); !errs.HasCode(err, "login_required") {
			t.Errorf("%s ends another of its user's: %v", name, err)
		}
		if _, err := w.UpdateMe(ctx, by, func(p *account.MyProfile) { p.Name = "x" }); !errs.HasCode(err, "login_required") {
			t.Errorf("%s changes its user's profile: %v", name, err)
		}
	}
	must(t, w.DeleteKey(ctx, root, root.Key))
	if _, err := w.KeyActor(ctx, full, ""); !errs.HasCode(err, "invalid_api_key") {
		t.Errorf("a deleted key: %v", err)
	}
	w.clock.advance(time.Hour)
	if _, err := w.KeyActor(ctx, secret, ""); !errs.HasCode(err, "expired_api_key") {
		t.Errorf("after its time: %v", err)
	}
}

func TestKeysDieWithTheirUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustCreate(t, "root@acme.example", account.RoleAdmin)
	u := w.mustCreate(t, "jane@acme.example", account.RoleAdmin)
	_, own, err := w.CreateKey(ctx, u.Actor(""), account.NewKey{Name: "own"})
	must(t, err)
	_, finance, err := w.CreateKey(ctx, u.Actor(""), account.NewKey{Name: "finance", Role: account.RoleFinance})
	must(t, err)
	check := func(when, key, code string, role account.Role) {
		t.Helper()
		if a, err := w.KeyActor(ctx, key, ""); code == "" && (err != nil || a.Role != role) || code != "" && !errs.HasCode(err, code) {
			t.Errorf("%s: %+v, %v", when, a, err)
		}
	}
	check("at first", own, "", account.RoleAdmin)
	check("at first", finance, "", account.RoleFinance)
	mustUpdate(t, w, u.ID, func(u *account.User) { u.Role = account.RoleManager })
	check("as manager", own, "", account.RoleManager)
	check("a role that a manager has not", finance, "invalid_api_key", "")
	mustUpdate(t, w, u.ID, func(u *account.User) { u.Status = account.UserStatusDisabled })
	check("disabled", own, "invalid_api_key", "")
	mustUpdate(t, w, u.ID, func(u *account.User) { u.Status = account.UserStatusActive })
	check("active again", own, "", account.RoleManager)
	must(t, w.DeleteUser(ctx, admin, u.ID))
	check("deleted", own, "invalid_api_key", "")
}

// code is what the user's app shows.
func (w *world) code(t *testing.T, secret string) string {
	t.Helper()
	c, err := totp.GenerateCode(secret, w.clock.now())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// enrol gives a user a second factor.
func (w *world) enrol(t *testing.T, u account.User) (secret string, codes []string) {
	t.Helper()
	e, err := w.StartFactor(ctx, u.Actor(""))
	must(t, err)
	codes, err = w.ConfirmFactor(ctx, u.Actor(""), good, w.code(t, e.Secret))
	must(t, err)
	w.clock.advance(30 * time.Second) // the code that proved the enrolment is spent
	return e.Secret, codes
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	w, box := newMailWorld(t)
	u := w.mustCreate(t, "jane@acme.example", account.RoleManager)
	self := u.Actor("203.0.113.9")
	login := func(code string) error {
		_, err := w.Login(ctx, account.LoginInput{Email: u.Email, Password: good, OTP: code, IP: "203.0.113.9"})
		return err
	}
	if _, err := w.ConfirmFactor(ctx, self, good, "123456"); !errs.HasCode(err, "no_enrolment") {
		t.Errorf("confirm nothing: %v", err)
	}
	first, err := w.StartFactor(ctx, self)
	must(t, err)
	e, err := w.StartFactor(ctx, self)
	must(t, err)
	if e.Secret == first.Secret || len(e.Secret) != 32 || !strings.HasPrefix(e.URL, "otpauth://totp/Waypost:jane@acme.example?") || !strings.Contains(e.URL, "secret="+e.Secret) {
		t.Errorf("%+v after %+v", e, first)
	}
	must(t, login("")) // not before it is proved
	if _, err := w.ConfirmFactor(ctx, self, good, w.code(t, first.Secret)); !errs.HasCode(err, "invalid_otp") {
		t.Errorf("a code of the secret before: %v", err)
	}
	proof := w.code(t, e.Secret)
	for password, code := range map[string]string{"": "required", "not my password": "wrong_password"} { // a log-in left open
		if _, err := w.ConfirmFactor(ctx, self, password, proof); !errs.HasCode(err, code) {
			t.Errorf("password %q: %v", password, err)
		}
	}
	must(t, login(""))
	if box.count() != 0 {
		t.Errorf("mail of nothing: %+v", box.mails)
	}
	codes, err := w.ConfirmFactor(ctx, self, good, proof[:3]+" "+proof[3:])
	must(t, err)
	if len(codes) != 10 || len(codes[0]) != 19 {
		t.Errorf("recovery codes: %q", codes)
	}
	if err := login(""); !errs.HasCode(err, "otp_required") || !errs.Is(err, errs.KindUnauthenticated) {
		t.Errorf("no code: %v", err)
	}
	if err := login(proof); !errs.HasCode(err, "invalid_otp") || !errs.Is(err, errs.KindUnauthenticated) {
		t.Errorf("the code that proved the enrolment, again: %v", err)
	}
	if _, err := w.Login(ctx, account.LoginInput{Email: u.Email, Password: "wrong", OTP: proof, IP: "203.0.113.9"}); !errs.HasCode(err, "invalid_credentials") {
		t.Errorf("wrong password: %v", err)
	}
	w.clock.advance(30 * time.Second)
	var passed atomic.Int64
	var wg sync.WaitGroup
	next := w.code(t, e.Secret)
	for range 4 { // at once: one of them
		wg.Go(func() {
			if login(next) == nil {
				passed.Add(1)
			}
		})
	}
	wg.Wait()
	if passed.Load() != 1 {
		t.Errorf("one code logged in %d times", passed.Load())
	}
	w.clock.advance(16 * time.Minute) // past the limit of wrong ones
	must(t, login(strings.ToUpper(codes[0])))
	if err := login(codes[0]); !errs.HasCode(err, "invalid_otp") {
		t.Errorf("a recovery code twice: %v", err)
	}
	must(t, login(strings.ReplaceAll(codes[1], "-", " ")))
	if _, err := w.StartFactor(ctx, self); !errs.HasCode(err, "second_factor_on") {
		t.Errorf("enrol twice: %v", err)
	}
	renewed, err := w.RenewRecoveryCodes(ctx, self, w.code(t, e.Secret))
	must(t, err)
	if err := login(codes[2]); !errs.HasCode(err, "invalid_otp") {
		t.Errorf("a code of the set before: %v", err)
	}
	if err := w.DropFactor(ctx, self, "wrong password", renewed[0]); !errs.HasCode(err, "wrong_password") {
		t.Errorf("drop with a wrong password: %v", err)
	}
	if err := w.DropFactor(ctx, self, good, "000000"); !errs.HasCode(err, "invalid_otp") {
		t.Errorf("drop with a wrong code: %v", err)
	}
	var rows, log string
	if err := w.pool.QueryRow(ctx, `SELECT (SELECT string_agg(u::text, ' ') FROM users u) || (SELECT string_agg(c::text, ' ') FROM recovery_codes c),
		(SELECT string_agg(l::text, ' ') FROM audit_log l)`).Scan(&rows, &log); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{e.Secret, fmt.Sprintf("%x", e.Secret), renewed[0], strings.ReplaceAll(renewed[0], "-", "")} {
		if strings.Contains(rows+log, secret) {
			t.Errorf("%s can be read", secret)
		}
	}
	box.told(t, u.Email, "turned on")
	must(t, w.DropFactor(ctx, self, good, renewed[0]))
	box.told(t, u.Email, "turned off")
	must(t, login(""))
	if got, err := w.Me(ctx, self); err != nil || got.SecondFactor {
		t.Errorf("after the drop: %+v, %v", got, err)
	}

	w.enrol(t, u)
	if err := w.ResetFactor(ctx, self, u.ID); !errs.Is(err, errs.KindNotFound) {
		t.Errorf("a manager resets: %v", err)
	}
	boss := w.mustCreate(t, "boss@acme.example", account.RoleAdmin)
	w.enrol(t, boss)
	if err := w.ResetFactor(ctx, boss.Actor(""), boss.ID); !errs.HasCode(err, "own_second_factor") {
		t.Errorf("one's own without proof: %v", err)
	}
	must(t, w.ResetFactor(ctx, boss.Actor(""), u.ID))
	box.told(t, u.Email, "turned off")
	must(t, login(""))
	mails := box.count()
	must(t, w.ResetFactor(ctx, boss.Actor(""), u.ID))
	if box.count() != mails {
		t.Errorf("mail of nothing: %+v", box.mails[mails:])
	}
}

// Wrong codes count like wrong passwords, and a missing one does not.
func TestSecondFactorLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.mustCreate(t, "jane@acme.example", account.RoleManager)
	secret, _ := w.enrol(t, u)
	login := func(code string) error {
		_, err := w.Login(ctx, account.LoginInput{Email: u.Email, Password: good, OTP: code, IP: "203.0.113.9"})
		return err
	}
	for range 12 {
		if err := login(""); !errs.HasCode(err, "otp_required") {
			t.Fatal(err)
		}
	}
	self := u.Actor("203.0.113.9")
	for i := range 10 {
		if err := login("aaaa-aaaa-aaaa-aaaa"); !errs.HasCode(err, "invalid_otp") {
			t.Fatalf("attempt %d: %v", i, err)
		}
		if err := w.DropFactor(ctx, self, good, "x"); !errs.HasCode(err, "invalid_otp") { // a stolen log-in does not help to guess
			t.Fatalf("attempt %d by a log-in: %v", i, err)
		}
	}
	if err := login(w.code(t, secret)); !errs.Is(err, errs.KindLimited) {
		t.Errorf("the right code after ten wrong ones: %v", err)
	}
	if _, err := w.RenewRecoveryCodes(ctx, u.Actor("203.0.113.9"), w.code(t, secret)); !errs.Is(err, errs.KindLimited) {
		t.Errorf("new recovery codes: %v", err)
	}
}

func TestInvitation(t *testing.T) {
	t.Parallel()
	w, box := newMailWorld(t)
	u, url, err := w.InviteUser(ctx, admin, account.User{Email: "jane@acme.example", Role: account.RoleManager})
	must(t, err)
	first := box.token(t)
	m := box.mails[0]
	if u.Status != account.UserStatusInvited || url != "https://network.example/set-password?token="+first || m.To != "jane@acme.example" || len(first) < 43 ||
		!strings.Contains(m.Text, "https://network.example/api/v1/auth/set-password") {
		t.Errorf("%+v, %s, %+v", u, url, m)
	}
	must(t, m.Check())
	if _, err := w.login(u.Email, ""); !errs.HasCode(err, "invalid_credentials") {
		t.Errorf("log-in before: %v", err)
	}
	_, _, err = w.Invite(ctx, admin, u.ID)
	must(t, err)
	token := box.token(t)
	for name, in := range map[string][3]string{
		"replaced": {first, good, "invalid_link"}, "empty": {"", good, "invalid_link"}, "other case": {strings.ToUpper(token), good, "invalid_link"},
		"weak": {token, "short", "password_too_short"}, "like the address": {token, "jane@acme.example", "password_guessable"},
	} {
		if err := w.UseLink(ctx, in[0], in[1], ""); !errs.HasCode(err, in[2]) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var passed atomic.Int64
	var wg sync.WaitGroup
	for range 4 { // at once: one of them
		wg.Go(func() {
			if w.UseLink(ctx, token, good, "203.0.113.9") == nil {
				passed.Add(1)
			}
		})
	}
	wg.Wait()
	if passed.Load() != 1 {
		t.Errorf("one link was good %d times", passed.Load())
	}
	if got, err := w.login(u.Email, good); err != nil || got.Status != account.UserStatusActive {
		t.Errorf("after the invitation: %+v, %v", got, err)
	}
	if _, _, err := w.Invite(ctx, admin, u.ID); !errs.HasCode(err, "not_invited") {
		t.Errorf("invite an active user: %v", err)
	}
	late, _, err := w.InviteUser(ctx, admin, account.User{Email: "late@acme.example", Role: account.RoleManager})
	must(t, err)
	old := box.token(t)
	w.clock.advance(7 * 24 * time.Hour)
	if err := w.UseLink(ctx, old, good, ""); !errs.HasCode(err, "invalid_link") {
		t.Errorf("after a week: %v", err)
	}
	_, _, err = w.Invite(ctx, admin, late.ID)
	must(t, err)
	moved := box.token(t)
	mustUpdate(t, w, late.ID, func(u *account.User) { u.Email = "elsewhere@acme.example" })
	if err := w.UseLink(ctx, moved, good, ""); !errs.HasCode(err, "invalid_link") {
		t.Errorf("a link that went to an address of before: %v", err)
	}
	box.err = errs.Unavailable("down", "down")
	if _, _, err := w.InviteUser(ctx, admin, account.User{Email: "nomail@acme.example", Role: account.RoleManager}); !errs.HasCode(err, "down") {
		t.Errorf("mail fails: %v", err)
	}
	if _, err := w.CreateUser(ctx, admin, account.User{Email: "nomail@acme.example", Role: account.RoleManager}, ""); err != nil {
		t.Errorf("the user of a failed invitation was left behind: %v", err)
	}
	var rows string
	if err := w.pool.QueryRow(ctx, `SELECT coalesce(string_agg(l::text, ' '), '') FROM user_tokens l`).Scan(&rows); err != nil || strings.Contains(rows, moved) {
		t.Errorf("the token can be read: %v", err)
	}
	w.clock.advance(10 * 24 * time.Hour)
	if _, err := w.Prune(ctx); err != nil {
		t.Error(err)
	}
}

func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	w, box := newMailWorld(t)
	u := w.mustCreate(t, "jane@acme.example", account.RoleManager)
	s := w.mustBegin(t, u)
	off := w.mustCreate(t, "off@acme.example", account.RoleViewer)
	mustUpdate(t, w, off.ID, func(u *account.User) { u.Status = account.UserStatusDisabled })
	_, _, err := w.InviteUser(ctx, admin, account.User{Email: "new@acme.example", Role: account.RoleViewer})
	must(t, err)
	mails := box.count()
	for _, nobody := range []string{"nobody@acme.example", "off@acme.example", "new@acme.example", "", "no address", "a\x00b@acme.example"} {
		must(t, w.ForgotPassword(ctx, nobody, "203.0.113.9"))
	}
	if box.count() != mails {
		t.Errorf("mail to nobody: %+v", box.mails[mails:])
	}
	must(t, w.ForgotPassword(ctx, " JANE@acme.example ", "203.0.113.9"))
	first := box.token(t)
	must(t, w.ForgotPassword(ctx, "jane@acme.example", "203.0.113.9"))
	token := box.token(t)
	if err := w.UseLink(ctx, first, better, ""); !errs.HasCode(err, "invalid_link") {
		t.Errorf("the link before: %v", err)
	}
	if _, err := w.Active(ctx, u.ID, s.Family); err != nil {
		t.Errorf("asking alone ended a log-in: %v", err)
	}
	must(t, w.UseLink(ctx, token, better, "203.0.113.9"))
	if _, err := w.Active(ctx, u.ID, s.Family); !errs.HasCode(err, "session_ended") {
		t.Errorf("log-ins go on after the reset: %v", err)
	}
	if err := w.UseLink(ctx, token, good, ""); !errs.HasCode(err, "invalid_link") {
		t.Errorf("twice: %v", err)
	}
	if _, err := w.login(u.Email, better); err != nil {
		t.Errorf("with the new password: %v", err)
	}
	w.clock.advance(time.Hour)
	must(t, w.ForgotPassword(ctx, u.Email, "203.0.113.9"))
	token = box.token(t)
	w.clock.advance(time.Hour)
	if err := w.UseLink(ctx, token, good, ""); !errs.HasCode(err, "invalid_link") {
		t.Errorf("after an hour: %v", err)
	}
	must(t, w.ForgotPassword(ctx, u.Email, "203.0.113.9"))
	token = box.token(t)
	must(t, w.SetPassword(ctx, admin, account.SetPasswordInput{UserID: u.ID, New: good}))
	if err := w.UseLink(ctx, token, better, ""); !errs.HasCode(err, "invalid_link") {
		t.Errorf("after another change: %v", err)
	}
	// A mailbox is not flooded, and the answer stays the same.
	mails = box.count()
	for i := range 20 {
		must(t, w.ForgotPassword(ctx, u.Email, fmt.Sprintf("198.51.100.%d", i)))
	}
	if n := box.count() - mails; n > 3 {
		t.Errorf("%d mails in an hour", n)
	}
	var limited error
	for i := 0; i < 60 && limited == nil; i++ {
		limited = w.ForgotPassword(ctx, fmt.Sprintf("u%d@acme.example", i), "192.0.2.77")
	}
	if !errs.Is(limited, errs.KindLimited) {
		t.Errorf("one address may ask without end: %v", limited)
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u, v := w.mustCreate(t, "jane@acme.example", account.RoleManager), w.mustCreate(t, "joe@acme.example", account.RoleManager)
	var mine []account.Session
	for range 3 {
		mine = append(mine, w.mustBegin(t, u))
		w.clock.advance(time.Second)
	}
	other := w.mustBegin(t, v)
	w.clock.advance(time.Minute)
	_, err := w.Rotate(ctx, mine[0].RefreshToken, "198.51.100.4")
	must(t, err)
	must(t, w.EndLogin(ctx, u.Actor(""), mine[1].Family))
	part, err := w.ListSessions(ctx, u.Actor(""), domain.Page{Limit: 1})
	must(t, err)
	if len(part.Items) != 1 || part.Items[0].ID != mine[2].Family || part.Items[0].IP != "203.0.113.9" || part.NextCursor == "" {
		t.Fatalf("first part: %+v", part)
	}
	part, err = w.ListSessions(ctx, u.Actor(""), domain.Page{Limit: 1, Cursor: part.NextCursor})
	must(t, err)
	got := part.Items[0]
	if len(part.Items) != 1 || part.NextCursor != "" || got.ID != mine[0].Family || got.IP != "198.51.100.4" || got.LastUsedAt.Sub(got.CreatedAt) < time.Minute {
		t.Fatalf("second part: %+v", part)
	}
	for name, id := range map[string]domain.UUID{"another's": other.Family, "ended": mine[1].Family, "none": {}} {
		if err := w.EndSession(ctx, u.Actor(""), id); !errs.Is(err, errs.KindNotFound) {
			t.Errorf("end %s: %v", name, err)
		}
	}
	must(t, w.EndSession(ctx, u.Actor(""), mine[0].Family))
	if _, err := w.Active(ctx, u.ID, mine[0].Family); !errs.HasCode(err, "session_ended") {
		t.Errorf("it goes on: %v", err)
	}
	if _, err := w.Active(ctx, v.ID, other.Family); err != nil {
		t.Errorf("another's ended: %v", err)
	}
	if u, err = w.Me(ctx, u.Actor("")); err != nil || u.LastLoginAt.IsZero() {
		t.Errorf("last log-in: %+v, %v", u, err)
	}
	for _, cursor := range []string{"x", "MTIz", "MTIzIHg"} {
		if _, err := w.ListSessions(ctx, u.Actor(""), domain.Page{Cursor: cursor}); !errs.HasCode(err, "invalid_cursor") {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
}

func third[A, B any](_ A, _ B, err error) error { return err }
