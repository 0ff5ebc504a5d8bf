package pgstore

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/domain/work"
)

// Work reads what waits for an operator; it implements work.Store. Each kind is found by an index that holds nothing
// else.
type Work struct{ db *DB }

// Work is the reader of the work queue.
func (db *DB) Work() Work { return Work{db} }

var _ work.Store = Work{}

var (
	pendingApplications = "status = 'pending'"
	pendingAccess       = "offer_access.status = 'pending'"
	pendingConversions  = "status = 'pending' AND NOT test"
	ailingPostbacks     = fmt.Sprintf("(postbacks.paused_reason <> '' OR postbacks.failing_since IS NOT NULL AND postbacks.active AND postbacks.failures >= %d)",
		work.FailingFrom)
)

// Count implements work.Store.
func (s Work) Count(ctx context.Context, scope account.Scope, most int) (work.Queue, error) {
	return s.count(ctx, scope, func(waiting *gorm.DB) *gorm.DB {
		return s.db.orm(ctx).Table("(?) AS waiting", waiting.Select("1").Limit(most))
	})
}

// count counts all, or what bounded makes of them.
func (s Work) count(ctx context.Context, scope account.Scope, bounded func(*gorm.DB) *gorm.DB) (work.Queue, error) {
	var q work.Queue
	if err := s.operators(scope); err != nil {
		return q, err
	}
	for _, part := range []struct {
		table, where string
		n            *int
	}{
		{"applications", pendingApplications, &q.Applications.Count}, {"offer_access", pendingAccess, &q.AccessRequests.Count},
		{"conversions", pendingConversions, &q.Conversions.Count}, {"postbacks", ailingPostbacks, &q.Postbacks.Count},
	} {
		var n int64
		if err := bounded(s.db.orm(ctx).Table(part.table).Where(part.where)).Count(&n).Error; err != nil {
			return q, translate("count "+part.table, err)
		}
		*part.n = int(n)
	}
	return q, nil
}

// operators refuses every scope but the network's.
func (s Work) operators(scope account.Scope) error {
	if err := scope.Check(); err != nil || scope.Network() {
		return err
	}
	return translate("read work queue", gorm.ErrRecordNotFound)
}

// Queue implements work.Store.
func (s Work) Queue(ctx context.Context, scope account.Scope, most int) (work.Queue, error) {
	q, err := s.count(ctx, scope, func(waiting *gorm.DB) *gorm.DB { return waiting })
	if err != nil {
		return q, err
	}
	applications, err := gorm.G[applicationRow](s.db.orm(ctx)).Where(pendingApplications).Order("verified_at, id").Limit(most).Find(ctx)
	if err != nil {
		return q, translate("list applications", err)
	}
	for _, r := range applications {
		q.Applications.Items = append(q.Applications.Items, r.application())
	}
	if q.AccessRequests.Items, err = s.access(ctx, most); err != nil {
		return q, err
	}
	conversions, err := gorm.G[conversionRow](s.db.orm(ctx)).Where(pendingConversions).Order("created_at, id").Limit(most).Find(ctx)
	if err != nil {
		return q, translate("list pending conversions", err)
	}
	for _, r := range conversions {
		c, err := r.conversion()
		if err != nil {
			return q, err
		}
		q.Conversions.Items = append(q.Conversions.Items, c)
	}
	if q.ConversionSums, err = s.sums(ctx); err != nil {
		return q, err
	}
	q.Postbacks.Items, err = s.postbacks(ctx, most)
	return q, err
}

func (s Work) access(ctx context.Context, most int) ([]work.AccessRequest, error) {
	var rows []struct {
		OfferID, AffiliateID     int64
		OfferName, AffiliateName string
		UpdatedAt                time.Time
	}
	err := s.db.orm(ctx).Table("offer_access").Select("offer_id, affiliate_id, offers.name AS offer_name, affiliates.name AS affiliate_name, offer_access.updated_at").
		Joins("JOIN offers ON offers.id = offer_id JOIN affiliates ON affiliates.id = affiliate_id").
		Where(pendingAccess).Order("offer_access.updated_at, offer_id, affiliate_id").Limit(most).Scan(&rows).Error
	if err != nil {
		return nil, translate("list access requests", err)
	}
	requests := make([]work.AccessRequest, len(rows))
	for i, r := range rows {
		requests[i] = work.AccessRequest{OfferID: offer.ID(r.OfferID), OfferName: r.OfferName, AffiliateID: affiliate.ID(r.AffiliateID),
			AffiliateName: r.AffiliateName, At: r.UpdatedAt.UTC()}
	}
	return requests, nil
}

