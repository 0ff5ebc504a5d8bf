package pgstore

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

// Offers keeps offers, their goals and who may run them; it implements offer.Store.
type Offers struct{ db *DB }

// Offers is the store of offers.
func (db *DB) Offers() Offers { return Offers{db} }

// offerRow is a row of offers.
type offerRow struct {
	ID             int64 `gorm:"primaryKey"`
	AdvertiserID   int64
	Name           string
	DestinationURL string
	PreviewURL     string
	FallbackURL    string
	Currency       string
	Status         string
	Visibility     string
	WindowDays     int
	MinSeconds     int
	ShowValue      bool
	CreatedAt      time.Time
	UpdatedAt      time.Time `gorm:"autoUpdateTime:false"`
}

// TableName implements gorm's Tabler.
func (offerRow) TableName() string { return "offers" }

func newOfferRow(o offer.Offer) offerRow {
	return offerRow{
		ID: int64(o.ID), AdvertiserID: int64(o.AdvertiserID), Name: o.Name, DestinationURL: o.DestinationURL,
		PreviewURL: o.PreviewURL, FallbackURL: o.FallbackURL, Currency: string(o.Currency), Status: string(o.Status),
		Visibility: string(o.Visibility), WindowDays: o.WindowDays, MinSeconds: o.MinSeconds, ShowValue: o.ShowValue,
		CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt,
	}
}

// offer gives the offer without its goals.
func (r offerRow) offer() offer.Offer {
	return offer.Offer{
		ID: offer.ID(r.ID), AdvertiserID: advertiser.ID(r.AdvertiserID), Name: r.Name, DestinationURL: r.DestinationURL,
		PreviewURL: r.PreviewURL, FallbackURL: r.FallbackURL, Currency: money.Currency(r.Currency), Status: offer.Status(r.Status),
		Visibility: offer.Visibility(r.Visibility), WindowDays: r.WindowDays, MinSeconds: r.MinSeconds, ShowValue: r.ShowValue,
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}
}

// Insert implements offer.Store.
func (s Offers) Insert(ctx context.Context, o *offer.Offer) error {
	row := newOfferRow(*o)
	if err := gorm.G[offerRow](s.db.orm(ctx)).Create(ctx, &row); err != nil {
		return translate("insert offer", err)
	}
	o.ID = offer.ID(row.ID)
	if err := s.insertGoals(ctx, o); err != nil {
		return err
	}
	return s.db.changeCatalogue(ctx, "offers", row.ID)
}

// Update implements offer.Store.
func (s Offers) Update(ctx context.Context, o *offer.Offer) error {
	n, err := gorm.G[offerRow](s.db.orm(ctx)).Where("id = ?", int64(o.ID)).Select("*").Omit("id", "created_at").Updates(ctx, newOfferRow(*o))
	if err := changed("update offer", n, err); err != nil {
		return err
	}
	if err := s.saveGoals(ctx, o); err != nil {
		return err
	}
	return s.db.changeCatalogue(ctx, "offers", int64(o.ID))
}

// Delete implements offer.Store. Clicks refer to it too, although no foreign key says so.
func (s Offers) Delete(ctx context.Context, id offer.ID) error {
	clicks, err := gorm.G[clickRow](s.db.orm(ctx)).Select("click_id").Where("offer_id = ?", int64(id)).Limit(1).Find(ctx)
	if err != nil {
		return translate("look for clicks", err)
	}
	if len(clicks) > 0 {
		return errs.Conflict("in_use", "the offer has clicks; pause it instead of deleting it")
	}
	if err := s.db.checkNoConversions(ctx, "offer_id = $1", int64(id)); err != nil {
		return err
	}
	n, err := gorm.G[offerRow](s.db.orm(ctx)).Where("id = ?", int64(id)).Delete(ctx)
	if err := changed("delete offer", n, err); err != nil {
		return err
	}
	return s.db.changeCatalogue(ctx, "offers", int64(id))
}

// Get implements offer.Store.
func (s Offers) Get(ctx context.Context, scope account.Scope, id offer.ID) (offer.Offer, error) {
	return s.get(ctx, scope, id)
}

