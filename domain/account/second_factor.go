package account

import (
	"context"
	"fmt"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/mail"
)

// SecondFactor is what a user's one-time passwords are judged by. The zero value is none.
type SecondFactor struct {
	Secret      string    // base32, as apps take it
	ConfirmedAt time.Time // zero = enrolment was begun only: log-in does not ask yet
	LastStep    int64     // the latest time step whose code was taken
}

// FactorStore keeps second factors and recovery codes.
type FactorStore interface {
	GetFactor(ctx context.Context, id UserID) (SecondFactor, error)
	SetFactor(ctx context.Context, id UserID, f SecondFactor) error
	// SpendStep notes the time step of a code; false if it, or a later one, was spent already.
	SpendStep(ctx context.Context, id UserID, step int64) (bool, error)
	// ReplaceCodes makes these the user's recovery codes and forgets all others.
	ReplaceCodes(ctx context.Context, id UserID, hashes [][32]byte) error
	// SpendCode is false if the user has no such code, or spent it before.
	SpendCode(ctx context.Context, id UserID, hash [32]byte, at time.Time) (bool, error)
}

// Enrolment is what an authenticator app needs; shown once.
type Enrolment struct {
	Secret string // base32, to type
	URL    string // otpauth://…, to show as a QR code
}

// issuer is how authenticator apps call the account.
const issuer = "Waypost"

// StartFactor begins the enrolment of the actor's second factor; ConfirmFactor ends it. Begun anew it gives another
// secret.
func (s *Service) StartFactor(ctx context.Context, actor Actor) (Enrolment, error) {
	var e Enrolment
	err := s.changeFactor(ctx, actor, func(ctx context.Context, u User) error {
		if u.SecondFactor {
			return errs.Conflict("second_factor_on", "you have a second factor: turn it off before you enrol another")
		}
		key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: u.Email, Rand: s.Random, SecretSize: 20})
		if err != nil {
			return fmt.Errorf("make second factor: %w", err)
		}
		e = Enrolment{Secret: key.Secret(), URL: key.URL()}
		if err := s.Store.SetFactor(ctx, u.ID, SecondFactor{Secret: e.Secret}); err != nil {
			return fmt.Errorf("keep second factor: %w", err)
		}
		return s.record(ctx, actor, "second_factor.start", u.ID, nil, nil)
	})
	return e, err
}

// ConfirmFactor proves with a first code that the app is set up, and with the password that it is the owner's: a
// log-in that was left open must not lock its owner out. From then on log-in asks for codes. It gives the recovery
// codes, which are shown once. Errors: no_enrolment, wrong_password, invalid_otp.
func (s *Service) ConfirmFactor(ctx context.Context, actor Actor, password, code string) ([]string, error) {
	if err := actor.RequireLogin(); err != nil {
		return nil, err
	}
	u, err := s.Me(ctx, actor)
	if err != nil {
		return nil, err
	}
	if err := s.askPassword(ctx, actor, u, password, "body.password"); err != nil {
		return nil, err
	}
	var codes []string
	err = s.changeFactor(ctx, actor, func(ctx context.Context, u User) error {
		f, err := s.Store.GetFactor(ctx, u.ID)
		if err != nil {
			return fmt.Errorf("read second factor: %w", err)
		}
		if f.Secret == "" || u.SecondFactor {
			return errs.Conflict("no_enrolment", "no enrolment is under way: begin one first")
		}
		step, ok := totpStep(f.Secret, plainOTP(code), s.Clock.Now(), 0)
		if !ok {
			return errs.Invalid("invalid_otp", "this is not the code that your app should show now; is the clock of your device right?").At("body.otp")
		}
		f.ConfirmedAt, f.LastStep = s.Clock.Now(), step
		if err := s.Store.SetFactor(ctx, u.ID, f); err != nil {
			return fmt.Errorf("keep second factor: %w", err)
		}
		if codes, err = s.replaceCodes(ctx, u.ID); err != nil {
			return err
		}
		if err := s.mailFactor(ctx, u, "on"); err != nil {
			return err
		}
		return s.record(ctx, actor, "second_factor.on", u.ID, nil, nil)
	})
	return codes, err
}

// RenewRecoveryCodes gives another set of recovery codes; the old ones are good no more.
func (s *Service) RenewRecoveryCodes(ctx context.Context, actor Actor, code string) ([]string, error) {
	if err := s.askOTP(ctx, actor, "", code); err != nil {
		return nil, err
	}
	var codes []string
	err := s.changeFactor(ctx, actor, func(ctx context.Context, u User) (err error) {
		if codes, err = s.replaceCodes(ctx, u.ID); err != nil {
			return err
		}
		return s.record(ctx, actor, "second_factor.codes", u.ID, nil, nil)
	})
	return codes, err
}

// DropFactor turns the actor's second factor off, proved by password and code.
func (s *Service) DropFactor(ctx context.Context, actor Actor, password, code string) error {
	if password == "" {
		return errs.Invalid("required", "is required: prove that it is you").At("body.password")
	}
	if err := s.askOTP(ctx, actor, password, code); err != nil {
		return err
	}
	return s.changeFactor(ctx, actor, func(ctx context.Context, u User) error { return s.clearFactor(ctx, actor, u) })
}

