package api

import (
	"context"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/money"
)

const tagAdvertisers = "Advertisers"

func (s *service) advertiserRoutes() {
	register(s, op{"list-advertisers", http.MethodGet, "/advertisers", "List advertisers", tagAdvertisers, 0, nil}, s.listAdvertisers)
	register(s, op{"create-advertiser", http.MethodPost, "/advertisers", "Create an advertiser", tagAdvertisers, 201, nil}, s.createAdvertiser)
	register(s, op{"get-advertiser", http.MethodGet, "/advertisers/{id}", "Read an advertiser", tagAdvertisers, 0, nil}, s.getAdvertiser)
	register(s, op{"update-advertiser", http.MethodPatch, "/advertisers/{id}", "Change an advertiser", tagAdvertisers, 0, nil}, s.updateAdvertiser)
	register(s, op{"delete-advertiser", http.MethodDelete, "/advertisers/{id}", "Delete an advertiser that nothing refers to", tagAdvertisers, 204, []int{409}}, s.deleteAdvertiser)
	s.rehearsalRoutes()
}

// advertiserBody is an advertiser as its own users and operators see it; nobody else does.
type advertiserBody struct {
	ID              advertiser.ID     `json:"id" doc:"Id of the advertiser"`
	Name            string            `json:"name" doc:"Name, for people"`
	Email           string            `json:"email" doc:"Contact; empty if none"`
	Status          string            `json:"status" enum:"active,paused,pending,blocked" doc:"Only the offers of an active one take clicks"`
	Currency        string            `json:"currency" doc:"ISO 4217; of its offers unless they say otherwise"`
	OverridePercent *money.Rate       `json:"override_percent,omitempty" doc:"The network's margin on top of the commission, in percent"`
	PostbackAuth    string            `json:"postback_auth" enum:"token,hmac,ip,none" doc:"How its postbacks prove that they are its own"`
	PostbackToken   *string           `json:"postback_token,omitempty" doc:"Secret that its postbacks carry, or the key of their HMAC"`
	AlwaysOK        bool              `json:"always_200" doc:"Refused postbacks are answered with HTTP 200 too"`
	IPAllowlist     []string          `json:"ip_allowlist" doc:"Addresses or networks that its postbacks may come from; empty = any"`
	StatusMap       map[string]string `json:"status_map" doc:"Its word for a status, to ours"`
	CreatedAt       time.Time         `json:"created_at" doc:"When it was made"`
	UpdatedAt       time.Time         `json:"updated_at" doc:"When it was changed last"`
	Warnings        []warningBody     `json:"warnings,omitzero" doc:"Only in the answer to a save"`
}

func newAdvertiserBody(a advertiser.Advertiser, actor account.Actor) advertiserBody {
	b := advertiserBody{
		ID: a.ID, Name: a.Name, Email: a.Email, Status: string(a.Status), Currency: string(a.Currency),
		OverridePercent: shown(viewOf(actor).revenue(), a.OverridePercent),
		PostbackAuth:    string(a.PostbackAuth),
		PostbackToken:   shown(knowsToken(actor), a.PostbackToken),
		AlwaysOK:        a.AlwaysOK,
		IPAllowlist:     append([]string{}, a.IPAllowlist...),
		StatusMap:       a.StatusMap,
		CreatedAt:       moment(a.CreatedAt), UpdatedAt: moment(a.UpdatedAt),
	}
	if b.StatusMap == nil {
		b.StatusMap = map[string]string{}
	}
	return b
}

// knowsToken: whoever has an advertiser's token can report sales in its name. It is for the advertiser and for operators
// who could set another one.
func knowsToken(actor account.Actor) bool {
	return viewOf(actor) == viewAdvertiser || actor.Require(account.PermissionManageCatalogue) == nil
}

