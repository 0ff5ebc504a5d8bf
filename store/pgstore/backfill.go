package pgstore

import (
	"context"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
)

// Told implements postback.Store.
func (s Postbacks) Told(ctx context.Context, scope account.Scope, id conversion.ID) (conversion.Change, error) {
	c, err := s.db.Conversions().Get(ctx, scope, id)
	if err != nil {
		return conversion.Change{}, err
	}
	changes, err := s.told(ctx, []conversion.Conversion{c})
	if err != nil {
		return conversion.Change{}, err
	}
	changes[0].Created = true
	return changes[0], nil
}

// Visit implements postback.Store.
func (s Postbacks) Visit(ctx context.Context, scope account.Scope, id click.ID) (conversion.Change, error) {
	c, err := s.db.Clicks().Get(ctx, scope, id)
	if err != nil {
		return conversion.Change{}, err
	}
	terms, err := s.db.Conversions().LoadTerms(ctx, conversion.TermsQuery{Offers: []offer.ID{c.OfferID}})
	if err != nil {
		return conversion.Change{}, err
	}
	o, ok := terms.Offers[c.OfferID]
	if !ok { // a click on an offer that never was
		return conversion.Change{}, errs.NotFound("not_found", "the click's offer does not exist")
	}
	return conversion.Change{Created: true, Click: c, Offer: o}, nil
}

// told loads clicks and offers of conversions.
func (s Postbacks) told(ctx context.Context, cs []conversion.Conversion) ([]conversion.Change, error) {
	var clicks []click.ID
	var offers []offer.ID
	for _, c := range cs {
		clicks, offers = append(clicks, c.ClickID), append(offers, c.OfferID)
	}
	slices.Sort(offers)
	_, visits, err := s.db.Conversions().LoadCalls(ctx, nil, false, clicks)
	if err != nil {
		return nil, err
	}
	terms, err := s.db.Conversions().LoadTerms(ctx, conversion.TermsQuery{Offers: slices.Compact(offers)})
	if err != nil {
		return nil, err
	}
	changes := make([]conversion.Change, len(cs))
	for i, c := range cs {
		changes[i] = conversion.Change{Conversion: c, Click: visits[c.ClickID], Offer: terms.Offers[c.OfferID], At: c.StatusAt}
	}
	return changes, nil
}

// missedBy narrows conversions to those that a postback has missed.
func missedBy(m postback.Missed) func(*gorm.Statement) {
	p := m.Postback
	return func(s *gorm.Statement) {
		s.Where("affiliate_id = ? AND created_at >= ? AND created_at < ? AND NOT test", int64(p.AffiliateID), m.From, m.To)
		s.Where("status IN ?", p.Statuses)
		if p.OfferID != 0 {
			s.Where("offer_id = ?", int64(p.OfferID))
		}
		if p.GoalID != 0 {
			s.Where("goal_id = ?", int64(p.GoalID))
		}
		if len(p.GoalIDs) > 0 {
			s.Where("goal_id IN ?", p.GoalIDs)
		}
		if len(m.OtherOffers) > 0 {
			s.Where("offer_id NOT IN ?", m.OtherOffers)
		}
		if len(m.OtherGoals) > 0 {
			s.Where("goal_id NOT IN ?", m.OtherGoals)
		}
		s.Where(`NOT EXISTS (SELECT FROM deliveries d WHERE d.conversion_id = conversions.id AND d.postback_id = ?
			AND d.event_status = conversions.status)`, int64(p.ID))
	}
}

// CountMissed implements postback.Store.
func (s Postbacks) CountMissed(ctx context.Context, m postback.Missed) (int, error) {
	n, err := gorm.G[conversionRow](s.db.orm(ctx)).Scopes(missedBy(m)).Count(ctx, "id")
	return int(n), translate("count missed conversions", err)
}

