package account

import (
	"context"
	"fmt"
	"strings"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/field"
)

// LoginInput is what someone shows to log in.
type LoginInput struct {
	Email    string
	Password string
	OTP      string // one-time password or recovery code, where the account asks for one
	IP       string
}

// Login finds the user that the password proves, and the one-time password where the user has a second factor. Unknown
// address, wrong password, disabled and invited users get the same answer, invalid_credentials, after the same time;
// who guessed too often is refused before any hash is computed. Errors besides: otp_required, invalid_otp.
func (s *Service) Login(ctx context.Context, in LoginInput) (User, error) {
	u, err := s.login(ctx, in)
	if err != nil {
		return User{}, err
	}
	return u, nil
}

// login is Login, which tells the user also where the error is otp_required: its password was right.
func (s *Service) login(ctx context.Context, in LoginInput) (User, error) {
	email := strings.TrimSpace(in.Email)
	var u User
	err := s.loginAttempt(ctx, email, in.IP, func() error {
		var ok bool
		var err error
		if u, ok, err = s.prove(ctx, email, in.Password); err != nil {
			return fmt.Errorf("log in: %w", err)
		}
		if !ok {
			return errs.Unauthenticated("invalid_credentials", "e-mail address or password is not right")
		}
		if !u.SecondFactor {
			return nil
		}
		if strings.TrimSpace(in.OTP) == "" {
			return errs.Unauthenticated("otp_required", "this account has a second factor: send the code of your app, or a recovery code, as otp")
		}
		if ok, err = s.takeOTP(ctx, u.Actor(in.IP), in.OTP); err != nil {
			return fmt.Errorf("log in: %w", err)
		}
		if !ok {
			return errs.Unauthenticated("invalid_otp", "this one-time password is not right, or was used before: wait for the next one")
		}
		return nil
	})
	if err != nil && !errs.HasCode(err, "otp_required") {
		return User{}, err
	}
	return u, err
}

// prove tells whether the password is that of an active user.
func (s *Service) prove(ctx context.Context, email, password string) (User, bool, error) {
	u, err := s.findLogin(ctx, email)
	if err != nil {
		return User{}, false, err
	}
	phc, may := unknownUser, false
	if u.PasswordHash != "" {
		phc, may = u.PasswordHash, u.Status == UserStatusActive
	}
	if len(password) > 4*MaxPassword { // bytes; cannot be right and would only cost time
		password = ""
	}
	right, weak, err := s.passwords.verify(ctx, password, phc)
	if err != nil || !right || !may {
		return User{}, false, err
	}
	if weak {
		stronger, err := s.passwords.hash(ctx, password)
		if err != nil {
			return User{}, false, err
		}
		if err := s.Store.ReplaceHash(ctx, u.ID, u.PasswordHash, stronger); err != nil {
			return User{}, false, err
		}
		u.PasswordHash = stronger
	}
	return u, true, nil
}

// findLogin finds the user that means to log in; the zero user if there is none.
func (s *Service) findLogin(ctx context.Context, email string) (User, error) {
	if _, err := field.Email(email); err != nil { // has no user, and may be no text for the database
		return User{}, nil
	}
	u, err := s.Store.FindUser(ctx, email)
	if errs.Is(err, errs.KindNotFound) || errs.Is(err, errs.KindInvalid) {
		return User{}, nil
	}
	return u, err
}
