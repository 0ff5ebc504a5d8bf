package pgstore

import (
	"context"
	"encoding/binary"
	"time"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
)

// Clicks keeps clicks; it implements click.Store. LoadClicks stands in click_load.go.
type Clicks struct{ db *DB }

// Clicks is the store of clicks.
func (db *DB) Clicks() Clicks { return Clicks{db} }

// clickRow is a row of clicks.
type clickRow struct {
	ClickID       uuid      `gorm:"primaryKey"`
	CreatedAt     time.Time `gorm:"primaryKey"`
	OfferID       int64
	AffiliateID   int64
	AdvertiserID  int64
	Reason        string
	AffClickID    string
	Subs          textArray
	Source        string
	LandingPageID string
	CreativeID    string
	DeepLink      string
	Coupon        string
	IP            string
	UserAgent     string
	Referrer      string
	Language      string
	Country       string
	Device        string
	OS            string
	Browser       string
	Robot         bool
}

// TableName implements gorm's Tabler.
func (clickRow) TableName() string { return "clicks" }

func (r clickRow) click() click.Click {
	c := click.Click{
		ID: click.ID(r.ClickID), OfferID: offer.ID(r.OfferID), AffiliateID: affiliate.ID(r.AffiliateID),
		AdvertiserID: advertiser.ID(r.AdvertiserID), Reason: click.Reason(r.Reason),
		Facts: click.Facts{
			AffClickID: r.AffClickID, Source: r.Source, LandingPageID: r.LandingPageID, CreativeID: r.CreativeID,
			DeepLink: r.DeepLink, Coupon: r.Coupon, IP: r.IP, UserAgent: r.UserAgent, Referrer: r.Referrer,
			Language: r.Language, Country: r.Country, Device: r.Device, OS: r.OS, Browser: r.Browser, Robot: r.Robot,
		},
	}
	copy(c.Subs[:], r.Subs)
	return c
}

// Get gives the click with this id, if the scope may see it. Errors: not_found.
func (s Clicks) Get(ctx context.Context, scope account.Scope, id click.ID) (click.Click, error) {
	if err := scope.Check(); err != nil {
		return click.Click{}, err
	}
	// Both halves of the key, so that one partition is asked.
	row, err := gorm.G[clickRow](s.db.orm(ctx)).Scopes(clicksOf(scope)).Where("click_id = ? AND created_at = ?", uuid(id), id.Time()).Take(ctx)
	if err != nil {
		return click.Click{}, translate("get click", err)
	}
	return row.click(), nil
}

// Exists tells whether the click has a row, whoever owns it.
func (s Clicks) Exists(ctx context.Context, id click.ID) (bool, error) {
	_, err := gorm.G[clickRow](s.db.orm(ctx)).Select("click_id").Where("click_id = ? AND created_at = ?", uuid(id), id.Time()).Take(ctx)
	err = translate("look for click", err)
	if errs.Is(err, errs.KindNotFound) {
		return false, nil
	}
	return err == nil, err
}

// List gives a part of the clicks that the scope may see, newest first. Errors: invalid_cursor.
func (s Clicks) List(ctx context.Context, scope account.Scope, f click.Filter, p domain.Page) (domain.Slice[click.Click], error) {
	none := domain.Slice[click.Click]{}
	if err := scope.Check(); err != nil {
		return none, err
	}
	before, id, err := decodeCursor(p.Cursor)
	if err != nil {
		return none, err
	}
	// An id begins with its time, so both orders are the same. The key's index gives the first, the indexes by offer and
	// affiliate the second.
	order := "click_id DESC"
	if _, one := scope.Affiliate(); one || f.AffiliateID != 0 || f.OfferID != 0 || f.AffClickID != "" {
		order = "created_at DESC, click_id DESC"
	}
	q := gorm.G[clickRow](s.db.orm(ctx)).Scopes(clicksOf(scope), madeWithin(f.From, f.To), clicksLike(f))
	if p.Cursor != "" {
		last, err := click.ParseUUID(id)
		if err != nil {
			return none, invalidCursor()
		}
		q = q.Where("created_at <= ? AND click_id < ?", before, uuid(last))
	}
	limit := pageLimit(p)
	rows, err := q.Order(order).Limit(limit + 1).Find(ctx)
	if err != nil {
		return none, translate("list clicks", err)
	}
	return slice(rows, limit,
		func(r clickRow) string { return encodeCursor(r.CreatedAt, click.ID(r.ClickID).UUID()) },
		func(r clickRow) (click.Click, error) { return r.click(), nil })
}

// clicksOf narrows to what the scope may see.
func clicksOf(scope account.Scope) func(*gorm.Statement) {
	return func(s *gorm.Statement) {
		if id, ok := scope.Affiliate(); ok {
			s.Where("affiliate_id = ?", id)
		} else if id, ok := scope.Advertiser(); ok {
			s.Where("advertiser_id = ?", id)
		} else if !scope.Network() {
			s.Where("false")
		}
	}
}

func clicksLike(f click.Filter) func(*gorm.Statement) {
	return func(s *gorm.Statement) {
		if f.OfferID != 0 {
			s.Where("offer_id = ?", int64(f.OfferID))
		}
		if f.AffiliateID != 0 {
			s.Where("affiliate_id = ?", int64(f.AffiliateID))
		}
		if !f.ClickID.IsZero() {
			s.Where("click_id = ? AND created_at = ?", uuid(f.ClickID), f.ClickID.Time())
		}
		if len(f.ClickIDs) > 0 {
			ids, times := make([]uuid, len(f.ClickIDs)), make([]time.Time, len(f.ClickIDs))
			for i, id := range f.ClickIDs {
				ids[i], times[i] = uuid(id), id.Time()
			}
			s.Where("click_id IN ? AND created_at IN ?", ids, times) // the times find the partitions
		}
		if f.AffClickID != "" {
			s.Where("aff_click_id = ? AND aff_click_id <> ''", f.AffClickID) // the second for the index
		}
		if f.AdvertiserID != 0 {
			s.Where("advertiser_id = ?", int64(f.AdvertiserID))
		}
		// Ids begin with their time, so that the key's index has bounds too.
		if !f.From.IsZero() {
			s.Where("click_id >= ?", firstIDOf(f.From))
		}
		if !f.To.IsZero() {
			s.Where("click_id < ?", firstIDOf(f.To.Add(time.Millisecond-1)))
		}
		if f.Valid != nil {
			s.Where("(reason = '') = ?", *f.Valid)
		}
	}
}

// firstIDOf is the smallest id of a click made within the millisecond of t.
func firstIDOf(t time.Time) (id uuid) {
	ms := uint64(max(t.UnixMilli(), 0))
	binary.BigEndian.PutUint64(id[:], ms<<16)
	return id
}
