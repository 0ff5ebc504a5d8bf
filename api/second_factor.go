package api

import (
	"context"
	"net/http"

	"github.com/waypost/waypost/domain/account"
)

const tagSecondFactor = "Second factor"

func (s *service) secondFactorRoutes() {
	register(s, op{"start-second-factor", http.MethodPost, "/me/second-factor", "Begin to enrol an authenticator app", tagSecondFactor, 0, []int{409}}, s.startSecondFactor)
	register(s, op{"confirm-second-factor", http.MethodPost, "/me/second-factor/confirm", "Prove that the app is set up and that it is you; from then on log-in asks for its codes", tagSecondFactor, 0, []int{409, 429}}, s.confirmSecondFactor)
	register(s, op{"renew-recovery-codes", http.MethodPost, "/me/second-factor/recovery-codes", "Get a new set of recovery codes", tagSecondFactor, 0, []int{409, 429}}, s.renewRecoveryCodes)
	register(s, op{"drop-second-factor", http.MethodDelete, "/me/second-factor", "Turn your second factor off", tagSecondFactor, 204, []int{409, 415, 429}}, s.dropSecondFactor)
}

// enrolmentBody is what an authenticator app needs.
type enrolmentBody struct {
	Secret     string `json:"secret" doc:"To type into the app; base32, shown only here" example:"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"`
	OTPAuthURL string `json:"otpauth_url" doc:"The same to show as a QR code"`
}

func (s *service) startSecondFactor(ctx context.Context, actor account.Actor, _ *struct{}) (*one[enrolmentBody], error) {
	e, err := s.Accounts.StartFactor(ctx, actor)
	if err != nil {
		return nil, err
	}
	return &one[enrolmentBody]{enrolmentBody{Secret: e.Secret, OTPAuthURL: e.URL}}, nil
}

// recoveryCodesBody are the codes for when the app is lost.
type recoveryCodesBody struct {
	RecoveryCodes []string `json:"recovery_codes" doc:"Each logs in once in place of the app's code; shown only here"`
}

type otpInput struct {
	Body struct {
		OTP string `json:"otp" maxLength:"40" doc:"The code that the app shows, or a recovery code" example:"123456"`
	}
}

type passwordAndOTPInput struct {
	Body struct {
		Password string `json:"password" maxLength:"1024" doc:"Your password"`
		OTP      string `json:"otp" maxLength:"40" doc:"The code that the app shows, or a recovery code" example:"123456"`
	}
}

func (s *service) confirmSecondFactor(ctx context.Context, actor account.Actor, in *passwordAndOTPInput) (*one[recoveryCodesBody], error) {
	codes, err := s.Accounts.ConfirmFactor(ctx, actor, in.Body.Password, in.Body.OTP)
	if err != nil {
		return nil, err
	}
	return &one[recoveryCodesBody]{recoveryCodesBody{codes}}, nil
}

func (s *service) renewRecoveryCodes(ctx context.Context, actor account.Actor, in *otpInput) (*one[recoveryCodesBody], error) {
	codes, err := s.Accounts.RenewRecoveryCodes(ctx, actor, in.Body.OTP)
	if err != nil {
		return nil, err
	}
	return &one[recoveryCodesBody]{recoveryCodesBody{codes}}, nil
}

func (s *service) dropSecondFactor(ctx context.Context, actor account.Actor, in *passwordAndOTPInput) (*noBody, error) {
	return nil, s.Accounts.DropFactor(ctx, actor, in.Body.Password, in.Body.OTP)
}
