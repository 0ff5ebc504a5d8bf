package pgstore

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain/account"
)

const totpSecretColumn = "users.totp_secret"

// factorRow is the second factor in a row of users.
type factorRow struct {
	ID              int64      `gorm:"primaryKey"`
	TOTPSecret      []byte     `gorm:"column:totp_secret"` // sealed; NULL = none
	TOTPConfirmedAt *time.Time `gorm:"column:totp_confirmed_at"`
	TOTPLastStep    int64      `gorm:"column:totp_last_step"`
}

// TableName implements gorm's Tabler.
func (factorRow) TableName() string { return "users" }

func (s Accounts) newFactorRow(f account.SecondFactor) factorRow {
	row := factorRow{TOTPConfirmedAt: timeOrNull(f.ConfirmedAt), TOTPLastStep: f.LastStep}
	if f.Secret != "" {
		row.TOTPSecret = s.db.sealer.Seal(totpSecretColumn, []byte(f.Secret))
	}
	return row
}

func (s Accounts) factor(r factorRow) (account.SecondFactor, error) {
	f := account.SecondFactor{ConfirmedAt: timeOrZero(r.TOTPConfirmedAt), LastStep: r.TOTPLastStep}
	if r.TOTPSecret == nil {
		return f, nil
	}
	secret, err := s.db.sealer.Open(totpSecretColumn, r.TOTPSecret)
	if err != nil {
		return account.SecondFactor{}, fmt.Errorf("read second factor of user %d: %w", r.ID, err)
	}
	f.Secret = string(secret)
	return f, nil
}

// GetFactor implements account.FactorStore.
func (s Accounts) GetFactor(ctx context.Context, id account.UserID) (account.SecondFactor, error) {
	row, err := gorm.G[factorRow](s.db.orm(ctx)).Where("id = ?", int64(id)).Take(ctx)
	if err != nil {
		return account.SecondFactor{}, translate("get second factor", err)
	}
	return s.factor(row)
}

// SetFactor implements account.FactorStore.
func (s Accounts) SetFactor(ctx context.Context, id account.UserID, f account.SecondFactor) error {
	n, err := gorm.G[factorRow](s.db.orm(ctx)).Where("id = ?", int64(id)).
		Select("totp_secret", "totp_confirmed_at", "totp_last_step").Updates(ctx, s.newFactorRow(f))
	return changed("set second factor", n, err)
}

// SpendStep implements account.FactorStore.
func (s Accounts) SpendStep(ctx context.Context, id account.UserID, step int64) (bool, error) {
	n, err := gorm.G[factorRow](s.db.orm(ctx)).Where("id = ? AND totp_confirmed_at IS NOT NULL AND totp_last_step < ?", int64(id), step).
		Update(ctx, "totp_last_step", step)
	return n == 1, translate("spend one-time password", err)
}
