package account

import (
	"context"
	"fmt"

	"github.com/waypost/waypost/domain/errs"
)

// SetPasswordInput is a change of password.
type SetPasswordInput struct {
	UserID  UserID
	Current string // needed for one's own
	New     string
}

// SetPassword changes a password and ends all log-ins of its user. An invited user becomes active. Errors:
// login_required for an API key, wrong_password.
func (s *Service) SetPassword(ctx context.Context, actor Actor, in SetPasswordInput) error {
	own := actor.UserID != 0 && actor.UserID == in.UserID
	if !own && actor.Require(PermissionManageUsers) != nil {
		return hideUser(in.UserID)
	}
	if err := actor.RequireLogin(); err != nil {
		return err
	}
	u, err := s.readUser(ctx, actor, in.UserID)
	if err != nil {
		return err
	}
	if own {
		if err := s.askPassword(ctx, actor, u, in.Current, "body.current_password"); err != nil {
			return err
		}
	}
	hash, err := s.newHash(ctx, in.New, u.Email)
	if err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		before, err := s.Store.GetUserForUpdate(ctx, actor.Scope(), in.UserID)
		if err != nil {
			return fmt.Errorf("set password of user %d: %w", in.UserID, err)
		}
		return s.replacePassword(ctx, actor, before, hash)
	})
}

// askPassword has the actor prove itself again. Wrong passwords are counted.
func (s *Service) askPassword(ctx context.Context, actor Actor, u User, password, location string) error {
	if password == "" {
		return errs.Invalid("required", "is required: prove that it is you").At(location)
	}
	return s.ownAttempt(ctx, actor, func() error {
		_, ok, err := s.prove(ctx, u.Email, password)
		if err == nil && !ok {
			err = errs.Invalid("wrong_password", "the current password is not right").At(location)
		}
		return err
	})
}

// newHash checks a new password and hashes it.
func (s *Service) newHash(ctx context.Context, password, email string) (string, error) {
	if err := CheckPassword(password, email); err != nil {
		return "", atPassword(err)
	}
	return s.passwords.hash(ctx, password)
}

// replacePassword gives a locked user another password: its log-ins end, its links are good no more.
func (s *Service) replacePassword(ctx context.Context, actor Actor, before User, hash string) error {
	after := before
	after.PasswordHash, after.UpdatedAt = hash, s.Clock.Now()
	if after.Status == UserStatusInvited {
		after.Status = UserStatusActive
	}
	if err := s.Store.UpdateUser(ctx, after); err != nil {
		return fmt.Errorf("set password of user %d: %w", after.ID, err)
	}
	if err := s.Store.RevokeUser(ctx, after.ID, s.Clock.Now()); err != nil {
		return fmt.Errorf("log out user %d: %w", after.ID, err)
	}
	if err := s.Store.DeleteLinks(ctx, after.ID); err != nil {
		return fmt.Errorf("recall links of user %d: %w", after.ID, err)
	}
	return s.record(ctx, actor, "user.password", after.ID, before.masked(), after.masked())
}
