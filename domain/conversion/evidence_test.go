package conversion_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/audit"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/store/storetest"
)

// other is the token that advertiser 2 alone has in these tests.
const other = "secret-of-the-other"

// newEvidence is a world in which each advertiser has a token of its own, and whose audit entries are kept.
func newEvidence(t *testing.T) (w *world, entries *[]audit.Entry) {
	t.Helper()
	w, entries = newWorld(t), &[]audit.Entry{}
	w.exec(`UPDATE advertisers SET postback_token = $1 WHERE id = 2`, storetest.Sealer(t).Seal("advertisers.postback_token", []byte(other)))
	w.s = conversion.NewService(conversion.Deps{Store: w.db.Conversions(), Tx: w.db, Announcer: w.announcer, Signer: w.signer, Random: rand.Reader,
		Audit: recorder(func(e audit.Entry) { *entries = append(*entries, e) }), Clock: w.clock})
	return w, entries
}

func (w *world) lines(actor account.Actor) []conversion.LogEntry {
	w.t.Helper()
	list, err := w.s.LogList(context.Background(), actor, conversion.LogFilter{}, domain.Page{})
	w.fatal(err)
	return list.Items
}

var affiliate1 = account.Actor{UserID: 5, Role: account.RoleAffiliate, AffiliateID: 1}

func TestRehearsal(t *testing.T) {
	t.Parallel()
	for _, auth := range []advertiser.Auth{advertiser.AuthToken, advertiser.AuthHMAC, advertiser.AuthIP, advertiser.AuthNone} {
		t.Run(string(auth), func(t *testing.T) {
			t.Parallel()
			w, entries := newEvidence(t)
			w.exec(`UPDATE advertisers SET postback_auth = $1, ip_allowlist = '{198.51.100.0/24}'`, string(auth))
			a := advertiser.Advertiser{ID: 1, PostbackAuth: auth, PostbackToken: token, IPAllowlist: []string{"198.51.100.0/24"}}
			manager := account.Actor{UserID: 7, Role: account.RoleManager, IP: "203.0.113.50"}
			sent, r, err := w.s.Rehearse(context.Background(), manager, a, conversion.Rehearsal{ClickID: w.click(1, noon, ""), Val: "100", Com: "5", TxID: "T"})
			if err != nil || r.Status != conversion.OutcomeRecorded || strings.Contains(sent, token) {
				t.Fatalf("%q: %+v, %v", sent, r, err)
			}
			want := map[string]conversion.Rehearser{"operator": {UserID: 7, Role: account.RoleManager}, "seller": {Role: account.RoleManager}, "affiliate": {Role: account.RoleManager}}
			for who, actor := range map[string]account.Actor{"operator": operator, "seller": seller1, "affiliate": affiliate1} {
				lines := w.lines(actor)
				if len(lines) != 1 || lines[0].IP != "203.0.113.50" || lines[0].Rehearsal != want[who] {
					t.Errorf("as %s: %+v", who, lines)
				}
				if one, err := w.s.LogGet(context.Background(), actor, lines[0].ID); err != nil || one.Rehearsal != want[who] {
					t.Errorf("one as %s: %+v, %v", who, one, err)
				}
			}
			if len(*entries) != 1 {
				t.Fatalf("audited: %+v", *entries)
			}
			e := (*entries)[0]
			var after struct {
				AdvertiserID int64             `json:"advertiser_id"`
				Query        string            `json:"query"`
				Answer       conversion.Answer `json:"answer"`
			}
			if err := json.Unmarshal(e.After, &after); err != nil || e.Action != "postback.rehearse" || e.UserID != 7 || e.IP != "203.0.113.50" || after.AdvertiserID != 1 ||
				after.Query != sent || after.Answer.Status != conversion.OutcomeRecorded || e.ObjectID != w.lines(operator)[0].ID.String() {
				t.Errorf("audit %+v: %+v, %v", e, after, err)
			}
			if w.balance("a1") != "none" {
				t.Error("a rehearsal moved money")
			}
		})
	}
}

