package pgstore

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/waypost/waypost/domain/network"
)

// Network keeps the network's settings; it implements network.Store.
type Network struct{ db *DB }

// Network is the store of the network's settings.
func (db *DB) Network() Network { return Network{db} }

// networkRow is the row of network_settings.
type networkRow struct {
	Single            bool `gorm:"primaryKey"`
	Name              string
	AdvertisersDecide bool
	UpdatedAt         time.Time `gorm:"autoUpdateTime:false"`
}

// TableName implements gorm's Tabler.
func (networkRow) TableName() string { return "network_settings" }

func newNetworkRow(s network.Settings) networkRow {
	return networkRow{Single: true, Name: s.Name, AdvertisersDecide: s.AdvertisersDecide, UpdatedAt: s.UpdatedAt}
}

func (r networkRow) settings() network.Settings {
	return network.Settings{Name: r.Name, AdvertisersDecide: r.AdvertisersDecide, UpdatedAt: r.UpdatedAt.UTC()}
}

// Get implements network.Store.
func (s Network) Get(ctx context.Context) (network.Settings, error) { return s.get(ctx) }

// GetForUpdate implements network.Store.
func (s Network) GetForUpdate(ctx context.Context) (network.Settings, error) {
	return s.get(ctx, forUpdate)
}

func (s Network) get(ctx context.Context, opts ...clause.Expression) (network.Settings, error) {
	row, err := gorm.G[networkRow](s.db.orm(ctx), opts...).Where("single").Take(ctx)
	if err != nil {
		return network.Settings{}, translate("get network settings", err)
	}
	return row.settings(), nil
}

// Update implements network.Store.
func (s Network) Update(ctx context.Context, settings network.Settings) error {
	n, err := gorm.G[networkRow](s.db.orm(ctx)).Where("single").Select("*").Omit("single").Updates(ctx, newNetworkRow(settings))
	return changed("update network settings", n, err)
}