func (s Work) sums(ctx context.Context) ([]work.Sum, error) {
	var rows []struct {
		Currency            string
		Conversions         int
		Commission, Revenue string // beyond 64 bits, where there are many
	}
	err := s.db.orm(ctx).Table("conversions").
		Select("currency, count(*) AS conversions, sum(commission)::text AS commission, sum(revenue)::text AS revenue").
		Where(pendingConversions).Group("currency").Order("currency").Scan(&rows).Error
	if err != nil {
		return nil, translate("sum pending conversions", err)
	}
	sums := make([]work.Sum, len(rows))
	for i, r := range rows {
		commission, ok := new(big.Int).SetString(r.Commission, 10)
		revenue, okay := new(big.Int).SetString(r.Revenue, 10)
		if !ok || !okay {
			return nil, fmt.Errorf("sums of pending conversions %q, %q are no whole numbers", r.Commission, r.Revenue)
		}
		c := money.Currency(r.Currency)
		sums[i] = work.Sum{Currency: c, Conversions: r.Conversions, Commission: report.NewSum(commission, c), Revenue: report.NewSum(revenue, c)}
	}
	return sums, nil
}

func (s Work) postbacks(ctx context.Context, most int) ([]work.Postback, error) {
	var rows []struct {
		ID, AffiliateID                  int64
		AffiliateName, URL, PausedReason string
		Active                           bool
		FailingSince                     *time.Time
		Failures                         int
	}
	err := s.db.orm(ctx).Table("postbacks").
		Select("postbacks.id, affiliate_id, affiliates.name AS affiliate_name, url, paused_reason, active, failing_since, failures").
		Joins("JOIN affiliates ON affiliates.id = affiliate_id").
		Where(ailingPostbacks).Order("coalesce(failing_since, postbacks.updated_at), postbacks.id").Limit(most).Scan(&rows).Error
	if err != nil {
		return nil, translate("list ailing postbacks", err)
	}
	list := make([]work.Postback, len(rows))
	for i, r := range rows {
		list[i] = work.Postback{ID: postback.ID(r.ID), AffiliateID: affiliate.ID(r.AffiliateID), AffiliateName: r.AffiliateName, URL: r.URL,
			Active: r.Active, PausedReason: postback.PausedReason(r.PausedReason), FailingSince: orZero(r.FailingSince).UTC(), Failures: r.Failures}
	}
	return list, nil
}

// Names implements work.Store.
func (s Work) Names(ctx context.Context, scope account.Scope, q work.Queue) (work.Names, error) {
	n := work.Names{Offers: map[offer.ID]string{}, Affiliates: map[affiliate.ID]string{}, Advertisers: map[advertiser.ID]string{}}
	if err := s.operators(scope); err != nil {
		return n, err
	}
	var offers, affiliates, advertisers []int64
	for _, c := range q.Conversions.Items {
		offers, affiliates, advertisers = append(offers, int64(c.OfferID)), append(affiliates, int64(c.AffiliateID)), append(advertisers, int64(c.AdvertiserID))
	}
	for _, of := range []struct {
		table string
		ids   []int64
		add   func(id int64, name string)
	}{
		{"offers", offers, func(id int64, name string) { n.Offers[offer.ID(id)] = name }},
		{"affiliates", affiliates, func(id int64, name string) { n.Affiliates[affiliate.ID(id)] = name }},
		{"advertisers", advertisers, func(id int64, name string) { n.Advertisers[advertiser.ID(id)] = name }},
	} {
		if len(of.ids) == 0 {
			continue
		}
		var rows []struct {
			ID   int64
			Name string
		}
		if err := s.db.orm(ctx).Table(of.table).Select("id, name").Where("id IN ?", of.ids).Scan(&rows).Error; err != nil {
			return n, translate("read names of "+of.table, err)
		}
		for _, r := range rows {
			of.add(r.ID, r.Name)
		}
	}
	return n, nil
}
