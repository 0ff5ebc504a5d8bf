package api

import (
	"context"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/application"
)

const tagApplications = "Sign-up"

func (s *service) applicationRoutes() {
	registerPublic(s, op{"get-sign-up", http.MethodGet, "/sign-up", "Read the network's face and sign-up forms", tagApplications, 0, nil}, s.getSignUp)
	registerPublic(s, op{"apply", http.MethodPost, "/applications", "Apply to join the network", tagApplications, 202, []int{403, 429}}, s.apply)
	registerPublic(s, op{"verify-application", http.MethodPost, "/applications/verify", "Prove the e-mail address of an application", tagApplications, 0, []int{429}}, s.verifyApplication)
	register(s, op{"list-applications", http.MethodGet, "/applications", "List applications", tagApplications, 0, nil}, s.listApplications)
	register(s, op{"get-application", http.MethodGet, "/applications/{id}", "Read an application", tagApplications, 0, nil}, s.getApplication)
	register(s, op{"approve-application", http.MethodPost, "/applications/{id}/approve", "Let an applicant in", tagApplications, 0, []int{409}}, s.approveApplication)
	register(s, op{"reject-application", http.MethodPost, "/applications/{id}/reject", "Refuse an applicant", tagApplications, 0, []int{409}}, s.rejectApplication)
}

type applyInput struct {
	Body struct {
		Kind          string            `json:"kind" enum:"affiliate,advertiser" doc:"What the applicant wants to be"`
		Company       string            `json:"company" maxLength:"400" doc:"Name of the company, or of whoever has none"`
		Contact       string            `json:"contact" maxLength:"400" doc:"Name of the person who applies"`
		Email         string            `json:"email" maxLength:"400" doc:"A link is mailed there"`
		Country       string            `json:"country" maxLength:"10" example:"DE" doc:"ISO 3166, two letters"`
		Website       string            `json:"website,omitempty" maxLength:"1000" doc:"Address of the web"`
		Answers       map[string]string `json:"answers,omitempty" doc:"Answers to the form's questions, by their ids; a checkbox is answered with yes"`
		AcceptedTerms bool              `json:"accepted_terms" doc:"The applicant accepts the network's terms"`
	}
}

func (s *service) apply(ctx context.Context, ip string, in *applyInput) (*noBody, error) {
	b := &in.Body
	return nil, s.Applications.Apply(ctx, application.Form{Kind: application.Kind(b.Kind), Company: b.Company, Contact: b.Contact, Email: b.Email,
		Country: b.Country, Website: b.Website, Answers: b.Answers, AcceptedTerms: b.AcceptedTerms}, ip)
}

type verifyInput struct {
	Body struct {
		Token string `json:"token" maxLength:"200" doc:"Of the mailed link"`
	}
}

// verifiedBody is all that an applicant learns.
type verifiedBody struct {
	Kind   string `json:"kind" enum:"affiliate,advertiser" doc:"What the applicant wants to be"`
	Status string `json:"status" enum:"unverified,pending,approved,rejected" doc:"Where the application stands"`
}

func (s *service) verifyApplication(ctx context.Context, ip string, in *verifyInput) (*one[verifiedBody], error) {
	a, err := s.Applications.Verify(ctx, in.Body.Token, ip)
	if err != nil {
		return nil, err
	}
	return &one[verifiedBody]{verifiedBody{Kind: string(a.Kind), Status: string(a.Status)}}, nil
}

// applicationBody is a sign-up, for operators.
type applicationBody struct {
	ID              application.ID `json:"id" example:"9" doc:"Id of the application"`
	Kind            string         `json:"kind" enum:"affiliate,advertiser" doc:"What the applicant wants to be"`
	Status          string         `json:"status" enum:"unverified,pending,approved,rejected" doc:"Where it stands"`
	Company         string         `json:"company" example:"Blue Media" doc:"Name of the company"`
	Contact         string         `json:"contact" example:"Jane Doe" doc:"Name of the person who applies"`
	Email           string         `json:"email" doc:"E-mail address"`
	Country         string         `json:"country" doc:"ISO 3166, two letters"`
	Website         string         `json:"website" example:"https://blue-media.example/" doc:"Address of the web; may be empty"`
	Answers         []answerBody   `json:"answers" doc:"Answers to the form's questions, as they were asked"`
	TermsURL        string         `json:"terms_url" example:"https://network.example/terms" doc:"The terms that were accepted"`
	TermsAcceptedAt time.Time      `json:"terms_accepted_at" example:"2026-03-04T05:20:41.5Z" doc:"When"`
	IP              string         `json:"ip" doc:"Where the form came from"`
	VerifiedAt      *time.Time     `json:"verified_at" nullable:"true" doc:"When the e-mail address was proved"`
	DecidedAt       *time.Time     `json:"decided_at" nullable:"true" doc:"When it was approved or rejected"`
	DecidedBy       *int64         `json:"decided_by" nullable:"true" doc:"User who did"`
	Reason          string         `json:"reason" example:"" doc:"Why it was rejected, as the applicant was told"`
	AffiliateID     *int64         `json:"affiliate_id" nullable:"true" doc:"The affiliate that it became"`
	AdvertiserID    *int64         `json:"advertiser_id" nullable:"true" doc:"The advertiser that it became"`
	CreatedAt       time.Time      `json:"created_at" doc:"When the form was sent"`
	InvitationURL   string         `json:"invitation_url,omitempty" example:"https://network.example/set-password?token=q8Zr1vX5mB2nK7dS4gT9hJ6w" doc:"Only in the answer to an approval: the link that the applicant was mailed, for who may manage users"`
}

