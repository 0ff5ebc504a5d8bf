package pgstore

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
)

// columnRawCall is what seals postback_log.raw.
const columnRawCall = "postback_log.raw"

// logRow is a line of postback_log without the sealed call, with the present status of its conversion.
type logRow struct {
	ID               uuid      `gorm:"primaryKey"`
	ReceivedAt       time.Time `gorm:"primaryKey"`
	Method           string
	Query            string
	IP               string
	HTTPStatus       int
	Status           string
	Code             string
	Message          string
	Warnings         textArray
	Ignored          textArray
	ClickID          *uuid
	ConversionID     *uuid
	OfferID          *int64
	AffiliateID      *int64
	AdvertiserID     *int64
	SettledAt        *time.Time
	Preset           string
	ReadAs           textArray
	Unknown          textArray
	BodyStart        string
	RehearsedBy      *int64
	RehearsedRole    string
	ConversionStatus string `gorm:"->"`
}

// TableName implements gorm's Tabler.
func (logRow) TableName() string { return "postback_log" }

func (r logRow) entry() conversion.LogEntry {
	e := conversion.LogEntry{
		ID: conversion.LogID{UUID: domain.UUID(r.ID)}, ReceivedAt: r.ReceivedAt.UTC(), Method: r.Method, Query: r.Query, IP: r.IP,
		HTTPStatus: r.HTTPStatus, Status: conversion.Outcome(r.Status), Code: r.Code, Message: r.Message,
		Warnings: r.Warnings, Ignored: r.Ignored, Preset: r.Preset, ReadAs: r.ReadAs, Unknown: r.Unknown, BodyStart: r.BodyStart,
		OfferID: offer.ID(orZero(r.OfferID)), AffiliateID: affiliate.ID(orZero(r.AffiliateID)),
		AdvertiserID: advertiser.ID(orZero(r.AdvertiserID)), SettledAt: orZero(r.SettledAt).UTC(),
		ClickID: click.ID(orZero(r.ClickID)), ConversionStatus: conversion.Status(r.ConversionStatus),
	}
	e.ConversionID.UUID = domain.UUID(orZero(r.ConversionID))
	e.Rehearsal = conversion.Rehearser{UserID: account.UserID(orZero(r.RehearsedBy)), Role: account.Role(r.RehearsedRole)}
	return e
}

func orZero[T any](v *T) T {
	if v == nil {
		var zero T
		return zero
	}
	return *v
}

const logColumns = `id, received_at, method, query, ip, http_status, status, code, message, warnings, ignored, click_id,
	conversion_id, offer_id, affiliate_id, advertiser_id, settled_at, preset, read_as, unknown, body_start, rehearsed_by, rehearsed_role,
	coalesce((SELECT c.status FROM conversions c WHERE c.id = postback_log.conversion_id), '') AS conversion_status`

// LogGet gives one line of the log. Errors: not_found, also for another tenant's.
func (s Conversions) LogGet(ctx context.Context, scope account.Scope, id conversion.LogID) (conversion.LogEntry, error) {
	if err := scope.Check(); err != nil {
		return conversion.LogEntry{}, err
	}
	row, err := gorm.G[logRow](s.db.orm(ctx)).Select(logColumns).Scopes(ofParty(scope)).
		Where("id = ? AND received_at = ?", uuid(id.UUID), id.Time()).Take(ctx)
	if err != nil {
		return conversion.LogEntry{}, translate("get line of the log", err)
	}
	return row.entry(), nil
}

// LogList gives a part of the log that the scope may see, newest first. Errors: invalid_cursor.
func (s Conversions) LogList(ctx context.Context, scope account.Scope, f conversion.LogFilter, p domain.Page) (domain.Slice[conversion.LogEntry], error) {
	none := domain.Slice[conversion.LogEntry]{}
	if err := scope.Check(); err != nil {
		return none, err
	}
	q := gorm.G[logRow](s.db.orm(ctx)).Select(logColumns).Scopes(ofParty(scope), within("received_at", f.From, f.To), logLike(f))
	if p.Cursor != "" {
		at, id, err := decodeUUIDCursor(p.Cursor)
		if err != nil {
			return none, err
		}
		q = q.Where("(received_at, id) < (?, ?) AND received_at <= ?", at, id, at) // the last for partitions
	}
	limit := pageLimit(p)
	rows, err := q.Order("received_at DESC, id DESC").Limit(limit + 1).Find(ctx)
	if err != nil {
		return none, translate("list the log", err)
	}
	return slice(rows, limit,
		func(r logRow) string { return encodeCursor(r.ReceivedAt, domain.UUID(r.ID).String()) },
		func(r logRow) (conversion.LogEntry, error) { return r.entry(), nil })
}

