package pgstore_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/store/storetest"
)

// BenchmarkReport adds up 30 days of a million clicks and 30,000 conversions of 200 offers, of which few bring most, each
// run by 12 of 50 affiliates; before and after the clicks are added up, which it tells the size and time of:
// go test ./store/pgstore -run none -bench Report -benchtime 3x
func BenchmarkReport(b *testing.B) {
	db, ctx := storetest.New(b), context.Background()
	today := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	if err := db.EnsurePartitions(ctx, today.AddDate(0, 0, -31), today); err != nil {
		b.Fatal(err)
	}
	conn, err := db.Pool().Acquire(ctx)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Release()
	for _, sql := range []string{
		`SET statement_timeout = 0`,
		`SELECT setseed(0.5)`,
		`INSERT INTO advertisers (id, name, status, currency, postback_auth, postback_token, created_at, updated_at)
			VALUES (1, 'Shop', 'active', 'USD', 'token', '', now(), now())`,
		`INSERT INTO affiliates (id, name, status, currency, fire, created_at, updated_at)
			SELECT i, 'Blog ' || i, 'active', 'USD', 'specific', now(), now() FROM generate_series(1, 50) i`,
		`INSERT INTO offers (id, advertiser_id, name, destination_url, currency, status, visibility, created_at, updated_at)
			SELECT i, 1, 'Offer ' || i, 'https://x.example/', CASE WHEN i % 3 = 0 THEN 'EUR' ELSE 'USD' END, 'active', 'public', now(), now()
			FROM generate_series(1, 200) i`,
		`INSERT INTO goals (id, offer_id, alias, is_default, payout_model, revenue_model, initial_status, dedupe)
			SELECT i, i, 'default', true, 'postback', 'postback', 'approved', 'txid' FROM generate_series(1, 200) i`,
		`INSERT INTO clicks SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(i::text), 1, 3) || '8' || substr(md5(i::text), 4, 15))::uuid,
			at, offer, 1 + (offer * 7 + (12 * power(random(), 2))::int) % 50, 1, CASE WHEN i % 20 = 0 THEN 'cap' ELSE '' END, '', ARRAY['s' || i % 300, 'x'], '', '', '', '', '',
			'198.51.' || i % 250 || '.' || i / 250 % 250, 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/' || i % 90 || '.0.0.0 Safari/537.36',
			'https://blog.example/some/page', 'en-US', (ARRAY['DE', 'US', 'FR', 'IN', 'BR', 'GB', 'PL', 'MX', 'ID', 'TR'])[1 + (offer + (10 * power(random(), 3))::int) % 10], 'mobile', 'Android', 'Chrome', false
			FROM (SELECT i, 1 + (199 * power(random(), 3))::int AS offer, date_trunc('milliseconds', timestamptz '2026-10-23 00:00:00+00' + i * interval '2.55 s') AS at FROM generate_series(1, 1000000) i) c`,
		`INSERT INTO conversions (click_id, id, dedupe_key, txid, offer_id, goal_id, affiliate_id, advertiser_id, status, val, commission, revenue,
			currency, original_val, original_currency, exchange_rate, test, params, clicked_at, created_at, updated_at)
			SELECT click_id, gen_random_uuid(), click_id::text, '', offer_id, offer_id, affiliate_id, 1, 'approved', 1, 100, 150,
				CASE WHEN offer_id % 3 = 0 THEN 'EUR' ELSE 'USD' END, 1, 'USD', 1, false, '{}', created_at, created_at + interval '1 hour', now()
			FROM clicks WHERE reason = '' AND random() < 0.0316`,
		`INSERT INTO exchange_rates SELECT d, 'EUR', 'USD', 1.1, 'feed' FROM generate_series(date '2026-10-20', date '2026-11-21', interval '1 day') d`,
		`VACUUM ANALYZE`,
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			b.Fatal(err)
		}
	}
	service := report.NewService(db.Reports(), func() time.Time { return today })
	operator, affiliate := account.Actor{Role: account.RoleAdmin}, account.Actor{Role: account.RoleAffiliate, AffiliateID: 7}
	measure := func(how string) {
		for _, c := range []struct {
			name  string
			actor account.Actor
			q     report.Query
		}{
			{"day", operator, report.Query{}},
			{"day,offer,affiliate", operator, report.Query{GroupBy: "day,offer,affiliate"}},
			{"country", operator, report.Query{GroupBy: "country"}},
			{"country,sub1", operator, report.Query{GroupBy: "country,sub1"}},
			{"day in Berlin", operator, report.Query{Zone: "Europe/Berlin"}},
			{"hour in Berlin", operator, report.Query{GroupBy: "hour", Zone: "Europe/Berlin"}},
			{"offer in USD", operator, report.Query{GroupBy: "offer", Currency: "USD"}},
			{"one offer", operator, report.Query{Filter: report.Filter{OfferID: 7}}},
			{"today", operator, report.Query{From: "2026-11-21"}},
			{"one affiliate", affiliate, report.Query{GroupBy: "day,offer"}},
		} {
			b.Run(how+"/"+c.name, func(b *testing.B) {
				for b.Loop() {
					c.q.Limit = 10_000
					r, err := service.Report(ctx, c.actor, c.q)
					if err != nil || len(r.Totals) == 0 {
						b.Fatal(err, fmt.Sprint(r.Totals))
					}
				}
			})
		}
	}
	measure("clicks")
	began := time.Now()
	if err := db.Rollups().RollAll(ctx, today); err != nil {
		b.Fatal(err)
	}
	b.Logf("added up in %s", time.Since(began))
	for _, table := range []string{"stats_halfhourly", "stats_daily", "stats_daily_country"} {
		var rows, bytes int64
		if err := conn.QueryRow(ctx, "SELECT count(*), pg_total_relation_size($1::text::regclass) FROM "+table, table).Scan(&rows, &bytes); err != nil {
			b.Fatal(err)
		}
		b.Logf("%s: %d rows, %d MB", table, rows, bytes>>20)
	}
	if _, err := conn.Exec(ctx, "VACUUM ANALYZE"); err != nil {
		b.Fatal(err)
	}
	measure("added up")
}
