package api

import (
	"context"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/web"
)

const tagAuth = "Log-in"

func (s *service) authRoutes() {
	registerPublic(s, op{"login", http.MethodPost, "/auth/login", "Log in", tagAuth, 0, []int{401, 429}}, s.login)
	registerPublic(s, op{"refresh", http.MethodPost, "/auth/refresh", "Get the next access token of a log-in", tagAuth, 0, []int{401}}, s.refresh)
	register(s, op{"logout", http.MethodPost, "/auth/logout", "End this log-in", tagAuth, 204, nil}, s.logout)
	register(s, op{"me", http.MethodGet, "/me", "Read who you are", tagAuth, 0, nil}, s.me)
}

type loginInput struct {
	Body struct {
		Email    string `json:"email" maxLength:"400"`
		Password string `json:"password" maxLength:"1024"`
		OTP      string `json:"otp,omitempty" maxLength:"20" doc:"One-time password, where the account asks for one"`
	}
}

// tokensBody continues a log-in: the access token is shown with each call, the refresh token buys the next pair.
type tokensBody struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	TokenType    string `json:"token_type" enum:"Bearer"`
	ExpiresIn    int    `json:"expires_in" doc:"Seconds until the access token is over"`
}

func (s *service) tokens(session account.Session) (*one[tokensBody], error) {
	access, err := s.Tokens.Issue(web.Login{UserID: session.User.ID, Family: session.Family})
	if err != nil {
		return nil, err
	}
	return &one[tokensBody]{tokensBody{AccessToken: access, RefreshToken: session.RefreshToken, TokenType: "Bearer",
		ExpiresIn: int(web.TokenLifetime / time.Second)}}, nil
}

func (s *service) login(ctx context.Context, ip string, in *loginInput) (*one[tokensBody], error) {
	user, err := s.Accounts.Login(ctx, account.LoginInput{Email: in.Body.Email, Password: in.Body.Password, OTP: in.Body.OTP, IP: ip})
	if err != nil {
		return nil, err
	}
	session, err := s.Accounts.IssueRefresh(ctx, user, ip)
	if err != nil {
		return nil, err
	}
	return s.tokens(session)
}

type refreshInput struct {
	Body struct {
		RefreshToken string `json:"refresh_token" maxLength:"200"`
	}
}

func (s *service) refresh(ctx context.Context, ip string, in *refreshInput) (*one[tokensBody], error) {
	session, err := s.Accounts.Rotate(ctx, in.Body.RefreshToken, ip)
	if err != nil {
		return nil, err
	}
	return s.tokens(session)
}

func (s *service) logout(ctx context.Context, actor account.Actor, _ *struct{}) (*noBody, error) {
	caller, _ := ctx.Value(callerKey{}).(caller)
	return nil, s.Accounts.EndLogin(ctx, actor, caller.family)
}

// meBody is the user that the token belongs to.
type meBody struct {
	ID           account.UserID `json:"id"`
	Email        string         `json:"email"`
	Name         string         `json:"name"`
	Role         string         `json:"role" enum:"admin,manager,finance,viewer,affiliate,advertiser"`
	AffiliateID  *int64         `json:"affiliate_id" nullable:"true"`
	AdvertiserID *int64         `json:"advertiser_id" nullable:"true"`
	Status       string         `json:"status" enum:"active,invited,disabled"`
	CreatedAt    time.Time      `json:"created_at"`
}

func (s *service) me(ctx context.Context, actor account.Actor, _ *struct{}) (*one[meBody], error) {
	u, err := s.Accounts.Me(ctx, actor)
	if err != nil {
		return nil, err
	}
	return &one[meBody]{meBody{ID: u.ID, Email: u.Email, Name: u.Name, Role: string(u.Role),
		AffiliateID: optionalID(u.AffiliateID), AdvertiserID: optionalID(u.AdvertiserID), Status: string(u.Status),
		CreatedAt: moment(u.CreatedAt)}}, nil
}
