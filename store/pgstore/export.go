package pgstore

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/export"
)

// Exports keeps files that are made in the background; it implements export.Store.
type Exports struct{ db *DB }

// Exports is the store of files that are made in the background.
func (db *DB) Exports() Exports { return Exports{db} }

var _ export.Store = Exports{}

// exportRow is a row of exports.
type exportRow struct {
	ID           uuid `gorm:"primaryKey"`
	UserID       int64
	Role         string
	AffiliateID  *int64
	AdvertiserID *int64
	Path         string
	Format       string
	Title        string
	ByMail       bool
	State        string
	Reason       string
	FileName     string
	Size         int64
	CreatedAt    time.Time
	ReadyAt      *time.Time
	ExpiresAt    *time.Time
	DueAt        *time.Time
	Tries        int
	Fence        int64
}

// TableName implements gorm's Tabler.
func (exportRow) TableName() string { return "exports" }

func (r exportRow) export() export.Export {
	e := export.Export{ID: export.ID{UUID: domain.UUID(r.ID)}, UserID: account.UserID(r.UserID), Role: account.Role(r.Role),
		AffiliateID: orZero(r.AffiliateID), AdvertiserID: orZero(r.AdvertiserID),
		Order: export.Order{Path: r.Path, Format: export.Format(r.Format), Title: r.Title, ByMail: r.ByMail},
		State: export.State(r.State), Reason: r.Reason, FileName: r.FileName, Size: r.Size, CreatedAt: r.CreatedAt.UTC()}
	if r.ReadyAt != nil {
		e.ReadyAt = r.ReadyAt.UTC()
	}
	if r.ExpiresAt != nil {
		e.ExpiresAt = r.ExpiresAt.UTC()
	}
	return e
}

// Unfinished implements export.Store.
func (s Exports) Unfinished(ctx context.Context, user account.UserID) ([]export.Export, error) {
	q := s.db.orm(ctx)
	if err := q.Exec("SELECT pg_advisory_xact_lock(hashtextextended('exports', ?))", int64(user)).Error; err != nil {
		return nil, translate("lock a user's exports", err)
	}
	rows, err := gorm.G[exportRow](q).Where("user_id = ? AND due_at IS NOT NULL", int64(user)).Find(ctx)
	all := make([]export.Export, len(rows))
	for i, r := range rows {
		all[i] = r.export()
	}
	return all, translate("read unfinished exports", err)
}

// Room implements export.Store.
func (s Exports) Room(ctx context.Context, user account.UserID) (bytes int64, err error) {
	err = s.db.orm(ctx).Raw("SELECT coalesce(sum(size), 0)::bigint FROM exports WHERE user_id = ?", int64(user)).Row().Scan(&bytes)
	return bytes, translate("measure a user's exports", err)
}

// Insert implements export.Store.
func (s Exports) Insert(ctx context.Context, e export.Export) error {
	err := s.db.orm(ctx).Exec(`INSERT INTO exports (id, user_id, role, affiliate_id, advertiser_id, path, format, title, by_mail, state, created_at, due_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, now())`, uuid(e.ID.UUID), int64(e.UserID), string(e.Role), optionalID(e.AffiliateID),
		optionalID(e.AdvertiserID), e.Path, string(e.Format), e.Title, e.ByMail, string(e.State), e.CreatedAt).Error
	return translate("insert export", err)
}

// of narrows to what a user ordered while it belonged to the scope's party.
func (s Exports) of(ctx context.Context, scope account.Scope, user account.UserID) (gorm.ChainInterface[exportRow], error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	q := gorm.G[exportRow](s.db.orm(ctx)).Where("user_id = ?", int64(user))
	if id, ok := scope.Affiliate(); ok {
		return q.Where("affiliate_id = ?", id), nil
	}
	if id, ok := scope.Advertiser(); ok {
		return q.Where("advertiser_id = ?", id), nil
	}
	return q.Where("affiliate_id IS NULL AND advertiser_id IS NULL"), nil
}

// Get implements export.Store.
func (s Exports) Get(ctx context.Context, scope account.Scope, user account.UserID, id export.ID) (export.Export, error) {
	q, err := s.of(ctx, scope, user)
	if err != nil {
		return export.Export{}, err
	}
	row, err := q.Where("id = ?", uuid(id.UUID)).Take(ctx)
	return row.export(), translate("get export", err)
}

// List implements export.Store. Errors: invalid_cursor.
func (s Exports) List(ctx context.Context, scope account.Scope, user account.UserID, p domain.Page) (domain.Slice[export.Export], error) {
	none := domain.Slice[export.Export]{}
	q, err := s.of(ctx, scope, user)
	if err != nil {
		return none, err
	}
	if p.Cursor != "" {
		at, id, err := decodeUUIDCursor(p.Cursor)
		if err != nil {
			return none, err
		}
		q = q.Where("(created_at, id) < (?, ?)", at, id)
	}
	limit := pageLimit(p)
	rows, err := q.Order("created_at DESC, id DESC").Limit(limit + 1).Find(ctx)
	if err != nil {
		return none, translate("list exports", err)
	}
	return slice(rows, limit, func(r exportRow) string { return encodeCursor(r.CreatedAt, domain.UUID(r.ID).String()) },
		func(r exportRow) (export.Export, error) { return r.export(), nil })
}

