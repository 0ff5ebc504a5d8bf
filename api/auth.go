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
	registerPublic(s, op{"forgot-password", http.MethodPost, "/auth/forgot-password", "Ask for a link to choose a new password; the answer is the same whether there is such a user or not", tagAuth, 204, []int{429}}, s.forgotPassword)
	registerPublic(s, op{"set-password", http.MethodPost, "/auth/set-password", "Choose a password with the token of an invitation or of a link to choose a new one", tagAuth, 204, nil}, s.setPassword)
}

type loginInput struct {
	Body struct {
		Email    string `json:"email" maxLength:"400" doc:"Your e-mail address, case ignored"`
		Password string `json:"password" maxLength:"1024" doc:"Your password"`
		OTP      string `json:"otp,omitempty" maxLength:"40" doc:"Where the account has a second factor (otherwise the answer is otp_required): the code of its app, or a recovery code" example:"123456"`
	}
}

// tokensBody continues a log-in: the access token is shown with each call, the refresh token buys the next pair.
type tokensBody struct {
	AccessToken  string `json:"access_token" doc:"Send it in the header Authorization: Bearer …"`
	RefreshToken string `json:"refresh_token" doc:"Buys the next pair at POST /auth/refresh, once"`
	TokenType    string `json:"token_type" enum:"Bearer" doc:"How the access token is sent"`
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
		RefreshToken string `json:"refresh_token" maxLength:"4096" doc:"The last one that you were given; each works once"`
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

type forgotPasswordInput struct {
	Body struct {
		Email string `json:"email" maxLength:"400" example:"jane@example.com" doc:"Of the account"`
	}
}

// forgotPasswordTime is how long the answer takes, more than the work needs: it must not tell whether there was any.
const forgotPasswordTime = 400 * time.Millisecond

func (s *service) forgotPassword(ctx context.Context, ip string, in *forgotPasswordInput) (*noBody, error) {
	answer := time.NewTimer(forgotPasswordTime)
	defer answer.Stop()
	err := s.Accounts.ForgotPassword(ctx, in.Body.Email, ip)
	select {
	case <-answer.C:
	case <-ctx.Done():
	}
	return nil, err
}

type setPasswordInput struct {
	Body struct {
		Token    string `json:"token" maxLength:"200" doc:"The token of the link that was mailed"`
		Password string `json:"password" maxLength:"1024" doc:"12 characters or more"`
	}
}

func (s *service) setPassword(ctx context.Context, ip string, in *setPasswordInput) (*noBody, error) {
	return nil, s.Accounts.UseLink(ctx, in.Body.Token, in.Body.Password, ip)
}
