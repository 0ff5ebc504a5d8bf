package api

import (
	"context"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/money"
)

const tagAffiliates = "Affiliates"

func (s *service) affiliateRoutes() {
	register(s, op{"list-affiliates", http.MethodGet, "/affiliates", "List affiliates", tagAffiliates, 0, nil}, s.listAffiliates)
	register(s, op{"create-affiliate", http.MethodPost, "/affiliates", "Create an affiliate", tagAffiliates, 201, nil}, s.createAffiliate)
	register(s, op{"get-affiliate", http.MethodGet, "/affiliates/{id}", "Read an affiliate", tagAffiliates, 0, nil}, s.getAffiliate)
	register(s, op{"update-affiliate", http.MethodPatch, "/affiliates/{id}", "Change an affiliate", tagAffiliates, 0, nil}, s.updateAffiliate)
	register(s, op{"delete-affiliate", http.MethodDelete, "/affiliates/{id}", "Delete an affiliate that nothing refers to", tagAffiliates, 204, []int{409}}, s.deleteAffiliate)
}

// affiliateBody is an affiliate; it has no field that any role may not see.
type affiliateBody struct {
	ID        affiliate.ID  `json:"id" doc:"Id of the affiliate"`
	Name      string        `json:"name" doc:"Name, for people"`
	Email     string        `json:"email" doc:"Contact; empty if none"`
	Status    string        `json:"status" enum:"active,pending,paused,blocked" doc:"Only clicks of an active one count"`
	Currency  string        `json:"currency" doc:"ISO 4217; its wish for payouts"`
	Fire      string        `json:"fire" enum:"specific,all" doc:"Which of its matching postbacks a conversion fires"`
	CreatedAt time.Time     `json:"created_at" doc:"When it was made"`
	UpdatedAt time.Time     `json:"updated_at" doc:"When it was changed last"`
	Warnings  []warningBody `json:"warnings,omitzero" doc:"Only in the answer to a save"`
}

func newAffiliateBody(a affiliate.Affiliate) affiliateBody {
	return affiliateBody{ID: a.ID, Name: a.Name, Email: a.Email, Status: string(a.Status), Currency: string(a.Currency),
		Fire: string(a.Fire), CreatedAt: moment(a.CreatedAt), UpdatedAt: moment(a.UpdatedAt)}
}

// AffiliateFields are what may be left out when an affiliate is saved.
type AffiliateFields struct {
	Email    Nullable[string]           `json:"email,omitempty" maxLength:"254" doc:"Contact; null empties it"`
	Status   Optional[affiliate.Status] `json:"status,omitempty" enum:"active,pending,paused,blocked" doc:"Only clicks of an active one count; active if left out of a new one"`
	Currency Optional[money.Currency]   `json:"currency,omitempty" doc:"ISO 4217" example:"USD"`
	Fire     Optional[affiliate.Fire]   `json:"fire,omitempty" enum:"specific,all" doc:"Which of its matching postbacks a conversion fires; specific if left out of a new one"`
}

func (f AffiliateFields) apply(a *affiliate.Affiliate) {
	f.Email.to(&a.Email)
	f.Status.to(&a.Status)
	f.Currency.to(&a.Currency)
	f.Fire.to(&a.Fire)
}

type affiliateID struct {
	ID affiliate.ID `path:"id" doc:"Id of the affiliate"`
}

type affiliateList struct {
	Paging
	Period
	Status string `query:"status" enum:"active,pending,paused,blocked" doc:"Only those in this state"`
	Search string `query:"search" maxLength:"200" doc:"Part of the name"`
}

func (s *service) listAffiliates(ctx context.Context, actor account.Actor, in *affiliateList) (*list[affiliateBody], error) {
	from, to, err := in.bounds()
	if err != nil {
		return nil, err
	}
	f := affiliate.Filter{Status: affiliate.Status(in.Status), Search: in.Search, From: from, To: to}
	found, err := s.Affiliates.List(ctx, actor, f, in.page())
	if err != nil {
		return nil, err
	}
	return newList(found, newAffiliateBody), nil
}

type affiliateCreate struct {
	Body struct {
		Name string `json:"name" maxLength:"400" doc:"Name, for people"`
		AffiliateFields
	}
}

func (s *service) createAffiliate(ctx context.Context, actor account.Actor, in *affiliateCreate) (*one[affiliateBody], error) {
	a := affiliate.Affiliate{Name: in.Body.Name}
	in.Body.apply(&a)
	a, warnings, err := s.Affiliates.Create(ctx, actor, a)
	if err != nil {
		return nil, err
	}
	b := newAffiliateBody(a)
	b.Warnings = newWarnings(warnings)
	return &one[affiliateBody]{b}, nil
}

func (s *service) getAffiliate(ctx context.Context, actor account.Actor, in *affiliateID) (*one[affiliateBody], error) {
	a, err := s.Affiliates.Get(ctx, actor, in.ID)
	if err != nil {
		return nil, err
	}
	return &one[affiliateBody]{newAffiliateBody(a)}, nil
}

type affiliateUpdate struct {
	ID   affiliate.ID `path:"id" doc:"Id of the affiliate"`
	Body struct {
		Name Optional[string] `json:"name,omitempty" maxLength:"400" doc:"Name, for people"`
		AffiliateFields
	}
}

func (s *service) updateAffiliate(ctx context.Context, actor account.Actor, in *affiliateUpdate) (*one[affiliateBody], error) {
	a, warnings, err := s.Affiliates.Update(ctx, actor, in.ID, func(a *affiliate.Affiliate) {
		in.Body.Name.to(&a.Name)
		in.Body.apply(a)
	})
	if err != nil {
		return nil, err
	}
	b := newAffiliateBody(a)
	b.Warnings = newWarnings(warnings)
	return &one[affiliateBody]{b}, nil
}

func (s *service) deleteAffiliate(ctx context.Context, actor account.Actor, in *affiliateID) (*noBody, error) {
	return nil, s.Affiliates.Delete(ctx, actor, in.ID)
}
