package account_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
)

func (w *world) mustBrowse(t *testing.T, u account.User) string {
	t.Helper()
	token, err := w.StartBrowser(ctx, u, "203.0.113.9", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0\x00\n")
	must(t, err)
	return token
}

func (w *world) ended(t *testing.T, token, why string) {
	t.Helper()
	if _, err := w.PeekBrowser(ctx, token); !errs.HasCode(err, "session_ended") {
		t.Errorf("%s: %v, want session_ended", why, err)
	}
}

func TestBrowserSessionLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.mustCreate(t, "jane@acme.example", account.RoleManager)
	idle, busy := w.mustBrowse(t, u), w.mustBrowse(t, u)
	if idle == busy || len(idle) != 43 {
		t.Fatalf("tokens %q, %q", idle, busy)
	}
	b, err := w.Browser(ctx, busy, "203.0.113.9")
	must(t, err)
	if b.User.ID != u.ID || b.Actor("x").Role != account.RoleManager || strings.ContainsAny(b.Session.UserAgent, "\x00\n") {
		t.Errorf("session %+v", b)
	}
	for i := range 27 { // 13.5 days, each use well within the idle limit
		w.clock.advance(12*time.Hour - time.Minute)
		if _, err := w.Browser(ctx, busy, "198.51.100.4"); err != nil {
			t.Fatalf("a session in use ended: %v", err)
		}
		if i > 0 {
			w.ended(t, idle, "12 hours without a page")
		}
	}
	w.clock.advance(11*time.Hour + 59*time.Minute)
	if _, err := w.Browser(ctx, busy, ""); err != nil {
		t.Fatalf("ended before its 14 days: %v", err)
	}
	w.clock.advance(time.Hour)
	w.ended(t, busy, "14 days")
	for _, forged := range []string{"", "x", strings.Repeat("A", 43), strings.Repeat("A", 5000), "' OR 1=1"} {
		w.ended(t, forged, "forged token")
	}
}

// A use is written at most once a minute, and peeking is none.
func TestBrowserSessionUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.mustCreate(t, "jane@acme.example", account.RoleManager)
	token := w.mustBrowse(t, u)
	version := func() (xmin string) {
		must(t, w.pool.QueryRow(ctx, "SELECT xmin::text FROM browser_sessions").Scan(&xmin))
		return xmin
	}
	w.clock.advance(2 * time.Minute)
	before := version()
	_, err := w.PeekBrowser(ctx, token)
	must(t, err)
	if version() != before {
		t.Error("peeking wrote")
	}
	_, err = w.Browser(ctx, token, "198.51.100.4")
	must(t, err)
	list, err := w.ListSessions(ctx, u.Actor(""), domain.Page{})
	must(t, err)
	if version() == before || len(list.Items) != 1 || list.Items[0].IP != "198.51.100.4" || list.Items[0].Kind != account.SessionBrowser {
		t.Errorf("after a use: %+v", list.Items)
	}
	var raw string
	must(t, w.pool.QueryRow(ctx, "SELECT token_hash::text || browser_sessions::text FROM browser_sessions").Scan(&raw))
	if strings.Contains(raw, token) {
		t.Error("the token itself is stored")
	}
}

func TestBrowserSessionsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin := account.SystemActor("test")
	for name, end := range map[string]func(u account.User, b account.Browser) error{
		"log-out": func(u account.User, b account.Browser) error { return w.EndSession(ctx, u.Actor(""), b.Session.ID) },
		"password by itself": func(u account.User, _ account.Browser) error {
			return w.SetPassword(ctx, u.Actor(""), account.SetPasswordInput{UserID: u.ID, Current: good, New: "another good passphrase"})
		},
		"password by the admin": func(u account.User, _ account.Browser) error {
			return w.SetPassword(ctx, admin, account.SetPasswordInput{UserID: u.ID, New: "another good passphrase"})
		},
		"disabled": func(u account.User, _ account.Browser) error {
			_, err := w.UpdateUser(ctx, admin, u.ID, func(u *account.User) { u.Status = account.UserStatusDisabled })
			return err
		},
		"another role": func(u account.User, _ account.Browser) error {
			_, err := w.UpdateUser(ctx, admin, u.ID, func(u *account.User) { u.Role = account.RoleViewer })
			return err
		},
		"deleted": func(u account.User, _ account.Browser) error { return w.DeleteUser(ctx, admin, u.ID) },
	} {
		u := w.mustCreate(t, strings.ReplaceAll(name, " ", "-")+"@acme.example", account.RoleManager)
		token := w.mustBrowse(t, u)
		b, err := w.Browser(ctx, token, "")
		must(t, err)
		must(t, end(u, b))
		w.ended(t, token, name)
	}
}

