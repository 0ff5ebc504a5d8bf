package offer

import (
	"context"
	"fmt"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/audit"
	"github.com/waypost/waypost/domain/errs"
)

// CouponFilter narrows a list of coupons; zero fields do not.
type CouponFilter struct {
	OfferID     ID
	AffiliateID affiliate.ID
	Code        string // the whole code, case ignored
	From, To    time.Time
}

// CouponStore keeps coupons. An affiliate's scope sees its own, an advertiser's those of its offers; anything else is
// NotFound.
type CouponStore interface {
	// Insert sets c.ID. A code that the advertiser has already is Conflict coupons_code; so it is for Update.
	Insert(ctx context.Context, c *Coupon) error
	Update(ctx context.Context, c Coupon) error
	Delete(ctx context.Context, id CouponID) error
	Get(ctx context.Context, s account.Scope, id CouponID) (Coupon, error)
	GetForUpdate(ctx context.Context, s account.Scope, id CouponID) (Coupon, error) // locked until the transaction ends
	List(ctx context.Context, s account.Scope, f CouponFilter, p domain.Page) (domain.Slice[Coupon], error)
}

// CouponDeps is what a CouponService works with.
type CouponDeps struct {
	Tx         domain.Transactor
	Store      CouponStore
	Offers     OfferFinder
	Affiliates Affiliates
	Audit      audit.Recorder
	Clock      domain.Clock
}

// OfferFinder finds the offer of a coupon.
type OfferFinder interface {
	Get(ctx context.Context, s account.Scope, id ID) (Offer, error)
}

// CouponService is what can be done with coupons.
type CouponService struct{ d CouponDeps }

// NewCouponService makes the service.
func NewCouponService(d CouponDeps) *CouponService { return &CouponService{d} }

// Create saves a new coupon. Errors: unknown_offer, unknown_affiliate, coupon_exists.
func (s *CouponService) Create(ctx context.Context, actor account.Actor, c Coupon) (Coupon, []errs.Warning, error) {
	if err := actor.Require(account.PermissionManageCatalogue); err != nil {
		return Coupon{}, nil, err
	}
	c.ID = 0
	var warnings []errs.Warning
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) (err error) {
		if warnings, err = s.complete(ctx, actor, &c); err != nil {
			return err
		}
		c.CreatedAt = s.d.Clock.Now()
		c.UpdatedAt = c.CreatedAt
		if err := s.d.Store.Insert(ctx, &c); err != nil {
			return s.saveError(c, err)
		}
		return s.record(ctx, actor, "coupon.create", c.ID, nil, c)
	})
	if err != nil {
		return Coupon{}, nil, err
	}
	return c, warnings, nil
}

// Update changes a coupon.
func (s *CouponService) Update(ctx context.Context, actor account.Actor, id CouponID, change func(*Coupon)) (Coupon, []errs.Warning, error) {
	if err := s.mayManage(ctx, actor, id); err != nil {
		return Coupon{}, nil, err
	}
	var after Coupon
	var warnings []errs.Warning
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		before, err := s.d.Store.GetForUpdate(ctx, actor.Scope(), id)
		if err != nil {
			return fmt.Errorf("change coupon %d: %w", id, err)
		}
		after = before
		change(&after)
		after.ID, after.CreatedAt = before.ID, before.CreatedAt
		if warnings, err = s.complete(ctx, actor, &after); err != nil {
			return err
		}
		after.UpdatedAt = s.d.Clock.Now()
		if err := s.d.Store.Update(ctx, after); err != nil {
			return s.saveError(after, err)
		}
		return s.record(ctx, actor, "coupon.update", id, before, after)
	})
	if err != nil {
		return Coupon{}, nil, err
	}
	return after, warnings, nil
}

