package pgstore

import (
	"context"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/postback"
)

// CountResend implements postback.DeliveryStore.
func (s Deliveries) CountResend(ctx context.Context, scope account.Scope, f postback.DeliveryFilter, most int) (postback.Resendable, error) {
	where, args, err := deliveryConditions(scope, f)
	if err != nil {
		return postback.Resendable{}, err
	}
	limit := ""
	if most > 0 {
		limit, args = " LIMIT ?", append(args, most+1)
	}
	row, err := gorm.G[struct{ Count, Seen int }](s.db.orm(ctx)).Raw(`
		WITH asked AS MATERIALIZED (SELECT id, created_at, conversion_id, postback_id, lease_until FROM deliveries WHERE `+where+limit+`)
		SELECT count(*) AS count, (SELECT count(*) FROM asked) AS seen FROM asked d
		WHERE (d.lease_until IS NULL OR d.lease_until < now()) AND NOT EXISTS (
			SELECT FROM deliveries n WHERE n.conversion_id = d.conversion_id AND n.postback_id = d.postback_id
				AND (n.created_at, n.id) > (d.created_at, d.id))`, args...).Take(ctx)
	if err != nil {
		return postback.Resendable{}, translate("count deliveries", err)
	}
	if most > 0 && row.Seen > most {
		return postback.Resendable{Count: min(row.Count, most), More: true}, nil
	}
	return postback.Resendable{Count: row.Count}, nil
}