type answerBody struct {
	ID    string `json:"id" example:"traffic" doc:"Id of the question"`
	Label string `json:"label" example:"Where does your traffic come from?" doc:"The question"`
	Kind  string `json:"kind" enum:"text,textarea,select,checkbox,url" doc:"How it is answered"`
	Text  string `json:"text" example:"Search" doc:"The answer; empty for none"`
}

func newApplicationBody(a application.Application) applicationBody {
	b := applicationBody{ID: a.ID, Kind: string(a.Kind), Status: string(a.Status), Company: a.Company, Contact: a.Contact, Email: a.Email,
		Country: a.Country, Website: a.Website, Answers: []answerBody{}, TermsURL: a.TermsURL, TermsAcceptedAt: moment(a.TermsAcceptedAt), IP: a.IP,
		VerifiedAt: optionalTime(a.VerifiedAt), DecidedAt: optionalTime(a.DecidedAt), DecidedBy: optionalID(a.DecidedBy), Reason: a.Reason,
		AffiliateID: optionalID(a.AffiliateID), AdvertiserID: optionalID(a.AdvertiserID), CreatedAt: moment(a.CreatedAt)}
	for _, q := range a.Answers {
		b.Answers = append(b.Answers, answerBody{ID: q.ID, Label: q.Label, Kind: string(q.Kind), Text: q.Text})
	}
	return b
}

type applicationList struct {
	Paging
	Period
	Kind   string `query:"kind" enum:"affiliate,advertiser" doc:"Only of this kind"`
	Status string `query:"status" enum:"unverified,pending,approved,rejected" doc:"Only those in this state"`
	Search string `query:"search" maxLength:"200" doc:"Part of the company's name"`
}

func (s *service) listApplications(ctx context.Context, actor account.Actor, in *applicationList) (*list[applicationBody], error) {
	from, to, err := in.bounds()
	if err != nil {
		return nil, err
	}
	found, err := s.Applications.List(ctx, actor, application.Filter{Kind: application.Kind(in.Kind), Status: application.Status(in.Status),
		Search: in.Search, From: from, To: to}, in.page())
	if err != nil {
		return nil, err
	}
	return newList(found, newApplicationBody), nil
}

type applicationID struct {
	ID application.ID `path:"id" doc:"Id of the application"`
}

func (s *service) getApplication(ctx context.Context, actor account.Actor, in *applicationID) (*one[applicationBody], error) {
	a, err := s.Applications.Get(ctx, actor, in.ID)
	if err != nil {
		return nil, err
	}
	return &one[applicationBody]{newApplicationBody(a)}, nil
}

func (s *service) approveApplication(ctx context.Context, actor account.Actor, in *applicationID) (*one[applicationBody], error) {
	a, url, err := s.Applications.Approve(ctx, actor, in.ID)
	if err != nil {
		return nil, err
	}
	body := newApplicationBody(a)
	body.InvitationURL = url
	return &one[applicationBody]{body}, nil
}

type applicationReject struct {
	ID   application.ID `path:"id" doc:"Id of the application"`
	Body struct {
		Reason string `json:"reason" maxLength:"2000" doc:"Why; the applicant is mailed it"`
	}
}

func (s *service) rejectApplication(ctx context.Context, actor account.Actor, in *applicationReject) (*one[applicationBody], error) {
	a, err := s.Applications.Reject(ctx, actor, in.ID, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return &one[applicationBody]{newApplicationBody(a)}, nil
}