// complete checks a coupon and gives it its offer's advertiser. The warnings say why sales would not count as things
// stand.
func (s *CouponService) complete(ctx context.Context, actor account.Actor, c *Coupon) ([]errs.Warning, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	o, err := s.d.Offers.Get(ctx, actor.Scope(), c.OfferID)
	if errs.Is(err, errs.KindNotFound) {
		return nil, errs.Invalid("unknown_offer", "there is no offer %d", c.OfferID).At("body.offer_id")
	}
	if err != nil {
		return nil, fmt.Errorf("find offer of coupon: %w", err)
	}
	a, err := s.d.Affiliates.Get(ctx, actor.Scope(), c.AffiliateID)
	if errs.Is(err, errs.KindNotFound) {
		return nil, errs.Invalid("unknown_affiliate", "there is no affiliate %d", c.AffiliateID).At("body.affiliate_id")
	}
	if err != nil {
		return nil, fmt.Errorf("find affiliate of coupon: %w", err)
	}
	c.AdvertiserID = o.AdvertiserID
	var warnings []errs.Warning
	if o.Status == StatusDraft || o.Status == StatusExpired {
		warnings = append(warnings, errs.Warning{Field: "offer_id", Code: "offer_inactive",
			Message: fmt.Sprintf("the offer is %s: sales by the code do not count until it is active", o.Status)})
	}
	if a.Status != affiliate.StatusActive {
		warnings = append(warnings, errs.Warning{Field: "affiliate_id", Code: "affiliate_inactive",
			Message: fmt.Sprintf("the affiliate is %s: sales by the code do not count until it is active", a.Status)})
	}
	return warnings, nil
}

// saveError says what a code that is taken means.
func (s *CouponService) saveError(c Coupon, err error) error {
	if errs.HasCode(err, "coupons_code") {
		return errs.Conflict("coupon_exists", "advertiser %d has a coupon with the code %q already (case is ignored); one code finds one offer and one affiliate",
			c.AdvertiserID, c.Code).At("body.code").Because(err)
	}
	return fmt.Errorf("save coupon: %w", err)
}

// Get reads one coupon that the actor may see.
func (s *CouponService) Get(ctx context.Context, actor account.Actor, id CouponID) (Coupon, error) {
	if err := actor.Require(account.PermissionReadCatalogue); err != nil {
		return Coupon{}, err
	}
	c, err := s.d.Store.Get(ctx, actor.Scope(), id)
	if err != nil {
		return Coupon{}, fmt.Errorf("get coupon %d: %w", id, err)
	}
	return c, nil
}

// List reads a part of the coupons that the actor may see, newest first.
func (s *CouponService) List(ctx context.Context, actor account.Actor, f CouponFilter, p domain.Page) (domain.Slice[Coupon], error) {
	if err := actor.Require(account.PermissionReadCatalogue); err != nil {
		return domain.Slice[Coupon]{}, err
	}
	list, err := s.d.Store.List(ctx, actor.Scope(), f, p)
	if err != nil {
		return domain.Slice[Coupon]{}, fmt.Errorf("list coupons: %w", err)
	}
	return list, nil
}

// Delete removes a coupon. What was earned by it stays: clicks and conversions keep the code as a text.
func (s *CouponService) Delete(ctx context.Context, actor account.Actor, id CouponID) error {
	if err := s.mayManage(ctx, actor, id); err != nil {
		return err
	}
	return s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		before, err := s.d.Store.GetForUpdate(ctx, actor.Scope(), id)
		if err == nil {
			err = s.d.Store.Delete(ctx, id)
		}
		if err != nil {
			return fmt.Errorf("delete coupon %d: %w", id, err)
		}
		return s.record(ctx, actor, "coupon.delete", id, before, nil)
	})
}

// mayManage is nil for who may change coupons; others hear NotFound of a coupon that they may not even know of.
func (s *CouponService) mayManage(ctx context.Context, actor account.Actor, id CouponID) error {
	refusal := actor.Require(account.PermissionManageCatalogue)
	if refusal == nil {
		return nil
	}
	if _, err := s.Get(ctx, actor, id); errs.Is(err, errs.KindNotFound) {
		return err
	}
	return refusal
}

func (s *CouponService) record(ctx context.Context, actor account.Actor, action string, id CouponID, before, after any) error {
	e, err := actor.Audit(s.d.Clock.Now(), action, "coupon", id, before, after)
	if err != nil {
		return err
	}
	return s.d.Audit.Record(ctx, e)
}
