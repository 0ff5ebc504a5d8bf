package api

import (
	"context"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
)

const tagMe = "You"

func (s *service) meRoutes() {
	register(s, op{"me", http.MethodGet, "/me", "Read who you are and what you may do", tagMe, 0, nil}, s.me)
	register(s, op{"update-me", http.MethodPatch, "/me", "Change your name, time zone or theme", tagMe, 0, nil}, s.updateMe)
	register(s, op{"list-sessions", http.MethodGet, "/me/sessions", "List your log-ins that go on", tagMe, 0, nil}, s.listSessions)
	register(s, op{"end-session", http.MethodDelete, "/me/sessions/{id}", "End one of your log-ins", tagMe, 204, nil}, s.endSession)
	register(s, op{"end-other-sessions", http.MethodDelete, "/me/sessions", "End all of your log-ins but this one", tagMe, 204, nil}, s.endOtherSessions)
}

// meBody is the user that the token belongs to.
type meBody struct {
	UserBody
	Party       *partyBody `json:"party,omitempty" doc:"The affiliate or advertiser that you belong to; left out for operators"`
	Permissions []string   `json:"permissions" doc:"What you may do with this token" example:"[\"read_traffic\"]"`
}

type partyBody struct {
	Kind   string `json:"kind" enum:"affiliate,advertiser" doc:"What it is"`
	ID     int64  `json:"id" doc:"Its id"`
	Name   string `json:"name" doc:"Its name"`
	Status string `json:"status" enum:"active,pending,paused,blocked" doc:"Whether it may do business"`
}

func (s *service) newMeBody(ctx context.Context, actor account.Actor, u account.User) (*one[meBody], error) {
	b := meBody{UserBody: newUserBody(u), Permissions: []string{}}
	for _, p := range actor.Role.Permissions() {
		b.Permissions = append(b.Permissions, p.Name())
	}
	switch {
	case u.AffiliateID != 0:
		a, err := s.Affiliates.Get(ctx, actor, affiliate.ID(u.AffiliateID))
		if err != nil {
			return nil, err
		}
		b.Party = &partyBody{Kind: "affiliate", ID: u.AffiliateID, Name: a.Name, Status: string(a.Status)}
	case u.AdvertiserID != 0:
		a, err := s.Advertisers.Get(ctx, actor, advertiser.ID(u.AdvertiserID))
		if err != nil {
			return nil, err
		}
		b.Party = &partyBody{Kind: "advertiser", ID: u.AdvertiserID, Name: a.Name, Status: string(a.Status)}
	}
	return &one[meBody]{b}, nil
}

func (s *service) me(ctx context.Context, actor account.Actor, _ *struct{}) (*one[meBody], error) {
	u, err := s.Accounts.Me(ctx, actor)
	if err != nil {
		return nil, err
	}
	return s.newMeBody(ctx, actor, u)
}

type meUpdate struct {
	Body struct {
		Name     Nullable[string]        `json:"name,omitempty" maxLength:"400" example:"Jane Doe" doc:"Your name; null empties it"`
		TimeZone Optional[string]        `json:"time_zone,omitempty" maxLength:"100" doc:"IANA name" example:"Europe/Berlin"`
		Theme    Optional[account.Theme] `json:"theme,omitempty" enum:"auto,light,dark" doc:"How screens look; auto follows the device" example:"dark"`
	}
}

func (s *service) updateMe(ctx context.Context, actor account.Actor, in *meUpdate) (*one[meBody], error) {
	u, err := s.Accounts.UpdateMe(ctx, actor, func(p *account.MyProfile) {
		in.Body.Name.to(&p.Name)
		in.Body.TimeZone.to(&p.TimeZone)
		in.Body.Theme.to(&p.Theme)
	})
	if err != nil {
		return nil, err
	}
	return s.newMeBody(ctx, actor, u)
}

// sessionBody is one of your log-ins.
type sessionBody struct {
	ID         string    `json:"id" doc:"Id of the log-in"`
	Kind       string    `json:"kind" enum:"api,browser" doc:"Of the API, or of a browser to the portals"`
	Current    bool      `json:"current" doc:"The one that this call belongs to"`
	CreatedAt  time.Time `json:"created_at" doc:"When you logged in"`
	LastUsedAt time.Time `json:"last_used_at" doc:"When it was last used, to the minute; of the API: when its access token was last renewed"`
	ExpiresAt  time.Time `json:"expires_at" doc:"When it ends unless it is used before"`
	IP         string    `json:"ip" doc:"Where it was last used from" example:"203.0.113.9"`
	UserAgent  string    `json:"user_agent" doc:"What the browser calls itself; empty for the API" example:"Mozilla/5.0"`
}

func (s *service) listSessions(ctx context.Context, actor account.Actor, in *struct{ Paging }) (*list[sessionBody], error) {
	found, err := s.Accounts.ListSessions(ctx, actor, in.page())
	if err != nil {
		return nil, err
	}
	caller, _ := ctx.Value(callerKey{}).(caller)
	return newList(found, func(o account.OpenSession) sessionBody {
		return sessionBody{ID: o.ID.String(), Kind: string(o.Kind), Current: o.ID == caller.family, CreatedAt: moment(o.CreatedAt),
			LastUsedAt: moment(o.LastUsedAt), ExpiresAt: moment(o.ExpiresAt), IP: o.IP, UserAgent: o.UserAgent}
	}), nil
}

type sessionID struct {
	ID string `path:"id" maxLength:"64" doc:"Id of the log-in"`
}

func (s *service) endSession(ctx context.Context, actor account.Actor, in *sessionID) (*noBody, error) {
	id, ok := domain.ParseUUID(in.ID)
	if !ok {
		return nil, noSuch("log-in")
	}
	return nil, s.Accounts.EndSession(ctx, actor, id)
}

func (s *service) endOtherSessions(ctx context.Context, actor account.Actor, _ *struct{}) (*noBody, error) {
	caller, _ := ctx.Value(callerKey{}).(caller)
	return nil, s.Accounts.EndOthers(ctx, actor, caller.family)
}