// ResetFactor turns off the second factor of a user who lost it. One's own is dropped with DropFactor.
func (s *Service) ResetFactor(ctx context.Context, actor Actor, id UserID) error {
	if actor.Require(PermissionManageUsers) != nil {
		return hideUser(id)
	}
	if err := actor.RequireLogin(); err != nil {
		return err
	}
	if id == actor.UserID {
		return errs.Forbidden("own_second_factor", "turn your own second factor off with your password and a code (DELETE /me/second-factor)")
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		u, err := s.Store.GetUserForUpdate(ctx, actor.Scope(), id)
		if err != nil {
			return fmt.Errorf("reset second factor of user %d: %w", id, err)
		}
		return s.clearFactor(ctx, actor, u)
	})
}

func (s *Service) clearFactor(ctx context.Context, actor Actor, u User) error {
	err := s.Store.SetFactor(ctx, u.ID, SecondFactor{})
	if err == nil {
		err = s.Store.ReplaceCodes(ctx, u.ID, nil)
	}
	if err != nil {
		return fmt.Errorf("turn second factor of user %d off: %w", u.ID, err)
	}
	if u.SecondFactor { // not where an enrolment was only begun
		if err := s.mailFactor(ctx, u, "off"); err != nil {
			return err
		}
	}
	return s.record(ctx, actor, "second_factor.off", u.ID, nil, nil)
}

// mailFactor tells the owner that the second factor was turned on or off, which somebody else may have done.
func (s *Service) mailFactor(ctx context.Context, u User, turned string) error {
	if s.Mail == nil {
		return nil
	}
	m := mail.Message{To: u.Email, Subject: fmt.Sprintf("Second factor turned %s at %s", turned, s.PublicURL), Text: fmt.Sprintf(`The second factor of your account at %s was turned %s on %s.

If it was neither you nor an administrator at your request, ask for a new password at once and tell the network's administrators.
`, s.PublicURL, turned, s.Clock.Now().UTC().Format("2 January 2006, 15:04 MST"))}
	if err := s.Mail.Queue(ctx, m); err != nil {
		return fmt.Errorf("queue mail: %w", err)
	}
	return nil
}

// changeFactor runs a change of the actor's own second factor under its user's lock.
func (s *Service) changeFactor(ctx context.Context, actor Actor, change func(ctx context.Context, u User) error) error {
	if err := actor.RequireLogin(); err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		u, err := s.Store.GetUserForUpdate(ctx, actor.Scope(), actor.UserID)
		if err != nil {
			return fmt.Errorf("change second factor of user %d: %w", actor.UserID, err)
		}
		return change(ctx, u)
	})
}

func (s *Service) replaceCodes(ctx context.Context, id UserID) ([]string, error) {
	codes, err := newRecoveryCodes(s.Random)
	if err != nil {
		return nil, err
	}
	hashes := make([][32]byte, len(codes))
	for i, c := range codes {
		hashes[i] = hashRecoveryCode(c)
	}
	if err := s.Store.ReplaceCodes(ctx, id, hashes); err != nil {
		return nil, fmt.Errorf("keep recovery codes: %w", err)
	}
	return codes, nil
}

// askOTP has the actor prove itself again by a one-time password, and by its password if one is given. What is wrong
// is counted.
func (s *Service) askOTP(ctx context.Context, actor Actor, password, code string) error {
	if err := actor.RequireLogin(); err != nil {
		return err
	}
	u, err := s.Me(ctx, actor)
	if err != nil {
		return err
	}
	if !u.SecondFactor {
		return errs.Conflict("no_second_factor", "you have no second factor")
	}
	if password != "" {
		if err := s.askPassword(ctx, actor, u, password, "body.password"); err != nil {
			return err
		}
	}
	return s.ownAttempt(ctx, actor, func() error {
		ok, err := s.takeOTP(ctx, actor, code)
		if err == nil && !ok {
			err = errs.Invalid("invalid_otp", "this one-time password is not right, or was used before: wait for the next one").At("body.otp")
		}
		return err
	})
}

// takeOTP spends a one-time password of the actor's user; false if it is not right or was spent before.
func (s *Service) takeOTP(ctx context.Context, actor Actor, text string) (bool, error) {
	code := plainOTP(text)
	switch len(code) {
	case totpDigits:
		f, err := s.Store.GetFactor(ctx, actor.UserID)
		if err != nil {
			return false, fmt.Errorf("read second factor: %w", err)
		}
		step, ok := totpStep(f.Secret, code, s.Clock.Now(), f.LastStep)
		if !ok || f.ConfirmedAt.IsZero() {
			return false, nil
		}
		return s.Store.SpendStep(ctx, actor.UserID, step)
	case recoveryCodeLength:
		spent := false
		err := s.Tx.InTx(ctx, func(ctx context.Context) (err error) {
			if spent, err = s.Store.SpendCode(ctx, actor.UserID, hashRecoveryCode(code), s.Clock.Now()); err != nil || !spent {
				return err
			}
			return s.record(ctx, actor, "second_factor.recovery_code", actor.UserID, nil, nil)
		})
		return spent && err == nil, err
	}
	return false, nil
}
