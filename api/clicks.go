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
	ClickID      string        `json:"click_id" doc:"Id of the click"`
	OfferID      offer.ID      `json:"offer_id" doc:"The offer, as the link named it: there may be none"`
	AffiliateID  affiliate.ID  `json:"affiliate_id" doc:"The affiliate, as the link named it: there may be none"`
	AdvertiserID advertiser.ID `json:"advertiser_id" doc:"0 where the offer is unknown"`
	Valid        bool          `json:"valid" doc:"Whether it qualified and may convert"`
	Reason       *string       `json:"reason" nullable:"true" doc:"Why the click does not qualify"`
	IP           string        `json:"ip" doc:"Address of the visitor"`
	Country      string        `json:"country" doc:"ISO 3166-1 alpha-2; empty if unknown"`
	Device       string        `json:"device" doc:"desktop, mobile, tablet or other; empty if unknown"`
	OS           string        `json:"os" doc:"Operating system; empty if unknown"`
	Browser      string        `json:"browser" doc:"Browser; empty if unknown"`
	Subs
	Source        string    `json:"source" doc:"Traffic source"`
	AffClickID    string    `json:"aff_click_id" doc:"The affiliate's own click id"`
	LandingPageID string    `json:"landing_page_id" doc:"Landing page"`
	CreativeID    string    `json:"creative_id" doc:"Creative"`
	DeepLink      string    `json:"deep_link" doc:"Page of the advertiser that the link asked for"`
	Coupon        string    `json:"coupon" doc:"Coupon code"`
	UserAgent     string    `json:"user_agent" doc:"As the browser sent it"`
	Referrer      string    `json:"referrer" doc:"Page that the visitor came from, as the browser sent it"`
	Language      string    `json:"language" doc:"The browser's first language"`
	Robot         bool      `json:"robot" doc:"The user agent is that of a robot; marked, not refused"`
	CreatedAt     time.Time `json:"created_at" doc:"When the visitor clicked"`
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
	OfferID      offer.ID      `query:"offer_id" minimum:"1" doc:"Only of this offer"`
	AffiliateID  affiliate.ID  `query:"affiliate_id" minimum:"1" doc:"Only of this affiliate"`
	AdvertiserID advertiser.ID `query:"advertiser_id" minimum:"1" doc:"Only on offers of this advertiser"`
	ClickID      string        `query:"click_id" maxLength:"64" doc:"Only this click"`
	AffClickID   string        `query:"aff_click_id" maxLength:"1024" doc:"Only with this click id of the affiliate's own"`
	Valid        string        `query:"valid" enum:"true,false,1,0" doc:"true: only clicks that qualified; false: only those that did not"`
}

func (s *service) listClicks(ctx context.Context, actor account.Actor, in *clickList) (*list[clickBody], error) {
	from, to, err := in.bounds()
	if err != nil {
		return nil, err
	}
	id, err := s.clickFilter(in.ClickID)
	if err != nil {
		return nil, err
	}
	f := click.Filter{From: from, To: to, ClickID: id, AffClickID: in.AffClickID, OfferID: in.OfferID, AffiliateID: in.AffiliateID,
		AdvertiserID: in.AdvertiserID, Valid: flag(in.Valid)}
	found, err := s.Clicks.List(ctx, actor, f, in.page())
	if err != nil {
		return nil, err
	}
	return newList(found, s.newClickBody), nil
}

type clickID struct {
	ClickID string `path:"click_id" maxLength:"64" doc:"Id of the click"`
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
	ClickID string      `json:"click_id" doc:"Id of the click"`
	Items   []traceItem `json:"items" doc:"Oldest first"`
}

type traceItem struct {
	At      time.Time      `json:"at" doc:"When it happened"`
	Kind    string         `json:"kind" enum:"click,refusal,postback_in,conversion,status_change,ledger,delivery,delivery_attempt" doc:"What happened"`
	Summary string         `json:"summary" doc:"What happened, for people"`
	Data    map[string]any `json:"data" doc:"Its details, by kind"`
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
