package api

import (
	"context"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/trace"
)

func (s *service) traceLinkRoutes() {
	register(s, op{"share-trace", http.MethodPost, "/clicks/{click_id}/trace-links", "Make a link that shows a click's trace to whoever holds it", tagClicks, 201, []int{429}}, s.shareTrace)
	register(s, op{"list-trace-links", http.MethodGet, "/trace-links", "List links to traces", tagClicks, 0, nil}, s.listTraceLinks)
	register(s, op{"revoke-trace-link", http.MethodDelete, "/trace-links/{id}", "End a link to a trace", tagClicks, 204, nil}, s.revokeTraceLink)
	registerPublic(s, op{"get-shared-trace", http.MethodGet, "/shared-traces/{token}", "Read the trace that a link leads to", tagClicks, 0, []int{429}}, s.sharedTrace)
}

// traceLinkBody is a link to a trace.
type traceLinkBody struct {
	ID           string     `json:"id" doc:"Id of the link; it opens nothing"`
	ClickID      string     `json:"click_id" doc:"Id of the click"`
	UserID       int64      `json:"user_id" doc:"Who made it"`
	View         string     `json:"view" enum:"operator,affiliate,advertiser" doc:"Whose eyes the trace is shown to"`
	Note         string     `json:"note" example:"Dispute of order 1001" doc:"For whom it is, for its maker"`
	Token        *string    `json:"token,omitempty" example:"q8Zr1vX5mB2nK7dS4gT9hJ6wL3cP0fYaEuGiOxRtVbM" doc:"Opens the trace at /shared-traces/{token}; only in the answer to its making"`
	CreatedAt    time.Time  `json:"created_at" doc:"When it was made"`
	ExpiresAt    time.Time  `json:"expires_at" doc:"When it ends"`
	RevokedAt    *time.Time `json:"revoked_at" nullable:"true" doc:"When it was ended"`
	Opened       int64      `json:"opened" example:"3" doc:"How often it was opened"`
	LastOpenedAt *time.Time `json:"last_opened_at" nullable:"true" doc:"When it was opened last"`
}

func (s *service) newTraceLinkBody(l trace.Link) traceLinkBody {
	view := "operator"
	if !l.Role.Operator() {
		view = string(l.Role)
	}
	return traceLinkBody{ID: l.ID.String(), ClickID: s.Clicks.Text(l.ClickID), UserID: int64(l.UserID), View: view, Note: l.Note, CreatedAt: moment(l.CreatedAt),
		ExpiresAt: moment(l.ExpiresAt), RevokedAt: optionalTime(l.RevokedAt), Opened: l.Opened, LastOpenedAt: optionalTime(l.LastOpenedAt)}
}

type traceShare struct {
	ClickID string `path:"click_id" maxLength:"64" doc:"Id of the click"`
	Body    struct {
		Hours int    `json:"hours,omitempty" minimum:"1" maximum:"720" example:"72" doc:"How long it is good; 168 if left out"`
		As    string `json:"as,omitempty" enum:"operator,affiliate,advertiser" doc:"For operators, who must choose: shows what this party of the click may see, or with operator all, both sides' money too"`
		Note  string `json:"note,omitempty" maxLength:"800" doc:"For whom it is"`
	}
}

func (s *service) shareTrace(ctx context.Context, actor account.Actor, in *traceShare) (*one[traceLinkBody], error) {
	l, token, err := s.TraceLinks.Share(ctx, actor, trace.LinkInput{ClickID: in.ClickID, Length: time.Duration(in.Body.Hours) * time.Hour,
		As: account.Role(in.Body.As), Note: in.Body.Note})
	if err != nil {
		return nil, err
	}
	b := s.newTraceLinkBody(l)
	b.Token = &token
	return &one[traceLinkBody]{b}, nil
}

type traceLinkList struct {
	Paging
	ClickID string `query:"click_id" maxLength:"64" doc:"Only of this click"`
	UserID  int64  `query:"user_id" minimum:"1" doc:"Only those that this user made"`
}

func (s *service) listTraceLinks(ctx context.Context, actor account.Actor, in *traceLinkList) (*list[traceLinkBody], error) {
	id, err := s.clickFilter(in.ClickID)
	if err != nil {
		return nil, err
	}
	found, err := s.TraceLinks.List(ctx, actor, trace.LinkFilter{ClickID: id, UserID: account.UserID(in.UserID)}, in.page())
	if err != nil {
		return nil, err
	}
	return newList(found, s.newTraceLinkBody), nil
}

type traceLinkID struct {
	ID string `path:"id" maxLength:"64" example:"019cb74b-1c40-7a52-b3d0-5f9e2c81a6d7" doc:"Id of the link"`
}

func (s *service) revokeTraceLink(ctx context.Context, actor account.Actor, in *traceLinkID) (*noBody, error) {
	id, ok := domain.ParseUUID(in.ID)
	if !ok {
		return nil, noSuch("link to a trace")
	}
	_, err := s.TraceLinks.Revoke(ctx, actor, trace.LinkID{UUID: id})
	return nil, err
}

type sharedTraceInput struct {
	Token string `path:"token" maxLength:"100" example:"q8Zr1vX5mB2nK7dS4gT9hJ6wL3cP0fYaEuGiOxRtVbM" doc:"Token of the link"`
}

// sharedTraceBody is a trace as the link's eyes see it.
type sharedTraceBody struct {
	ClickID   string      `json:"click_id" doc:"Id of the click"`
	Items     []traceItem `json:"items" doc:"Oldest first"`
	View      string      `json:"view" enum:"operator,affiliate,advertiser" doc:"Whose eyes the trace is shown to"`
	ExpiresAt time.Time   `json:"expires_at" doc:"When the link ends"`
}

func (s *service) sharedTrace(ctx context.Context, ip string, in *sharedTraceInput) (*one[sharedTraceBody], error) {
	t, l, err := s.TraceLinks.Shared(ctx, in.Token, ip)
	if err != nil {
		return nil, err
	}
	b, story := s.newTraceLinkBody(l), s.newTraceBody(t)
	return &one[sharedTraceBody]{sharedTraceBody{story.ClickID, story.Items, b.View, b.ExpiresAt}}, nil
}
