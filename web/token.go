package web

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
)

// Bounds of an access token.
const (
	TokenLifetime  = 10 * time.Minute
	maxTokenLength = 2048
	minSecret      = 32 // bytes
	tokenIssuer    = "waypost"
	tokenType      = "at+jwt" // RFC 9068
)

// AudienceAPI is the audience of tokens for the JSON API.
const AudienceAPI = "waypost-api"

// Login is what an access token proves: a user, and the log-in (family of refresh tokens) that it stems from.
type Login struct {
	UserID account.UserID
	Family domain.UUID
}

// Tokens issues and verifies the access tokens of one audience: JWTs under HS256. Each audience has a key of its own,
// derived from the secret, so that a token for one door opens no other. Previous secrets are not accepted: a token
// lives ten minutes and is refreshed. Safe for concurrent use.
type Tokens struct {
	audience string
	key      []byte
	now      domain.Clock
	parser   *jwt.Parser
}

// NewTokens derives the key. A token issued in the future is taken: the clock of the node that issued it is ahead.
// The secret needs at least 32 bytes.
func NewTokens(secret []byte, audience string, now domain.Clock) (*Tokens, error) {
	if len(secret) < minSecret {
		return nil, fmt.Errorf("a secret needs at least %d bytes", minSecret)
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "waypost access token v1 "+audience, 32)
	if err != nil {
		return nil, fmt.Errorf("derive token key: %w", err)
	}
	return &Tokens{audience: audience, key: key, now: now, parser: jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithExpirationRequired(),
		jwt.WithIssuer(tokenIssuer),
		jwt.WithAudience(audience),
		jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(now),
	)}, nil
}

type tokenClaims struct {
	jwt.RegisteredClaims
	Family string `json:"sid"`
}

// Issue makes a token that is good for TokenLifetime.
func (t *Tokens) Issue(l Login) (string, error) {
	now := t.now()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, tokenClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: tokenIssuer, Audience: jwt.ClaimStrings{t.audience},
			Subject:  strconv.FormatInt(int64(l.UserID), 10),
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(TokenLifetime)),
		},
		Family: l.Family.String(),
	})
	token.Header["typ"] = tokenType
	text, err := token.SignedString(t.key)
	if err != nil {
		return "", fmt.Errorf("sign access token: %w", err)
	}
	return text, nil
}

// Verify reads a token that Issue made. Every other text is the error invalid_token, an outlived one expired_token.
func (t *Tokens) Verify(text string) (Login, error) {
	l, err := t.verify(text)
	switch {
	case errors.Is(err, jwt.ErrTokenExpired) && !errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return Login{}, errs.Unauthenticated("expired_token", "this access token is over: get another with your refresh token").Because(err)
	case err != nil:
		return Login{}, errs.Unauthenticated("invalid_token", "this access token is not valid: log in again").Because(err)
	}
	return l, nil
}

func (t *Tokens) verify(text string) (Login, error) {
	if len(text) > maxTokenLength {
		return Login{}, errors.New("too long")
	}
	if strings.ContainsAny(text, "\r\n") { // which base64 decoders skip: a token has one spelling
		return Login{}, errors.New("has line breaks")
	}
	var claims tokenClaims
	token, err := t.parser.ParseWithClaims(text, &claims, func(*jwt.Token) (any, error) { return t.key, nil })
	if err != nil {
		return Login{}, err
	}
	if token.Header["typ"] != tokenType {
		return Login{}, errors.New("of another type")
	}
	if _, critical := token.Header["crit"]; critical { // RFC 7515: what we do not understand we must refuse
		return Login{}, errors.New("has critical headers")
	}
	if claims.IssuedAt == nil || claims.ExpiresAt.Sub(claims.IssuedAt.Time) > TokenLifetime {
		return Login{}, errors.New("lives too long")
	}
	user, err := strconv.ParseInt(claims.Subject, 10, 64)
	if err != nil || user <= 0 {
		return Login{}, errors.New("names no user")
	}
	family, ok := domain.ParseUUID(claims.Family)
	if !ok {
		return Login{}, errors.New("names no log-in")
	}
	return Login{UserID: account.UserID(user), Family: family}, nil
}
