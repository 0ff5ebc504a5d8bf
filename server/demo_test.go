package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/config"
	"github.com/waypost/waypost/demo"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/outbound"
	"github.com/waypost/waypost/store/pgstore"
	"github.com/waypost/waypost/store/storetest"
)

const demoTestPassword = "a-long-password-of-the-demo"

// mustLoadDemo loads the demo up to a moment.
func mustLoadDemo(t *testing.T, db *pgstore.DB, seed uint64, days int, now time.Time) demo.Summary {
	t.Helper()
	sum, err := demo.Load(t.Context(), demoTestDeps(db, seed), demo.Options{Seed: seed, Now: now, Days: days, Password: demoTestPassword,
		Trackers: "http://127.0.0.1:8090", Troubled: "http://127.0.0.1:8091"})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func demoTestDeps(db *pgstore.DB, seed uint64) demo.Deps {
	guard := outbound.NewGuard(nil, netip.MustParseAddrPort("127.0.0.1:8090"), netip.MustParseAddrPort("127.0.0.1:8091"))
	return demoDeps(db, click.NewSigner([]byte("a secret of the demo's tests, 32+")), guard, config.Config{TrackingURL: "http://track.example"},
		seed, slog.New(slog.DiscardHandler))
}

var aSaturday = time.Date(2026, 11, 21, 15, 21, 7, 0, time.UTC)

// byChance are columns that a seed does not decide: what is secret, what only the audit log's store makes, and the time
// of the database.
var byChance = map[string][]string{
	"advertisers":  {"postback_token"},
	"postbacks":    {"signing_secret", "failing_since"},
	"users":        {"password_hash"},
	"audit_log":    {"id"},
	"postback_log": {"raw"},
	"deliveries":   {"next_attempt_at", "lease_until", "updated_at"},
}

// The same seed and the same present give the same data; another seed gives other data.
func TestDemoOfASeedIsAlwaysTheSame(t *testing.T) {
	t.Parallel()
	one, two, other := storetest.New(t), storetest.New(t), storetest.New(t)
	first, second := mustLoadDemo(t, one, 7, 3, aSaturday), mustLoadDemo(t, two, 7, 3, aSaturday)
	if first != second {
		t.Errorf("summaries of one seed differ: %s; %s", first, second)
	}
	if got := mustLoadDemo(t, other, 8, 3, aSaturday); got == first {
		t.Errorf("another seed gives the same: %s", got)
	}
	tables := queryColumn(t, one, `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
		AND NOT relispartition AND relname NOT IN ('goose_db_version', 'secret_check') ORDER BY relname`)
	if len(tables) < 20 {
		t.Fatalf("found the tables %v", tables)
	}
	filled := 0
	for _, table := range tables {
		dump := fmt.Sprintf(`SELECT (to_jsonb(t) - '{%s}'::text[])::text FROM %s t ORDER BY 1`, strings.Join(byChance[table], ","), table)
		a, b := queryColumn(t, one, dump), queryColumn(t, two, dump)
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("%s differs (-first +second):\n%.3000s", table, diff)
		}
		if len(a) > 0 {
			filled++
		}
		if table == "conversions" && cmp.Equal(a, queryColumn(t, other, dump)) {
			t.Error("another seed gives the same conversions")
		}
	}
	if filled < 18 {
		t.Errorf("only %d tables have rows", filled)
	}
}

