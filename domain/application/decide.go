package application

import (
	"context"
	"fmt"
	"strings"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/field"
	"github.com/waypost/waypost/domain/mail"
)

// maxReason is the longest reason of a rejection, in characters.
const maxReason = 1000

// Approve makes the affiliate or advertiser and its first user, who is mailed a link to choose a password; url is that
// link, for whom mail does not reach, and empty for an actor who may not manage users. Errors: application_not_pending, users_email where the address got an account in the
// meantime.
func (s *Service) Approve(ctx context.Context, actor account.Actor, id ID) (a Application, url string, err error) {
	a, err = s.decide(ctx, actor, id, StatusApproved, func(ctx context.Context, a *Application) (err error) {
		settings, err := s.Network.Get(ctx)
		if err != nil {
			return err
		}
		u := account.User{Email: a.Email, Name: a.Contact, TimeZone: settings.TimeZone}
		if a.Kind == KindAffiliate {
			made, _, err := s.Affiliates.Create(ctx, actor, affiliate.Affiliate{Name: a.Company, Email: a.Email, Currency: settings.Currency})
			if err != nil {
				return err
			}
			a.AffiliateID, u.Role, u.AffiliateID = made.ID, account.RoleAffiliate, int64(made.ID)
		} else {
			made, _, err := s.Advertisers.Create(ctx, actor, advertiser.Advertiser{Name: a.Company, Email: a.Email, Currency: settings.Currency})
			if err != nil {
				return err
			}
			a.AdvertiserID, u.Role, u.AdvertiserID = made.ID, account.RoleAdvertiser, int64(made.ID)
		}
		_, url, err = s.Accounts.InviteApplicant(ctx, actor, u)
		return err
	})
	return a, url, err
}

// Reject refuses the applicant, who is mailed the reason. Errors: application_not_pending, required.
func (s *Service) Reject(ctx context.Context, actor account.Actor, id ID, reason string) (Application, error) {
	return s.decide(ctx, actor, id, StatusRejected, func(ctx context.Context, a *Application) error {
		var c field.Checks
		var err error
		if a.Reason, err = field.Text(strings.Join(strings.Fields(reason), " "), maxReason); err == nil && a.Reason == "" {
			err = errs.Invalid("required", "tell the applicant why")
		}
		c.Add("body.reason", err)
		if err := c.Err(); err != nil {
			return err
		}
		settings, err := s.Network.Get(ctx)
		if err != nil {
			return err
		}
		text := fmt.Sprintf("Your application to join %s as %s was not accepted.\n\nReason: %s\n", settings.Name, a.Kind, a.Reason)
		if settings.SupportEmail != "" {
			text += "\nQuestions: " + settings.SupportEmail + "\n"
		}
		return s.Mail.Queue(ctx, mail.Message{To: a.Email, Subject: "Your application to " + settings.Name, Text: text})
	})
}

// decide moves a locked application and does what follows, all of it or nothing.
func (s *Service) decide(ctx context.Context, actor account.Actor, id ID, to Status, follow func(context.Context, *Application) error) (Application, error) {
	if err := actor.Require(account.PermissionManageCatalogue); err != nil {
		return Application{}, err
	}
	var a Application
	err := s.Tx.InTx(ctx, func(ctx context.Context) (err error) {
		if a, err = s.Store.GetForUpdate(ctx, actor.Scope(), id); err != nil {
			return err
		}
		before := a.snapshot()
		if err := a.move(to); err != nil {
			return err
		}
		a.DecidedAt, a.DecidedBy = s.Clock.Now(), actor.UserID
		a.UpdatedAt = a.DecidedAt
		if err := follow(ctx, &a); err != nil {
			return err
		}
		if err := s.Store.Update(ctx, a); err != nil {
			return err
		}
		return s.record(ctx, actor, "application."+string(to), before, a)
	})
	if err != nil {
		return Application{}, fmt.Errorf("decide on application %d: %w", id, err)
	}
	return a, nil
}
