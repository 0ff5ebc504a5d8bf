package pgstore

import (
	"context"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain/offer"
)

// ValuesShown implements conversion.Store.
func (s Conversions) ValuesShown(ctx context.Context, offers []offer.ID) (map[offer.ID]bool, error) {
	rows, err := gorm.G[offerRow](s.db.orm(ctx)).Select("id, show_value").Where("id IN ?", int64s(offers)).Find(ctx)
	if err != nil {
		return nil, translate("read what offers show", err)
	}
	shown := make(map[offer.ID]bool, len(rows))
	for _, o := range rows {
		shown[offer.ID(o.ID)] = o.ShowValue
	}
	return shown, nil
}