func TestDemoAddsUp(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	sum := mustLoadDemo(t, db, 1, 10, aSaturday)

	differences, err := ledger.NewService(db.Ledger()).VerifyBalances(t.Context())
	if err != nil || len(differences) > 0 {
		t.Errorf("balances and ledger: %v, %v", differences, err)
	}
	for what, sql := range map[string]string{
		"conversions without their click":            `SELECT c.id::text FROM conversions c LEFT JOIN clicks k USING (click_id) WHERE k.click_id IS NULL`,
		"conversions of a click of others":           `SELECT c.id::text FROM conversions c JOIN clicks k USING (click_id) WHERE (k.offer_id, k.affiliate_id) <> (c.offer_id, c.affiliate_id)`,
		"conversions before their click":             `SELECT id::text FROM conversions WHERE created_at < clicked_at`,
		"calls before their click":                   `SELECT l.id::text FROM postback_log l JOIN clicks k ON k.click_id = l.click_id WHERE l.received_at < k.created_at`,
		"conversions without an event":               `SELECT id::text FROM conversions c WHERE NOT EXISTS (SELECT FROM conversion_events e WHERE e.conversion_id = c.id AND e.kind = 'created')`,
		"deliveries without their conversion":        `SELECT d.id::text FROM deliveries d LEFT JOIN conversions c ON c.id = d.conversion_id WHERE c.id IS NULL`,
		"deliveries before their conversion":         `SELECT d.id::text FROM deliveries d JOIN conversions c ON c.id = d.conversion_id WHERE d.created_at < c.created_at`,
		"attempts before their delivery":             `SELECT d.id::text FROM deliveries d JOIN delivery_attempts a ON a.delivery_id = d.id WHERE a.at < d.created_at`,
		"attempts that are not counted":              `SELECT id::text FROM deliveries d WHERE attempts <> (SELECT count(*) FROM delivery_attempts a WHERE a.delivery_id = d.id)`,
		"settled deliveries that were never tried":   `SELECT id::text FROM deliveries WHERE status IN ('delivered', 'retrying') AND attempts = 0`,
		"entries of conversions that do not exist":   `SELECT l.id::text FROM ledger_entries l LEFT JOIN conversions c ON c.id = l.conversion_id WHERE c.id IS NULL`,
		"holds that should be over":                  `SELECT id::text FROM conversions WHERE status = 'hold' AND hold_until < $now`,
		"anything of the future":                     `SELECT id::text FROM conversion_events WHERE at > $now`,
		"clicks of the future":                       `SELECT click_id::text FROM clicks WHERE created_at > $now`,
		"valid clicks of affiliates who may not":     `SELECT click_id::text FROM clicks k JOIN affiliates a ON a.id = k.affiliate_id WHERE a.status = 'pending' AND k.reason = ''`,
		"approved amounts that the ledger lacks":     unposted,
		"conversions in the wrong currency":          `SELECT c.id::text FROM conversions c JOIN offers o ON o.id = c.offer_id WHERE c.currency <> o.currency`,
		"deliveries that leave the machine":          `SELECT id::text FROM deliveries WHERE host NOT IN ('127.0.0.1:8090', '127.0.0.1:8091')`,
		"postbacks that leave the machine":           `SELECT id::text FROM postbacks WHERE url !~ '^http://127\.0\.0\.1:809[01]/'`,
		"deliveries of more than the last two hours": `SELECT id::text FROM deliveries WHERE status = 'pending' AND created_at < $now - interval '2 hours 1 minute'`,
	} {
		sql = strings.ReplaceAll(sql, "$now", "timestamptz '"+aSaturday.Format(time.RFC3339)+"'")
		if found := queryColumn(t, db, sql); len(found) > 0 {
			t.Errorf("%s: %d, such as %s", what, len(found), found[0])
		}
	}
	assertReportAddsUp(t, db, sum)
	assertVariety(t, db)
	if waiting := queryColumn(t, db, `SELECT id::text FROM deliveries WHERE status = 'pending'`); len(waiting) < 4 || len(waiting) > 40 {
		t.Errorf("%d deliveries are left to be sent; some are to be seen, and not a flood", len(waiting))
	}

	_, err = demo.Load(t.Context(), demoTestDeps(db, 1), demo.Options{Seed: 1, Now: aSaturday, Days: 1, Password: demoTestPassword})
	if !errs.HasCode(err, demo.CodeNotEmpty) {
		t.Errorf("a second load: %v", err)
	}
	accounts := demoTestDeps(db, 1).Accounts
	for _, email := range []string{demo.OperatorEmail, demo.ManagerEmail, demo.FinanceEmail, demo.ViewerEmail, demo.AffiliateEmail, demo.AdvertiserEmail} {
		if _, err := accounts.Login(t.Context(), account.LoginInput{Email: email, Password: demoTestPassword, IP: "127.0.0.1"}); err != nil {
			t.Errorf("log in as %s: %v", email, err)
		}
	}
}

// unposted compares each conversion with what its ledger entries leave in the affiliate's account.
const unposted = `SELECT c.id::text FROM conversions c
	LEFT JOIN LATERAL (SELECT
		sum(CASE WHEN to_account = 'a' || c.affiliate_id || ':approved' THEN amount WHEN from_account = 'a' || c.affiliate_id || ':approved' THEN -amount END) AS approved,
		sum(CASE WHEN to_account = 'a' || c.affiliate_id || ':pending' THEN amount WHEN from_account = 'a' || c.affiliate_id || ':pending' THEN -amount END) AS pending
		FROM ledger_entries l WHERE l.conversion_id = c.id) p ON true
	WHERE NOT c.test AND (coalesce(p.approved, 0) <> CASE WHEN c.status = 'approved' THEN c.commission ELSE 0 END
		OR coalesce(p.pending, 0) <> CASE WHEN c.status IN ('pending', 'hold') THEN c.commission ELSE 0 END)
		OR c.test AND (p.approved IS NOT NULL OR p.pending IS NOT NULL)`

