package pgstore

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/conversion"
)

// atOnce is how many values one condition names.
const atOnce = 1000

// GetMany implements conversion.Store.
func (s Conversions) GetMany(ctx context.Context, scope account.Scope, ids []conversion.ID) ([]conversion.Conversion, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	var found []conversion.Conversion
	for part := range slices.Chunk(ids, atOnce) {
		keys := make([]uuid, len(part))
		for i, id := range part {
			keys[i] = uuid(id.UUID)
		}
		rows, err := gorm.G[conversionRow](s.db.orm(ctx)).Scopes(ofParty(scope)).Where("id IN ?", keys).Find(ctx)
		if err != nil {
			return nil, translate("get conversions", err)
		}
		for _, r := range rows {
			c, err := r.conversion()
			if err != nil {
				return nil, err
			}
			found = append(found, c)
		}
	}
	return found, nil
}

// ByTxID implements conversion.Store.
func (s Conversions) ByTxID(ctx context.Context, scope account.Scope, txids []string) (map[string][]conversion.TxIDHolder, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	found := map[string][]conversion.TxIDHolder{}
	for part := range slices.Chunk(txids, atOnce) {
		rows, err := gorm.G[conversionRow](s.db.orm(ctx)).Select("id, advertiser_id, txid").Scopes(ofParty(scope)).
			Where("txid <> '' AND txid IN ?", part).Find(ctx)
		if err != nil {
			return nil, translate("find conversions by txid", err)
		}
		for _, r := range rows {
			found[r.TxID] = append(found[r.TxID], conversion.TxIDHolder{ID: conversion.ID{UUID: domain.UUID(r.ID)}, AdvertiserID: advertiser.ID(r.AdvertiserID)})
		}
	}
	return found, nil
}
