package pgstore

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain/account"
)

// recoveryCodeRow is a row of recovery_codes.
type recoveryCodeRow struct {
	UserID   int64  `gorm:"primaryKey"`
	CodeHash []byte `gorm:"primaryKey"`
	UsedAt   *time.Time
}

// TableName implements gorm's Tabler.
func (recoveryCodeRow) TableName() string { return "recovery_codes" }

// ReplaceCodes implements account.FactorStore.
func (s Accounts) ReplaceCodes(ctx context.Context, id account.UserID, hashes [][32]byte) error {
	if _, err := gorm.G[recoveryCodeRow](s.db.orm(ctx)).Where("user_id = ?", int64(id)).Delete(ctx); err != nil {
		return translate("delete recovery codes", err)
	}
	if len(hashes) == 0 {
		return nil
	}
	rows := make([]recoveryCodeRow, len(hashes))
	for i := range hashes {
		rows[i] = recoveryCodeRow{UserID: int64(id), CodeHash: hashes[i][:]}
	}
	return translate("insert recovery codes", gorm.G[recoveryCodeRow](s.db.orm(ctx)).CreateInBatches(ctx, &rows, len(rows)))
}

// SpendCode implements account.FactorStore.
func (s Accounts) SpendCode(ctx context.Context, id account.UserID, hash [32]byte, at time.Time) (bool, error) {
	n, err := gorm.G[recoveryCodeRow](s.db.orm(ctx)).Where("user_id = ? AND code_hash = ? AND used_at IS NULL", int64(id), hash[:]).Update(ctx, "used_at", at)
	return n == 1, translate("spend recovery code", err)
}
