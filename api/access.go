package api

import (
	"context"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/offer"
)

func (s *service) accessRoutes() {
	register(s, op{"list-offer-affiliates", http.MethodGet, "/offers/{id}/affiliates", "List who may run an offer, or asked to", tagOffers, 0, nil}, s.listAccess)
	register(s, op{"set-offer-affiliate", http.MethodPost, "/offers/{id}/affiliates", "Let an affiliate run an offer, refuse it, or ask for it", tagOffers, 201, nil}, s.setAccess)
}

// accessBody is one affiliate's permission for one offer.
type accessBody struct {
	OfferID     offer.ID     `json:"offer_id" doc:"The offer"`
	AffiliateID affiliate.ID `json:"affiliate_id" doc:"The affiliate"`
	Status      string       `json:"status" enum:"pending,approved,rejected" doc:"Whether the affiliate may run it"`
	CreatedAt   time.Time    `json:"created_at" doc:"When it was made"`
	UpdatedAt   time.Time    `json:"updated_at" doc:"When it was changed last"`
}

func newAccessBody(a offer.Access) accessBody {
	return accessBody{OfferID: a.OfferID, AffiliateID: a.AffiliateID, Status: string(a.Status),
		CreatedAt: moment(a.CreatedAt), UpdatedAt: moment(a.UpdatedAt)}
}

type accessList struct {
	ID offer.ID `path:"id" doc:"Id of the offer"`
	Paging
	Period
	AffiliateID affiliate.ID `query:"affiliate_id" minimum:"1" doc:"Only this affiliate"`
	Status      string       `query:"status" enum:"pending,approved,rejected" doc:"Only those in this state"`
}

func (s *service) listAccess(ctx context.Context, actor account.Actor, in *accessList) (*list[accessBody], error) {
	from, to, err := in.bounds()
	if err != nil {
		return nil, err
	}
	f := offer.AccessFilter{OfferID: in.ID, AffiliateID: in.AffiliateID, Status: offer.AccessStatus(in.Status), From: from, To: to}
	found, err := s.Offers.ListAccess(ctx, actor, f, in.page())
	if err != nil {
		return nil, err
	}
	return newList(found, newAccessBody), nil
}

type accessSet struct {
	ID   offer.ID `path:"id" doc:"Id of the offer"`
	Body struct {
		AffiliateID Optional[affiliate.ID]       `json:"affiliate_id,omitempty" minimum:"1" doc:"An affiliate's own is implied"`
		Status      Optional[offer.AccessStatus] `json:"status,omitempty" enum:"pending,approved,rejected" doc:"Whether the affiliate may run it; an affiliate can only ask (pending)"`
	}
}

func (s *service) setAccess(ctx context.Context, actor account.Actor, in *accessSet) (*one[accessBody], error) {
	a := offer.Access{OfferID: in.ID}
	in.Body.AffiliateID.to(&a.AffiliateID)
	in.Body.Status.to(&a.Status)
	a, err := s.Offers.SetAccess(ctx, actor, a)
	if err != nil {
		return nil, err
	}
	return &one[accessBody]{newAccessBody(a)}, nil
}