// AdvertiserFields are what may be left out when an advertiser is saved.
type AdvertiserFields struct {
	Email           Nullable[string]            `json:"email,omitempty" maxLength:"254" doc:"Contact; null empties it"`
	Status          Optional[advertiser.Status] `json:"status,omitempty" enum:"active,paused,pending,blocked" doc:"Only the offers of an active one take clicks; active if left out of a new one"`
	Currency        Optional[money.Currency]    `json:"currency,omitempty" doc:"ISO 4217" example:"USD"`
	OverridePercent Optional[money.Rate]        `json:"override_percent,omitempty" example:"20" doc:"The network's margin on top of the commission, in percent; 0 if left out of a new one. Operators only"`
	PostbackAuth    Optional[advertiser.Auth]   `json:"postback_auth,omitempty" enum:"token,hmac,ip,none" doc:"How its postbacks prove that they are its own; token if left out of a new one"`
	PostbackToken   Optional[string]            `json:"postback_token,omitempty" maxLength:"200" doc:"Empty = a new one is made"`
	AlwaysOK        Optional[bool]              `json:"always_200,omitempty" doc:"Answer refused postbacks with HTTP 200 too; false if left out of a new one"`
	IPAllowlist     Optional[[]string]          `json:"ip_allowlist,omitempty" doc:"Addresses or networks (CIDR) that its postbacks may come from; empty = any. Required for postback_auth ip"`
	StatusMap       Optional[map[string]string] `json:"status_map,omitempty" doc:"Its word for a status, to ours: approved, pending, hold, rejected or trash"`
}

func (f AdvertiserFields) apply(a *advertiser.Advertiser) {
	f.Email.to(&a.Email)
	f.Status.to(&a.Status)
	f.Currency.to(&a.Currency)
	f.OverridePercent.to(&a.OverridePercent)
	f.PostbackAuth.to(&a.PostbackAuth)
	f.PostbackToken.to(&a.PostbackToken)
	f.AlwaysOK.to(&a.AlwaysOK)
	f.IPAllowlist.to(&a.IPAllowlist)
	f.StatusMap.to(&a.StatusMap)
}

type advertiserID struct {
	ID advertiser.ID `path:"id" doc:"Id of the advertiser"`
}

type advertiserList struct {
	Paging
	Period
	Status string `query:"status" enum:"active,paused,pending,blocked" doc:"Only those in this state"`
	Search string `query:"search" maxLength:"200" doc:"Part of the name"`
}

func (s *service) listAdvertisers(ctx context.Context, actor account.Actor, in *advertiserList) (*list[advertiserBody], error) {
	from, to, err := in.bounds()
	if err != nil {
		return nil, err
	}
	f := advertiser.Filter{Status: advertiser.Status(in.Status), Search: in.Search, From: from, To: to}
	found, err := s.Advertisers.List(ctx, actor, f, in.page())
	if err != nil {
		return nil, err
	}
	return newList(found, func(a advertiser.Advertiser) advertiserBody { return newAdvertiserBody(a, actor) }), nil
}

type advertiserCreate struct {
	Body struct {
		Name string `json:"name" maxLength:"400" doc:"Name, for people"`
		AdvertiserFields
	}
}

func (s *service) createAdvertiser(ctx context.Context, actor account.Actor, in *advertiserCreate) (*one[advertiserBody], error) {
	a := advertiser.Advertiser{Name: in.Body.Name}
	in.Body.apply(&a)
	a, warnings, err := s.Advertisers.Create(ctx, actor, a)
	if err != nil {
		return nil, err
	}
	b := newAdvertiserBody(a, actor)
	b.Warnings = newWarnings(warnings)
	return &one[advertiserBody]{b}, nil
}

func (s *service) getAdvertiser(ctx context.Context, actor account.Actor, in *advertiserID) (*one[advertiserBody], error) {
	a, err := s.Advertisers.Get(ctx, actor, in.ID)
	if err != nil {
		return nil, err
	}
	return &one[advertiserBody]{newAdvertiserBody(a, actor)}, nil
}

type advertiserUpdate struct {
	ID   advertiser.ID `path:"id" doc:"Id of the advertiser"`
	Body struct {
		Name Optional[string] `json:"name,omitempty" maxLength:"400" doc:"Name, for people"`
		AdvertiserFields
	}
}

func (s *service) updateAdvertiser(ctx context.Context, actor account.Actor, in *advertiserUpdate) (*one[advertiserBody], error) {
	a, warnings, err := s.Advertisers.Update(ctx, actor, in.ID, func(a *advertiser.Advertiser) {
		in.Body.Name.to(&a.Name)
		in.Body.apply(a)
	})
	if err != nil {
		return nil, err
	}
	b := newAdvertiserBody(a, actor)
	b.Warnings = newWarnings(warnings)
	return &one[advertiserBody]{b}, nil
}

func (s *service) deleteAdvertiser(ctx context.Context, actor account.Actor, in *advertiserID) (*noBody, error) {
	return nil, s.Advertisers.Delete(ctx, actor, in.ID)
}