func logLike(f conversion.LogFilter) func(*gorm.Statement) {
	return func(s *gorm.Statement) {
		if !f.ClickID.IsZero() {
			s.Where("click_id = ?", uuid(f.ClickID))
		}
		if f.Status != "" {
			s.Where("status = ?", string(f.Status))
		}
		if f.Code != "" {
			s.Where("code = ?", f.Code)
		}
		if f.IP != "" {
			s.Where("ip = ?", f.IP)
		}
		if !f.ConversionID.IsZero() {
			s.Where("conversion_id = ?", uuid(f.ConversionID.UUID))
		}
		switch {
		case f.OfferID != 0 && f.OrNoOffer:
			s.Where("(offer_id = ? OR offer_id IS NULL)", int64(f.OfferID))
		case f.OfferID != 0:
			s.Where("offer_id = ?", int64(f.OfferID))
		}
		if f.AffiliateID != 0 {
			s.Where("affiliate_id = ?", int64(f.AffiliateID))
		}
		if f.AdvertiserID != 0 {
			s.Where("advertiser_id = ?", int64(f.AdvertiserID))
		}
	}
}

// MakeRoom makes the partition of a day.
func (s Conversions) MakeRoom(ctx context.Context, day time.Time) error {
	return s.db.EnsurePartitions(ctx, day, day)
}

// rawRow is the sealed call of a line.
type rawRow struct {
	Raw []byte
}

// TableName implements gorm's Tabler.
func (rawRow) TableName() string { return "postback_log" }

func (s Conversions) call(row rawRow) (conversion.Call, error) {
	record, err := s.db.sealer.Open(columnRawCall, row.Raw)
	var c conversion.Call
	if err == nil {
		c, err = conversion.ParseCall(record)
	}
	if err != nil {
		return conversion.Call{}, errs.Conflict(conversion.CodeUnreadable, "the stored call cannot be read any more; if the server's secret was changed, add the old one to WAYPOST_SECRET_PREVIOUS").Because(err)
	}
	return c, nil
}

// LogCall gives a logged call as it came, for a part of the system that may see all. Errors: not_found, unreadable_call.
func (s Conversions) LogCall(ctx context.Context, id conversion.LogID) (conversion.Call, error) {
	row, err := gorm.G[rawRow](s.db.orm(ctx)).Select("raw").Where("id = ? AND received_at = ?", uuid(id.UUID), id.Time()).Take(ctx)
	if err != nil {
		return conversion.Call{}, translate("get call of the log", err)
	}
	return s.call(row)
}

// Each status has a partial index, which a condition on both could not use; the bound on the time alone leaves out
// partitions.
const (
	againRefused = "status = 'refused' AND (received_at, id) > (?, ?) AND received_at >= ?"
	againQueued  = "status = 'queued' AND (received_at, id) > (?, ?) AND received_at >= ?"
)

// LogAgain gives lines that were refused or are queued, received after the given one, oldest first, with their calls; a
// line whose call cannot be read is given with the reason.
func (s Conversions) LogAgain(ctx context.Context, f conversion.LogFilter, after conversion.LogID, limit int) ([]conversion.LogLine, error) {
	wanted := map[conversion.Outcome]string{conversion.OutcomeRefused: againRefused, conversion.OutcomeQueued: againQueued}
	var rows []sealedRow
	for status, where := range wanted {
		if f.Status != "" && f.Status != status {
			continue
		}
		of := f
		of.Status = "" // the constant says it, for the planner
		found, err := gorm.G[sealedRow](s.db.orm(ctx)).Select(logColumns+", raw").Scopes(within("received_at", f.From, f.To), logLike(of)).
			Where(where, after.Time(), uuid(after.UUID), after.Time()).Order("received_at, id").Limit(limit).Find(ctx)
		if err != nil {
			return nil, translate("list calls to replay", err)
		}
		rows = append(rows, found...)
	}
	slices.SortFunc(rows, func(a, b sealedRow) int {
		return cmp.Or(a.Row.ReceivedAt.Compare(b.Row.ReceivedAt), bytes.Compare(a.Row.ID[:], b.Row.ID[:]))
	})
	lines := make([]conversion.LogLine, min(len(rows), limit))
	for i := range lines {
		lines[i].LogEntry = rows[i].Row.entry()
		lines[i].Call, lines[i].Unreadable = s.call(rawRow{rows[i].Raw})
	}
	return lines, nil
}

// sealedRow is a line with its sealed call.
type sealedRow struct {
	Row logRow `gorm:"embedded"`
	Raw []byte
}

// TableName implements gorm's Tabler.
func (sealedRow) TableName() string { return "postback_log" }