// GetForUpdate implements offer.Store.
func (s Offers) GetForUpdate(ctx context.Context, scope account.Scope, id offer.ID) (offer.Offer, error) {
	return s.get(ctx, scope, id, forUpdate)
}

func (s Offers) get(ctx context.Context, scope account.Scope, id offer.ID, opts ...clause.Expression) (offer.Offer, error) {
	if err := scope.Check(); err != nil {
		return offer.Offer{}, err
	}
	row, err := gorm.G[offerRow](s.db.orm(ctx), opts...).Scopes(offersOf(scope)).Where("id = ?", int64(id)).Take(ctx)
	if err != nil {
		return offer.Offer{}, translate("get offer", err)
	}
	o := row.offer()
	goals, err := s.goals(ctx, row.ID)
	o.Goals = goals[o.ID]
	return o, err
}

// List implements offer.Store. Errors: invalid_cursor.
func (s Offers) List(ctx context.Context, scope account.Scope, f offer.Filter, p domain.Page) (domain.Slice[offer.Offer], error) {
	none := domain.Slice[offer.Offer]{}
	if err := scope.Check(); err != nil {
		return none, err
	}
	before, err := decodeIDCursor(p.Cursor)
	if err != nil {
		return none, err
	}
	limit := pageLimit(p)
	rows, err := gorm.G[offerRow](s.db.orm(ctx)).
		Scopes(offersOf(scope), madeWithin(f.From, f.To), equals("advertiser_id", int64(f.AdvertiserID)),
			equals("status", string(f.Status)), equals("visibility", string(f.Visibility)), named(f.Search), mayRun(scope, f.MayRun)).
		Where("id < ?", before).Order("id DESC").Limit(limit + 1).Find(ctx)
	if err != nil {
		return none, translate("list offers", err)
	}
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	goals, err := s.goals(ctx, ids...)
	if err != nil {
		return none, err
	}
	return slice(rows, limit, func(r offerRow) string { return encodeIDCursor(r.ID) },
		func(r offerRow) (offer.Offer, error) {
			o := r.offer()
			o.Goals = goals[o.ID]
			return o, nil
		})
}

// HasConversions implements offer.Store. It locks out the postbacks under way and those to come, and looks in a statement of
// its own, which sees what it waited for: the answer stays true until the transaction ends.
func (s Offers) HasConversions(ctx context.Context, id offer.ID) (bool, error) {
	if err := s.db.lockOutConversions(ctx); err != nil {
		return false, err
	}
	var has bool
	err := s.db.orm(ctx).Raw("SELECT EXISTS (SELECT 1 FROM conversions WHERE offer_id = ?)", int64(id)).Scan(&has).Error
	return has, translate("look for conversions", err)
}

// mayRun narrows to what an affiliate may run, or to what it has to ask for.
func mayRun(scope account.Scope, may *bool) func(*gorm.Statement) {
	return func(q *gorm.Statement) {
		if id, ok := scope.Affiliate(); ok && may != nil {
			q.Where("(visibility = 'public' OR EXISTS (SELECT 1 FROM offer_access x "+
				"WHERE x.offer_id = offers.id AND x.affiliate_id = ? AND x.status = 'approved')) = ?", id, *may)
		}
	}
}

// offersOf narrows to what the scope may see; an affiliate sees what it may run or ask for.
func offersOf(scope account.Scope) func(*gorm.Statement) {
	return func(q *gorm.Statement) {
		if id, ok := scope.Advertiser(); ok {
			q.Where("advertiser_id = ?", id)
		} else if id, ok := scope.Affiliate(); ok {
			q.Where("status = 'active' AND EXISTS (SELECT 1 FROM advertisers d WHERE d.id = advertiser_id AND d.status = 'active')")
			q.Where("(visibility IN ('public', 'approval') OR EXISTS (SELECT 1 FROM offer_access x "+
				"WHERE x.offer_id = offers.id AND x.affiliate_id = ? AND x.status = 'approved'))", id)
		} else if !scope.Network() {
			q.Where("false")
		}
	}
}
