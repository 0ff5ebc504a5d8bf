package pgstore

import (
	"context"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/conversion"
)

// logTallyRow is a group of lines of postback_log.
type logTallyRow struct {
	Status string
	Code   string
	Count  int64
}

// TableName implements gorm's Tabler.
func (logTallyRow) TableName() string { return "postback_log" }

// LogTally implements conversion.Store.
func (s Conversions) LogTally(ctx context.Context, scope account.Scope, f conversion.LogFilter) ([]conversion.LogCount, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	rows, err := gorm.G[logTallyRow](s.db.orm(ctx)).Select("status, code, count(*) AS count").
		Scopes(ofParty(scope), within("received_at", f.From, f.To), logLike(f)).Group("status, code").Order("count DESC, status, code").Find(ctx)
	if err != nil {
		return nil, translate("count the log", err)
	}
	counts := make([]conversion.LogCount, len(rows))
	for i, r := range rows {
		counts[i] = conversion.LogCount{Status: conversion.Outcome(r.Status), Code: r.Code, Count: r.Count}
	}
	return counts, nil
}
