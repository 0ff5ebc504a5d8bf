package server

import (
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/store/pgstore"
)

func newCoupons(db *pgstore.DB) *offer.CouponService {
	return offer.NewCouponService(offer.CouponDeps{Tx: db, Store: db.Coupons(), Offers: db.Offers(), Affiliates: db.Affiliates(),
		Audit: db.Audit(), Clock: now})
}
