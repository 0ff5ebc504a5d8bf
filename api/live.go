package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/live"
	"github.com/waypost/waypost/domain/offer"
)

func (s *service) liveRoutes() {
	register(s, op{"watch-live", http.MethodGet, "/live", "Tell what just happened: clicks, postbacks, deliveries", tagClicks, 0, nil}, s.watchLive)
}

type liveInput struct {
	After        string        `query:"after" maxLength:"4000" doc:"next of the poll before; the last 15 minutes if left out"`
	Kind         string        `query:"kind" maxLength:"60" example:"postback_in,delivery" doc:"Only these kinds: click, postback_in, delivery, separated by commas"`
	ClickID      string        `query:"click_id" maxLength:"64" doc:"Only of this click"`
	OfferID      offer.ID      `query:"offer_id" minimum:"1" doc:"Only of this offer"`
	AffiliateID  affiliate.ID  `query:"affiliate_id" minimum:"1" doc:"Only of this affiliate"`
	AdvertiserID advertiser.ID `query:"advertiser_id" minimum:"1" doc:"Only of this advertiser"`
}

// liveBody is what happened since the poll before.
type liveBody struct {
	Items []liveEvent `json:"items" doc:"Oldest first; at most 100, the newest"`
	Next  string      `json:"next" example:"AAABlkUrQ-A" doc:"Send it as after in the next poll, a second or more from now"`
}

type liveEvent struct {
	Kind         string          `json:"kind" enum:"click,postback_in,delivery" doc:"What happened"`
	ID           string          `json:"id" doc:"Of the click, the line of the incoming log, the delivery"`
	At           time.Time       `json:"at" doc:"When it happened"`
	Summary      string          `json:"summary" doc:"What happened, for people"`
	ClickID      *string         `json:"click_id" nullable:"true" doc:"The click; null where none was found"`
	ConversionID *string         `json:"conversion_id" nullable:"true" doc:"The conversion; null where there is none"`
	OfferID      *int64          `json:"offer_id" nullable:"true" doc:"The offer; null where none is known"`
	AffiliateID  *int64          `json:"affiliate_id" nullable:"true" doc:"The affiliate; null where none is known"`
	AdvertiserID *int64          `json:"advertiser_id" nullable:"true" doc:"The advertiser; null where none is known"`
	Outcome      string          `json:"outcome" example:"refused" doc:"Of a click valid or invalid; of a call what became of it; of a delivery its status"`
	Reason       *string         `json:"reason" nullable:"true" example:"invalid_token" doc:"Why, for machines; null where all is well"`
	Parameters   []liveParameter `json:"parameters" doc:"What came or went with it, secrets masked; what your role may not see is left out"`
}

type liveParameter struct {
	Name  string `json:"name" example:"txid" doc:"Name of the parameter"`
	Value string `json:"value" example:"order-1001" doc:"Its value"`
}

func (s *service) watchLive(ctx context.Context, actor account.Actor, in *liveInput) (*one[liveBody], error) {
	after, err := live.ParseCursor(in.After)
	if err != nil {
		return nil, err
	}
	f := live.Filter{OfferID: in.OfferID, AffiliateID: in.AffiliateID, AdvertiserID: in.AdvertiserID}
	if f.ClickID, err = s.clickFilter(in.ClickID); err != nil {
		return nil, err
	}
	if in.Kind != "" {
		for kind := range strings.SplitSeq(in.Kind, ",") {
			f.Kinds = append(f.Kinds, live.Kind(strings.TrimSpace(kind)))
		}
	}
	events, next, err := s.Live.Since(ctx, actor, f, after)
	if err != nil {
		return nil, err
	}
	b := liveBody{Items: make([]liveEvent, 0, len(events)), Next: next.String()}
	for _, e := range events {
		body := liveEvent{Kind: string(e.Kind), ID: e.ID, At: moment(e.At), Summary: e.Summary, ClickID: optionalText(e.ClickID),
			ConversionID: optionalText(e.ConversionID), OfferID: optionalID(e.OfferID), AffiliateID: optionalID(e.AffiliateID),
			AdvertiserID: optionalID(e.AdvertiserID), Outcome: e.Outcome, Reason: optionalText(e.Reason), Parameters: []liveParameter{}}
		for _, p := range e.Parameters {
			body.Parameters = append(body.Parameters, liveParameter(p))
		}
		b.Items = append(b.Items, body)
	}
	return &one[liveBody]{b}, nil
}