// One ends one's own sessions only; EndOthers leaves the one that asks, and ends those of the API too.
func TestEndOtherSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u, v := w.mustCreate(t, "jane@acme.example", account.RoleManager), w.mustCreate(t, "joe@acme.example", account.RoleManager)
	here, there, theirs, api := w.mustBrowse(t, u), w.mustBrowse(t, u), w.mustBrowse(t, v), w.mustBegin(t, u)
	b, err := w.Browser(ctx, here, "")
	must(t, err)
	of, err := w.Browser(ctx, theirs, "")
	must(t, err)
	if err := w.EndSession(ctx, u.Actor(""), of.Session.ID); !errs.Is(err, errs.KindNotFound) {
		t.Errorf("ended another's: %v", err)
	}
	must(t, w.EndOthers(ctx, u.Actor(""), b.Session.ID))
	w.ended(t, there, "other browser")
	if _, err := w.Active(ctx, u.ID, api.Family); !errs.HasCode(err, "session_ended") {
		t.Errorf("log-in of the API: %v", err)
	}
	for _, token := range []string{here, theirs} {
		if _, err := w.Browser(ctx, token, ""); err != nil {
			t.Errorf("ended too: %v", err)
		}
	}
	if err := w.EndOthers(ctx, account.Actor{UserID: u.ID, Role: u.Role, Key: 1}, domain.UUID{}); !errs.HasCode(err, "login_required") {
		t.Errorf("by an API key: %v", err)
	}
}

// After the password a session is pending: it opens nothing, is not listed and makes no network known.
func TestPendingSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.mustCreate(t, "jane@acme.example", account.RoleManager)
	_, codes := w.enrol(t, u)
	in := account.BrowserInput{LoginInput: account.LoginInput{Email: u.Email, Password: "wrong", IP: "203.0.113.9"}}
	if _, _, err := w.LoginBrowser(ctx, in); !errs.HasCode(err, "invalid_credentials") {
		t.Errorf("wrong password: %v", err)
	}
	in.Password = good
	token, pending, err := w.LoginBrowser(ctx, in)
	if err != nil || !pending {
		t.Fatalf("pending %v, %v", pending, err)
	}
	w.ended(t, token, "a pending session is used")
	if list, err := w.ListSessions(ctx, u.Actor(""), domain.Page{}); err != nil || len(list.Items) != 0 {
		t.Errorf("listed: %+v, %v", list, err)
	}
	if _, err := w.FinishBrowser(ctx, token, "000000", "203.0.113.9", ""); !errs.HasCode(err, "invalid_otp") {
		t.Errorf("wrong code: %v", err)
	}
	proved, err := w.FinishBrowser(ctx, token, codes[0], "203.0.113.9", "")
	must(t, err)
	if proved == token {
		t.Error("the token stayed the same")
	}
	if b, err := w.Browser(ctx, proved, ""); err != nil {
		t.Errorf("session %+v, %v", b, err)
	}
	for why, token := range map[string]string{"used": token, "not pending": proved} {
		if _, err := w.FinishBrowser(ctx, token, codes[1], "203.0.113.9", ""); !errs.HasCode(err, "session_ended") {
			t.Errorf("finish one that is %s: %v", why, err)
		}
	}
	if token, _, err = w.LoginBrowser(ctx, in); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(11 * time.Minute)
	if _, err := w.FinishBrowser(ctx, token, codes[1], "203.0.113.9", ""); !errs.HasCode(err, "session_ended") {
		t.Errorf("after its time: %v", err)
	}
}

