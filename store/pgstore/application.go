package pgstore

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/application"
)

// Applications keeps applications; it implements application.Store.
type Applications struct{ db *DB }

// Applications is the store of applications.
func (db *DB) Applications() Applications { return Applications{db} }

var _ application.Store = Applications{}

// applicationRow is a row of applications.
type applicationRow struct {
	ID              int64 `gorm:"primaryKey"`
	Kind            string
	Status          string
	Company         string
	Contact         string
	Email           string
	Country         string
	Website         string
	Answers         jsonb[[]application.Answer]
	TermsURL        string
	TermsAcceptedAt time.Time
	IP              string
	TokenHash       []byte
	TokenExpiresAt  *time.Time
	VerifiedAt      *time.Time
	DecidedAt       *time.Time
	DecidedBy       int64
	Reason          string
	AffiliateID     *int64
	AdvertiserID    *int64
	CreatedAt       time.Time
	UpdatedAt       time.Time `gorm:"autoUpdateTime:false"`
}

// TableName implements gorm's Tabler.
func (applicationRow) TableName() string { return "applications" }

func newApplicationRow(a application.Application) applicationRow {
	r := applicationRow{ID: int64(a.ID), Kind: string(a.Kind), Status: string(a.Status), Company: a.Company, Contact: a.Contact, Email: a.Email,
		Country: a.Country, Website: a.Website, Answers: jsonb[[]application.Answer]{emptyList(a.Answers)}, TermsURL: a.TermsURL,
		TermsAcceptedAt: a.TermsAcceptedAt, IP: a.IP, TokenExpiresAt: timeOrNull(a.TokenExpiresAt), VerifiedAt: timeOrNull(a.VerifiedAt),
		DecidedAt: timeOrNull(a.DecidedAt), DecidedBy: int64(a.DecidedBy), Reason: a.Reason, AffiliateID: optionalID(int64(a.AffiliateID)),
		AdvertiserID: optionalID(int64(a.AdvertiserID)), CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt}
	if a.TokenHash != nil {
		r.TokenHash = a.TokenHash[:]
	}
	return r
}

func (r applicationRow) application() application.Application {
	a := application.Application{ID: application.ID(r.ID), Kind: application.Kind(r.Kind), Status: application.Status(r.Status), Company: r.Company,
		Contact: r.Contact, Email: r.Email, Country: r.Country, Website: r.Website, Answers: r.Answers.V, TermsURL: r.TermsURL,
		TermsAcceptedAt: r.TermsAcceptedAt.UTC(), IP: r.IP, TokenExpiresAt: orZero(r.TokenExpiresAt).UTC(), VerifiedAt: orZero(r.VerifiedAt).UTC(),
		DecidedAt: orZero(r.DecidedAt).UTC(), DecidedBy: account.UserID(r.DecidedBy), Reason: r.Reason,
		AffiliateID: affiliate.ID(orZero(r.AffiliateID)), AdvertiserID: advertiser.ID(orZero(r.AdvertiserID)),
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC()}
	if len(r.TokenHash) == 32 {
		a.TokenHash = (*[32]byte)(r.TokenHash)
	}
	return a
}

// Insert implements application.Store.
func (s Applications) Insert(ctx context.Context, a *application.Application) error {
	row := newApplicationRow(*a)
	if err := gorm.G[applicationRow](s.db.orm(ctx)).Create(ctx, &row); err != nil {
		return translate("insert application", err)
	}
	a.ID = application.ID(row.ID)
	return nil
}

// Update implements application.Store.
func (s Applications) Update(ctx context.Context, a application.Application) error {
	n, err := gorm.G[applicationRow](s.db.orm(ctx)).Where("id = ?", int64(a.ID)).Select("*").Omit("id", "created_at").Updates(ctx, newApplicationRow(a))
	return changed("update application", n, err)
}

// Get implements application.Store.
func (s Applications) Get(ctx context.Context, scope account.Scope, id application.ID) (application.Application, error) {
	return s.get(ctx, scope, id)
}

// GetForUpdate implements application.Store.
func (s Applications) GetForUpdate(ctx context.Context, scope account.Scope, id application.ID) (application.Application, error) {
	return s.get(ctx, scope, id, forUpdate)
}

func (s Applications) get(ctx context.Context, scope account.Scope, id application.ID, opts ...clause.Expression) (application.Application, error) {
	if err := scope.Check(); err != nil {
		return application.Application{}, err
	}
	row, err := gorm.G[applicationRow](s.db.orm(ctx), opts...).Scopes(operatorsOnly(scope)).Where("id = ?", int64(id)).Take(ctx)
	if err != nil {
		return application.Application{}, translate("get application", err)
	}
	return row.application(), nil
}

// operatorsOnly shows no row to any scope but the network's.
func operatorsOnly(scope account.Scope) func(*gorm.Statement) {
	return func(q *gorm.Statement) {
		if !scope.Network() {
			q.Where("false")
		}
	}
}

// FindToken implements application.Store.
func (s Applications) FindToken(ctx context.Context, hash [32]byte) (application.Application, error) {
	row, err := gorm.G[applicationRow](s.db.orm(ctx), forUpdate).Where("token_hash = ?", hash[:]).Take(ctx)
	if err != nil {
		return application.Application{}, translate("find application", err)
	}
	return row.application(), nil
}

// Waiting implements application.Store.
func (s Applications) Waiting(ctx context.Context, k application.Kind, email string) (bool, error) {
	n, err := gorm.G[applicationRow](s.db.orm(ctx)).Where("kind = ? AND lower(email) = ? AND status = 'pending'", string(k), strings.ToLower(email)).Count(ctx, "*")
	return n > 0, translate("look for applications", err)
}

// DeleteUnverified implements application.Store.
func (s Applications) DeleteUnverified(ctx context.Context, k application.Kind, email string) error {
	_, err := gorm.G[applicationRow](s.db.orm(ctx)).Where("kind = ? AND lower(email) = ? AND status = 'unverified'", string(k), strings.ToLower(email)).Delete(ctx)
	return translate("delete unverified applications", err)
}

// Prune implements application.Store.
func (s Applications) Prune(ctx context.Context, before time.Time) (int, error) {
	n, err := gorm.G[applicationRow](s.db.orm(ctx)).Where("status = 'unverified' AND created_at < ?", before).Delete(ctx)
	return n, translate("prune applications", err)
}

// List implements application.Store. Errors: invalid_cursor.
func (s Applications) List(ctx context.Context, scope account.Scope, f application.Filter, p domain.Page) (domain.Slice[application.Application], error) {
	none := domain.Slice[application.Application]{}
	if err := scope.Check(); err != nil {
		return none, err
	}
	before, err := decodeIDCursor(p.Cursor)
	if err != nil {
		return none, err
	}
	q := gorm.G[applicationRow](s.db.orm(ctx)).Scopes(operatorsOnly(scope), madeWithin(f.From, f.To),
		equals("kind", string(f.Kind)), equals("status", string(f.Status)))
	if f.Search != "" {
		q = q.Where("company ILIKE ?", "%"+likeEscapes.Replace(f.Search)+"%")
	}
	limit := pageLimit(p)
	rows, err := q.Where("id < ?", before).Order("id DESC").Limit(limit + 1).Find(ctx)
	if err != nil {
		return none, translate("list applications", err)
	}
	return slice(rows, limit, func(r applicationRow) string { return encodeIDCursor(r.ID) },
		func(r applicationRow) (application.Application, error) { return r.application(), nil })
}
