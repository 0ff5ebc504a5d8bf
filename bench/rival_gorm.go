package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"
	"github.com/shopspring/decimal"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"

	"github.com/waypost/waypost/domain/click"
)

// The rival of postbacks: a web server as one writes it with echo and GORM, a transaction for each request. It writes the
// rows that the program writes, into the same tables with the same indexes. It is spared the proof of the token, the look
// at goal and terms (all are known from the start), statuses, currencies and the sealing of the raw call.

type gormClick struct {
	ClickID                            string
	CreatedAt                          time.Time
	OfferID, AffiliateID, AdvertiserID int64
	Reason                             string
}

func (gormClick) TableName() string { return "clicks" }

type gormKey struct {
	DedupeKey             string
	ClickID, ConversionID string
}

func (gormKey) TableName() string { return "conversion_keys" }

type gormConversion struct {
	ClickID, ID, DedupeKey, Txid               string
	OfferID, GoalID, AffiliateID, AdvertiserID int64
	Status                                     string
	StatusAt                                   time.Time
	Val                                        string
	Commission, Revenue                        int64
	Currency, OriginalVal, OriginalCurrency    string
	ExchangeRate, AwaitingRate                 string
	Test                                       bool
	Params                                     string
	ClickedAt, CreatedAt, UpdatedAt, AmountsAt time.Time
}

func (gormConversion) TableName() string { return "conversions" }

type gormEvent struct {
	ClickID, ID, ConversionID, LogID                string
	Kind, FromStatus, ToStatus, Actor, Reason, Data string
	At                                              time.Time
}

func (gormEvent) TableName() string { return "conversion_events" }

type gormEntry struct {
	AccountID, ID, TransactionID, FromAccount, ToAccount string
	Amount                                               int64
	Currency, Kind, ConversionID, ClickID                string
	At                                                   time.Time
}

func (gormEntry) TableName() string { return "ledger_entries" }

type gormBalance struct {
	AccountID, Currency               string
	Pending, Approved, Invoiced, Paid int64
}

func (gormBalance) TableName() string { return "balances" }

type gormLine struct {
	ID                                       string
	ReceivedAt                               time.Time
	Method, Query                            string
	Raw                                      []byte
	IP                                       string
	HTTPStatus                               int `gorm:"column:http_status"`
	Status, Code, Message, Warnings, Ignored string
	ClickID, ConversionID                    string
	OfferID, AffiliateID, AdvertiserID       int64
	SettledAt                                time.Time
}

func (gormLine) TableName() string { return "postback_log" }

// gormRival holds what the rival knows from the start.
type gormRival struct {
	db    *gorm.DB
	goals map[int64]int64 // the default goal of each offer
	raw   []byte
}

const (
	gormPool         = 20
	gormDatabaseName = "bench_gorm"
)

func newGormRival(dsn string) (*gormRival, error) {
	db, err := gorm.Open(postgres.Open(dsn), &gorm.Config{Logger: logger.Discard})
	if err != nil {
		return nil, err
	}
	pool, err := db.DB()
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(gormPool)
	pool.SetMaxIdleConns(gormPool)
	pool.SetConnMaxIdleTime(time.Second) // the embedded cluster's 100 connections have to suffice for all
	var goals []struct{ ID, OfferID int64 }
	if err := db.Table("goals").Where("is_default").Find(&goals).Error; err != nil {
		return nil, err
	}
	g := &gormRival{db: db, goals: map[int64]int64{}, raw: make([]byte, 300)}
	for _, goal := range goals {
		g.goals[goal.OfferID] = goal.ID
	}
	_, err = rand.Read(g.raw)
	return g, err
}

// postback answers as the program does.
func (g *gormRival) postback(c echo.Context) error {
	id, err := click.ParseUUID(c.QueryParam("clickid"))
	if err != nil {
		return c.String(http.StatusBadRequest, err.Error())
	}
	com, err := decimal.NewFromString(c.QueryParam("com"))
	if err != nil {
		return c.String(http.StatusBadRequest, err.Error())
	}
	conversion, err := g.record(c, id, com.Shift(2).Round(0).IntPart())
	if err != nil {
		return c.JSON(http.StatusInternalServerError, map[string]string{"code": err.Error()})
	}
	return c.JSON(http.StatusOK, map[string]any{"status": "recorded", "code": "ok", "message": "recorded", "conversion_id": conversion,
		"click_id": c.QueryParam("clickid"), "conversion_status": "approved", "warnings": []string{}})
}

