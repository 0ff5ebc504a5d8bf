package pgstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
)

// Postbacks implements postback.Store.
type Postbacks struct{ db *DB }

// Postbacks are the affiliates' postbacks.
func (db *DB) Postbacks() Postbacks { return Postbacks{db} }

var _ postback.Store = Postbacks{}

const signingSecretColumn = "postbacks.signing_secret"

type postbackRow struct {
	ID            int64 `gorm:"primaryKey"`
	AffiliateID   int64
	OfferID       *int64
	GoalID        *int64
	URL           string `gorm:"column:url"`
	Method        string
	Statuses      textArray
	GoalIDs       textArray `gorm:"column:goal_ids"`
	Active        bool
	PausedReason  string
	SigningSecret []byte
	PreviousUntil *time.Time
	FailingSince  *time.Time
	Failures      int
	CreatedAt     time.Time `gorm:"autoCreateTime:false"`
	UpdatedAt     time.Time `gorm:"autoUpdateTime:false"`
}

func (postbackRow) TableName() string { return "postbacks" }

// postback is without the signing secret, which Postbacks.open adds.
func (row postbackRow) postback() postback.Postback {
	p := postback.Postback{ID: postback.ID(row.ID), AffiliateID: affiliate.ID(row.AffiliateID), URL: row.URL, Method: row.Method,
		Active: row.Active, PausedReason: postback.PausedReason(row.PausedReason), Failures: row.Failures,
		CreatedAt: row.CreatedAt.UTC(), UpdatedAt: row.UpdatedAt.UTC()}
	if row.OfferID != nil {
		p.OfferID = offer.ID(*row.OfferID)
	}
	if row.GoalID != nil {
		p.GoalID = offer.GoalID(*row.GoalID)
	}
	for _, s := range row.Statuses {
		p.Statuses = append(p.Statuses, conversion.Status(s))
	}
	for _, text := range row.GoalIDs {
		id, _ := strconv.ParseInt(text, 10, 64) // bigint[]
		p.GoalIDs = append(p.GoalIDs, offer.GoalID(id))
	}
	if row.FailingSince != nil {
		p.FailingSince = row.FailingSince.UTC()
	}
	if row.PreviousUntil != nil {
		p.PreviousUntil = row.PreviousUntil.UTC()
	}
	return p
}

func newPostbackRow(p postback.Postback) postbackRow {
	row := postbackRow{ID: int64(p.ID), AffiliateID: int64(p.AffiliateID), URL: p.URL, Method: p.Method, Active: p.Active,
		PausedReason: string(p.PausedReason), Failures: p.Failures, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt}
	if p.OfferID != 0 {
		row.OfferID = (*int64)(&p.OfferID)
	}
	if p.GoalID != 0 {
		row.GoalID = (*int64)(&p.GoalID)
	}
	for _, s := range p.Statuses {
		row.Statuses = append(row.Statuses, string(s))
	}
	for _, id := range p.GoalIDs {
		row.GoalIDs = append(row.GoalIDs, strconv.FormatInt(int64(id), 10))
	}
	if !p.FailingSince.IsZero() {
		row.FailingSince = &p.FailingSince
	}
	return row
}

func (s Postbacks) open(row postbackRow) (postback.Postback, error) {
	p := row.postback()
	secret, err := s.db.sealer.Open(signingSecretColumn, row.SigningSecret)
	if err != nil {
		return postback.Postback{}, fmt.Errorf("read postback %d: %w", row.ID, err)
	}
	p.SigningSecret = string(secret)
	return p, nil
}

// postbackScope is the condition of what a scope may see: advertisers know no affiliate's postback.
func postbackScope(scope account.Scope) (string, []any, error) {
	if err := scope.Check(); err != nil {
		return "", nil, err
	}
	if id, ok := scope.Affiliate(); ok {
		return "affiliate_id = ?", []any{id}, nil
	}
	if scope.Network() {
		return "true", nil, nil
	}
	return "false", nil, nil
}

// Insert implements postback.Store.
func (s Postbacks) Insert(ctx context.Context, p *postback.Postback) error {
	row := newPostbackRow(*p)
	row.SigningSecret = s.db.sealer.Seal(signingSecretColumn, []byte(p.SigningSecret))
	if err := gorm.G[postbackRow](s.db.orm(ctx)).Create(ctx, &row); err != nil {
		return translate("insert postback", err)
	}
	p.ID = postback.ID(row.ID)
	return nil
}

