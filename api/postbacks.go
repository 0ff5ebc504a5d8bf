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

const tagPostbacks = "Affiliate postbacks"

func (s *service) postbackRoutes() {
	register(s, op{"list-postbacks", http.MethodGet, "/postbacks", "List affiliates' postbacks", tagPostbacks, 0, nil}, s.listPostbacks)
	register(s, op{"create-postback", http.MethodPost, "/postbacks", "Create a postback", tagPostbacks, 201, []int{409}}, s.createPostback)
	register(s, op{"get-postback", http.MethodGet, "/postbacks/{id}", "Read a postback", tagPostbacks, 0, nil}, s.getPostback)
	register(s, op{"update-postback", http.MethodPatch, "/postbacks/{id}", "Change a postback", tagPostbacks, 0, []int{409}}, s.updatePostback)
	register(s, op{"rotate-postback-secret", http.MethodPost, "/postbacks/{id}/rotate-secret", "Make a new signing secret; the old one signs too for a day", tagPostbacks, 0, nil}, s.rotatePostbackSecret)
	register(s, op{"test-postback", http.MethodPost, "/postbacks/{id}/test", "Fire a postback once, now, with {test} = 1", tagPostbacks, 0, []int{429}}, s.testPostback)
	register(s, op{"backfill-postback", http.MethodPost, "/postbacks/{id}/backfill", "Send what a postback that was set late has missed", tagPostbacks, 0, []int{409}}, s.backfillPostback)
	s.postbackInsightRoutes()
	register(s, op{"delete-postback", http.MethodDelete, "/postbacks/{id}", "Delete a postback that no delivery refers to", tagPostbacks, 204, []int{409}}, s.deletePostback)
}

// postbackBody is an affiliate's postback as its owner and operators see it; nobody else does.
type postbackBody struct {
	ID            postback.ID         `json:"id" doc:"Id of the postback"`
	AffiliateID   affiliate.ID        `json:"affiliate_id" doc:"Whose postback it is"`
	OfferID       *int64              `json:"offer_id" nullable:"true" doc:"null = every offer"`
	GoalID        *int64              `json:"goal_id" nullable:"true" doc:"null = every goal"`
	URL           string              `json:"url" doc:"Macros are filled"`
	Method        string              `json:"method" enum:"GET,POST" doc:"How it is sent"`
	Statuses      []conversion.Status `json:"statuses" doc:"Fires when a conversion comes to one of them"`
	GoalIDs       []offer.GoalID      `json:"goal_ids" doc:"Fires for these goals of its scope only; empty = for all of them"`
	Active        bool                `json:"active" doc:"Whether it fires"`
	PausedReason  *string             `json:"paused_reason" nullable:"true" doc:"Why Waypost paused it"`
	SigningSecret *string             `json:"signing_secret,omitempty" doc:"Key of the signature of POST deliveries (Standard Webhooks)"`
	PreviousUntil *time.Time          `json:"previous_secret_until,omitempty" doc:"Until then the secret before the last rotation signs too"`
	CreatedAt     time.Time           `json:"created_at" doc:"When it was made"`
	UpdatedAt     time.Time           `json:"updated_at" doc:"When it was changed last"`
	Warnings      []warningBody       `json:"warnings,omitzero" doc:"Only in the answer to a save"`
}

func newPostbackBody(p postback.Postback, v view) postbackBody {
	b := postbackBody{ID: p.ID, AffiliateID: p.AffiliateID, OfferID: optionalID(p.OfferID), GoalID: optionalID(p.GoalID),
		URL: p.URL, Method: p.Method, Statuses: append([]conversion.Status{}, p.Statuses...), Active: p.Active,
		PausedReason: optionalText(p.PausedReason), SigningSecret: shown(v.commission(), p.SigningSecret),
		GoalIDs: append([]offer.GoalID{}, p.GoalIDs...), CreatedAt: moment(p.CreatedAt), UpdatedAt: moment(p.UpdatedAt)}
	if v.commission() {
		b.PreviousUntil = optionalTime(p.PreviousUntil)
	}
	return b
}

