package account

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/audit"
	"github.com/waypost/waypost/domain/errs"
)

// UserFilter narrows a list of users; the zero filter takes all.
type UserFilter struct {
	Role         Role
	Status       UserStatus
	AffiliateID  int64
	AdvertiserID int64
	From, To     time.Time // made at From or later, before To
}

// Store keeps users and their log-ins.
type Store interface {
	InsertUser(ctx context.Context, u *User) error // sets u.ID; Conflict users_email if the address is taken
	UpdateUser(ctx context.Context, u User) error
	DeleteUser(ctx context.Context, id UserID) error // with its log-ins
	GetUser(ctx context.Context, s Scope, id UserID) (User, error)
	GetUserForUpdate(ctx context.Context, s Scope, id UserID) (User, error) // locked until the transaction ends
	FindUser(ctx context.Context, email string) (User, error)               // case ignored
	ListUsers(ctx context.Context, s Scope, f UserFilter, p domain.Page) (domain.Slice[User], error)
	// LockAdmins lists the active administrators and keeps them so until the transaction ends.
	LockAdmins(ctx context.Context) ([]UserID, error)
	// ReplaceHash changes a password hash if it is still the old one.
	ReplaceHash(ctx context.Context, id UserID, from, to string) error

	InsertToken(ctx context.Context, t RefreshToken) error
	FindToken(ctx context.Context, hash [32]byte) (RefreshToken, error)
	SpendToken(ctx context.Context, id domain.UUID, at time.Time) error
	RevokeFamily(ctx context.Context, family domain.UUID, at time.Time) error
	RevokeUser(ctx context.Context, id UserID, at time.Time) error
	// SessionUser is the active user of a log-in that is neither revoked nor over; else NotFound.
	SessionUser(ctx context.Context, id UserID, family domain.UUID, now time.Time) (User, error)
	// DeleteTokens forgets tokens that were over before.
	DeleteTokens(ctx context.Context, before time.Time) (int, error)

	ClaimStore
}

// Deps is what a Service works with.
type Deps struct {
	Tx      domain.Transactor
	Store   Store
	Audit   audit.Recorder
	Limiter Limiter // nil = in the memory of this process
	Clock   domain.Clock
	Random  io.Reader // cryptographic
}

// Service is what can be done with users and their log-ins.
type Service struct {
	Deps
	passwords *hasher
}

// NewService makes the service.
func NewService(d Deps) *Service {
	if d.Limiter == nil {
		d.Limiter = NewLimits(d.Clock)
	}
	return &Service{Deps: d, passwords: newHasher(d.Random)}
}

// CreateUser saves a new user. With a password it can log in at once, without one it is invited.
func (s *Service) CreateUser(ctx context.Context, actor Actor, u User, password string) (User, error) {
	if err := actor.Require(PermissionManageUsers); err != nil {
		return User{}, err
	}
	if u.Status == "" && password == "" {
		u.Status = UserStatusInvited
	}
	u.Status = cmp.Or(u.Status, UserStatusActive)
	u.PasswordHash = ""
	if err := u.validate(password); err != nil {
		return User{}, err
	}
	if password != "" {
		var err error
		if u.PasswordHash, err = s.passwords.hash(ctx, password); err != nil {
			return User{}, err
		}
	}
	return s.insertUser(ctx, actor, u)
}

func (s *Service) insertUser(ctx context.Context, actor Actor, u User) (User, error) {
	u.CreatedAt = s.Clock.Now()
	u.UpdatedAt = u.CreatedAt
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.InsertUser(ctx, &u); err != nil {
			return fmt.Errorf("create user: %w", err)
		}
		return s.record(ctx, actor, "user.create", u.ID, nil, u.masked())
	})
	if err != nil {
		return User{}, err
	}
	return u, nil
}

// EnsureOperator makes the first administrator at the first start. Where there is one already it does nothing; it
// never resets a password.
func (s *Service) EnsureOperator(ctx context.Context, email, password string) error {
	var admins []UserID
	find := func(ctx context.Context) (err error) {
		admins, err = s.Store.LockAdmins(ctx)
		return err
	}
	if err := s.Tx.InTx(ctx, find); err != nil {
		return fmt.Errorf("look for an administrator: %w", err)
	}
	if len(admins) > 0 {
		return nil
	}
	_, err := s.CreateUser(ctx, SystemActor("start"), User{Email: email, Role: RoleAdmin}, password)
	if errs.HasCode(err, "users_email") {
		// Another node may have made the same administrator in the meantime.
		if again := s.Tx.InTx(ctx, find); again == nil && len(admins) > 0 {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("create first administrator: %w", err)
	}
	return nil
}

// UpdateUser changes a user; users may change their own name. A user that is disabled, or gets another role or party,
// is logged out everywhere.
func (s *Service) UpdateUser(ctx context.Context, actor Actor, id UserID, change func(*User)) (User, error) {
	manages := actor.Require(PermissionManageUsers)
	if manages != nil && actor.UserID != id {
		return User{}, s.hideUser(id)
	}
	var after User
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		before, admins, err := s.lockUser(ctx, actor, id)
		if err != nil {
			return fmt.Errorf("update user %d: %w", id, err)
		}
		after = before
		change(&after)
		after.ID, after.CreatedAt, after.UpdatedAt, after.PasswordHash = before.ID, before.CreatedAt, before.UpdatedAt, before.PasswordHash
		if renamed := before; manages != nil {
			if renamed.Name = after.Name; renamed != after {
				return manages
			}
		}
		if err := after.validate(""); err != nil {
			return err
		}
		if err := keepAnAdmin(admins, id, after.Role == RoleAdmin && after.Status == UserStatusActive); err != nil {
			return err
		}
		after.UpdatedAt = s.Clock.Now()
		if err := s.Store.UpdateUser(ctx, after); err != nil {
			return fmt.Errorf("update user %d: %w", id, err)
		}
		if after.Status != UserStatusActive || after.Role != before.Role || after.AffiliateID != before.AffiliateID || after.AdvertiserID != before.AdvertiserID {
			if err := s.Store.RevokeUser(ctx, id, s.Clock.Now()); err != nil {
				return fmt.Errorf("log out user %d: %w", id, err)
			}
		}
		return s.record(ctx, actor, "user.update", id, before.masked(), after.masked())
	})
	if err != nil {
		return User{}, err
	}
	return after, nil
}

