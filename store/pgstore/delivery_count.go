package pgstore

import (
	"context"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/postback"
)

// CountResend implements postback.DeliveryStore.
func (s Deliveries) CountResend(ctx context.Context, scope account.Scope, f postback.DeliveryFilter) (int, error) {
	where, args, err := deliveryConditions(scope, f)
	if err != nil {
		return 0, err
	}
	row, err := gorm.G[struct{ Count int }](s.db.orm(ctx)).Raw(`
		WITH asked AS MATERIALIZED (SELECT id, created_at, conversion_id, postback_id, lease_until FROM deliveries WHERE `+where+`)
		SELECT count(*) AS count FROM asked d
		WHERE (d.lease_until IS NULL OR d.lease_until < now()) AND NOT EXISTS (
			SELECT FROM deliveries n WHERE n.conversion_id = d.conversion_id AND n.postback_id = d.postback_id
				AND (n.created_at, n.id) > (d.created_at, d.id))`, args...).Take(ctx)
	if err != nil {
		return 0, translate("count deliveries", err)
	}
	return row.Count, nil
}