// assertReportAddsUp: the report's totals are what the rows add up to.
func assertReportAddsUp(t *testing.T, db *pgstore.DB, sum demo.Summary) {
	t.Helper()
	type total struct{ conversions, approved, pending, rejected, commission, revenue int64 }
	want := map[money.Currency]total{}
	rows, err := db.Pool().Query(t.Context(), `SELECT currency, count(*), count(*) FILTER (WHERE status = 'approved'),
		count(*) FILTER (WHERE status IN ('pending', 'hold')), count(*) FILTER (WHERE status = 'rejected'),
		coalesce(sum(commission) FILTER (WHERE status IN ('approved', 'pending', 'hold')), 0),
		coalesce(sum(revenue) FILTER (WHERE status IN ('approved', 'pending', 'hold')), 0)
		FROM conversions WHERE NOT test AND status <> 'trash' GROUP BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var c money.Currency
		var sums total
		if err := rows.Scan(&c, &sums.conversions, &sums.approved, &sums.pending, &sums.rejected, &sums.commission, &sums.revenue); err != nil {
			t.Fatal(err)
		}
		want[c] = sums
	}
	r, err := report.NewService(db.Reports(), func() time.Time { return aSaturday }).Report(t.Context(), account.SystemActor("test"), report.Query{GroupBy: "day,offer", Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	got, clicks := map[money.Currency]total{}, int64(0)
	for _, row := range r.Totals {
		clicks += row.Clicks
		if row.Conversions > 0 {
			got[row.Currency] = total{row.Conversions, row.Approved, row.Pending, row.Rejected, row.Commission.Minor().Int64(), row.Revenue.Minor().Int64()}
		}
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(total{})); diff != "" {
		t.Errorf("totals of the report (-rows +report):\n%s", diff)
	}
	if stored := len(queryColumn(t, db, `SELECT click_id::text FROM clicks WHERE reason = ''`)); int64(stored) != clicks {
		t.Errorf("the report counts %d clicks, %d valid ones are stored", clicks, stored)
	}
	if stored := len(queryColumn(t, db, `SELECT id::text FROM conversions`)); stored != sum.Conversions {
		t.Errorf("%d conversions are stored, the summary says %d", stored, sum.Conversions)
	}
}

// assertVariety: whatever a screen can show is there to be seen.
func assertVariety(t *testing.T, db *pgstore.DB) {
	t.Helper()
	for sql, want := range map[string]string{
		`SELECT DISTINCT reason FROM clicks`: ",affiliate_inactive,affiliate_not_found,not_approved,offer_inactive,offer_not_found",
		`SELECT DISTINCT code FROM postback_log`: "click_not_found,click_not_valid,coupon_not_found,duplicate,goal_not_found,invalid_body,invalid_com,invalid_currency," +
			"invalid_payout,invalid_signature,invalid_status,invalid_token,invalid_val,ip_not_allowed,malformed_clickid,missing_clickid,missing_signature,missing_token,ok",
		`SELECT DISTINCT w FROM postback_log, unnest(warnings) w`: "amounts_differ,no_rate,unfilled_macro,zero_commission",
		`SELECT DISTINCT status FROM conversions`:                 "approved,hold,pending,rejected,trash",
		`SELECT DISTINCT awaiting_rate FROM conversions`:          ",approved",
		`SELECT DISTINCT status FROM deliveries`:                  "delivered,failed,paused,pending,retrying",
		`SELECT DISTINCT payout_model FROM goals`:                 "fixed,hybrid,percent,postback",
		`SELECT DISTINCT revenue_model FROM goals`:                "fixed,hybrid,percent,postback",
		`SELECT DISTINCT dedupe FROM goals`:                       "add,click,none,txid,update",
		`SELECT DISTINCT initial_status FROM goals`:               "approved,hold,pending",
		`SELECT DISTINCT currency FROM offers`:                    "EUR,GBP,JPY,KWD,USD",
		`SELECT DISTINCT status FROM offers`:                      "active,expired,paused",
		`SELECT DISTINCT visibility FROM offers`:                  "approval,private,public",
		`SELECT DISTINCT postback_auth FROM advertisers`:          "hmac,ip,none,token",
		`SELECT DISTINCT status FROM advertisers`:                 "active,paused",
		`SELECT DISTINCT status FROM affiliates`:                  "active,blocked,paused,pending",
		`SELECT DISTINCT status FROM offer_access`:                "approved,pending,rejected",
		`SELECT DISTINCT role FROM users`:                         "admin,advertiser,affiliate,finance,manager,viewer",
		`SELECT DISTINCT kind FROM conversion_events`:             "amounts,created,status_change",
		`SELECT DISTINCT actor FROM conversion_events`:            "advertiser,manager,postback,worker",
	} {
		if got := strings.Join(queryColumn(t, db, sql+" ORDER BY 1"), ","); !containsAll(got, want) {
			t.Errorf("%s:\n got %s\nwant %s", sql, got, want)
		}
	}
}

// containsAll tells whether a comma list holds every element of another.
func containsAll(got, want string) bool {
	have := map[string]bool{}
	for _, s := range strings.Split(got, ",") {
		have[s] = true
	}
	for _, s := range strings.Split(want, ",") {
		if !have[s] {
			return false
		}
	}
	return true
}

func queryColumn(t *testing.T, db *pgstore.DB, sql string) []string {
	t.Helper()
	rows, err := db.Pool().Query(context.WithoutCancel(t.Context()), sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	defer rows.Close()
	var column []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		column = append(column, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return column
}