// lockUser locks the administrators first, then the user: one order for all, so that no two wait for each other.
func (s *Service) lockUser(ctx context.Context, actor Actor, id UserID) (User, []UserID, error) {
	admins, err := s.Store.LockAdmins(ctx)
	if err != nil {
		return User{}, nil, err
	}
	u, err := s.Store.GetUserForUpdate(ctx, actor.Scope(), id)
	return u, admins, err
}

// keepAnAdmin refuses to take the last active administrator away.
func keepAnAdmin(admins []UserID, id UserID, stays bool) error {
	if !stays && len(admins) == 1 && admins[0] == id {
		return errs.Conflict("last_admin", "this is the last active administrator: make another one first")
	}
	return nil
}

// SetPasswordInput is a change of password.
type SetPasswordInput struct {
	UserID  UserID
	Current string // needed for one's own
	New     string
}

// SetPassword changes a password and ends all log-ins of its user. An invited user becomes active.
func (s *Service) SetPassword(ctx context.Context, actor Actor, in SetPasswordInput) error {
	own := actor.UserID != 0 && actor.UserID == in.UserID
	if !own && actor.Require(PermissionManageUsers) != nil {
		return s.hideUser(in.UserID)
	}
	u, err := s.Store.GetUser(ctx, actor.Scope(), in.UserID)
	if err != nil {
		return fmt.Errorf("set password of user %d: %w", in.UserID, err)
	}
	if own {
		if _, err := s.Login(ctx, LoginInput{Email: u.Email, Password: in.Current, IP: actor.IP}); err != nil {
			if errs.Is(err, errs.KindUnauthenticated) {
				return errs.Invalid("wrong_password", "the current password is not right").At("body.current_password")
			}
			return err
		}
	}
	if err := CheckPassword(in.New, u.Email); err != nil {
		return atPassword(err)
	}
	hash, err := s.passwords.hash(ctx, in.New)
	if err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		before, err := s.Store.GetUserForUpdate(ctx, actor.Scope(), in.UserID)
		if err != nil {
			return fmt.Errorf("set password of user %d: %w", in.UserID, err)
		}
		after := before
		after.PasswordHash, after.UpdatedAt = hash, s.Clock.Now()
		if after.Status == UserStatusInvited {
			after.Status = UserStatusActive
		}
		if err := s.Store.UpdateUser(ctx, after); err != nil {
			return fmt.Errorf("set password of user %d: %w", in.UserID, err)
		}
		if err := s.Store.RevokeUser(ctx, in.UserID, s.Clock.Now()); err != nil {
			return fmt.Errorf("log out user %d: %w", in.UserID, err)
		}
		return s.record(ctx, actor, "user.password", in.UserID, before.masked(), after.masked())
	})
}

// DeleteUser removes a user and its log-ins. The audit log keeps its id.
func (s *Service) DeleteUser(ctx context.Context, actor Actor, id UserID) error {
	if err := actor.Require(PermissionManageUsers); err != nil {
		if actor.UserID == id {
			return err
		}
		return s.hideUser(id)
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		before, admins, err := s.lockUser(ctx, actor, id)
		if err == nil {
			err = keepAnAdmin(admins, id, false)
		}
		if err == nil {
			err = s.Store.DeleteUser(ctx, id)
		}
		if err != nil {
			return fmt.Errorf("delete user %d: %w", id, err)
		}
		return s.record(ctx, actor, "user.delete", id, before.masked(), nil)
	})
}

// GetUser reads one user: administrators any, others themselves.
func (s *Service) GetUser(ctx context.Context, actor Actor, id UserID) (User, error) {
	if actor.UserID != id && actor.Require(PermissionManageUsers) != nil {
		return User{}, s.hideUser(id)
	}
	u, err := s.Store.GetUser(ctx, actor.Scope(), id)
	if err != nil {
		return User{}, fmt.Errorf("get user %d: %w", id, err)
	}
	return u, nil
}

// ListUsers reads a part of the users, newest first.
func (s *Service) ListUsers(ctx context.Context, actor Actor, f UserFilter, p domain.Page) (domain.Slice[User], error) {
	if err := actor.Require(PermissionManageUsers); err != nil {
		return domain.Slice[User]{}, err
	}
	list, err := s.Store.ListUsers(ctx, actor.Scope(), f, p)
	if err != nil {
		return domain.Slice[User]{}, fmt.Errorf("list users: %w", err)
	}
	return list, nil
}

func (s *Service) hideUser(id UserID) error {
	return errs.NotFound("not_found", "there is no user %d", id)
}

func (s *Service) record(ctx context.Context, actor Actor, action string, id UserID, before, after any) error {
	e, err := actor.Audit(s.Clock.Now(), action, "user", id, before, after)
	if err != nil {
		return err
	}
	return s.Audit.Record(ctx, e)
}
