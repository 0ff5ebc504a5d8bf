package api

import (
	"context"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/trace"
)

const tagClicks = "Clicks"

func (s *service) clickRoutes() {
	register(s, op{"list-clicks", http.MethodGet, "/clicks", "List clicks", tagClicks, 0, nil}, s.listClicks)
	register(s, op{"get-click", http.MethodGet, "/clicks/{click_id}", "Read a click", tagClicks, 0, nil}, s.getClick)
	register(s, op{"trace-click", http.MethodGet, "/clicks/{click_id}/trace", "Tell all that happened to a click", tagClicks, 0, nil}, s.traceClick)
}

// clickBody is a click; it has no field that any role may not see.
type clickBody struct {
	ClickID      string        `json:"click_id"`
	OfferID      offer.ID      `json:"offer_id"`
	AffiliateID  affiliate.ID  `json:"affiliate_id"`
	AdvertiserID advertiser.ID `json:"advertiser_id" doc:"0 where the offer is unknown"`
	Valid        bool          `json:"valid"`
	Reason       *string       `json:"reason" nullable:"true" doc:"Why the click does not qualify"`
	IP           string        `json:"ip"`
	Country      string        `json:"country" doc:"ISO 3166-1 alpha-2; empty if unknown"`
	Device       string        `json:"device"`
	OS           string        `json:"os"`
	Browser      string        `json:"browser"`
	Subs
	Source        string    `json:"source"`
	AffClickID    string    `json:"aff_click_id" doc:"The affiliate's own click id"`
	LandingPageID string    `json:"landing_page_id"`
	CreativeID    string    `json:"creative_id"`
	DeepLink      string    `json:"deep_link"`
	Coupon        string    `json:"coupon"`
	UserAgent     string    `json:"user_agent"`
	Referrer      string    `json:"referrer"`
	Language      string    `json:"language"`
	Robot         bool      `json:"robot"`
	CreatedAt     time.Time `json:"created_at"`
}

func (s *service) newClickBody(c click.Click) clickBody {
	return clickBody{ClickID: s.Clicks.Text(c.ID), OfferID: c.OfferID, AffiliateID: c.AffiliateID,
		AdvertiserID: c.AdvertiserID, Valid: c.Valid(), Reason: optionalText(c.Reason), IP: c.IP, Country: c.Country,
		Device: c.Device, OS: c.OS, Browser: c.Browser, Subs: newSubs(c.Subs), Source: c.Source, AffClickID: c.AffClickID,
		LandingPageID: c.LandingPageID, CreativeID: c.CreativeID, DeepLink: c.DeepLink, Coupon: c.Coupon,
		UserAgent: c.UserAgent, Referrer: c.Referrer, Language: c.Language, Robot: c.Robot, CreatedAt: moment(c.CreatedAt())}
}

// clickFilter reads the click id that a list is narrowed to; none is the zero id.
func (s *service) clickFilter(text string) (click.ID, error) {
	if text == "" {
		return click.ID{}, nil
	}
	id, err := s.Clicks.Parse(text)
	if errs.Is(err, errs.KindNotFound) {
		return click.ID{}, errs.Invalid("malformed_clickid", "is no click id of this network").At("query.click_id")
	}
	return id, err
}

type clickList struct {
	Paging
	Period
	OfferID     offer.ID     `query:"offer_id" minimum:"1"`
	AffiliateID affiliate.ID `query:"affiliate_id" minimum:"1"`
	Valid       string       `query:"valid" enum:"true,false,1,0"`
}

func (s *service) listClicks(ctx context.Context, actor account.Actor, in *clickList) (*list[clickBody], error) {
	from, to, err := in.bounds()
	if err != nil {
		return nil, err
	}
	f := click.Filter{From: from, To: to, OfferID: in.OfferID, AffiliateID: in.AffiliateID, Valid: flag(in.Valid)}
	found, err := s.Clicks.List(ctx, actor, f, in.page())
	if err != nil {
		return nil, err
	}
	return newList(found, s.newClickBody), nil
}

type clickID struct {
	ClickID string `path:"click_id" maxLength:"64"`
}

func (s *service) getClick(ctx context.Context, actor account.Actor, in *clickID) (*one[clickBody], error) {
	c, err := s.Clicks.Get(ctx, actor, in.ClickID)
	if err != nil {
		return nil, err
	}
	return &one[clickBody]{s.newClickBody(c)}, nil
}

// traceBody is the story of a click, oldest first.
type traceBody struct {
	ClickID string      `json:"click_id"`
	Items   []traceItem `json:"items"`
}

type traceItem struct {
	At      time.Time      `json:"at"`
	Kind    string         `json:"kind" enum:"click,refusal,postback_in,conversion,status_change,ledger,delivery,delivery_attempt"`
	Summary string         `json:"summary"`
	Data    map[string]any `json:"data"`
}

func (s *service) newTraceBody(t trace.Trace) traceBody {
	b := traceBody{ClickID: s.Clicks.Text(t.ClickID), Items: make([]traceItem, 0, len(t.Items))}
	for _, i := range t.Items {
		b.Items = append(b.Items, traceItem{At: moment(i.At), Kind: string(i.Kind), Summary: i.Summary, Data: i.Data})
	}
	return b
}

func (s *service) traceClick(ctx context.Context, actor account.Actor, in *clickID) (*one[traceBody], error) {
	t, err := s.Traces.Trace(ctx, actor, in.ClickID)
	if err != nil {
		return nil, err
	}
	return &one[traceBody]{s.newTraceBody(t)}, nil
}
