package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waypost/waypost/domain/click"
)

const (
	reportDays = 30
	// reportsEnd is how many days ago the reports' clicks end, beyond those of the postbacks.
	reportsEnd = 2*storedDays + 2
	// lockRoll is that of the program's job which adds clicks up, for one day.
	lockRoll = 0x57500002
	// rollLimit is how long the job may take: it runs every minute.
	rollLimit = 3 * time.Minute
)

// reportQuestions are what reports are asked, each of 30 days.
var reportQuestions = []struct{ name, query string }{
	{"by day", "group_by=day"},
	{"by day, offer, affiliate", "group_by=day,offer,affiliate"},
	{"by day in Berlin", "group_by=day&tz=Europe/Berlin"},
	{"by offer, of one affiliate", "group_by=offer&affiliate_id=%d"},
	{"by country", "group_by=country"},
}

// benchRollups measures reports over clicks that are not added up, then over the same clicks when the program's job has
// added them up. The figures of both are the same.
func benchRollups(ctx context.Context, r *run) (err error) {
	conn, err := pgx.Connect(ctx, r.product.database)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) // gives the locks back
	last := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -reportsEnd)
	first := last.AddDate(0, 0, 1-reportDays)
	if err := r.fillReports(ctx, conn, first); err != nil {
		return fmt.Errorf("store %d clicks: %w", r.stored, err)
	}
	counted, err := r.askReports(ctx, "clicks", first, last)
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_unlock_all()"); err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, rollLimit)
	defer cancel()
	err = r.product.await(waiting, "the clicks are added up", func() (bool, error) {
		days, err := r.product.count(ctx, "SELECT count(*) FROM stats_days WHERE day BETWEEN $1 AND $2 AND spans = (1::bigint << 49) - 1", first, last)
		return days == reportDays, err
	})
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "ANALYZE stats_daily, stats_daily_country, stats_halfhourly"); err != nil {
		return err
	}
	added, err := r.askReports(ctx, "added up", first, last)
	if err != nil {
		return err
	}
	for _, q := range reportQuestions[:1] { // the others' answers are long, or of few clicks
		slow, fast := r.report.median("rollup", q.name+": clicks", 0).P50, r.report.median("rollup", q.name+": added up", 0).P50
		r.report.atLeast("rollup", "30 days "+q.name+": how many times as fast when added up", 3, "", 1, slow/fast)
	}
	return r.report.check("rollup", "clicks in the reports of what is added up", added, "in those of the clicks", counted)
}

// fillReports stores the clicks, as many each day, and holds the locks that keep the program from adding them up.
func (r *run) fillReports(ctx context.Context, conn *pgx.Conn, first time.Time) error {
	made := 0
	for i := range reportDays {
		day := first.AddDate(0, 0, i)
		if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1::int, $2::int)", lockRoll, day.Unix()/(24*60*60)); err != nil {
			return err
		}
		var lines []byte
		ofDay := r.stored*(i+1)/reportDays - r.stored*i/reportDays
		for n := range ofDay {
			id, err := click.Mint(day.Add(24*time.Hour*time.Duration(n)/time.Duration(ofDay)), rand.Reader)
			if err != nil {
				return err
			}
			lines = appendClick(lines, id, r.network.way(skewed(made)), made)
			made++
		}
		if err := copyDay(ctx, []*pgx.Conn{conn}, day, lines); err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, "UPDATE stats_days SET spans = 0 WHERE day = $1::date", day); err != nil {
			return err
		}
	}
	_, err := conn.Exec(ctx, "ANALYZE clicks")
	return err
}

// skewed spreads clicks over ways of which few have most: half of all over 100 ways, a quarter over 1,000, the rest over
// all.
func skewed(n int) int {
	switch n % 4 {
	case 0, 1:
		return n / 4 % 100
	case 2:
		return n / 4 % 1000
	}
	return n / 4
}

// askReports asks each question as often as there are rounds, and gives the number of clicks in all answers.
func (r *run) askReports(ctx context.Context, how string, first, last time.Time) (clicks int64, err error) {
	for range r.rounds {
		for _, q := range reportQuestions {
			query := q.query
			if q.name == "by offer, of one affiliate" {
				query = fmt.Sprintf(query, r.network.way(1).affiliate)
			}
			path := fmt.Sprintf("/reports?%s&from=%s&to=%s", query, first.Format(time.DateOnly), last.Format(time.DateOnly))
			began := time.Now()
			answer, err := r.product.api(ctx, "GET", path, nil, http.StatusOK)
			took := time.Since(began)
			if err != nil {
				return 0, err
			}
			r.report.add("rollup", q.name+": "+how, 0, unmeasured(func(f *figures) { f.P50 = exactly(took) }))
			totals, _ := answer["totals"].([]any)
			for _, t := range totals {
				total, _ := t.(map[string]any)
				for _, figure := range []string{"clicks", "unique_clicks", "invalid_clicks"} {
					number, _ := total[figure].(json.Number)
					n, err := number.Int64()
					if err != nil {
						return 0, fmt.Errorf("%s: %s of %v", path, figure, total)
					}
					clicks += n
				}
			}
		}
	}
	return clicks, nil
}