// What is refused can be replayed after its cause is mended, and is still a rehearsal then.
func TestRehearsalIsReplayed(t *testing.T) {
	t.Parallel()
	w, _ := newEvidence(t)
	w.exec(`UPDATE advertisers SET ip_allowlist = '{198.51.100.0/24}'`)
	a := advertiser.Advertiser{ID: 1, PostbackAuth: advertiser.AuthToken, PostbackToken: token}
	own := account.Actor{UserID: 3, Role: account.RoleAdvertiser, AdvertiserID: 1, IP: "203.0.113.50"}
	_, r, err := w.s.Rehearse(context.Background(), own, a, conversion.Rehearsal{ClickID: w.click(1, noon, ""), Goal: "later", Com: "5"})
	if err != nil || r.Code != "goal_not_found" {
		t.Fatalf("%+v, %v", r, err)
	}
	w.exec(`INSERT INTO goals (id, offer_id, alias, is_default, payout_model, revenue_model, initial_status, hold_days, dedupe)
		VALUES (99, 1, 'later', false, 'postback', 'postback', 'approved', 0, 'txid')`)
	if r, err = w.s.Replay(context.Background(), operator, w.lines(own)[0].ID); err != nil || r.Status != conversion.OutcomeRecorded {
		t.Fatalf("replayed: %+v, %v", r, err)
	}
	line := w.lines(own)[0]
	if want := (conversion.Rehearser{UserID: 3, Role: account.RoleAdvertiser}); line.Rehearsal != want || line.Status != conversion.OutcomeRecorded {
		t.Errorf("%+v", line)
	}
	if seen := w.lines(affiliate1)[0].Rehearsal; seen != (conversion.Rehearser{Role: account.RoleAdvertiser}) {
		t.Errorf("the affiliate learns %+v", seen)
	}
}

// A rehearsal skips the list of addresses of its own advertiser alone: with the click of another it is judged as any call.
func TestRehearsalOfAnothersClick(t *testing.T) {
	t.Parallel()
	w, _ := newEvidence(t)
	w.exec(`UPDATE advertisers SET postback_auth = 'ip', ip_allowlist = '{198.51.100.0/24}' WHERE id = 2`)
	a := advertiser.Advertiser{ID: 1, PostbackAuth: advertiser.AuthNone}
	_, r, err := w.s.Rehearse(context.Background(), seller1, a, conversion.Rehearsal{ClickID: w.click(5, noon, ""), Com: "5"})
	if err != nil || r.Code != "ip_not_allowed" {
		t.Fatalf("%+v, %v", r, err)
	}
	if len(w.lines(seller2)) != 0 || len(w.lines(seller1)) != 1 {
		t.Errorf("whose line: %+v, %+v", w.lines(seller1), w.lines(seller2))
	}
	if _, _, err := w.s.Rehearse(context.Background(), seller2, a, conversion.Rehearsal{}); !errs.HasCode(err, "not_found") {
		t.Errorf("another's advertiser: %v", err)
	}
}

