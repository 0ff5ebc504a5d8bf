package api

import (
	"context"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
)

// postbackInsightRoutes show what a postback would send and how it fares.
func (s *service) postbackInsightRoutes() {
	register(s, op{"preview-postback", http.MethodPost, "/postbacks/preview", "Show what a postback would send", tagPostbacks, 0, nil}, s.previewPostback)
	register(s, op{"test-unsaved-postback", http.MethodPost, "/postbacks/test", "Fire a postback that is not saved, once, now, with {test} = 1", tagPostbacks, 0, []int{429}}, s.testUnsaved)
	register(s, op{"get-postback-health", http.MethodGet, "/postbacks/{id}/health", "Tell how a postback's deliveries fare", tagPostbacks, 0, nil}, s.postbackHealth)
	register(s, op{"get-affiliate-postback-health", http.MethodGet, "/affiliates/{id}/postback-health", "Tell how all of an affiliate's deliveries fare", tagPostbacks, 0, nil}, s.affiliatePostbackHealth)
}

type postbackPreview struct {
	Body struct {
		URL          string              `json:"url" maxLength:"8192" doc:"As it stands, also while it is being written" example:"https://tracker.example/postback?cid={aff_click_id}&payout={payout}"`
		Method       string              `json:"method,omitempty" enum:"GET,POST" doc:"GET if left out"`
		AffiliateID  affiliate.ID        `json:"affiliate_id,omitempty" minimum:"1" doc:"Whose it is; an affiliate's own is implied"`
		OfferID      offer.ID            `json:"offer_id,omitempty" minimum:"1" doc:"Of its scope, for invented values"`
		GoalID       offer.GoalID        `json:"goal_id,omitempty" minimum:"1" doc:"Likewise"`
		Statuses     []conversion.Status `json:"statuses,omitempty" doc:"An invented conversion has the first"`
		ConversionID string              `json:"conversion_id,omitempty" maxLength:"64" doc:"Fills in the values of this conversion of the affiliate; invented ones if left out"`
		ClickID      string              `json:"click_id,omitempty" maxLength:"64" doc:"Fills in the values of this click of the affiliate, with an invented conversion"`
	}
}

// previewBody is what would be sent.
type previewBody struct {
	Method   string        `json:"method" enum:"GET,POST" doc:"How it would be sent"`
	URL      string        `json:"url" doc:"Macros filled"`
	Parts    []previewPart `json:"parts" doc:"Of the URL, in its order"`
	Body     string        `json:"body" example:"" doc:"JSON of a POST"`
	Warnings []lintWarning `json:"warnings" doc:"What will not be filled, or is missing; empty where nothing is"`
	Fault    *string       `json:"fault" nullable:"true" doc:"Why the URL cannot be saved, for people; null if it can"`
	Invented bool          `json:"invented" example:"true" doc:"The values are nobody's"`
}

type previewPart struct {
	Kind  string  `json:"kind" enum:"literal,macro,unknown" doc:"What it is"`
	Text  string  `json:"text" example:"{payout}" doc:"As it stands in the URL"`
	Name  *string `json:"name" nullable:"true" example:"payout" doc:"Of a macro our name for it; of an unknown one as it is written"`
	Value string  `json:"value" example:"12.50" doc:"What is sent for it"`
}

// ask is what the domain is asked about.
func (in *postbackPreview) ask(s *service) (postback.PreviewInput, error) {
	b := &in.Body
	ask := postback.PreviewInput{URL: b.URL, Method: b.Method, AffiliateID: b.AffiliateID, OfferID: b.OfferID, GoalID: b.GoalID, Statuses: b.Statuses}
	var err error
	ask.ClickID, ask.ConversionID, err = s.deliveryOrigin(b.ClickID, b.ConversionID, "body.")
	return ask, err
}

// testUnsaved fires a postback that is not made yet.
func (s *service) testUnsaved(ctx context.Context, actor account.Actor, in *postbackPreview) (*one[testResultBody], error) {
	ask, err := in.ask(s)
	if err != nil {
		return nil, err
	}
	sample, err := s.Postbacks.SendUnsaved(ctx, actor, ask)
	if err != nil {
		return nil, err
	}
	return &one[testResultBody]{newTestResult(sample)}, nil
}

func (s *service) previewPostback(ctx context.Context, actor account.Actor, in *postbackPreview) (*one[previewBody], error) {
	ask, err := in.ask(s)
	if err != nil {
		return nil, err
	}
	p, err := s.Postbacks.Preview(ctx, actor, ask)
	if err != nil {
		return nil, err
	}
	out := previewBody{Method: p.Method, URL: p.URL, Parts: []previewPart{}, Body: p.Body, Warnings: newLintWarnings(p.Findings), Invented: p.Invented}
	for _, piece := range p.Pieces {
		out.Parts = append(out.Parts, previewPart{string(piece.Kind), piece.Text, optionalText(piece.Name), piece.Value})
	}
	if p.Fault != nil {
		out.Fault = &p.Fault.Message
	}
	return &one[previewBody]{out}, nil
}

// healthBody is how deliveries fare.
type healthBody struct {
	Last     healthDay  `json:"last_24_hours" doc:"Deliveries made in the last 24 hours"`
	Before   healthDay  `json:"before" doc:"And in the 24 hours before them"`
	Median   int64      `json:"median_ms" example:"184" doc:"Time of an answer in the last 24 hours, in milliseconds; of at most the newest 1000 answers, 0 where there is none"`
	P95      int64      `json:"p95_ms" example:"410" doc:"What 95 percent of them stay below"`
	Waiting  int        `json:"waiting" example:"0" doc:"Deliveries that wait for their first try"`
	Retrying int        `json:"retrying" example:"1" doc:"Deliveries that wait for another try"`
	Paused   int        `json:"paused" example:"0" doc:"Deliveries that wait until the postback is active again"`
	Oldest   *time.Time `json:"oldest_waiting_at" nullable:"true" doc:"When the oldest that waits for a try was made"`
}

type healthDay struct {
	Total       int     `json:"total" example:"42" doc:"Without those that a newer status overtook; at most the newest 20,000 count"`
	Delivered   int     `json:"delivered" example:"40" doc:"Answered with 2xx"`
	Failed      int     `json:"failed" example:"1" doc:"Given up"`
	SuccessRate *string `json:"success_rate" nullable:"true" example:"97.5" doc:"Delivered of those tried, in percent, rounded down; null where none was tried"`
}

func newHealthDay(d postback.Day) healthDay {
	return healthDay{Total: d.Total, Delivered: d.Delivered, Failed: d.Failed, SuccessRate: optionalText(d.Rate())}
}

func newHealth(p postback.Performance) *one[healthBody] {
	return &one[healthBody]{healthBody{Last: newHealthDay(p.Last), Before: newHealthDay(p.Before), Median: p.Median.Milliseconds(), P95: p.P95.Milliseconds(),
		Waiting: p.Waiting, Retrying: p.Retrying, Paused: p.Paused, Oldest: optionalTime(p.Oldest)}}
}

func (s *service) postbackHealth(ctx context.Context, actor account.Actor, in *postbackID) (*one[healthBody], error) {
	p, err := s.Postbacks.Performance(ctx, actor, in.ID)
	if err != nil {
		return nil, err
	}
	return newHealth(p), nil
}

func (s *service) affiliatePostbackHealth(ctx context.Context, actor account.Actor, in *affiliateID) (*one[healthBody], error) {
	p, err := s.Postbacks.PerformanceOfAll(ctx, actor, in.ID)
	if err != nil {
		return nil, err
	}
	return newHealth(p), nil
}
