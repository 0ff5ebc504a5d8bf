package api

import (
	"context"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/offer"
)

const tagCoupons = "Coupons"

func (s *service) couponRoutes() {
	register(s, op{"list-coupons", http.MethodGet, "/coupons", "List coupons", tagCoupons, 0, nil}, s.listCoupons)
	register(s, op{"create-coupon", http.MethodPost, "/coupons", "Create a coupon", tagCoupons, 201, []int{409}}, s.createCoupon)
	register(s, op{"get-coupon", http.MethodGet, "/coupons/{id}", "Read a coupon", tagCoupons, 0, nil}, s.getCoupon)
	register(s, op{"update-coupon", http.MethodPatch, "/coupons/{id}", "Change a coupon", tagCoupons, 0, []int{409}}, s.updateCoupon)
	register(s, op{"delete-coupon", http.MethodDelete, "/coupons/{id}", "Delete a coupon; what was earned by it stays", tagCoupons, 204, nil}, s.deleteCoupon)
}

// couponBody is a coupon.
type couponBody struct {
	ID           offer.CouponID `json:"id" doc:"Id of the coupon"`
	Code         string         `json:"code" example:"ANNA10" doc:"What customers type in; case is ignored. Unique for an advertiser"`
	OfferID      offer.ID       `json:"offer_id" doc:"Whose sales it finds"`
	AdvertiserID advertiser.ID  `json:"advertiser_id" doc:"The offer's"`
	AffiliateID  affiliate.ID   `json:"affiliate_id" doc:"Who earns by it"`
	Active       bool           `json:"active" doc:"An inactive one finds nothing"`
	CreatedAt    time.Time      `json:"created_at" doc:"When it was made"`
	UpdatedAt    time.Time      `json:"updated_at" doc:"When it was changed last"`
	Warnings     []warningBody  `json:"warnings,omitzero" doc:"Only in the answer to a save"`
}

func newCouponBody(c offer.Coupon) couponBody {
	return couponBody{ID: c.ID, Code: c.Code, OfferID: c.OfferID, AdvertiserID: c.AdvertiserID, AffiliateID: c.AffiliateID,
		Active: c.Active, CreatedAt: moment(c.CreatedAt), UpdatedAt: moment(c.UpdatedAt)}
}

type couponID struct {
	ID offer.CouponID `path:"id" doc:"Id of the coupon"`
}

type couponList struct {
	Paging
	Period
	OfferID     offer.ID     `query:"offer_id" minimum:"1" doc:"Only of this offer"`
	AffiliateID affiliate.ID `query:"affiliate_id" minimum:"1" doc:"Only of this affiliate"`
	Code        string       `query:"code" maxLength:"255" doc:"The whole code, case ignored"`
}

func (s *service) listCoupons(ctx context.Context, actor account.Actor, in *couponList) (*list[couponBody], error) {
	from, to, err := in.bounds()
	if err != nil {
		return nil, err
	}
	f := offer.CouponFilter{OfferID: in.OfferID, AffiliateID: in.AffiliateID, Code: in.Code, From: from, To: to}
	found, err := s.Coupons.List(ctx, actor, f, in.page())
	if err != nil {
		return nil, err
	}
	return newList(found, newCouponBody), nil
}

type couponCreate struct {
	Body struct {
		Code        string         `json:"code" maxLength:"240" example:"ANNA10" doc:"What customers type in; case is ignored"`
		OfferID     offer.ID       `json:"offer_id" minimum:"1" doc:"Whose sales it finds"`
		AffiliateID affiliate.ID   `json:"affiliate_id" minimum:"1" doc:"Who earns by it"`
		Active      Optional[bool] `json:"active,omitempty" doc:"true if left out"`
	}
}

func (s *service) createCoupon(ctx context.Context, actor account.Actor, in *couponCreate) (*one[couponBody], error) {
	c := offer.Coupon{Code: in.Body.Code, OfferID: in.Body.OfferID, AffiliateID: in.Body.AffiliateID, Active: true}
	in.Body.Active.to(&c.Active)
	c, warnings, err := s.Coupons.Create(ctx, actor, c)
	if err != nil {
		return nil, err
	}
	b := newCouponBody(c)
	b.Warnings = newWarnings(warnings)
	return &one[couponBody]{b}, nil
}

func (s *service) getCoupon(ctx context.Context, actor account.Actor, in *couponID) (*one[couponBody], error) {
	c, err := s.Coupons.Get(ctx, actor, in.ID)
	if err != nil {
		return nil, err
	}
	return &one[couponBody]{newCouponBody(c)}, nil
}

type couponUpdate struct {
	ID   offer.CouponID `path:"id" doc:"Id of the coupon"`
	Body struct {
		Code        Optional[string]       `json:"code,omitempty" maxLength:"240" doc:"What customers type in; case is ignored"`
		OfferID     Optional[offer.ID]     `json:"offer_id,omitempty" minimum:"1" doc:"Whose sales it finds"`
		AffiliateID Optional[affiliate.ID] `json:"affiliate_id,omitempty" minimum:"1" doc:"Who earns by it from now on"`
		Active      Optional[bool]         `json:"active,omitempty" doc:"An inactive one finds nothing"`
	}
}

func (s *service) updateCoupon(ctx context.Context, actor account.Actor, in *couponUpdate) (*one[couponBody], error) {
	c, warnings, err := s.Coupons.Update(ctx, actor, in.ID, func(c *offer.Coupon) {
		in.Body.Code.to(&c.Code)
		in.Body.OfferID.to(&c.OfferID)
		in.Body.AffiliateID.to(&c.AffiliateID)
		in.Body.Active.to(&c.Active)
	})
	if err != nil {
		return nil, err
	}
	b := newCouponBody(c)
	b.Warnings = newWarnings(warnings)
	return &one[couponBody]{b}, nil
}

func (s *service) deleteCoupon(ctx context.Context, actor account.Actor, in *couponID) (*noBody, error) {
	return nil, s.Coupons.Delete(ctx, actor, in.ID)
}