func TestRehearsalsAreLimited(t *testing.T) {
	t.Parallel()
	w, entries := newEvidence(t)
	a := advertiser.Advertiser{ID: 1, PostbackAuth: advertiser.AuthToken, PostbackToken: token}
	for range 30 {
		if _, _, err := w.s.Rehearse(context.Background(), seller1, a, conversion.Rehearsal{ClickID: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := w.s.Rehearse(context.Background(), seller1, a, conversion.Rehearsal{ClickID: "x"}); !errs.HasCode(err, "too_many_tests") {
		t.Errorf("31st: %v", err)
	}
	if _, _, err := w.s.Rehearse(context.Background(), operator, a, conversion.Rehearsal{ClickID: "x"}); err != nil {
		t.Errorf("of another user: %v", err)
	}
	w.at(noon.Add(61 * time.Second))
	if _, _, err := w.s.Rehearse(context.Background(), seller1, a, conversion.Rehearsal{ClickID: "x"}); err != nil {
		t.Errorf("a minute later: %v", err)
	}
	if len(*entries) != 32 || len(w.lines(seller1)) != 32 {
		t.Errorf("%d audited, %d lines", len(*entries), len(w.lines(seller1)))
	}
}

func neverStored(t *testing.T, at time.Time) click.ID {
	t.Helper()
	id, err := click.Mint(at, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Whose line it is of a call that did not prove to be from its click's advertiser.
func TestOwnerOfLine(t *testing.T) {
	t.Parallel()
	w, _ := newEvidence(t)
	w.exec(`INSERT INTO advertisers (id, name, status, currency, override_percent, postback_auth, postback_token, created_at, updated_at)
		SELECT i, 'twin', 'active', 'USD', 0, 'token', $1, now(), now() FROM generate_series(8, 9) i`, storetest.Sealer(t).Seal("advertisers.postback_token", []byte("shared")))
	first, second, gone := w.click(1, noon, ""), w.click(5, noon, ""), w.signer.Text(neverStored(t, noon.Add(-48*time.Hour)))
	type owner struct {
		advertiser advertiser.ID
		offer      offer.ID
	}
	for _, c := range []struct {
		why, click, token, code string
		want                    owner
	}{
		{"malformed click id, own token", "nonsense", token, "malformed_clickid", owner{1, 0}},
		{"no click id", "", other, "missing_clickid", owner{2, 0}},
		{"a click that never was", gone, other, "click_not_found", owner{2, 0}},
		{"malformed click id, a token that nobody has", "nonsense", "guess", "malformed_clickid", owner{}},
		{"malformed click id, a token that two have", "nonsense", "shared", "malformed_clickid", owner{}},
		{"malformed click id, no token", "nonsense", "-", "malformed_clickid", owner{}},
		{"own click, mistyped token", first, "guess", "invalid_token", owner{1, 1}},
		{"own click, no token", first, "-", "missing_token", owner{1, 1}},
		{"another's click, own token", second, token, "invalid_token", owner{1, 0}},
		{"another's click, a token that two have", second, "shared", "invalid_token", owner{}},
		{"own click and token", first, token, "ok", owner{1, 1}},
		{"own click and token, unknown goal", first, token, "goal_not_found", owner{1, 1}},
	} {
		pairs := []string{"com", "1", "txid", c.why, "token", c.token}
		if c.click != "" {
			pairs = append(pairs, "clickid", c.click)
		}
		if c.code == "goal_not_found" {
			pairs = append(pairs, "goal", "unknown")
		}
		call := w.query(pairs...)
		if c.token == "-" {
			call.RawQuery = strings.ReplaceAll(call.RawQuery, "&token=-", "")
		}
		if r := w.send(call); r.Code != c.code {
			t.Errorf("%s: %+v", c.why, r)
		}
		line, err := w.s.LogGet(context.Background(), operator, call.ID)
		if err != nil || (owner{line.AdvertiserID, line.OfferID}) != c.want || c.want.offer == 0 && line.AffiliateID != 0 {
			t.Errorf("%s: %+v, %v", c.why, line, err)
		}
		for id, actor := range map[advertiser.ID]account.Actor{1: seller1, 2: seller2} {
			sees := slices.ContainsFunc(w.lines(actor), func(l conversion.LogEntry) bool { return l.ID == call.ID })
			if sees != (id == c.want.advertiser) {
				t.Errorf("%s: advertiser %d sees it: %v", c.why, id, sees)
			}
		}
	}
	w.exec(`UPDATE advertisers SET postback_token = $1 WHERE id = 2`, storetest.Sealer(t).Seal("advertisers.postback_token", []byte("renewed")))
	w.exec(`UPDATE catalogue_version SET version = version + 1`)
	call := w.query("clickid", "nonsense", "token", "renewed")
	w.send(call)
	if line, err := w.s.LogGet(context.Background(), seller2, call.ID); err != nil || line.Code != "malformed_clickid" {
		t.Errorf("a renewed token: %+v, %v", line, err)
	}
}

// An offer that keeps the value of its sales shows it to nobody but the affiliate's counterparts.
func TestValueIsKeptFromAffiliates(t *testing.T) {
	t.Parallel()
	w, _ := newEvidence(t)
	ctx := context.Background()
	w.exec(`UPDATE offers SET show_value = false WHERE id = 1`)
	hidden := w.post("clickid", w.click(1, noon, ""), "amount", "77.77", "com", "5", "txid", "hidden", "currency", "EUR")
	w.at(noon.Add(time.Second))
	shown := w.post("clickid", w.click(4, noon.Add(-time.Minute), ""), "val", "88.88", "com", "5", "txid", "shown")
	for _, actor := range []account.Actor{operator, seller1, affiliate1} {
		_, isAffiliate := actor.Scope().Affiliate()
		for _, r := range []conversion.Result{hidden, shown} {
			want := isAffiliate && r.ConversionID == hidden.ConversionID
			one, err := w.s.Get(ctx, actor, r.ConversionID)
			w.fatal(err)
			list, err := w.s.List(ctx, actor, conversion.Filter{}, domain.Page{})
			w.fatal(err)
			i := slices.IndexFunc(list.Items, func(c conversion.Conversion) bool { return c.ID == r.ConversionID })
			for _, c := range []conversion.Conversion{one, list.Items[i]} {
				if c.ValueHidden != want || want != (c.Val.IsZero() && c.OriginalVal.IsZero() && c.ExchangeRate.IsZero()) || c.Commission.IsZero() {
					t.Errorf("as %s: %+v", actor.Role, c)
				}
			}
			events, err := w.s.Events(ctx, actor, one.ClickID, 10)
			w.fatal(err)
			if len(events) != 1 || (events[0].Data.Val == "") != want || events[0].Data.Commission == "" {
				t.Errorf("events as %s: %+v", actor.Role, events)
			}
			for _, l := range w.lines(actor) {
				if l.ConversionID != r.ConversionID {
					continue
				}
				if isAffiliate {
					l = l.ForAffiliate()
				}
				said := l.Query + strings.Join(l.ReadAs, " ") + strings.Join(l.Hints(), " ")
				if strings.Contains(said, "77.77") && want || l.ValueHidden != want || want && strings.Contains(said, "amount") || !strings.Contains(said, "com=5") {
					t.Errorf("line as %s: %s", actor.Role, said)
				}
			}
		}
	}
}

// A sale that was recorded with nothing says why, and the call that our own texts recommend says nothing at all.
func TestWhyZero(t *testing.T) {
	t.Parallel()
	w, _ := newEvidence(t)
	for _, c := range []struct {
		why              string
		pairs            []string
		commission, cost string // a part of the reason; empty for none
	}{
		{"nothing", nil, "came with no com, comperc or val", "came with no payout, com, comperc or val"},
		{"val alone", []string{"val", "10"}, "a val but no com or comperc", "a val but no payout, com or comperc"},
		{"a percent of nothing", []string{"comperc", "10"}, "came with comperc, which come to nothing", "came with comperc"},
		{"the advertiser pays the network alone", []string{"payout", "7"}, "came with no com, comperc or val", ""},
		{"a commission", []string{"com", "3"}, "", ""},
	} {
		call := w.query(append([]string{"clickid", w.click(1, noon, ""), "txid", c.why, "goal", "default"}, c.pairs...)...)
		made := w.conversion(w.send(call).ConversionID)
		line, err := w.s.LogGet(context.Background(), seller1, call.ID)
		w.fatal(err)
		hints := strings.Join(line.Hints(), "; ")
		if got := made.WhyNoCommission(); (got == "") != (c.commission == "") || !strings.Contains(got, c.commission) || (got == "") == strings.Contains(hints, "recorded with 0.00") {
			t.Errorf("%s: commission %q, line %q", c.why, got, hints)
		}
		if got := made.WhyNoRevenue(); (got == "") != (c.cost == "") || !strings.Contains(got, c.cost) {
			t.Errorf("%s: cost %q", c.why, got)
		}
		if c.commission == "" && hints != "" {
			t.Errorf("the recommended call is warned of: %s", hints)
		}
	}
}