// Delete implements export.Store.
func (s Exports) Delete(ctx context.Context, scope account.Scope, user account.UserID, id export.ID) error {
	q, err := s.of(ctx, scope, user)
	if err != nil {
		return err
	}
	n, err := q.Where("id = ?", uuid(id.UUID)).Delete(ctx)
	return changed("delete export", n, err)
}

// Part implements export.Store.
func (s Exports) Part(ctx context.Context, id export.ID, n int) (data []byte, err error) {
	err = s.db.orm(ctx).Raw("SELECT data FROM export_parts WHERE export_id = ? AND n = ?", uuid(id.UUID), n).Row().Scan(&data)
	if err = translate("read a part of an export", err); errs.Is(err, errs.KindNotFound) {
		return nil, nil
	}
	return data, err
}

// Claim implements export.Store.
func (s Exports) Claim(ctx context.Context, lease time.Duration) (export.Claimed, bool, error) {
	rows, err := gorm.G[exportRow](s.db.orm(ctx)).Raw(`
		WITH due AS MATERIALIZED (
			SELECT id FROM exports WHERE due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED),
		gone AS (DELETE FROM export_parts p USING due WHERE p.export_id = due.id)
		UPDATE exports e SET state = ?, tries = tries + 1, fence = fence + 1, due_at = now() + make_interval(secs => ?)
		FROM due WHERE e.id = due.id RETURNING e.*`, string(export.Making), lease.Seconds()).Find(ctx)
	if err != nil || len(rows) == 0 {
		return export.Claimed{}, false, translate("claim export", err)
	}
	return export.Claimed{Export: rows[0].export(), Try: rows[0].Tries, Fence: rows[0].Fence}, true, nil
}

// mine is the condition of a claim that goes on.
const mine = " WHERE id = ? AND fence = ? AND state = 'making'"

// held runs an UPDATE that touches the row only while the claim goes on.
func (s Exports) held(ctx context.Context, deed, query string, c export.Claimed, args ...any) error {
	done := s.db.orm(ctx).Exec(query, args...)
	if done.Error == nil && done.RowsAffected == 0 {
		return errs.Conflict("lease_lost", "export %s is not this process's to make any more", c.ID)
	}
	return translate(deed, done.Error)
}

// Extend implements export.Store.
func (s Exports) Extend(ctx context.Context, c export.Claimed, lease time.Duration) error {
	return s.held(ctx, "extend the lease of an export", "UPDATE exports SET due_at = now() + make_interval(secs => ?)"+mine, c,
		lease.Seconds(), uuid(c.ID.UUID), c.Fence)
}

// AddPart implements export.Store. Row and part change together, so that nobody who claims it meanwhile finds parts of two.
func (s Exports) AddPart(ctx context.Context, c export.Claimed, n int, data []byte, lease time.Duration) error {
	return s.held(ctx, "add to an export", "WITH mine AS (UPDATE exports SET due_at = now() + make_interval(secs => ?)"+mine+` RETURNING id)
		INSERT INTO export_parts (export_id, n, data) SELECT id, ?, ? FROM mine`, c, lease.Seconds(), uuid(c.ID.UUID), c.Fence, n, data)
}

// Settle implements export.Store.
func (s Exports) Settle(ctx context.Context, c export.Claimed) error {
	if c.State == export.Failed {
		if err := s.db.orm(ctx).Exec("DELETE FROM export_parts p USING exports e WHERE p.export_id = e.id AND e.id = ? AND e.fence = ?", uuid(c.ID.UUID), c.Fence).Error; err != nil {
			return translate("remove half an export", err)
		}
	}
	var ready *time.Time
	if !c.ReadyAt.IsZero() {
		ready = &c.ReadyAt
	}
	return s.held(ctx, "settle export", `UPDATE exports SET state = ?, role = ?, reason = ?, file_name = ?, size = ?, ready_at = ?, expires_at = ?, due_at = NULL`+mine, c,
		string(c.State), string(c.Role), c.Reason, c.FileName, c.Size, ready, c.ExpiresAt, uuid(c.ID.UUID), c.Fence)
}

// Again implements export.Store.
func (s Exports) Again(ctx context.Context, c export.Claimed, wait time.Duration, counted bool) error {
	uncounted := 1
	if counted {
		uncounted = 0
	}
	return s.held(ctx, "let an export wait", "UPDATE exports SET state = ?, tries = tries - ?, due_at = now() + make_interval(secs => ?)"+mine, c,
		string(export.Waiting), uncounted, wait.Seconds(), uuid(c.ID.UUID), c.Fence)
}

// Prune implements export.Store.
func (s Exports) Prune(ctx context.Context, now time.Time) (int, error) {
	n, err := gorm.G[exportRow](s.db.orm(ctx)).Where("expires_at <= ?", now).Delete(ctx)
	return n, translate("prune exports", err)
}

// Queue implements export.Store.
func (s Exports) Queue(ctx context.Context) (export.Queue, error) {
	var waiting int
	var oldest *time.Time
	err := s.db.orm(ctx).Raw("SELECT count(*), min(created_at) FROM exports WHERE due_at IS NOT NULL").Row().Scan(&waiting, &oldest)
	if err != nil {
		return export.Queue{}, translate("count exports", err)
	}
	return export.Queue{Waiting: waiting, Oldest: orZero(oldest).UTC()}, nil
}
