package account

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/errs"
)

// CreateUser saves a new user. With a password it can log in at once, without one it waits for an invitation.
func (s *Service) CreateUser(ctx context.Context, actor Actor, u User, password string) (User, error) {
	if err := actor.mayManage(u.Role); err != nil {
		return User{}, err
	}
	return s.createUser(ctx, actor, u, password)
}

func (s *Service) createUser(ctx context.Context, actor Actor, u User, password string) (User, error) {
	if u.Status == "" && password == "" {
		u.Status = UserStatusInvited
	}
	u.Status = cmp.Or(u.Status, UserStatusActive)
	u.PasswordHash, u.SecondFactor, u.LastLoginAt = "", false, time.Time{}
	if err := u.validate(password); err != nil {
		return User{}, err
	}
	if password == "" && u.Status == UserStatusActive {
		return User{}, errs.Invalid("required", "an active user needs a password; leave status out to invite the user").At("body.password")
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
			return fmt.Errorf("create user: %w", located(u, err))
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

// located names the field that the database refused.
func located(u User, err error) error {
	e, _ := errs.As(err)
	switch {
	case e != nil && e.Code == "users_email":
		return errs.Conflict(e.Code, "there is already a user with this e-mail address").At("body.email").Because(err)
	case e != nil && e.Code == "unknown_reference" && u.Role == RoleAffiliate:
		return errs.Invalid("unknown_affiliate", "there is no affiliate %d", u.AffiliateID).At("body.affiliate_id").Because(err)
	case e != nil && e.Code == "unknown_reference":
		return errs.Invalid("unknown_advertiser", "there is no advertiser %d", u.AdvertiserID).At("body.advertiser_id").Because(err)
	}
	return err
}

// mayManage tells whether the actor may make or change users of a role. An API key may do so for parties only: a new
// or changed operator would let it log in as one.
func (a Actor) mayManage(r Role) error {
	if err := a.Require(PermissionManageUsers); err != nil {
		return err
	}
	if r.Operator() {
		return a.RequireLogin()
	}
	return nil
}

// UpdateUser changes a user. One that is disabled, or gets another role or party, is logged out everywhere;
// what one saved of a party's lists does not come along to another. A change that sets UpdatedAt says which version it was made from; where that is another than the present one it is
// Conflict changed_meanwhile.
func (s *Service) UpdateUser(ctx context.Context, actor Actor, id UserID, change func(*User)) (User, error) {
	if actor.Require(PermissionManageUsers) != nil {
		return User{}, hideUser(id)
	}
	return s.updateUser(ctx, actor, id, s.lockUser, func(u *User) error {
		err := actor.mayManage(u.Role)
		if change(u); err == nil {
			err = actor.mayManage(u.Role)
		}
		return err
	})
}

// MyProfile is what users may change of themselves.
type MyProfile struct {
	Name     string
	TimeZone string
	Theme    Theme
}

// UpdateMe changes the actor's own profile. Errors: login_required for an API key, whatever its role.
func (s *Service) UpdateMe(ctx context.Context, actor Actor, change func(*MyProfile)) (User, error) {
	if err := actor.RequireLogin(); err != nil {
		return User{}, err
	}
	// Changes neither role nor status, so the administrators are not locked: their log-ins would wait.
	lock := func(ctx context.Context, actor Actor, id UserID) (User, []UserID, error) {
		u, err := s.Store.GetUserForUpdate(ctx, actor.Scope(), id)
		return u, nil, err
	}
	return s.updateUser(ctx, actor, actor.UserID, lock, func(u *User) error {
		p := MyProfile{Name: u.Name, TimeZone: u.TimeZone, Theme: u.Theme}
		change(&p)
		u.Name, u.TimeZone, u.Theme = p.Name, p.TimeZone, p.Theme
		return nil
	})
}

func (s *Service) updateUser(ctx context.Context, actor Actor, id UserID,
	lock func(context.Context, Actor, UserID) (User, []UserID, error), change func(*User) error) (User, error) {
	var after User
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		before, admins, err := lock(ctx, actor, id)
		if err != nil {
			return fmt.Errorf("update user %d: %w", id, err)
		}
		after = before
		if err := change(&after); err != nil {
			return err
		}
		if err := errs.SameVersion(before.UpdatedAt, after.UpdatedAt); err != nil {
			return err
		}
		after.ID, after.CreatedAt, after.UpdatedAt, after.PasswordHash = before.ID, before.CreatedAt, before.UpdatedAt, before.PasswordHash
		after.SecondFactor, after.LastLoginAt = before.SecondFactor, before.LastLoginAt
		if err := after.validate(""); err != nil {
			return err
		}
		if after.Status == UserStatusActive && before.Status != UserStatusActive && after.PasswordHash == "" {
			return errs.Invalid("no_password", "this user has no password yet: set one or send an invitation, and it becomes active").At("body.status")
		}
		if err := keepAnAdmin(admins, id, after.Role == RoleAdmin && after.Status == UserStatusActive && after.PasswordHash != ""); err != nil {
			return err
		}
		after.UpdatedAt = s.Clock.Now()
		if err := s.Store.UpdateUser(ctx, after); err != nil {
			return fmt.Errorf("update user %d: %w", id, located(after, err))
		}
		if after.Status != UserStatusActive || after.Role != before.Role || after.AffiliateID != before.AffiliateID || after.AdvertiserID != before.AdvertiserID {
			if err := s.Store.RevokeUser(ctx, id, s.Clock.Now()); err != nil {
				return fmt.Errorf("log out user %d: %w", id, err)
			}
		}
		if after.AffiliateID != before.AffiliateID || after.AdvertiserID != before.AdvertiserID { // the other team must not see them
			if err := s.Store.DeleteViews(ctx, id); err != nil {
				return fmt.Errorf("delete views of user %d: %w", id, err)
			}
		}
		if after.Email != before.Email { // links that went to the old address
			if err := s.Store.DeleteLinks(ctx, id); err != nil {
				return fmt.Errorf("recall links of user %d: %w", id, err)
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

// keepAnAdmin refuses to take the last administrator away who can log in.
func keepAnAdmin(admins []UserID, id UserID, stays bool) error {
	if !stays && len(admins) == 1 && admins[0] == id {
		return errs.Conflict("last_admin", "this is the last active administrator: make another one first")
	}
	return nil
}

// DeleteUser removes a user with its log-ins and API keys. The audit log keeps its id.
func (s *Service) DeleteUser(ctx context.Context, actor Actor, id UserID) error {
	if actor.Require(PermissionManageUsers) != nil {
		return hideUser(id)
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		before, admins, err := s.lockUser(ctx, actor, id)
		if err == nil {
			err = actor.mayManage(before.Role)
		}
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

// GetUser reads one user.
func (s *Service) GetUser(ctx context.Context, actor Actor, id UserID) (User, error) {
	if actor.Require(PermissionManageUsers) != nil {
		return User{}, hideUser(id)
	}
	return s.readUser(ctx, actor, id)
}

// Me reads the actor's own user.
func (s *Service) Me(ctx context.Context, actor Actor) (User, error) {
	return s.readUser(ctx, actor, actor.UserID)
}

func (s *Service) readUser(ctx context.Context, actor Actor, id UserID) (User, error) {
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

// hideUser answers who does not manage users, whether the user exists or not.
func hideUser(id UserID) error {
	return errs.NotFound("not_found", "there is no user %d", id)
}

func (s *Service) record(ctx context.Context, actor Actor, action string, id UserID, before, after any) error {
	return s.recordOf(ctx, actor, action, "user", id, before, after)
}

func (s *Service) recordOf(ctx context.Context, actor Actor, action, objectType string, id, before, after any) error {
	e, err := actor.Audit(s.Clock.Now(), action, objectType, id, before, after)
	if err != nil {
		return err
	}
	return s.Audit.Record(ctx, e)
}
