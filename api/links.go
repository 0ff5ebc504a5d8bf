package api

import (
	"context"
	"net/http"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/offer"
)

const tagLinks = "Tracking links"

func (s *service) linkRoutes() {
	register(s, op{"make-tracking-link", http.MethodPost, "/tracking-links", "Make a tracking link", tagLinks, 201, nil}, s.makeLink)
}

// Subs are the ten sub ids of a link or a click.
type Subs struct {
	Sub1  string `json:"sub1" required:"false" doc:"Free value of the affiliate"`
	Sub2  string `json:"sub2" required:"false" doc:"Free value of the affiliate"`
	Sub3  string `json:"sub3" required:"false" doc:"Free value of the affiliate"`
	Sub4  string `json:"sub4" required:"false" doc:"Free value of the affiliate"`
	Sub5  string `json:"sub5" required:"false" doc:"Free value of the affiliate"`
	Sub6  string `json:"sub6" required:"false" doc:"Free value of the affiliate"`
	Sub7  string `json:"sub7" required:"false" doc:"Free value of the affiliate"`
	Sub8  string `json:"sub8" required:"false" doc:"Free value of the affiliate"`
	Sub9  string `json:"sub9" required:"false" doc:"Free value of the affiliate"`
	Sub10 string `json:"sub10" required:"false" doc:"Free value of the affiliate"`
}

func (s Subs) array() [10]string {
	return [10]string{s.Sub1, s.Sub2, s.Sub3, s.Sub4, s.Sub5, s.Sub6, s.Sub7, s.Sub8, s.Sub9, s.Sub10}
}

func newSubs(a [10]string) Subs {
	return Subs{a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9]}
}

type linkMake struct {
	Body struct {
		OfferID     offer.ID     `json:"offer_id" minimum:"1" doc:"The offer to link to"`
		AffiliateID affiliate.ID `json:"affiliate_id,omitempty" minimum:"1" doc:"An affiliate's own is implied"`
		AffClickID  string       `json:"aff_click_id,omitempty" doc:"The affiliate's own click id"`
		Subs
		Source        string `json:"source,omitempty" doc:"Traffic source"`
		LandingPageID string `json:"landing_page_id,omitempty" doc:"Landing page"`
		CreativeID    string `json:"creative_id,omitempty" doc:"Creative"`
		DeepLink      string `json:"deep_link,omitempty" doc:"Page of the advertiser, for destinations with {deep_link}"`
		Coupon        string `json:"coupon,omitempty" doc:"Coupon code"`
	}
}

type linkBody struct {
	URL      string        `json:"url" doc:"The link"`
	Warnings []warningBody `json:"warnings" doc:"What will keep clicks on it from counting; empty where nothing will"`
}

func (s *service) makeLink(ctx context.Context, actor account.Actor, in *linkMake) (*one[linkBody], error) {
	b := &in.Body
	url, warnings, err := s.Offers.Link(ctx, actor, offer.LinkInput{OfferID: b.OfferID, AffiliateID: b.AffiliateID,
		AffClickID: b.AffClickID, Subs: b.array(), Source: b.Source, LandingPageID: b.LandingPageID,
		CreativeID: b.CreativeID, DeepLink: b.DeepLink, Coupon: b.Coupon})
	if err != nil {
		return nil, err
	}
	return &one[linkBody]{linkBody{url, newWarnings(warnings)}}, nil
}