// Codes are counted as passwords are: nobody tries them all.
func TestPendingSessionIsGuessed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.mustCreate(t, "jane@acme.example", account.RoleManager)
	w.enrol(t, u)
	token, _, err := w.LoginBrowser(ctx, account.BrowserInput{LoginInput: account.LoginInput{Email: u.Email, Password: good, IP: "203.0.113.9"}})
	must(t, err)
	for i := range 10 {
		if _, err := w.FinishBrowser(ctx, token, "000000", "203.0.113.9", ""); !errs.HasCode(err, "invalid_otp") {
			t.Fatalf("try %d: %v", i, err)
		}
	}
	if _, err := w.FinishBrowser(ctx, token, "000000", "203.0.113.9", ""); !errs.HasCode(err, "too_many_attempts") {
		t.Errorf("one more: %v", err)
	}
}

func TestViewAs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var affiliate int64
	must(t, w.pool.QueryRow(ctx, `INSERT INTO affiliates (name, status, currency, fire, created_at, updated_at)
		VALUES ('Voss', 'active', 'USD', 'specific', now(), now()) RETURNING id`).Scan(&affiliate))
	party := account.Party{AffiliateID: affiliate}
	browse := func(role account.Role) (string, account.Browser) {
		token := w.mustBrowse(t, w.mustCreate(t, string(role)+"@acme.example", role))
		b, err := w.Browser(ctx, token, "")
		must(t, err)
		return token, b
	}
	for _, role := range []account.Role{account.RoleFinance, account.RoleViewer} {
		if _, b := browse(role); !errs.Is(w.View(ctx, b, party, ""), errs.KindForbidden) {
			t.Errorf("%s may view as", role)
		}
	}
	token, b := browse(account.RoleAdmin)
	for _, nobody := range []account.Party{{}, {AffiliateID: 999}, {AdvertiserID: 999}, {AffiliateID: affiliate, AdvertiserID: 1}, {AffiliateID: -1}} {
		if err := w.View(ctx, b, nobody, ""); !errs.Is(err, errs.KindNotFound) {
			t.Errorf("view as %+v: %v", nobody, err)
		}
	}
	must(t, w.View(ctx, b, party, "203.0.113.9"))
	b, err := w.Browser(ctx, token, "")
	must(t, err)
	a := b.Actor("203.0.113.9")
	if a.Role != account.RoleAffiliate || a.AffiliateID != affiliate || a.UserID != 0 || a.Viewing != b.User.ID {
		t.Errorf("actor %+v", a)
	}
	if err := w.View(ctx, b, party, ""); !errs.HasCode(err, "already_viewing") {
		t.Errorf("twice: %v", err)
	}
	must(t, w.StopViewing(ctx, b, "203.0.113.9"))
	if b, err = w.Browser(ctx, token, ""); err != nil || b.Actor("").Role != account.RoleAdmin {
		t.Errorf("after the stop: %+v, %v", b.Actor(""), err)
	}
	var deeds string
	must(t, w.pool.QueryRow(ctx, `SELECT string_agg(action || ' ' || object_type || ' ' || object_id || ' ' || user_id, ', ' ORDER BY at, action)
		FROM audit_log WHERE action LIKE 'view_as%'`).Scan(&deeds))
	if id := b.User.ID; !strings.Contains(deeds, "view_as.start affiliate") || !strings.Contains(deeds, "view_as.stop affiliate") || id == 0 {
		t.Errorf("audit log: %s", deeds)
	}
	// Who may do so no more is itself again.
	must(t, w.View(ctx, b, party, ""))
	if _, err := w.pool.Exec(ctx, "UPDATE users SET role = 'viewer' WHERE id = $1", int64(b.User.ID)); err != nil {
		t.Fatal(err)
	}
	if b, err = w.Browser(ctx, token, ""); err != nil || b.Actor("").Role != account.RoleViewer || b.Actor("").Viewing != 0 {
		t.Errorf("without the right: %+v, %v", b.Actor(""), err)
	}
}

