// Package network is what holds for the whole network: its name and face, what its parties may decide by themselves, and
// who may sign up.
package network

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/audit"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/field"
	"github.com/waypost/waypost/domain/money"
)

// Settings of the network. There is one of them.
type Settings struct {
	Name              string // as its parties know it
	AdvertisersDecide bool   // advertisers approve and reject their own conversions

	BrandColour  string         // #rrggbb; empty = the product's own
	LogoVersion  string         // of Logo; empty = there is none
	SupportEmail string         // empty = none is shown
	TermsURL     string         // that whoever signs up accepts; empty = there are none
	Currency     money.Currency // of new parties
	TimeZone     string         // IANA name, of new users

	AffiliateSignUp     bool // strangers may apply as affiliates
	AdvertiserSignUp    bool
	AffiliateQuestions  []Question // of the sign-up form, in their order
	AdvertiserQuestions []Question

	UpdatedAt time.Time
}

// Store keeps the settings.
type Store interface {
	Get(ctx context.Context) (Settings, error)
	GetForUpdate(ctx context.Context) (Settings, error) // locked until the transaction ends
	Update(ctx context.Context, s Settings) error

	GetLogo(ctx context.Context) (Logo, error) // NotFound where there is none
	SetLogo(ctx context.Context, l Logo) error
	DeleteLogo(ctx context.Context) error
}

// Deps is what a Service works with.
type Deps struct {
	Tx    domain.Transactor
	Store Store
	Audit audit.Recorder
	Clock domain.Clock
}

// Service is what can be done with the settings.
type Service struct{ Deps }

// NewService makes the service.
func NewService(d Deps) *Service { return &Service{d} }

// Get reads the settings; every role may. What parties see of them is the door's affair.
func (s *Service) Get(ctx context.Context, actor account.Actor) (Settings, error) {
	if err := actor.Scope().Check(); err != nil {
		return Settings{}, err
	}
	settings, err := s.Store.Get(ctx)
	if err != nil {
		return Settings{}, fmt.Errorf("get network settings: %w", err)
	}
	return settings, nil
}

// Public reads the settings for strangers: the pages that need no log-in show their name, face and sign-up forms.
func (s *Service) Public(ctx context.Context) (Settings, error) {
	settings, err := s.Store.Get(ctx)
	if err != nil {
		return Settings{}, fmt.Errorf("get network settings: %w", err)
	}
	return settings, nil
}

// Update changes the settings; the logo has deeds of its own. A change that sets UpdatedAt says which version it was made
// from; where that is another than the present one it is Conflict changed_meanwhile.
func (s *Service) Update(ctx context.Context, actor account.Actor, change func(*Settings)) (Settings, error) {
	if err := actor.Require(account.PermissionManageNetwork); err != nil {
		return Settings{}, err
	}
	var after Settings
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		before, err := s.Store.GetForUpdate(ctx)
		if err != nil {
			return err
		}
		after = before
		change(&after)
		if err := errs.SameVersion(before.UpdatedAt, after.UpdatedAt); err != nil {
			return err
		}
		after.LogoVersion = before.LogoVersion
		if err := after.check(); err != nil {
			return err
		}
		after.UpdatedAt = s.Clock.Now()
		if err := s.Store.Update(ctx, after); err != nil {
			return err
		}
		return s.record(ctx, actor, before, after)
	})
	if err != nil {
		return Settings{}, fmt.Errorf("update network settings: %w", err)
	}
	return after, nil
}

func (s *Service) record(ctx context.Context, actor account.Actor, before, after Settings) error {
	e, err := actor.Audit(after.UpdatedAt, "network.update", "network", "settings", before, after)
	if err != nil {
		return err
	}
	return s.Audit.Record(ctx, e)
}

var colourForm = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// check brings the settings into their stored form and finds all that is wrong with them.
func (s *Settings) check() error {
	var c field.Checks
	var err error
	s.Name, err = field.Required(s.Name)
	c.Add("body.name", err)
	if s.BrandColour = strings.ToLower(strings.TrimSpace(s.BrandColour)); s.BrandColour != "" && !colourForm.MatchString(s.BrandColour) {
		c.Add("body.brand_colour", errs.Invalid("invalid_colour", "must be a colour such as #1f6feb, or empty"))
	}
	s.SupportEmail, err = field.Email(s.SupportEmail)
	c.Add("body.support_email", err)
	s.TermsURL, err = WebAddress(s.TermsURL)
	c.Add("body.terms_url", err)
	s.Currency, err = money.ParseCurrency(string(s.Currency))
	c.Add("body.currency", err)
	if _, err := time.LoadLocation(s.TimeZone); err != nil || s.TimeZone == "" || s.TimeZone == "Local" {
		c.Add("body.time_zone", errs.Invalid("invalid_time_zone", "must be an IANA time zone such as Europe/Berlin"))
	}
	s.AffiliateQuestions = checkQuestions(s.AffiliateQuestions, "body.affiliate_questions", &c)
	s.AdvertiserQuestions = checkQuestions(s.AdvertiserQuestions, "body.advertiser_questions", &c)
	return c.Err()
}
