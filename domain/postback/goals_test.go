package postback_test

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
)

// A filter of goals keeps its postback silent for the others, yet its scope still decides alone.
func TestGoalFilter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rc := newReceiver(t, always(200))
	w.postback(rc.URL + "/everything")
	narrow := w.postback(rc.URL+"/lead?g={goal_id}", func(p *postback.Postback) { p.OfferID, p.GoalIDs = 1, []offer.GoalID{2, 2} })
	if diff := cmp.Diff([]offer.GoalID{2}, narrow.GoalIDs); diff != "" {
		t.Errorf("goal_ids (-want +got):\n%s", diff)
	}
	if read, err := w.service.Get(w.ctx, affiliateUser(1), narrow.ID); err != nil || cmp.Diff(narrow.GoalIDs, read.GoalIDs) != "" {
		t.Errorf("read %v, %v", read.GoalIDs, err)
	}
	sale, lead := w.conversion(), w.conversion()
	lead.Conversion.GoalID = 2
	w.announce(sale, lead)
	w.deliver(rc.host)
	if rs := rc.received(); len(rs) != 1 || rs[0].url != "/lead?g=2" {
		t.Errorf("requests %+v", rs)
	}
	p, _, err := w.service.Update(w.ctx, affiliateUser(1), narrow.ID, func(p *postback.Postback) { p.GoalIDs = nil })
	if err != nil || len(p.GoalIDs) != 0 {
		t.Fatalf("emptied: %v, %v", p.GoalIDs, err)
	}
	w.announce(w.conversion())
	w.deliver(rc.host)
	if rs := rc.received(); len(rs) != 2 || rs[1].url != "/lead?g=1" {
		t.Errorf("requests %+v", rs)
	}
}

func TestGoalFilterIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct {
		p     postback.Postback
		actor account.Actor
		code  string
	}{
		"of the offer":                     {postback.Postback{OfferID: 1, GoalIDs: []offer.GoalID{1, 2}}, affiliateUser(1), ""},
		"of every offer that it may know":  {postback.Postback{GoalIDs: []offer.GoalID{1}}, affiliateUser(1), ""},
		"of several offers":                {postback.Postback{GoalIDs: []offer.GoalID{1, 3}}, operator, ""},
		"another offer's":                  {postback.Postback{OfferID: 1, GoalIDs: []offer.GoalID{3}}, operator, "unknown_goal"},
		"of an offer that it may not know": {postback.Postback{GoalIDs: []offer.GoalID{1, 3}}, affiliateUser(1), "unknown_goal"},
		"none":                             {postback.Postback{GoalIDs: []offer.GoalID{99}}, operator, "unknown_goal"},
		"negative":                         {postback.Postback{GoalIDs: []offer.GoalID{-1}}, operator, "invalid_scope"},
		"beside a goal":                    {postback.Postback{OfferID: 1, GoalID: 1, GoalIDs: []offer.GoalID{1}}, operator, "goal_ids_with_goal"},
	} {
		c.p.AffiliateID, c.p.URL = 1, "https://t.example/"
		_, _, err := w.service.Create(w.ctx, c.actor, c.p)
		if (err == nil) != (c.code == "") || c.code != "" && !errs.HasCode(err, c.code) {
			t.Errorf("%s: %v, want %q", name, err, c.code)
		}
		if e, ok := errs.As(err); ok && (len(e.Fields) != 1 || e.Fields[0].Location != "body.goal_ids") {
			t.Errorf("%s: fields %+v", name, e.Fields)
		}
	}
}

// After a rotation both secrets sign for a day; the headers are as Standard Webhooks says.
func TestRotateSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rc := newReceiver(t, always(200))
	p := w.postback(rc.URL, func(p *postback.Postback) { p.Method = postback.MethodPOST })
	if _, err := w.service.RotateSecret(w.ctx, affiliateUser(2), p.ID); !errs.Is(err, errs.KindNotFound) {
		t.Errorf("another affiliate: %v", err)
	}
	if _, err := w.service.RotateSecret(w.ctx, account.Actor{UserID: 5, Role: account.RoleViewer}, p.ID); !errs.Is(err, errs.KindForbidden) {
		t.Errorf("a viewer: %v", err)
	}
	rotated, err := w.service.RotateSecret(w.ctx, affiliateUser(1), p.ID)
	if err != nil || rotated.SigningSecret == p.SigningSecret || !strings.HasPrefix(rotated.SigningSecret, "whsec_") {
		t.Fatalf("rotated %+v, %v", rotated, err)
	}
	if left := time.Until(rotated.PreviousUntil); left < 23*time.Hour || left > 24*time.Hour {
		t.Errorf("the old secret signs for another %s", left)
	}
	signed := func(secrets ...string) {
		t.Helper()
		w.announce(w.conversion())
		w.deliver(rc.host)
		rs := rc.received()
		r := rs[len(rs)-1]
		seconds, _ := strconv.ParseInt(r.header.Get("Webhook-Timestamp"), 10, 64)
		var want []string
		for _, secret := range secrets {
			signature, err := postback.Sign(secret, r.id, time.Unix(seconds, 0), r.body)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, signature)
		}
		if got := r.header.Values(http.CanonicalHeaderKey("webhook-signature")); cmp.Diff([]string{strings.Join(want, " ")}, got) != "" {
			t.Errorf("signature %q, want %q", got, want)
		}
	}
	signed(rotated.SigningSecret, p.SigningSecret)
	again, err := w.service.RotateSecret(w.ctx, operator, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	signed(again.SigningSecret, rotated.SigningSecret)
	w.exec(`UPDATE postbacks SET previous_until = now() - interval '1 second'`)
	signed(again.SigningSecret)
	if read, err := w.service.Get(w.ctx, operator, p.ID); err != nil || read.SigningSecret != again.SigningSecret {
		t.Errorf("read %q, %v", read.SigningSecret, err)
	}
	// An ordinary change leaves the secrets as they are.
	if _, _, err := w.service.Update(w.ctx, operator, p.ID, func(p *postback.Postback) { p.SigningSecret, p.PreviousUntil = "", time.Time{} }); err != nil {
		t.Fatal(err)
	}
	signed(again.SigningSecret)
	for _, e := range w.audited.entries {
		if text := string(e.Before) + string(e.After); strings.Contains(text, "whsec_") || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(again.SigningSecret))) {
			t.Errorf("the audit log holds a secret: %s", text)
		}
	}
}
