package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
)

// subsSeparator parts the sub ids of one click on their way to the database, which has no lists of lists of different
// lengths. It is a control character, so no sub id holds it.
const subsSeparator = "\x1f"

const loadClicks = `INSERT INTO clicks (click_id, created_at, offer_id, affiliate_id, advertiser_id, reason,
	aff_click_id, subs, source, landing_page_id, creative_id, deep_link, coupon, ip, user_agent, referrer, language, country,
	device, os, browser, robot)
SELECT click_id, created_at, offer_id, affiliate_id, advertiser_id, reason, aff_click_id,
	string_to_array(subs, E'\x1f'), source, landing_page_id, creative_id, deep_link, coupon, ip, user_agent, referrer,
	language, country, device, os, browser, robot
FROM unnest($1::uuid[], $2::timestamptz[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[],
	$9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[],
	$18::text[], $19::text[], $20::text[], $21::text[], $22::boolean[]) AS c (click_id, created_at, offer_id, affiliate_id,
	advertiser_id, reason, aff_click_id, subs, source, landing_page_id, creative_id, deep_link, coupon, ip, user_agent,
	referrer, language, country, device, os, browser, robot)
ON CONFLICT DO NOTHING`

// LoadClicks makes rows of clicks, one statement for each day that they are of. A click that has its row is left alone,
// so a batch may be given again after any error: many are copied, and inserted where a row of one of them is there. A
// missing partition is made. Errors: Invalid invalid_click if the database will never take one of the clicks.
func (s Clicks) LoadClicks(ctx context.Context, clicks []click.Click) error {
	for len(clicks) > 0 {
		day := clicks[0].CreatedAt().Truncate(24 * time.Hour)
		ofDay, others := clicks, []click.Click(nil)
		isOther := func(c click.Click) bool { return !c.CreatedAt().Truncate(24 * time.Hour).Equal(day) }
		if slices.ContainsFunc(clicks, isOther) { // around midnight, or after the database was away for long
			ofDay = nil
			for _, c := range clicks {
				if isOther(c) {
					others = append(others, c)
				} else {
					ofDay = append(ofDay, c)
				}
			}
		}
		if err := s.loadDay(ctx, day, ofDay); err != nil {
			return err
		}
		clicks = others
	}
	return nil
}

func (s Clicks) loadDay(ctx context.Context, day time.Time, clicks []click.Click) error {
	insert := func() error {
		if len(clicks) >= fewClicks && txFrom(ctx) == nil {
			if held, err := s.copyDay(ctx, day, clicks); !held {
				return err
			}
		}
		b := &pgx.Batch{} // one transaction, in one round trip
		queueDay(b, day, clicks)
		return s.db.native(ctx).SendBatch(ctx, b).Close()
	}
	err := insert()
	if isMissingPartition(err) {
		dropped, missing := s.db.clicksDropped(ctx, day)
		if missing == nil && dropped {
			return errs.Invalid("invalid_click", "clicks of %s are no longer kept", day.Format(time.DateOnly)).Because(fmt.Errorf("load clicks: %w", err))
		}
		if missing = errors.Join(missing, s.db.EnsurePartitions(ctx, day, day)); missing != nil {
			return missing
		}
		err = insert()
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && !isMissingPartition(err) && (strings.HasPrefix(pg.Code, "22") || strings.HasPrefix(pg.Code, "23")) {
		return errs.Invalid("invalid_click", "the database takes no such click").Because(fmt.Errorf("load clicks: %w", err))
	}
	return translate("load clicks", err)
}

// queueDay inserts clicks of one UTC day.
func queueDay(b *pgx.Batch, day time.Time, clicks []click.Click) {
	noteClicks(b, day, firstOf(clicks))
	b.Queue(loadClicks, clickColumns(clicks)...)
}

// clickColumns are the arguments of loadClicks: an array for each column.
func clickColumns(clicks []click.Click) []any {
	n := len(clicks)
	ids, at := make([][16]byte, n), make([]time.Time, n)
	offers, affiliates, advertisers := make([]int64, n), make([]int64, n), make([]int64, n)
	var texts [16][]string
	for i := range texts {
		texts[i] = make([]string, n)
	}
	robots := make([]bool, n)
	for i := range clicks {
		c := &clicks[i]
		ids[i], at[i] = c.ID, c.CreatedAt()
		offers[i], affiliates[i], advertisers[i] = int64(c.OfferID), int64(c.AffiliateID), int64(c.AdvertiserID)
		for column, text := range [...]string{string(c.Reason), c.AffClickID, strings.Join(givenSubs(c), subsSeparator), c.Source, c.LandingPageID, c.CreativeID,
			c.DeepLink, c.Coupon, c.IP, c.UserAgent, c.Referrer, c.Language, c.Country, c.Device, c.OS, c.Browser} {
			texts[column][i] = text
		}
		robots[i] = c.Robot
	}
	args := []any{ids, at, offers, affiliates, advertisers}
	for _, column := range texts {
		args = append(args, column)
	}
	return append(args, robots)
}
