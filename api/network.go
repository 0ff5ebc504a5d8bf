package api

import (
	"context"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/network"
)

const tagNetwork = "Network"

func (s *service) networkRoutes() {
	register(s, op{"get-network", http.MethodGet, "/network", "Read the settings of the network", tagNetwork, 0, nil}, s.getNetwork)
	register(s, op{"update-network", http.MethodPatch, "/network", "Change the settings of the network", tagNetwork, 0, nil}, s.updateNetwork)
	register(s, op{"set-network-logo", http.MethodPut, "/network/logo", "Replace the network's logo", tagNetwork, 0, nil}, s.setLogo)
	register(s, op{"delete-network-logo", http.MethodDelete, "/network/logo", "Take the network's logo away", tagNetwork, 204, nil}, s.deleteLogo)
}

// networkBody is the network's settings. Parties see its name and face.
type networkBody struct {
	Name              string `json:"name" example:"Acme Network" doc:"What the network is called"`
	AdvertisersDecide *bool  `json:"advertisers_decide,omitempty" doc:"Advertisers approve and reject their own conversions"`
	BrandColour       string `json:"brand_colour" example:"#1f6feb" doc:"Empty: the product's own"`
	LogoURL           string `json:"logo_url" example:"/brand/logo?v=0f3c9a7e5d1b2468" doc:"Path of the logo; empty for none"`
	SupportEmail      string `json:"support_email" example:"help@network.example" doc:"Where parties ask; may be empty"`
	TermsURL          string `json:"terms_url" example:"https://network.example/terms" doc:"What whoever signs up accepts; may be empty"`

	Currency            *money.Currency `json:"currency,omitempty" doc:"ISO 4217, of new parties"`
	TimeZone            *string         `json:"time_zone,omitempty" doc:"Of new users: a name of the IANA data base"`
	AffiliateSignUp     *bool           `json:"affiliate_sign_up,omitempty" example:"true" doc:"Strangers may apply as affiliates"`
	AdvertiserSignUp    *bool           `json:"advertiser_sign_up,omitempty" example:"false" doc:"Strangers may apply as advertisers"`
	AffiliateQuestions  *[]questionBody `json:"affiliate_questions,omitempty" doc:"Of the affiliates' sign-up form, in their order"`
	AdvertiserQuestions *[]questionBody `json:"advertiser_questions,omitempty" doc:"Of the advertisers' sign-up form, in their order"`

	UpdatedAt *time.Time `json:"updated_at,omitempty" doc:"When the settings were changed last"`
}

func newNetworkBody(n network.Settings, v view) networkBody {
	operator := v == viewOperator
	return networkBody{Name: n.Name, AdvertisersDecide: shown(operator, n.AdvertisersDecide), BrandColour: n.BrandColour, LogoURL: logoURL(n),
		SupportEmail: n.SupportEmail, TermsURL: n.TermsURL, Currency: shown(operator, n.Currency), TimeZone: shown(operator, n.TimeZone),
		AffiliateSignUp: shown(operator, n.AffiliateSignUp), AdvertiserSignUp: shown(operator, n.AdvertiserSignUp),
		AffiliateQuestions:  shown(operator, newQuestions(n.AffiliateQuestions)),
		AdvertiserQuestions: shown(operator, newQuestions(n.AdvertiserQuestions)), UpdatedAt: shown(operator, moment(n.UpdatedAt))}
}

func (s *service) getNetwork(ctx context.Context, actor account.Actor, _ *struct{}) (*one[networkBody], error) {
	n, err := s.Network.Get(ctx, actor)
	if err != nil {
		return nil, err
	}
	return &one[networkBody]{newNetworkBody(n, viewOf(actor))}, nil
}

type networkUpdate struct {
	Body struct {
		Name              Optional[string] `json:"name,omitempty" maxLength:"400" example:"Acme Network" doc:"What the network is called"`
		AdvertisersDecide Optional[bool]   `json:"advertisers_decide,omitempty" doc:"Advertisers approve and reject their own conversions"`

		BrandColour         Optional[string]         `json:"brand_colour,omitempty" maxLength:"20" doc:"Such as #1f6feb; empty for the product's own"`
		SupportEmail        Optional[string]         `json:"support_email,omitempty" maxLength:"400" doc:"Where parties ask; may be empty"`
		TermsURL            Optional[string]         `json:"terms_url,omitempty" maxLength:"1000" doc:"What whoever signs up accepts; may be empty"`
		Currency            Optional[money.Currency] `json:"currency,omitempty" doc:"ISO 4217, of new parties"`
		TimeZone            Optional[string]         `json:"time_zone,omitempty" maxLength:"100" doc:"Of new users: a name of the IANA data base"`
		AffiliateSignUp     Optional[bool]           `json:"affiliate_sign_up,omitempty" doc:"Strangers may apply as affiliates"`
		AdvertiserSignUp    Optional[bool]           `json:"advertiser_sign_up,omitempty" doc:"Strangers may apply as advertisers"`
		AffiliateQuestions  Optional[[]questionBody] `json:"affiliate_questions,omitempty" doc:"Of the affiliates' sign-up form: the whole list, at most 30"`
		AdvertiserQuestions Optional[[]questionBody] `json:"advertiser_questions,omitempty" doc:"Of the advertisers' sign-up form: the whole list, at most 30"`
	}
}

func (s *service) updateNetwork(ctx context.Context, actor account.Actor, in *networkUpdate) (*one[networkBody], error) {
	n, err := s.Network.Update(ctx, actor, func(n *network.Settings) {
		in.Body.Name.to(&n.Name)
		in.Body.AdvertisersDecide.to(&n.AdvertisersDecide)
		in.Body.BrandColour.to(&n.BrandColour)
		in.Body.SupportEmail.to(&n.SupportEmail)
		in.Body.TermsURL.to(&n.TermsURL)
		in.Body.Currency.to(&n.Currency)
		in.Body.TimeZone.to(&n.TimeZone)
		in.Body.AffiliateSignUp.to(&n.AffiliateSignUp)
		in.Body.AdvertiserSignUp.to(&n.AdvertiserSignUp)
		readQuestions(in.Body.AffiliateQuestions, &n.AffiliateQuestions)
		readQuestions(in.Body.AdvertiserQuestions, &n.AdvertiserQuestions)
	})
	if err != nil {
		return nil, err
	}
	return &one[networkBody]{newNetworkBody(n, viewOf(actor))}, nil
}