// Who may only look is refused by every permission but those of reading, by its own affairs, and by the audit entry that
// every write makes, whatever role is looked at.
func TestViewerWritesNothing(t *testing.T) {
	t.Parallel()
	reading := map[account.Permission]bool{account.PermissionReadCatalogue: true, account.PermissionReadTraffic: true,
		account.PermissionReadMoney: true, account.PermissionMakeLinks: true}
	for _, role := range []account.Role{account.RoleAdmin, account.RoleAffiliate, account.RoleAdvertiser} {
		a := account.Actor{Role: role, AffiliateID: 1, AdvertiserID: 1, Viewing: 7}
		for _, p := range role.Permissions() {
			if err := a.Require(p); reading[p] != (err == nil) || err != nil && !errs.HasCode(err, "view_only") {
				t.Errorf("%s: %s: %v", role, p, err)
			}
		}
		if _, err := a.Audit(time.Now(), "offer.update", "offer", 1, nil, nil); !errs.HasCode(err, "view_only") {
			t.Errorf("%s: audit: %v", role, err)
		}
		if err := a.RequireLogin(); !errs.HasCode(err, "view_only") {
			t.Errorf("%s: own affairs: %v", role, err)
		}
	}
}

// With the party that it looks at, a session ends: it does not turn into its operator's own.
func TestViewedPartyIsDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for table, columns := range map[string]string{"affiliates": "(name, status, currency, fire, created_at, updated_at) VALUES ('Voss', 'active', 'USD', 'specific', now(), now())",
		"advertisers": "(name, status, currency, postback_auth, postback_token, created_at, updated_at) VALUES ('Lumio', 'active', 'USD', 'none', '', now(), now())"} {
		var id int64
		must(t, w.pool.QueryRow(ctx, "INSERT INTO "+table+" "+columns+" RETURNING id").Scan(&id))
		party := account.Party{AffiliateID: id}
		if table == "advertisers" {
			party = account.Party{AdvertiserID: id}
		}
		u := w.mustCreate(t, table+"@acme.example", account.RoleAdmin)
		viewing, other := w.mustBrowse(t, u), w.mustBrowse(t, u)
		b, err := w.Browser(ctx, viewing, "")
		must(t, err)
		must(t, w.View(ctx, b, party, ""))
		_, err = w.pool.Exec(ctx, "DELETE FROM "+table+" WHERE id = $1", id)
		must(t, err)
		w.ended(t, viewing, "its party was deleted: "+table)
		if _, err := w.Browser(ctx, other, ""); err != nil {
			t.Errorf("%s: another session of the operator: %v", table, err)
		}
	}
}

// Another's log-ins end, of browsers and of the API, and the user stays; one's own are not ended so.
func TestEndUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin, u := w.mustCreate(t, "jane@acme.example", account.RoleAdmin), w.mustCreate(t, "joe@acme.example", account.RoleManager)
	token, own, api := w.mustBrowse(t, u), w.mustBrowse(t, admin), w.mustBegin(t, u)
	if err := w.EndUser(ctx, u.Actor(""), admin.ID); !errs.Is(err, errs.KindNotFound) {
		t.Errorf("by who may not: %v", err)
	}
	if err := w.EndUser(ctx, admin.Actor(""), admin.ID); !errs.HasCode(err, "own_sessions") {
		t.Errorf("one's own: %v", err)
	}
	if err := w.EndUser(ctx, account.Actor{UserID: admin.ID, Role: admin.Role, Key: 1}, u.ID); !errs.HasCode(err, "login_required") {
		t.Errorf("an operator's by a key: %v", err)
	}
	must(t, w.EndUser(ctx, admin.Actor(""), u.ID))
	w.ended(t, token, "it was ended")
	if _, err := w.Rotate(ctx, api.RefreshToken, ""); err == nil {
		t.Error("the log-in of the API goes on")
	}
	if _, err := w.Browser(ctx, own, ""); err != nil {
		t.Errorf("the administrator's own: %v", err)
	}
	w.mustBrowse(t, u)
}

// What is long over is forgotten; what began within a month makes its network known.
func TestPruneBrowserSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.mustCreate(t, "jane@acme.example", account.RoleManager)
	w.mustBrowse(t, u)
	left := func() (n int) {
		must(t, w.pool.QueryRow(context.Background(), "SELECT count(*) FROM browser_sessions").Scan(&n))
		return n
	}
	w.clock.advance(29 * 24 * time.Hour)
	_, err := w.Prune(ctx)
	must(t, err)
	if left() != 1 {
		t.Error("forgotten within the month")
	}
	w.clock.advance(3 * 24 * time.Hour)
	_, err = w.Prune(ctx)
	must(t, err)
	if left() != 0 {
		t.Error("kept for good")
	}
}
