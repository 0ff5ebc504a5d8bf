package pgstore

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain/account"
)

const (
	requestHashColumn = "idempotency_keys.request_hash"
	answerBodyColumn  = "idempotency_keys.body"
)

// claimRow is a row of idempotency_keys.
type claimRow struct {
	UserID      int64  `gorm:"primaryKey"`
	Key         string `gorm:"primaryKey"`
	RequestHash []byte // sealed
	Status      int
	ContentType string
	Body        []byte // sealed
	ClaimedAt   time.Time
	Age         int64 `gorm:"->"` // microseconds, computed when read
}

// TableName implements gorm's Tabler.
func (claimRow) TableName() string { return "idempotency_keys" }

func (s Accounts) claim(r claimRow) (account.Claim, error) {
	c := account.Claim{Write: account.Write{UserID: account.UserID(r.UserID), Key: account.IdempotencyKey(r.Key)},
		At: r.ClaimedAt, Age: time.Duration(r.Age) * time.Microsecond}
	hash, err := s.db.sealer.Open(requestHashColumn, r.RequestHash)
	if err == nil && copy(c.Request[:], hash) != sha256.Size {
		err = errors.New("request hash is too short")
	}
	if err == nil && r.Status != 0 {
		c.Answer = &account.Answer{Status: r.Status, ContentType: r.ContentType}
		c.Answer.Body, err = s.db.sealer.Open(answerBodyColumn, r.Body)
	}
	if err != nil {
		return account.Claim{}, fmt.Errorf("read idempotency key of user %d: %w", r.UserID, err)
	}
	return c, nil
}

// claimedNow runs a statement that returns claimed_at where it claimed the key for w.
func (s Accounts) claimedNow(ctx context.Context, w account.Write, deed, sql string, args ...any) (account.Claim, bool, error) {
	var at []time.Time
	if err := s.db.orm(ctx).Raw(sql, args...).Scan(&at).Error; err != nil {
		return account.Claim{}, false, translate(deed, err)
	}
	if len(at) == 0 {
		return account.Claim{}, false, nil
	}
	return account.Claim{Write: w, At: at[0]}, true, nil
}

// InsertClaim implements account.ClaimStore.
func (s Accounts) InsertClaim(ctx context.Context, w account.Write) (account.Claim, bool, error) {
	return s.claimedNow(ctx, w, "insert idempotency key",
		`INSERT INTO idempotency_keys (user_id, key, request_hash) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING claimed_at`,
		int64(w.UserID), string(w.Key), s.db.sealer.Seal(requestHashColumn, w.Request[:]))
}

// ReplaceClaim implements account.ClaimStore.
func (s Accounts) ReplaceClaim(ctx context.Context, old account.Claim, w account.Write) (account.Claim, bool, error) {
	return s.claimedNow(ctx, w, "replace idempotency key",
		`UPDATE idempotency_keys SET request_hash = ?, status = 0, content_type = '', body = '', claimed_at = now()
		WHERE user_id = ? AND key = ? AND claimed_at = ? RETURNING claimed_at`,
		s.db.sealer.Seal(requestHashColumn, w.Request[:]), int64(w.UserID), string(w.Key), old.At)
}

// GetClaim implements account.ClaimStore.
func (s Accounts) GetClaim(ctx context.Context, id account.UserID, key account.IdempotencyKey) (account.Claim, error) {
	row, err := gorm.G[claimRow](s.db.orm(ctx)).
		Select("*, (extract(epoch FROM now() - claimed_at) * 1000000)::bigint AS age").
		Where("user_id = ? AND key = ?", int64(id), string(key)).Take(ctx)
	if err != nil {
		return account.Claim{}, translate("get idempotency key", err)
	}
	return s.claim(row)
}

// held is the row of a claim that nobody replaced and that has no answer yet.
func (s Accounts) held(ctx context.Context, c account.Claim) gorm.ChainInterface[claimRow] {
	return gorm.G[claimRow](s.db.orm(ctx)).Where("user_id = ? AND key = ? AND claimed_at = ? AND status = 0", int64(c.UserID), string(c.Key), c.At)
}

// AnswerClaim implements account.ClaimStore.
func (s Accounts) AnswerClaim(ctx context.Context, c account.Claim, a account.Answer) error {
	_, err := s.held(ctx, c).Select("status", "content_type", "body").
		Updates(ctx, claimRow{Status: a.Status, ContentType: a.ContentType, Body: s.db.sealer.Seal(answerBodyColumn, a.Body)})
	return translate("answer idempotency key", err)
}

// DeleteClaim implements account.ClaimStore.
func (s Accounts) DeleteClaim(ctx context.Context, c account.Claim) error {
	_, err := s.held(ctx, c).Delete(ctx)
	return translate("delete idempotency key", err)
}

// DeleteClaims implements account.ClaimStore.
func (s Accounts) DeleteClaims(ctx context.Context, age time.Duration) (int, error) {
	n, err := gorm.G[claimRow](s.db.orm(ctx)).Where("claimed_at <= now() - ? * interval '1 microsecond'", age.Microseconds()).Delete(ctx)
	return n, translate("delete old idempotency keys", err)
}
