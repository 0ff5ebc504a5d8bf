package pgstore

import (
	"context"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/postback"
)

// LastOf implements postback.DeliveryStore.
func (s Deliveries) LastOf(ctx context.Context, scope account.Scope, ids []conversion.ID) ([]postback.Delivery, error) {
	where, args, err := deliveryConditions(scope, postback.DeliveryFilter{})
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	of := make([]uuid, len(ids))
	for i, id := range ids {
		of[i] = uuid(id.UUID)
	}
	var rows []deliveryRow
	err = s.db.orm(ctx).Raw("SELECT DISTINCT ON (conversion_id, postback_id) * FROM deliveries WHERE conversion_id IN ? AND "+where+
		" ORDER BY conversion_id, postback_id, created_at DESC, id DESC", append([]any{of}, args...)...).Scan(&rows).Error
	if err != nil {
		return nil, translate("read last deliveries", err)
	}
	last := make([]postback.Delivery, len(rows))
	for i, r := range rows {
		last[i] = r.delivery()
	}
	return last, nil
}