// Get implements postback.Store.
func (s Postbacks) Get(ctx context.Context, scope account.Scope, id postback.ID) (postback.Postback, error) {
	return s.get(ctx, scope, id)
}

// Lock implements postback.Store. Deliveries that refer to the row can still be inserted meanwhile.
func (s Postbacks) Lock(ctx context.Context, scope account.Scope, id postback.ID) (postback.Postback, error) {
	return s.get(ctx, scope, id, clause.Locking{Strength: "NO KEY UPDATE"})
}

func (s Postbacks) get(ctx context.Context, scope account.Scope, id postback.ID, options ...clause.Expression) (postback.Postback, error) {
	visible, args, err := postbackScope(scope)
	if err != nil {
		return postback.Postback{}, err
	}
	row, err := gorm.G[postbackRow](s.db.orm(ctx), options...).Where("id = ?", int64(id)).Where(visible, args...).Take(ctx)
	if err != nil {
		return postback.Postback{}, translate("get postback", err)
	}
	return s.open(row)
}

// Update implements postback.Store.
func (s Postbacks) Update(ctx context.Context, p postback.Postback) error {
	changed, err := gorm.G[postbackRow](s.db.orm(ctx)).Where("id = ?", int64(p.ID)).
		Select("offer_id", "goal_id", "url", "method", "statuses", "goal_ids", "active", "paused_reason", "failing_since", "failures", "updated_at").
		Updates(ctx, newPostbackRow(p))
	if err == nil && changed == 0 {
		err = gorm.ErrRecordNotFound
	}
	return translate("update postback", err)
}

// Rotate implements postback.Store. The one before stays sealed as it was, under the column that it came from.
func (s Postbacks) Rotate(ctx context.Context, p postback.Postback, secret string) error {
	_, err := s.db.native(ctx).Exec(ctx, `
		UPDATE postbacks SET previous_secret = signing_secret, previous_until = $2, signing_secret = $3, updated_at = $4 WHERE id = $1`,
		int64(p.ID), p.PreviousUntil, s.db.sealer.Seal(signingSecretColumn, []byte(secret)), p.UpdatedAt)
	return translate("rotate signing secret", err)
}

// Delete implements postback.Store.
func (s Postbacks) Delete(ctx context.Context, id postback.ID) error {
	deleted, err := gorm.G[postbackRow](s.db.orm(ctx)).Where("id = ?", int64(id)).Delete(ctx)
	if err == nil && deleted == 0 {
		err = gorm.ErrRecordNotFound
	}
	return translate("delete postback", err)
}

// List implements postback.Store.
func (s Postbacks) List(ctx context.Context, scope account.Scope, f postback.Filter, page domain.Page) (domain.Slice[postback.Postback], error) {
	visible, args, err := postbackScope(scope)
	if err != nil {
		return domain.Slice[postback.Postback]{}, err
	}
	q := gorm.G[postbackRow](s.db.orm(ctx)).Where(visible, args...)
	if f.AffiliateID != 0 {
		q = q.Where("affiliate_id = ?", int64(f.AffiliateID))
	}
	if f.OfferID != 0 {
		q = q.Where("offer_id = ?", int64(f.OfferID))
	}
	if !f.From.IsZero() {
		q = q.Where("created_at >= ?", f.From)
	}
	if !f.To.IsZero() {
		q = q.Where("created_at < ?", f.To)
	}
	return listByID(ctx, "list postbacks", q, page, func(r postbackRow) int64 { return r.ID }, s.open)
}

// GoalOffer implements postback.Store.
func (s Postbacks) GoalOffer(ctx context.Context, scope account.Scope, goal offer.GoalID) (offer.ID, error) {
	if err := scope.Check(); err != nil {
		return 0, err
	}
	rows, err := gorm.G[offerRow](s.db.orm(ctx)).Scopes(offersOf(scope)).
		Where("id = (SELECT g.offer_id FROM goals g WHERE g.id = ?)", int64(goal)).Limit(1).Find(ctx)
	if err != nil {
		return 0, translate("find offer of goal", err)
	}
	if len(rows) == 0 {
		return 0, errs.Invalid("unknown_goal", "there is no goal %d", goal).At("body.goal_id")
	}
	return offer.ID(rows[0].ID), nil
}

