package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/waypost/waypost/domain/click"
)

const (
	storedDays  = 30
	mostSampled = 200_000 // of the stored clicks: those that postbacks are sent for
)

// stored are some of the clicks of the last days.
type stored struct {
	sample []clicked // ids as a destination shows them
	uuids  []clicked // the same clicks, ids as the database shows them
}

// storeClicks fills databases with the same n clicks of the 30 days before yesterday, as many each day, by COPY into the
// days' partitions. They are committed, analysed and on disk when it returns.
func (r *run) storeClicks(ctx context.Context, n int, databases ...string) (*stored, error) {
	conns := make([]*pgx.Conn, len(databases))
	for i, database := range databases {
		conn, err := pgx.Connect(ctx, database)
		if err != nil {
			return nil, err
		}
		defer conn.Close(context.WithoutCancel(ctx))
		conns[i] = conn
	}
	signer := click.NewSigner([]byte(r.product.secret))
	s := &stored{}
	first := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -1-storedDays)
	var lines []byte
	for day, made := 0, 0; day < storedDays; day++ {
		lines = lines[:0]
		ofDay, midnight := n*(day+1)/storedDays-n*day/storedDays, first.AddDate(0, 0, day)
		for i := range ofDay {
			id, err := click.Mint(midnight.Add(24*time.Hour*time.Duration(i)/time.Duration(ofDay)), rand.Reader)
			if err != nil {
				return nil, err
			}
			w := r.network.way(made * 7)
			if made%(1+n/mostSampled) == 0 {
				s.sample = append(s.sample, clicked{signer.Text(id), w.advertiser.token})
				s.uuids = append(s.uuids, clicked{id.UUID(), w.advertiser.token})
			}
			lines = appendClick(lines, id, w, made)
			made++
		}
		if err := copyDay(ctx, conns, midnight, lines); err != nil {
			return nil, fmt.Errorf("clicks of %s: %w", midnight.Format(time.DateOnly), err)
		}
	}
	return s, checkpoint(ctx, conns[0])
}

// checkpoint brings to disk what was stored, which would go on during the rounds. The program's role may not ask for one,
// but the end of a database brings one.
func checkpoint(ctx context.Context, conn *pgx.Conn) error {
	for _, sql := range []string{"CREATE DATABASE bench_checkpoint", "DROP DATABASE bench_checkpoint"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

const clickColumns = `click_id, created_at, offer_id, affiliate_id, advertiser_id, reason, aff_click_id, subs, source, landing_page_id,
	creative_id, deep_link, coupon, ip, user_agent, referrer, language, country, device, os, browser, robot`

// appendClick appends a line for COPY. No value holds a character that the format gives a meaning.
func appendClick(b []byte, id click.ID, w way, n int) []byte {
	field := func(texts ...string) {
		for _, text := range texts {
			b = append(append(b, '\t'), text...)
		}
	}
	number := func(n int64) { b = strconv.AppendInt(append(b, '\t'), n, 10) }
	ip, country := visitor(n)
	b = append(b, id.UUID()...)
	b = id.Time().AppendFormat(append(b, '\t'), "2006-01-02 15:04:05.000Z07:00")
	number(w.offer.id)
	number(w.affiliate)
	number(w.advertiser.id)
	field("", fmt.Sprintf("%05d-%09d", n%4096, n), fmt.Sprintf("{campaign-%d,adset-%d,ad-%d,placement-%d,keyword}", n%20, n%50, n%90, n%7),
		"news", "", fmt.Sprintf("c%d", n%90), "", "", ip, agents[n%len(agents)], fmt.Sprintf("https://blog.example/post/%d", n%4096),
		"en-GB", country, "desktop", "Windows", "Chrome", "f")
	return append(b, '\n')
}

// copyDay gives each database the same lines. A day without a partition gets one as the program makes them, but filled
// before its indexes are built. To the program's job the day counts as added up, or it would do that during a round.
func copyDay(ctx context.Context, conns []*pgx.Conn, day time.Time, lines []byte) error {
	const layout = "2006-01-02 15:04:05+00"
	leaf := "clicks" + day.Format("_20060102")
	faults := make([]error, len(conns))
	var all sync.WaitGroup
	for i, conn := range conns {
		all.Go(func() {
			faults[i] = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
				var exists bool
				if err := tx.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", leaf).Scan(&exists); err != nil {
					return err
				}
				frozen := ""
				if !exists {
					if _, err := tx.Exec(ctx, "CREATE TABLE "+leaf+" (LIKE clicks INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"); err != nil {
						return err
					}
					frozen = " WITH (FREEZE)" // nothing is left for a vacuum to do
				}
				tag, err := tx.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(lines), "COPY "+leaf+" ("+clickColumns+") FROM STDIN"+frozen)
				if want := int64(bytes.Count(lines, []byte("\n"))); err == nil && tag.RowsAffected() != want {
					err = fmt.Errorf("%d of %d rows were copied", tag.RowsAffected(), want)
				}
				if err != nil || exists {
					return err
				}
				if _, err := tx.Exec(ctx, "ANALYZE "+leaf); err != nil { // as autovacuum would, during the rounds
					return err
				}
				if _, err := tx.Exec(ctx, fmt.Sprintf("ALTER TABLE clicks ATTACH PARTITION %s FOR VALUES FROM ('%s') TO ('%s')", leaf,
					day.Format(layout), day.AddDate(0, 0, 1).Format(layout))); err != nil {
					return err
				}
				_, err = tx.Exec(ctx, "INSERT INTO stats_days (day, spans) VALUES ($1::date, (1::bigint << 49) - 1) ON CONFLICT DO NOTHING", day)
				return err
			})
		})
	}
	all.Wait()
	return errors.Join(faults...)
}