// PostbackFields are what may be left out when a postback is saved.
type PostbackFields struct {
	OfferID  Nullable[offer.ID]            `json:"offer_id,omitempty" minimum:"1" doc:"null = every offer"`
	GoalID   Nullable[offer.GoalID]        `json:"goal_id,omitempty" minimum:"1" doc:"null = every goal"`
	Method   Optional[string]              `json:"method,omitempty" enum:"GET,POST" doc:"How it is sent; GET if left out of a new one"`
	Statuses Optional[[]conversion.Status] `json:"statuses,omitempty" doc:"Of the conversion; approved if left out"`
	GoalIDs  Optional[[]offer.GoalID]      `json:"goal_ids,omitempty" doc:"Only these goals of its scope; empty = all of them"`
	Active   Optional[bool]                `json:"active,omitempty" doc:"Whether it fires; true starts one that was paused"`
}

func (f PostbackFields) apply(p *postback.Postback) {
	f.OfferID.to(&p.OfferID)
	f.GoalID.to(&p.GoalID)
	f.Method.to(&p.Method)
	f.Statuses.to(&p.Statuses)
	f.GoalIDs.to(&p.GoalIDs)
	f.Active.to(&p.Active)
}

type postbackID struct {
	ID postback.ID `path:"id" doc:"Id of the postback"`
}

type postbackList struct {
	Paging
	Period
	AffiliateID affiliate.ID `query:"affiliate_id" minimum:"1" doc:"Only of this affiliate"`
	OfferID     offer.ID     `query:"offer_id" minimum:"1" doc:"Only with this offer as their scope"`
}

func (s *service) listPostbacks(ctx context.Context, actor account.Actor, in *postbackList) (*list[postbackBody], error) {
	from, to, err := in.bounds()
	if err != nil {
		return nil, err
	}
	f := postback.Filter{AffiliateID: in.AffiliateID, OfferID: in.OfferID, From: from, To: to}
	found, err := s.Postbacks.List(ctx, actor, f, in.page())
	if err != nil {
		return nil, err
	}
	return newList(found, func(p postback.Postback) postbackBody { return newPostbackBody(p, viewOf(actor)) }), nil
}

type postbackCreate struct {
	Body struct {
		AffiliateID affiliate.ID `json:"affiliate_id,omitempty" minimum:"1" doc:"Operators name it; an affiliate's own is implied"`
		URL         string       `json:"url" maxLength:"8192" doc:"Where it is sent; macros such as {aff_click_id} are filled"`
		PostbackFields
	}
}

func (s *service) createPostback(ctx context.Context, actor account.Actor, in *postbackCreate) (*one[postbackBody], error) {
	p := postback.Postback{AffiliateID: in.Body.AffiliateID, URL: in.Body.URL, Active: true}
	in.Body.apply(&p)
	p, warnings, err := s.Postbacks.Create(ctx, actor, p)
	if err != nil {
		return nil, err
	}
	b := newPostbackBody(p, viewOf(actor))
	b.Warnings = newWarnings(warnings)
	return &one[postbackBody]{b}, nil
}

func (s *service) getPostback(ctx context.Context, actor account.Actor, in *postbackID) (*one[postbackBody], error) {
	p, err := s.Postbacks.Get(ctx, actor, in.ID)
	if err != nil {
		return nil, err
	}
	return &one[postbackBody]{newPostbackBody(p, viewOf(actor))}, nil
}

type postbackUpdate struct {
	ID   postback.ID `path:"id" doc:"Id of the postback"`
	Body struct {
		URL Optional[string] `json:"url,omitempty" maxLength:"8192" doc:"Where it is sent; macros such as {aff_click_id} are filled"`
		PostbackFields
	}
}

func (s *service) updatePostback(ctx context.Context, actor account.Actor, in *postbackUpdate) (*one[postbackBody], error) {
	p, warnings, err := s.Postbacks.Update(ctx, actor, in.ID, func(p *postback.Postback) {
		in.Body.URL.to(&p.URL)
		in.Body.apply(p)
	})
	if err != nil {
		return nil, err
	}
	b := newPostbackBody(p, viewOf(actor))
	b.Warnings = newWarnings(warnings)
	return &one[postbackBody]{b}, nil
}

func (s *service) rotatePostbackSecret(ctx context.Context, actor account.Actor, in *postbackID) (*one[postbackBody], error) {
	p, err := s.Postbacks.RotateSecret(ctx, actor, in.ID)
	if err != nil {
		return nil, err
	}
	return &one[postbackBody]{newPostbackBody(p, viewOf(actor))}, nil
}

func (s *service) deletePostback(ctx context.Context, actor account.Actor, in *postbackID) (*noBody, error) {
	return nil, s.Postbacks.Delete(ctx, actor, in.ID)
}