// LockMissed implements postback.Store. What is left of a page's conversions once they are locked may be fewer: the last
// one's time and id, not their number, say where the next page begins.
func (s Postbacks) LockMissed(ctx context.Context, m postback.Missed, page domain.Page) ([]conversion.Change, string, error) {
	next := gorm.G[conversionRow](s.db.orm(ctx)).Scopes(missedBy(m))
	if page.Cursor != "" {
		at, id, err := decodeUUIDCursor(page.Cursor)
		if err != nil {
			return nil, "", err
		}
		next = next.Where("(created_at, id) > (?, ?)", at, id)
	}
	seen, err := next.Select("click_id", "id", "created_at").Order("created_at, id").Limit(page.Limit).Find(ctx)
	if err != nil || len(seen) == 0 {
		return nil, "", translate("find missed conversions", err)
	}
	clicks, ids := make([]uuid, len(seen)), make([]uuid, len(seen))
	for i, row := range seen {
		clicks[i], ids[i] = row.ClickID, row.ID
	}
	// In the order in which a batch of calls locks them. Then a statement of its own judges again: it sees the deliveries
	// of whoever was waited for.
	_, err = gorm.G[conversionRow](s.db.orm(ctx), clause.Locking{Strength: "SHARE"}).Select("id").
		Where("click_id IN ? AND id IN ?", clicks, ids).Order("click_id, id").Find(ctx)
	if err != nil {
		return nil, "", translate("lock missed conversions", err)
	}
	rows, err := gorm.G[conversionRow](s.db.orm(ctx)).Scopes(missedBy(m)).
		Where("click_id IN ? AND id IN ?", clicks, ids).Order("created_at, id").Find(ctx)
	if err != nil {
		return nil, "", translate("read missed conversions", err)
	}
	cs := make([]conversion.Conversion, len(rows))
	for i, row := range rows {
		if cs[i], err = row.conversion(); err != nil {
			return nil, "", err
		}
	}
	changes, err := s.told(ctx, cs)
	if err != nil {
		return nil, "", err
	}
	if err := s.markTold(ctx, m.Postback.ID, changes); err != nil {
		return nil, "", err
	}
	if len(seen) < page.Limit {
		return changes, "", nil
	}
	last := seen[len(seen)-1]
	return changes, encodeCursor(last.CreatedAt, domain.UUID(last.ID).String()), nil
}

// markTold sets Created where the postback has heard nothing of the conversion yet.
func (s Postbacks) markTold(ctx context.Context, id postback.ID, changes []conversion.Change) error {
	ids := make([]uuid, len(changes))
	for i := range changes {
		ids[i] = uuid(changes[i].Conversion.ID.UUID)
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := gorm.G[deliveryRow](s.db.orm(ctx)).Select("conversion_id").Where("postback_id = ? AND conversion_id IN ?", int64(id), ids).Find(ctx)
	if err != nil {
		return translate("find earlier deliveries", err)
	}
	heard := map[uuid]bool{}
	for _, row := range rows {
		heard[row.ConversionID] = true
	}
	for i := range changes {
		changes[i].Created = !heard[uuid(changes[i].Conversion.ID.UUID)]
	}
	return nil
}

// Known implements postback.Store.
func (s Postbacks) Known(ctx context.Context, scope account.Scope, id affiliate.ID, limit int) ([]postback.Recipient, error) {
	visible, args, err := postbackScope(scope)
	if err != nil {
		return nil, err
	}
	rows, err := gorm.G[postbackRow](s.db.orm(ctx)).Where("affiliate_id = ?", int64(id)).Where(visible, args...).Order("id DESC").Limit(limit).Find(ctx)
	if err != nil || len(rows) == 0 {
		return nil, translate("list an affiliate's postbacks", err)
	}
	owner, err := gorm.G[affiliateRow](s.db.orm(ctx)).Where("id = ?", int64(id)).Take(ctx)
	if err != nil {
		return nil, translate("get affiliate of postbacks", err)
	}
	recipients := make([]postback.Recipient, len(rows))
	for i, row := range rows {
		recipients[i] = postback.Recipient{Postback: row.postback(), Fire: affiliate.Fire(owner.Fire)}
	}
	return recipients, nil
}
