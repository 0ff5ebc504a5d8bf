package api

import (
	"context"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain/account"
)

const tagUsers = "Users"

func (s *service) userRoutes() {
	register(s, op{"list-users", http.MethodGet, "/users", "List users", tagUsers, 0, nil}, s.listUsers)
	register(s, op{"create-user", http.MethodPost, "/users", "Create a user, or invite one", tagUsers, 201, []int{409}}, s.createUser)
	register(s, op{"get-user", http.MethodGet, "/users/{id}", "Read a user", tagUsers, 0, nil}, s.getUser)
	register(s, op{"update-user", http.MethodPatch, "/users/{id}", "Change a user", tagUsers, 0, []int{409}}, s.updateUser)
	register(s, op{"delete-user", http.MethodDelete, "/users/{id}", "Delete a user with its log-ins and API keys", tagUsers, 204, []int{409}}, s.deleteUser)
	register(s, op{"set-user-password", http.MethodPost, "/users/{id}/password", "Set a password and end all log-ins of its user", tagUsers, 204, []int{429}}, s.setUserPassword)
	register(s, op{"invite-user", http.MethodPost, "/users/{id}/invite", "Mail an invited user another link", tagUsers, 0, []int{409}}, s.inviteUser)
	register(s, op{"end-user-sessions", http.MethodDelete, "/users/{id}/sessions", "End all log-ins of a user", tagUsers, 204, nil}, s.endUserSessions)
	register(s, op{"reset-second-factor", http.MethodDelete, "/users/{id}/second-factor", "Turn off the second factor of a user who lost it", tagUsers, 204, nil}, s.resetSecondFactor)
}

// UserBody is a user as administrators, and as itself, see it.
type UserBody struct {
	ID            account.UserID `json:"id" doc:"Id of the user"`
	Email         string         `json:"email" example:"jane@example.com" doc:"Log-in name and address for mail"`
	Name          string         `json:"name" example:"Jane Doe" doc:"Name, for people; may be empty"`
	Role          string         `json:"role" enum:"admin,manager,finance,viewer,affiliate,advertiser" doc:"What the user may do"`
	AffiliateID   *int64         `json:"affiliate_id" nullable:"true" doc:"Set for role affiliate"`
	AdvertiserID  *int64         `json:"advertiser_id" nullable:"true" doc:"Set for role advertiser"`
	Status        string         `json:"status" enum:"active,invited,disabled" doc:"Only an active user may log in; an invited one has no password yet"`
	TimeZone      string         `json:"time_zone" doc:"IANA name, for screens" example:"Europe/Berlin"`
	Theme         string         `json:"theme" enum:"auto,light,dark" doc:"How screens look to the user"`
	SecondFactor  bool           `json:"second_factor" doc:"Log-in asks for a one-time password too"`
	LastLoginAt   *time.Time     `json:"last_login_at" nullable:"true" doc:"When the user logged in last; null = never"`
	CreatedAt     time.Time      `json:"created_at" doc:"When it was made"`
	UpdatedAt     time.Time      `json:"updated_at" doc:"When it was changed last"`
	InvitationURL *string        `json:"invitation_url,omitempty" doc:"Where the invited user chooses a password; shown only here, for whom mail does not reach"`
}

func newUserBody(u account.User) UserBody {
	return UserBody{ID: u.ID, Email: u.Email, Name: u.Name, Role: string(u.Role), AffiliateID: optionalID(u.AffiliateID),
		AdvertiserID: optionalID(u.AdvertiserID), Status: string(u.Status), TimeZone: u.TimeZone, Theme: string(u.Theme), SecondFactor: u.SecondFactor,
		LastLoginAt: optionalTime(u.LastLoginAt), CreatedAt: moment(u.CreatedAt), UpdatedAt: moment(u.UpdatedAt)}
}

// newInvitedBody is a user with the link that was just mailed.
func newInvitedBody(u account.User, url string) *one[UserBody] {
	b := newUserBody(u)
	b.InvitationURL = optionalText(url)
	return &one[UserBody]{b}
}

// UserFields are what may be left out when a user is saved.
type UserFields struct {
	Name         Nullable[string]             `json:"name,omitempty" maxLength:"400" example:"Jane Doe" doc:"Name, for people; null empties it"`
	AffiliateID  Nullable[int64]              `json:"affiliate_id,omitempty" doc:"Required for role affiliate, not allowed for others"`
	AdvertiserID Nullable[int64]              `json:"advertiser_id,omitempty" doc:"Required for role advertiser, not allowed for others"`
	Status       Optional[account.UserStatus] `json:"status,omitempty" enum:"active,invited,disabled" doc:"Whether the user may log in"`
	TimeZone     Optional[string]             `json:"time_zone,omitempty" maxLength:"100" doc:"IANA name; default UTC" example:"Europe/Berlin"`
}

func (f UserFields) apply(u *account.User) {
	f.Name.to(&u.Name)
	f.AffiliateID.to(&u.AffiliateID)
	f.AdvertiserID.to(&u.AdvertiserID)
	f.Status.to(&u.Status)
	f.TimeZone.to(&u.TimeZone)
}

