package api

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/network"
)

const logoPath = "/brand/logo"

// mountLogo serves the network's picture to everybody. Under the address with its version it never changes.
func mountLogo(e *echo.Echo, d Deps) {
	e.GET(logoPath, func(c echo.Context) error {
		logo, err := d.Network.Logo(c.Request().Context())
		if err != nil {
			return err
		}
		h, etag := c.Response().Header(), `"`+logo.Version+`"`
		h.Set("ETag", etag)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
		h.Set("Cache-Control", "public, max-age=300")
		if c.QueryParam("v") == logo.Version {
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		if c.Request().Header.Get("If-None-Match") == etag {
			return c.NoContent(http.StatusNotModified)
		}
		return c.Blob(http.StatusOK, logo.ContentType, logo.Content)
	})
}

// logoURL is the address of the picture; empty where there is none.
func logoURL(n network.Settings) string {
	if n.LogoVersion == "" {
		return ""
	}
	return logoPath + "?v=" + n.LogoVersion
}

type logoInput struct {
	Body struct {
		Content []byte `json:"content" doc:"The picture, base64: PNG, JPEG or WebP, at most 256 KiB"`
	}
}

func (s *service) setLogo(ctx context.Context, actor account.Actor, in *logoInput) (*one[networkBody], error) {
	n, err := s.Network.SetLogo(ctx, actor, in.Body.Content)
	if err != nil {
		return nil, err
	}
	return &one[networkBody]{newNetworkBody(n, viewOf(actor))}, nil
}

func (s *service) deleteLogo(ctx context.Context, actor account.Actor, _ *struct{}) (*noBody, error) {
	_, err := s.Network.DeleteLogo(ctx, actor)
	return nil, err
}

// signUpBody is what strangers see of the network.
type signUpBody struct {
	Name                string         `json:"name" example:"Acme Network" doc:"What the network is called"`
	BrandColour         string         `json:"brand_colour" example:"#1f6feb" doc:"Empty: the product's own"`
	LogoURL             string         `json:"logo_url" example:"/brand/logo?v=0f3c9a7e5d1b2468" doc:"Path of the logo; empty for none"`
	SupportEmail        string         `json:"support_email" example:"help@network.example" doc:"Where to ask; may be empty"`
	TermsURL            string         `json:"terms_url" example:"https://network.example/terms" doc:"What applicants accept; may be empty"`
	AffiliateSignUp     bool           `json:"affiliate_sign_up" example:"true" doc:"Affiliates may apply"`
	AdvertiserSignUp    bool           `json:"advertiser_sign_up" example:"false" doc:"Advertisers may apply"`
	AffiliateQuestions  []questionBody `json:"affiliate_questions" doc:"Of the affiliates' form, in their order"`
	AdvertiserQuestions []questionBody `json:"advertiser_questions" doc:"Of the advertisers' form, in their order"`
}

func (s *service) getSignUp(ctx context.Context, _ string, _ *struct{}) (*one[signUpBody], error) {
	n, err := s.Network.Public(ctx)
	if err != nil {
		return nil, err
	}
	return &one[signUpBody]{signUpBody{Name: n.Name, BrandColour: n.BrandColour, LogoURL: logoURL(n), SupportEmail: n.SupportEmail, TermsURL: n.TermsURL,
		AffiliateSignUp: n.AffiliateSignUp, AdvertiserSignUp: n.AdvertiserSignUp, AffiliateQuestions: newQuestions(n.AffiliateQuestions),
		AdvertiserQuestions: newQuestions(n.AdvertiserQuestions)}}, nil
}

// questionBody is a question of a sign-up form.
type questionBody struct {
	ID       string   `json:"id" maxLength:"40" example:"traffic" doc:"Names the answer; a-z, 0-9 and _, unique on the form"`
	Label    string   `json:"label" maxLength:"600" example:"Where does your traffic come from?" doc:"The question"`
	Kind     string   `json:"kind" enum:"text,textarea,select,checkbox,url" doc:"How it is answered"`
	Options  []string `json:"options,omitempty" maxItems:"50" example:"Search" doc:"What a select offers"`
	Required bool     `json:"required,omitempty" example:"true" doc:"Must be answered"`
}

func newQuestions(qs []network.Question) []questionBody {
	out := make([]questionBody, len(qs))
	for i, q := range qs {
		out[i] = questionBody{ID: q.ID, Label: q.Label, Kind: string(q.Kind), Options: q.Options, Required: q.Required}
	}
	return out
}

func readQuestions(o Optional[[]questionBody], into *[]network.Question) {
	if !o.set {
		return
	}
	*into = make([]network.Question, len(o.value))
	for i, q := range o.value {
		(*into)[i] = network.Question{ID: q.ID, Label: q.Label, Kind: network.QuestionKind(q.Kind), Options: q.Options, Required: q.Required}
	}
}