func (g *gormRival) record(c echo.Context, id click.ID, commission int64) (conversion string, err error) {
	now := time.Now()
	ids := make([]string, 6)
	for i := range ids {
		id, err := click.Mint(now, rand.Reader)
		if err != nil {
			return "", err
		}
		ids[i] = id.UUID()
	}
	conversion, line, event, transaction := ids[0], ids[1], ids[2], ids[3]
	revenue, txid, val := commission*120/100, c.QueryParam("txid"), c.QueryParam("val")
	err = g.db.WithContext(c.Request().Context()).Transaction(func(tx *gorm.DB) error {
		var of gormClick
		if err := tx.Where("click_id = ? AND created_at = ?", id.UUID(), id.Time()).Take(&of).Error; err != nil {
			return err
		}
		goal := g.goals[of.OfferID]
		key := gormKey{fmt.Sprintf("t:%d:%d:%s", of.AdvertiserID, goal, txid), of.ClickID, conversion}
		if done := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&key); done.Error != nil || done.RowsAffected == 0 {
			return errors.Join(done.Error, errors.New("duplicate"))
		}
		if err := tx.Create(&gormConversion{ClickID: of.ClickID, ID: conversion, DedupeKey: key.DedupeKey, Txid: txid, OfferID: of.OfferID, GoalID: goal,
			AffiliateID: of.AffiliateID, AdvertiserID: of.AdvertiserID, Status: "approved", StatusAt: now, Val: val, Commission: commission, Revenue: revenue,
			Currency: "USD", OriginalVal: val, OriginalCurrency: "USD", ExchangeRate: "1", Params: "{}",
			ClickedAt: of.CreatedAt, CreatedAt: now, UpdatedAt: now, AmountsAt: now}).Error; err != nil {
			return err
		}
		if err := tx.Create(&gormEvent{of.ClickID, event, conversion, line, "created", "", "approved", "postback", "", "{}", now}).Error; err != nil {
			return err
		}
		affiliate, advertiser := fmt.Sprintf("a%d", of.AffiliateID), fmt.Sprintf("d%d", of.AdvertiserID)
		if err := tx.Create([]gormEntry{
			{affiliate, ids[4], transaction, "network:commission", affiliate + ":approved", commission, "USD", "conversion", conversion, of.ClickID, now},
			{advertiser, ids[5], transaction, "network:revenue", advertiser + ":approved", revenue, "USD", "conversion", conversion, of.ClickID, now},
		}).Error; err != nil {
			return err
		}
		if err := tx.Create(&gormLine{ID: line, ReceivedAt: now, Method: http.MethodGet, Query: c.QueryString(), Raw: g.raw, IP: c.RealIP(),
			HTTPStatus: http.StatusOK, Status: "recorded", Code: "ok", Message: "recorded", Warnings: "{}", Ignored: "{}", ClickID: of.ClickID,
			ConversionID: conversion, OfferID: of.OfferID, AffiliateID: of.AffiliateID, AdvertiserID: of.AdvertiserID, SettledAt: now}).Error; err != nil {
			return err
		}
		// Last, as others wait for these rows until the commit; in one order, or two transactions wait for each other.
		return tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "account_id"}, {Name: "currency"}}, DoUpdates: clause.Assignments(map[string]any{
			"approved": gorm.Expr("balances.approved + excluded.approved")})}).
			Create([]gormBalance{{AccountID: affiliate, Currency: "USD", Approved: commission}, {AccountID: advertiser, Currency: "USD", Approved: revenue}}).Error
	})
	return conversion, err
}

// gormDatabase makes a database beside the program's in the same cluster, by the program's own migrations, with its
// catalogue, and returns its connection string.
func (p *product) gormDatabase(ctx context.Context) (dsn string, err error) {
	admin, err := pgx.Connect(ctx, p.database)
	if err != nil {
		return "", err
	}
	defer admin.Close(context.WithoutCancel(ctx))
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+gormDatabaseName); err != nil {
		return "", err
	}
	dsn = strings.Replace(p.database, "dbname=waypost", "dbname="+gormDatabaseName, 1)
	migrate := exec.CommandContext(ctx, p.binary, "migrate")
	migrate.Env = append(p.environment(dsn), "WAYPOST_DATA_DIR="+filepath.Join(p.dir, gormDatabaseName))
	if out, err := migrate.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s migrate: %w: %.500s", p.binary, err, out)
	}
	into, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return "", err
	}
	defer into.Close(context.WithoutCancel(ctx))
	for _, table := range []string{"advertisers", "affiliates", "offers", "goals"} {
		file := filepath.Join(p.dir, table)
		if err := copyTable(ctx, admin, into, table, file); err != nil {
			return "", fmt.Errorf("copy %s: %w", table, err)
		}
	}
	return dsn, nil
}

// dropDatabase gives back the rival's space, and spares later rounds its vacuums.
func (p *product) dropDatabase() {
	if admin, err := pgx.Connect(context.Background(), p.database); err == nil {
		_, _ = admin.Exec(context.Background(), "DROP DATABASE IF EXISTS "+gormDatabaseName+" WITH (FORCE)")
		admin.Close(context.Background())
	}
}

// copyTable copies rows by way of a file.
func copyTable(ctx context.Context, from, into *pgx.Conn, table, path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer os.Remove(path)
	defer file.Close()
	if _, err := from.PgConn().CopyTo(ctx, file, "COPY "+table+" TO STDOUT (FORMAT binary)"); err != nil {
		return err
	}
	if _, err := file.Seek(0, 0); err != nil {
		return err
	}
	_, err = into.PgConn().CopyFrom(ctx, file, "COPY "+table+" FROM STDIN (FORMAT binary)")
	return err
}
