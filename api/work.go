package api

import (
	"context"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/domain/work"
)

const tagWork = "Work queue"

func (s *service) workRoutes() {
	register(s, op{"get-work", http.MethodGet, "/work", "Read what waits for an operator", tagWork, 0, nil}, s.getWork)
}

// workBody is what waits, of each kind the oldest first.
type workBody struct {
	Applications   workPart[applicationBody] `json:"applications" doc:"Verified sign-ups to be approved or rejected"`
	AccessRequests workPart[requestBody]     `json:"access_requests" doc:"Affiliates who ask to run an offer"`
	Conversions    workPart[waitingBody]     `json:"conversions" doc:"Pending conversions, tests left out"`
	Sums           []waitingSum              `json:"conversion_sums" doc:"Of all pending conversions"`
	Postbacks      workPart[ailingBody]      `json:"postbacks" doc:"Postbacks that the system paused, or that fail"`
}

type workPart[T any] struct {
	Count int `json:"count" doc:"How many there are"`
	Items []T `json:"items" doc:"The oldest of them"`
}

type requestBody struct {
	OfferID       offer.ID     `json:"offer_id" doc:"The offer"`
	OfferName     string       `json:"offer_name" example:"Acme Shop: sale" doc:"Its name"`
	AffiliateID   affiliate.ID `json:"affiliate_id" doc:"Who asks"`
	AffiliateName string       `json:"affiliate_name" example:"Blue Media" doc:"Its name"`
	At            time.Time    `json:"at" doc:"Since when"`
}

type waitingBody struct {
	Conversion     conversionBody `json:"conversion" doc:"The conversion"`
	OfferName      string         `json:"offer_name" example:"Acme Shop: sale" doc:"Name of the offer"`
	AffiliateName  string         `json:"affiliate_name" example:"Blue Media" doc:"Name of the affiliate"`
	AdvertiserName string         `json:"advertiser_name" example:"Acme Shop" doc:"Name of the advertiser"`
}

type waitingSum struct {
	Currency    string `json:"currency" doc:"ISO 4217"`
	Conversions int    `json:"conversions" example:"7" doc:"How many"`
	Commission  string `json:"commission" doc:"What affiliates would earn"`
	Revenue     string `json:"revenue" doc:"What advertisers would owe"`
}

type ailingBody struct {
	ID            postback.ID  `json:"id" example:"5" doc:"Id of the postback"`
	AffiliateID   affiliate.ID `json:"affiliate_id" doc:"Whose it is"`
	AffiliateName string       `json:"affiliate_name" example:"Blue Media" doc:"Its name"`
	URL           string       `json:"url" doc:"Secrets are masked"`
	Active        bool         `json:"active" example:"true" doc:"false: paused"`
	PausedReason  *string      `json:"paused_reason" nullable:"true" doc:"Why the system paused it: gone or failing; null for an active one"`
	FailingSince  *time.Time   `json:"failing_since" nullable:"true" doc:"First failure since the last success"`
	Failures      int          `json:"failures" example:"14" doc:"Since the last success"`
}

type workInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"100" default:"10" doc:"How many items of each kind at most"`
}

func (s *service) getWork(ctx context.Context, actor account.Actor, in *workInput) (*one[workBody], error) {
	q, names, err := s.Work.Queue(ctx, actor, in.Limit)
	if err != nil {
		return nil, err
	}
	b := workBody{Applications: newWorkPart(q.Applications, newApplicationBody),
		AccessRequests: newWorkPart(q.AccessRequests, func(r work.AccessRequest) requestBody {
			return requestBody{OfferID: r.OfferID, OfferName: r.OfferName, AffiliateID: r.AffiliateID, AffiliateName: r.AffiliateName, At: moment(r.At)}
		}),
		Sums: []waitingSum{},
		Postbacks: newWorkPart(q.Postbacks, func(p work.Postback) ailingBody {
			return ailingBody{ID: p.ID, AffiliateID: p.AffiliateID, AffiliateName: p.AffiliateName, URL: p.URL, Active: p.Active,
				PausedReason: optionalText(p.PausedReason), FailingSince: optionalTime(p.FailingSince), Failures: p.Failures}
		}),
	}
	b.Conversions = workPart[waitingBody]{Count: q.Conversions.Count, Items: []waitingBody{}}
	for _, c := range q.Conversions.Items {
		b.Conversions.Items = append(b.Conversions.Items, waitingBody{Conversion: s.newConversionBody(c, viewOf(actor)),
			OfferName: names.Offers[c.OfferID], AffiliateName: names.Affiliates[c.AffiliateID], AdvertiserName: names.Advertisers[c.AdvertiserID]})
	}
	for _, sum := range q.ConversionSums {
		b.Sums = append(b.Sums, waitingSum{Currency: string(sum.Currency), Conversions: sum.Conversions,
			Commission: sum.Commission.String(), Revenue: sum.Revenue.String()})
	}
	return &one[workBody]{b}, nil
}

func newWorkPart[D, T any](p work.Part[D], body func(D) T) workPart[T] {
	out := workPart[T]{Count: p.Count, Items: make([]T, 0, len(p.Items))}
	for _, item := range p.Items {
		out.Items = append(out.Items, body(item))
	}
	return out
}
