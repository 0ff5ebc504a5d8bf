// Package application is the sign-up of affiliates and advertisers: a stranger fills in a form, proves the e-mail
// address by a mailed link, and an operator lets the stranger in or not.
package application

import (
	"time"

	"golang.org/x/text/language"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/field"
	"github.com/waypost/waypost/domain/network"
)

// ID names an application. Small integers, as those of what it becomes.
type ID int64

// Kind says what the applicant wants to be.
type Kind string

// The kinds of applications.
const (
	KindAffiliate  Kind = "affiliate"
	KindAdvertiser Kind = "advertiser"
)

// Application is one stranger's wish to join.
type Application struct {
	ID      ID
	Kind    Kind
	Status  Status
	Company string
	Contact string // name of the person who applies
	Email   string
	Country string // ISO 3166-1 alpha-2
	Website string // may be empty
	Answers []Answer

	TermsURL        string // that were accepted; empty where the network had none
	TermsAcceptedAt time.Time
	IP              string

	TokenHash      *[32]byte // SHA-256 of the mailed link's token; nil once verified
	TokenExpiresAt time.Time

	VerifiedAt   time.Time // zero until then
	DecidedAt    time.Time // zero until then
	DecidedBy    account.UserID
	Reason       string        // of a rejection, as the applicant was told
	AffiliateID  affiliate.ID  // that it became
	AdvertiserID advertiser.ID // that it became
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Answer is a question of the form, as it was asked, with what was answered.
type Answer struct {
	ID    string               `json:"id"`
	Label string               `json:"label"`
	Kind  network.QuestionKind `json:"kind"`
	Text  string               `json:"text"` // empty = not answered
}

// Form is what an applicant sends.
type Form struct {
	Kind          Kind
	Company       string
	Contact       string
	Email         string
	Country       string
	Website       string
	Answers       map[string]string // by the id of the question
	AcceptedTerms bool
}

// questions are those of the sign-up form of a kind, and whether it is open.
func questions(n network.Settings, k Kind) (qs []network.Question, open bool) {
	if k == KindAffiliate {
		return n.AffiliateQuestions, n.AffiliateSignUp
	}
	return n.AdvertiserQuestions, n.AdvertiserSignUp
}

// read judges a form by the network's settings and makes an application of it, in its stored form.
func (f Form) read(n network.Settings, now time.Time) (Application, error) {
	var c field.Checks
	var err error
	a := Application{Status: StatusUnverified, TermsURL: n.TermsURL, TermsAcceptedAt: now, CreatedAt: now, UpdatedAt: now}
	if a.Kind, err = field.Choice(f.Kind, KindAffiliate, KindAdvertiser); err != nil {
		c.Add("body.kind", err)
		return Application{}, c.Err()
	}
	asked, open := questions(n, a.Kind)
	if !open {
		return Application{}, errs.Forbidden("sign_up_closed", "this network takes no applications of this kind at present")
	}
	a.Company, err = field.Required(f.Company)
	c.Add("body.company", err)
	a.Contact, err = field.Required(f.Contact)
	c.Add("body.contact", err)
	if a.Email, err = field.Email(f.Email); err == nil && a.Email == "" {
		err = errs.Invalid("required", "must not be empty")
	}
	c.Add("body.email", err)
	a.Country, err = country(f.Country)
	c.Add("body.country", err)
	a.Website, err = network.WebAddress(f.Website)
	c.Add("body.website", err)
	known := map[string]bool{}
	for _, q := range asked {
		known[q.ID] = true
		answer := Answer{ID: q.ID, Label: q.Label, Kind: q.Kind}
		answer.Text, err = q.Answer(f.Answers[q.ID])
		c.Add("body.answers."+q.ID, err)
		a.Answers = append(a.Answers, answer)
	}
	for id := range f.Answers {
		if !known[id] {
			c.Add("body.answers", errs.Invalid("unknown_question", "there is an answer to a question that the form does not have"))
			break
		}
	}
	if !f.AcceptedTerms {
		c.Add("body.accepted_terms", errs.Invalid("required", "must be true: who does not accept the terms cannot join"))
	}
	return a, c.Err()
}

// country brings a country's code into its stored form.
func country(code string) (string, error) {
	code, err := field.Text(code, 10)
	if err != nil {
		return "", err
	}
	if code == "" {
		return "", errs.Invalid("required", "must not be empty")
	}
	region, err := language.ParseRegion(code)
	if err != nil || len(code) != 2 || !region.IsCountry() {
		return "", errs.Invalid("invalid_country", "must be an ISO 3166 code of two letters such as DE")
	}
	return region.Canonicalize().String(), nil
}
