package pgstore

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/network"
)

// Network keeps the network's settings; it implements network.Store.
type Network struct{ db *DB }

// Network is the store of the network's settings.
func (db *DB) Network() Network { return Network{db} }

// networkRow is the row of network_settings.
type networkRow struct {
	Single              bool `gorm:"primaryKey"`
	Name                string
	AdvertisersDecide   bool
	BrandColour         string
	LogoVersion         string
	SupportEmail        string
	TermsURL            string
	Currency            string
	TimeZone            string
	AffiliateSignUp     bool
	AdvertiserSignUp    bool
	AffiliateQuestions  jsonb[[]network.Question]
	AdvertiserQuestions jsonb[[]network.Question]
	UpdatedAt           time.Time `gorm:"autoUpdateTime:false"`
}

// TableName implements gorm's Tabler.
func (networkRow) TableName() string { return "network_settings" }

func newNetworkRow(s network.Settings) networkRow {
	return networkRow{Single: true, Name: s.Name, AdvertisersDecide: s.AdvertisersDecide, BrandColour: s.BrandColour, LogoVersion: s.LogoVersion,
		SupportEmail: s.SupportEmail, TermsURL: s.TermsURL, Currency: string(s.Currency), TimeZone: s.TimeZone,
		AffiliateSignUp: s.AffiliateSignUp, AdvertiserSignUp: s.AdvertiserSignUp,
		AffiliateQuestions:  jsonb[[]network.Question]{emptyList(s.AffiliateQuestions)},
		AdvertiserQuestions: jsonb[[]network.Question]{emptyList(s.AdvertiserQuestions)}, UpdatedAt: s.UpdatedAt}
}

// emptyList is a list that is written as [], where nil would be null.
func emptyList[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (r networkRow) settings() network.Settings {
	return network.Settings{Name: r.Name, AdvertisersDecide: r.AdvertisersDecide, BrandColour: r.BrandColour, LogoVersion: r.LogoVersion,
		SupportEmail: r.SupportEmail, TermsURL: r.TermsURL, Currency: money.Currency(r.Currency), TimeZone: r.TimeZone,
		AffiliateSignUp: r.AffiliateSignUp, AdvertiserSignUp: r.AdvertiserSignUp, AffiliateQuestions: r.AffiliateQuestions.V,
		AdvertiserQuestions: r.AdvertiserQuestions.V, UpdatedAt: r.UpdatedAt.UTC()}
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

// logoRow is the row of network_logo.
type logoRow struct {
	Single      bool `gorm:"primaryKey"`
	ContentType string
	Content     []byte
}

// TableName implements gorm's Tabler.
func (logoRow) TableName() string { return "network_logo" }

// GetLogo implements network.Store.
func (s Network) GetLogo(ctx context.Context) (network.Logo, error) {
	row, err := gorm.G[logoRow](s.db.orm(ctx)).Where("single").Take(ctx)
	if err != nil {
		return network.Logo{}, translate("get logo", err)
	}
	return network.NewLogo(row.Content)
}

// SetLogo implements network.Store.
func (s Network) SetLogo(ctx context.Context, l network.Logo) error {
	row := logoRow{Single: true, ContentType: l.ContentType, Content: l.Content}
	return translate("set logo", gorm.G[logoRow](s.db.orm(ctx), clause.OnConflict{Columns: []clause.Column{{Name: "single"}},
		DoUpdates: clause.AssignmentColumns([]string{"content_type", "content"})}).Create(ctx, &row))
}

// DeleteLogo implements network.Store.
func (s Network) DeleteLogo(ctx context.Context) error {
	_, err := gorm.G[logoRow](s.db.orm(ctx)).Where("single").Delete(ctx)
	return translate("delete logo", err)
}