// CheckReferences implements postback.Store. An affiliate knows the offers that it may run or ask for, and the one that
// this postback is for already.
func (s Postbacks) CheckReferences(ctx context.Context, scope account.Scope, p postback.Postback) error {
	if err := scope.Check(); err != nil {
		return err
	}
	orm := s.db.orm(ctx)
	affiliates, err := gorm.G[affiliateRow](orm).Where("id = ?", int64(p.AffiliateID)).Count(ctx, "id")
	if err != nil {
		return translate("find affiliate of postback", err)
	}
	if affiliates == 0 {
		return errs.Invalid("unknown_affiliate", "there is no affiliate %d", p.AffiliateID).At("body.affiliate_id")
	}
	if p.OfferID == 0 {
		return s.checkGoals(ctx, scope, p)
	}
	offers, err := gorm.G[offerRow](orm).Scopes(offersOf(scope)).Where("id = ?", int64(p.OfferID)).Count(ctx, "id")
	if err == nil && offers == 0 {
		offers, err = gorm.G[postbackRow](orm).Where("id = ? AND offer_id = ?", int64(p.ID), int64(p.OfferID)).Count(ctx, "id")
	}
	if err != nil {
		return translate("find offer of postback", err)
	}
	if offers == 0 {
		return errs.Invalid("unknown_offer", "there is no offer %d", p.OfferID).At("body.offer_id")
	}
	if p.GoalID == 0 {
		return s.checkGoals(ctx, scope, p)
	}
	goals, err := gorm.G[goalRow](orm).Where("id = ? AND offer_id = ?", int64(p.GoalID), int64(p.OfferID)).Count(ctx, "id")
	if err != nil {
		return translate("find goal of postback", err)
	}
	if goals == 0 {
		return errs.Invalid("unknown_goal", "offer %d has no goal %d", p.OfferID, p.GoalID).At("body.goal_id")
	}
	return nil
}

// checkGoals judges the filter of goals.
func (s Postbacks) checkGoals(ctx context.Context, scope account.Scope, p postback.Postback) error {
	if len(p.GoalIDs) == 0 {
		return nil
	}
	goals, err := gorm.G[goalRow](s.db.orm(ctx)).Where("id IN ?", p.GoalIDs).Find(ctx)
	if err != nil {
		return translate("find goals of postback", err)
	}
	offers := map[int64]bool{}
	for _, g := range goals {
		offers[g.OfferID] = true
	}
	known := offers
	if p.OfferID == 0 {
		visible, err := gorm.G[offerRow](s.db.orm(ctx)).Scopes(offersOf(scope)).Where("id IN ?", slices.Collect(maps.Keys(offers))).Find(ctx)
		if err != nil {
			return translate("find offers of postback's goals", err)
		}
		known = map[int64]bool{}
		for _, o := range visible {
			known[o.ID] = true
		}
	}
	for _, id := range p.GoalIDs {
		i := slices.IndexFunc(goals, func(g goalRow) bool { return g.ID == int64(id) })
		switch {
		case i >= 0 && p.OfferID != 0 && goals[i].OfferID != int64(p.OfferID):
			return errs.Invalid("unknown_goal", "offer %d has no goal %d", p.OfferID, id).At("body.goal_ids")
		case i < 0 || !known[goals[i].OfferID]:
			return errs.Invalid("unknown_goal", "there is no goal %d", id).At("body.goal_ids")
		}
	}
	return nil
}

// Recipients implements postback.Store. Natively, for each batch of sales asks: one statement whatever their number.
func (s Postbacks) Recipients(ctx context.Context, ids []affiliate.ID) ([]postback.Recipient, error) {
	rows, err := s.db.native(ctx).Query(ctx, `
		SELECT p.id, p.affiliate_id, p.offer_id, p.goal_id, p.url, p.method, p.statuses::text AS statuses, p.goal_ids::text AS goal_ids, p.active, a.fire
		FROM postbacks p JOIN affiliates a ON a.id = p.affiliate_id
		WHERE p.active AND p.affiliate_id = ANY($1) ORDER BY p.id`, int64s(ids))
	if err != nil {
		return nil, translateBatch("find recipients", err)
	}
	var row postbackRow
	var fire string
	var recipients []postback.Recipient
	_, err = pgx.ForEachRow(rows, []any{&row.ID, &row.AffiliateID, &row.OfferID, &row.GoalID, &row.URL, &row.Method, &row.Statuses, &row.GoalIDs,
		&row.Active, &fire}, func() error {
		recipients = append(recipients, postback.Recipient{Postback: row.postback(), Fire: affiliate.Fire(fire)})
		return nil
	})
	return recipients, translateBatch("find recipients", err)
}