type userID struct {
	ID account.UserID `path:"id" doc:"Id of the user"`
}

type userList struct {
	Paging
	Period
	Role         string `query:"role" enum:"admin,manager,finance,viewer,affiliate,advertiser" doc:"Only with this role"`
	Status       string `query:"status" enum:"active,invited,disabled" doc:"Only those in this state"`
	AffiliateID  int64  `query:"affiliate_id" doc:"Only users of this affiliate"`
	AdvertiserID int64  `query:"advertiser_id" doc:"Only users of this advertiser"`
	Search       string `query:"search" maxLength:"200" doc:"Part of the name or of the e-mail address"`
}

func (s *service) listUsers(ctx context.Context, actor account.Actor, in *userList) (*list[UserBody], error) {
	from, to, err := in.bounds()
	if err != nil {
		return nil, err
	}
	f := account.UserFilter{Role: account.Role(in.Role), Status: account.UserStatus(in.Status), AffiliateID: in.AffiliateID,
		AdvertiserID: in.AdvertiserID, Search: in.Search, From: from, To: to}
	found, err := s.Accounts.ListUsers(ctx, actor, f, in.page())
	if err != nil {
		return nil, err
	}
	return newList(found, newUserBody), nil
}

type userCreate struct {
	Body struct {
		Email    string           `json:"email" maxLength:"400" doc:"Unique, case ignored" example:"jane@example.com"`
		Role     account.Role     `json:"role" enum:"admin,manager,finance,viewer,affiliate,advertiser" doc:"What the user may do"`
		Password Optional[string] `json:"password,omitempty" maxLength:"1024" doc:"12 characters or more: the user can log in at once. Left out: the user is invited by mail"`
		UserFields
	}
}

func (s *service) createUser(ctx context.Context, actor account.Actor, in *userCreate) (*one[UserBody], error) {
	u := account.User{Email: in.Body.Email, Role: in.Body.Role}
	in.Body.apply(&u)
	if in.Body.Password.value == "" {
		u, url, err := s.Accounts.InviteUser(ctx, actor, u)
		if err != nil {
			return nil, err
		}
		return newInvitedBody(u, url), nil
	}
	u, err := s.Accounts.CreateUser(ctx, actor, u, in.Body.Password.value)
	if err != nil {
		return nil, err
	}
	return &one[UserBody]{newUserBody(u)}, nil
}

func (s *service) getUser(ctx context.Context, actor account.Actor, in *userID) (*one[UserBody], error) {
	u, err := s.Accounts.GetUser(ctx, actor, in.ID)
	if err != nil {
		return nil, err
	}
	return &one[UserBody]{newUserBody(u)}, nil
}

type userUpdate struct {
	ID   account.UserID `path:"id" doc:"Id of the user"`
	Body struct {
		Email Optional[string]       `json:"email,omitempty" maxLength:"400" doc:"Log-in name and address for mail; unique, case ignored"`
		Role  Optional[account.Role] `json:"role,omitempty" enum:"admin,manager,finance,viewer,affiliate,advertiser" doc:"What the user may do"`
		UserFields
	}
}

func (s *service) updateUser(ctx context.Context, actor account.Actor, in *userUpdate) (*one[UserBody], error) {
	u, err := s.Accounts.UpdateUser(ctx, actor, in.ID, func(u *account.User) {
		in.Body.Email.to(&u.Email)
		in.Body.Role.to(&u.Role)
		in.Body.apply(u)
	})
	if err != nil {
		return nil, err
	}
	return &one[UserBody]{newUserBody(u)}, nil
}

func (s *service) deleteUser(ctx context.Context, actor account.Actor, in *userID) (*noBody, error) {
	return nil, s.Accounts.DeleteUser(ctx, actor, in.ID)
}

type userPassword struct {
	ID   account.UserID `path:"id" doc:"Id of the user"`
	Body struct {
		Password        string `json:"password" maxLength:"1024" doc:"12 characters or more"`
		CurrentPassword string `json:"current_password,omitempty" maxLength:"1024" doc:"Required for one's own"`
	}
}

func (s *service) setUserPassword(ctx context.Context, actor account.Actor, in *userPassword) (*noBody, error) {
	return nil, s.Accounts.SetPassword(ctx, actor, account.SetPasswordInput{UserID: in.ID, Current: in.Body.CurrentPassword, New: in.Body.Password})
}

func (s *service) inviteUser(ctx context.Context, actor account.Actor, in *userID) (*one[UserBody], error) {
	u, url, err := s.Accounts.Invite(ctx, actor, in.ID)
	if err != nil {
		return nil, err
	}
	return newInvitedBody(u, url), nil
}

func (s *service) endUserSessions(ctx context.Context, actor account.Actor, in *userID) (*noBody, error) {
	return nil, s.Accounts.EndUser(ctx, actor, in.ID)
}

func (s *service) resetSecondFactor(ctx context.Context, actor account.Actor, in *userID) (*noBody, error) {
	return nil, s.Accounts.ResetFactor(ctx, actor, in.ID)
}
