package api

import (
	"context"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

const tagOffers = "Offers"

func (s *service) offerRoutes() {
	register(s, op{"list-offers", http.MethodGet, "/offers", "List offers", tagOffers, 0, nil}, s.listOffers)
	register(s, op{"create-offer", http.MethodPost, "/offers", "Create an offer, with its goals", tagOffers, 201, []int{409}}, s.createOffer)
	register(s, op{"get-offer", http.MethodGet, "/offers/{id}", "Read an offer", tagOffers, 0, nil}, s.getOffer)
	register(s, op{"update-offer", http.MethodPatch, "/offers/{id}", "Change an offer", tagOffers, 0, []int{409}}, s.updateOffer)
	register(s, op{"delete-offer", http.MethodDelete, "/offers/{id}", "Delete an offer that nothing refers to", tagOffers, 204, []int{409}}, s.deleteOffer)
}

// offerBody is an offer; its goals hide what the role may not see.
type offerBody struct {
	ID             offer.ID      `json:"id" doc:"Id of the offer"`
	AdvertiserID   advertiser.ID `json:"advertiser_id" doc:"Whose offer it is"`
	Name           string        `json:"name" doc:"Name, for people"`
	DestinationURL string        `json:"destination_url" doc:"Where a click goes; macros are filled"`
	PreviewURL     string        `json:"preview_url" doc:"The page for people who consider the offer; empty if none"`
	FallbackURL    string        `json:"fallback_url" doc:"Where a click goes that does not qualify"`
	Currency       string        `json:"currency" doc:"ISO 4217"`
	Status         string        `json:"status" enum:"draft,active,paused,expired" doc:"Whether it takes clicks"`
	Visibility     string        `json:"visibility" enum:"public,approval,private" doc:"Who may run it"`
	WindowDays     int           `json:"window_days" doc:"A conversion later than this after its click is refused"`
	MinSeconds     int           `json:"min_seconds" doc:"A conversion sooner than this after its click is refused"`
	ShowValue      bool          `json:"show_value" doc:"Whether affiliates' postbacks may carry the sale value"`
	Goals          []goalBody    `json:"goals" doc:"What can be earned, the default goal among them"`
	CreatedAt      time.Time     `json:"created_at" doc:"When it was made"`
	UpdatedAt      time.Time     `json:"updated_at" doc:"When it was changed last"`
	Warnings       []warningBody `json:"warnings,omitzero" doc:"Only in the answer to a save"`
}

func newOfferBody(o offer.Offer, v view) offerBody {
	b := offerBody{ID: o.ID, AdvertiserID: o.AdvertiserID, Name: o.Name, DestinationURL: o.DestinationURL,
		PreviewURL: o.PreviewURL, FallbackURL: o.FallbackURL, Currency: string(o.Currency), Status: string(o.Status),
		Visibility: string(o.Visibility), WindowDays: o.WindowDays, MinSeconds: o.MinSeconds, ShowValue: o.ShowValue,
		Goals: make([]goalBody, 0, len(o.Goals)), CreatedAt: moment(o.CreatedAt), UpdatedAt: moment(o.UpdatedAt)}
	for _, g := range o.Goals {
		b.Goals = append(b.Goals, newGoalBody(g, v))
	}
	return b
}

// OfferFields are what may be left out when an offer is saved.
type OfferFields struct {
	PreviewURL  Nullable[string]           `json:"preview_url,omitempty" maxLength:"8192" doc:"The page for people who consider the offer; null empties it"`
	FallbackURL Nullable[string]           `json:"fallback_url,omitempty" maxLength:"8192" doc:"Where a click goes that does not qualify; null empties it"`
	Currency    Optional[money.Currency]   `json:"currency,omitempty" doc:"ISO 4217; its advertiser's if left out" example:"USD"`
	Status      Optional[offer.Status]     `json:"status,omitempty" enum:"draft,active,paused,expired" doc:"Whether it takes clicks; active if left out of a new one"`
	Visibility  Optional[offer.Visibility] `json:"visibility,omitempty" enum:"public,approval,private" doc:"Who may run it; public if left out of a new one"`
	WindowDays  Optional[int]              `json:"window_days,omitempty" doc:"A conversion later than this after its click is refused; 90 if left out of a new one"`
	MinSeconds  Optional[int]              `json:"min_seconds,omitempty" doc:"A conversion sooner than this after its click is refused; 0 if left out of a new one"`
	ShowValue   Optional[bool]             `json:"show_value,omitempty" doc:"Whether affiliates' postbacks may carry the sale value; true if left out of a new one"`
	Goals       goalList                   `json:"goals,omitempty" doc:"All its goals; none in a new offer = one default goal"`
}

func (f OfferFields) apply(o *offer.Offer) {
	f.PreviewURL.to(&o.PreviewURL)
	f.FallbackURL.to(&o.FallbackURL)
	f.Currency.to(&o.Currency)
	f.Status.to(&o.Status)
	f.Visibility.to(&o.Visibility)
	f.WindowDays.to(&o.WindowDays)
	f.MinSeconds.to(&o.MinSeconds)
	f.ShowValue.to(&o.ShowValue)
	if f.Goals != nil {
		o.Goals = f.Goals.goals(o.Goals)
	}
}

type offerID struct {
	ID offer.ID `path:"id" doc:"Id of the offer"`
}

type offerList struct {
	Paging
	Period
	AdvertiserID advertiser.ID `query:"advertiser_id" minimum:"1" doc:"Only of this advertiser"`
	Status       string        `query:"status" enum:"draft,active,paused,expired" doc:"Only those in this state"`
	Visibility   string        `query:"visibility" enum:"public,approval,private" doc:"Only these"`
	Search       string        `query:"search" maxLength:"200" doc:"Part of the name"`
	MayRun       string        `query:"may_run" enum:"true,false,1,0" doc:"For affiliates: true: only offers that you may run; false: only those that you have to ask for"`
}

func (s *service) listOffers(ctx context.Context, actor account.Actor, in *offerList) (*list[offerBody], error) {
	from, to, err := in.bounds()
	if err != nil {
		return nil, err
	}
	f := offer.Filter{AdvertiserID: in.AdvertiserID, MayRun: flag(in.MayRun), Status: offer.Status(in.Status),
		Visibility: offer.Visibility(in.Visibility), Search: in.Search, From: from, To: to}
	found, err := s.Offers.List(ctx, actor, f, in.page())
	if err != nil {
		return nil, err
	}
	return newList(found, func(o offer.Offer) offerBody { return newOfferBody(o, viewOf(actor)) }), nil
}

type offerCreate struct {
	Body struct {
		AdvertiserID   advertiser.ID `json:"advertiser_id" minimum:"1" doc:"Whose offer it is"`
		Name           string        `json:"name" maxLength:"400" doc:"Name, for people"`
		DestinationURL string        `json:"destination_url" maxLength:"8192" doc:"Where a click goes: a fixed scheme and host; macros such as {click_id} are filled"`
		OfferFields
	}
}

func (s *service) createOffer(ctx context.Context, actor account.Actor, in *offerCreate) (*one[offerBody], error) {
	o := offer.Offer{AdvertiserID: in.Body.AdvertiserID, Name: in.Body.Name, DestinationURL: in.Body.DestinationURL, ShowValue: true}
	in.Body.apply(&o)
	o, warnings, err := s.Offers.Create(ctx, actor, o)
	if err != nil {
		return nil, err
	}
	b := newOfferBody(o, viewOf(actor))
	b.Warnings = newWarnings(warnings)
	return &one[offerBody]{b}, nil
}

func (s *service) getOffer(ctx context.Context, actor account.Actor, in *offerID) (*one[offerBody], error) {
	o, err := s.Offers.Get(ctx, actor, in.ID)
	if err != nil {
		return nil, err
	}
	return &one[offerBody]{newOfferBody(o, viewOf(actor))}, nil
}

type offerUpdate struct {
	ID   offer.ID `path:"id" doc:"Id of the offer"`
	Body struct {
		AdvertiserID   Optional[advertiser.ID] `json:"advertiser_id,omitempty" minimum:"1" doc:"Whose offer it is; fixed once there are conversions"`
		Name           Optional[string]        `json:"name,omitempty" maxLength:"400" doc:"Name, for people"`
		DestinationURL Optional[string]        `json:"destination_url,omitempty" maxLength:"8192" doc:"Where a click goes: a fixed scheme and host; macros such as {click_id} are filled"`
		OfferFields
	}
}

func (s *service) updateOffer(ctx context.Context, actor account.Actor, in *offerUpdate) (*one[offerBody], error) {
	o, warnings, err := s.Offers.Update(ctx, actor, in.ID, func(o *offer.Offer) {
		in.Body.AdvertiserID.to(&o.AdvertiserID)
		in.Body.Name.to(&o.Name)
		in.Body.DestinationURL.to(&o.DestinationURL)
		in.Body.apply(o)
	})
	if err != nil {
		return nil, err
	}
	b := newOfferBody(o, viewOf(actor))
	b.Warnings = newWarnings(warnings)
	return &one[offerBody]{b}, nil
}

func (s *service) deleteOffer(ctx context.Context, actor account.Actor, in *offerID) (*noBody, error) {
	return nil, s.Offers.Delete(ctx, actor, in.ID)
}
