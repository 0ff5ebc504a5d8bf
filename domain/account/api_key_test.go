package account

import (
	"testing"
	"time"
)

var allRoles = []Role{RoleAdmin, RoleManager, RoleFinance, RoleViewer, RoleAffiliate, RoleAdvertiser}

// Whatever role a key has and whatever its user's role becomes: the key never may what its user may not, and never
// sees what its user does not see.
func TestKeyNeverGainsAPermission(t *testing.T) {
	t.Parallel()
	usable := 0
	for _, user := range allRoles {
		u := User{ID: 7, Role: user}
		switch user {
		case RoleAffiliate:
			u.AffiliateID = 12
		case RoleAdvertiser:
			u.AdvertiserID = 13
		}
		for _, narrowed := range append([]Role{"", "root"}, allRoles...) {
			role, ok := APIKey{Role: narrowed}.roleOf(user)
			if !ok {
				continue
			}
			usable++
			a := u.Actor("")
			a.Role, a.Key = role, 1
			for p := range permissionNames {
				if a.Require(p) == nil && u.Actor("").Require(p) != nil {
					t.Errorf("a key of role %q may %s, its user of role %s may not", narrowed, p, user)
				}
			}
			if a.Scope() != u.Actor("").Scope() {
				t.Errorf("a key of role %q sees %+v, its user of role %s %+v", narrowed, a.Scope(), user, u.Actor("").Scope())
			}
		}
	}
	// Each role's own, and itself; admin: manager, finance, viewer; manager and finance: viewer.
	if usable != 2*len(allRoles)+5 {
		t.Errorf("%d pairs of roles are usable", usable)
	}
}

func TestRolesThatAreNarrower(t *testing.T) {
	t.Parallel()
	for pair, want := range map[[2]Role]bool{
		{RoleManager, RoleAdmin}: true, {RoleFinance, RoleAdmin}: true, {RoleViewer, RoleAdmin}: true, {RoleAdmin, RoleAdmin}: true,
		{RoleViewer, RoleManager}: true, {RoleViewer, RoleFinance}: true, {RoleAffiliate, RoleAffiliate}: true,
		{RoleAdmin, RoleManager}: false, {RoleFinance, RoleManager}: false, {RoleManager, RoleFinance}: false, {RoleManager, RoleViewer}: false,
		{RoleAffiliate, RoleAdmin}: false, {RoleAdvertiser, RoleAffiliate}: false, {RoleViewer, RoleAffiliate}: false, {"", RoleAdmin}: false, {"", ""}: false,
	} {
		if got := pair[0].Within(pair[1]); got != want {
			t.Errorf("%q within %q: %t", pair[0], pair[1], got)
		}
	}
}

// Every permission has one word of its own, so that GET /me is complete.
func TestPermissionNames(t *testing.T) {
	t.Parallel()
	words := map[string]Permission{}
	for p, name := range permissionNames {
		if other, twice := words[name]; twice || name == "" {
			t.Errorf("%q is the word of %q and %q", name, p, other)
		}
		words[name] = p
	}
	for role, permissions := range grants {
		for _, p := range permissions {
			if p.Name() == "" {
				t.Errorf("%q of role %s has no word", p, role)
			}
		}
	}
}

// The vectors of RFC 6238, appendix B (SHA-1), cut to the 6 digits that apps show.
func TestTOTPVectors(t *testing.T) {
	t.Parallel()
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" // 12345678901234567890
	for at, code := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		step, ok := totpStep(secret, code, time.Unix(at, 0), 0)
		if !ok || step != at/30 {
			t.Errorf("at %d: step %d, %t", at, step, ok)
		}
		for shift, want := range map[int64]bool{-60: false, -30: true, 30: true, 60: false} {
			if step, ok := totpStep(secret, code, time.Unix(at/30*30+shift, 0), 0); ok != want || ok && step != at/30 {
				t.Errorf("at %d, read %d s later: step %d, %t", at, shift, step, ok)
			}
		}
		for _, used := range []int64{at / 30, at/30 + 1} {
			if _, ok := totpStep(secret, code, time.Unix(at, 0), used); ok {
				t.Errorf("at %d: taken again after step %d", at, used)
			}
		}
		for _, wrong := range []string{"", "000000", code[:5], code + "0", " " + code, "٢٨٧٠٨٢"} {
			if _, ok := totpStep(secret, wrong, time.Unix(at, 0), 0); ok {
				t.Errorf("at %d: %q is taken", at, wrong)
			}
		}
	}
}

func FuzzPlainOTP(f *testing.F) {
	for _, s := range []string{"123456", "123 456", "abcd-efgh-2345-mnop", " ABCD EFGH ", "", "\x00", "١٢٣"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if once := plainOTP(s); plainOTP(once) != once {
			t.Errorf("%q becomes %q, then %q", s, once, plainOTP(once))
		}
	})
}
