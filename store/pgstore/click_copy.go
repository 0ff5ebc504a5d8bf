package pgstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/waypost/waypost/domain/click"
)

// fewClicks are sooner inserted in one round trip than copied in four.
const fewClicks = 32

const copyClicks = `COPY clicks (click_id, created_at, offer_id, affiliate_id, advertiser_id, reason, aff_click_id, subs, source,
	landing_page_id, creative_id, deep_link, coupon, ip, user_agent, referrer, language, country, device, os, browser, robot)
FROM STDIN (FORMAT binary)`

// copyDay makes rows of clicks of one UTC day by COPY, which takes a fifth less of the database's time than an INSERT of
// arrays. Unlike that it knows nothing of rows that are there already: held is true if there are some, and then none of
// the clicks has become a row by it.
func (s Clicks) copyDay(ctx context.Context, day time.Time, clicks []click.Click) (held bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		b := &pgx.Batch{}
		noteClicks(b, day, firstOf(clicks))
		if err := s.db.native(ctx).SendBatch(ctx, b).Close(); err != nil {
			return err
		}
		_, err := txFrom(ctx).conn.PgConn().CopyFrom(ctx, bytes.NewReader(clickRows(clicks)), copyClicks)
		return err
	})
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23505", err
}

// clickRows are clicks in the binary form of COPY (PostgreSQL's manual, COPY, "Binary Format").
func clickRows(clicks []click.Click) []byte {
	b := make([]byte, 0, 64+len(clicks)*400)
	b = append(b, "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	number := func(n int64) {
		b = binary.BigEndian.AppendUint32(b, 8)
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	text := func(s string) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	for i := range clicks {
		c := &clicks[i]
		b = binary.BigEndian.AppendUint16(b, 22) // columns
		b = binary.BigEndian.AppendUint32(b, uint32(len(c.ID)))
		b = append(b, c.ID[:]...)
		number(c.CreatedAt().UnixMicro() - unixOf2000)
		number(int64(c.OfferID))
		number(int64(c.AffiliateID))
		number(int64(c.AdvertiserID))
		text(string(c.Reason))
		text(c.AffClickID)
		b = appendTexts(b, givenSubs(c))
		for _, s := range [...]string{c.Source, c.LandingPageID, c.CreativeID, c.DeepLink, c.Coupon, c.IP, c.UserAgent, c.Referrer,
			c.Language, c.Country, c.Device, c.OS, c.Browser} {
			text(s)
		}
		b = binary.BigEndian.AppendUint32(b, 1)
		if c.Robot {
			b = append(b, 1)
		} else {
			b = append(b, 0)
		}
	}
	return binary.BigEndian.AppendUint16(b, 0xffff) // the end
}

// unixOf2000 is when PostgreSQL's time begins, in µs.
const unixOf2000 = 946684800 * 1_000_000

// appendTexts appends a text[].
func appendTexts(b []byte, list []string) []byte {
	at := len(b)
	dimensions := min(len(list), 1)
	b = binary.BigEndian.AppendUint32(b, 0) // the length, written at the end
	b = binary.BigEndian.AppendUint32(b, uint32(dimensions))
	b = binary.BigEndian.AppendUint32(b, 0) // no nulls
	b = binary.BigEndian.AppendUint32(b, pgtype.TextOID)
	if dimensions > 0 {
		b = binary.BigEndian.AppendUint32(b, uint32(len(list)))
		b = binary.BigEndian.AppendUint32(b, 1) // the first index
	}
	for _, s := range list {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	binary.BigEndian.PutUint32(b[at:], uint32(len(b)-at-4))
	return b
}

// givenSubs leaves trailing empty ones out.
func givenSubs(c *click.Click) []string {
	last := len(c.Subs)
	for last > 0 && c.Subs[last-1] == "" {
		last--
	}
	return c.Subs[:last]
}

func firstOf(clicks []click.Click) time.Time {
	first := clicks[0].CreatedAt()
	for i := range clicks {
		if at := clicks[i].CreatedAt(); at.Before(first) {
			first = at
		}
	}
	return first
}
