package pgstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// DB is the database: one pool, spoken to through GORM for everything and natively for the few batch statements that
// decide the speed. Its methods are the stores of the domain's concepts.
type DB struct {
	pool   *pgxpool.Pool
	gorm   *gorm.DB
	sealer *Sealer

	catalogueChanged func(context.Context)

	tokens tokenHolders
	terms  termsKept
}

// Options of Open.
type Options struct {
	URL      string
	MaxConns int32 // 0 = 20
	Sealer   *Sealer
	Tracer   pgx.QueryTracer // is told of statements and, if it is a pgx.BatchTracer, of batches; nil = nobody is
}

// Open makes the pool. It does not connect: a database that is away shows at the first use.
func Open(o Options) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("read DATABASE_URL: %w", err)
	}
	cfg.MaxConns = 20
	if o.MaxConns > 0 {
		cfg.MaxConns = o.MaxConns
	}
	cfg.ConnConfig.ConnectTimeout = time.Second
	cfg.ConnConfig.Tracer = o.Tracer
	if cfg.ConnConfig.RuntimeParams["statement_timeout"] == "" {
		cfg.ConnConfig.RuntimeParams["statement_timeout"] = "10s" // the tracking path has shorter deadlines of its own
	}
	if cfg.ConnConfig.RuntimeParams["random_page_cost"] == "" {
		cfg.ConnConfig.RuntimeParams["random_page_cost"] = "1.1" // for a new, small table, too, the plan of a batch goes by its indexes
	}
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	cfg.ConnConfig.RuntimeParams["application_name"] = "waypost"
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		return nil, fmt.Errorf("make database pool: %w", err)
	}
	g, err := gorm.Open(postgres.New(postgres.Config{Conn: openBounded(pool)}), &gorm.Config{
		Logger:                                   logger.Discard, // errors travel up and are logged once, at the door
		DisableAutomaticPing:                     true,
		SkipDefaultTransaction:                   true,
		DisableForeignKeyConstraintWhenMigrating: true,
		NowFunc:                                  func() time.Time { return time.Now().UTC() },
	})
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("open gorm: %w", err)
	}
	return &DB{pool: pool, gorm: g, sealer: o.Sealer, catalogueChanged: func(context.Context) {}}, nil
}

// acquireWithin is how long a caller waits for a connection of a pool that is used up.
const acquireWithin = 500 * time.Millisecond

// boundedConnector takes connections from the pool within acquireWithin.
type boundedConnector struct{ driver.Connector }

// Connect implements driver.Connector.
func (c boundedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	bounded, cancel := context.WithTimeout(ctx, acquireWithin)
	defer cancel()
	return c.Connector.Connect(bounded)
}

// openBounded is the pool as database/sql sees it; keeping idle connections is the pool's affair.
func openBounded(pool *pgxpool.Pool) *sql.DB {
	db := sql.OpenDB(boundedConnector{stdlib.GetPoolConnector(pool)})
	db.SetMaxIdleConns(0)
	return db
}

// Close ends all connections.
func (db *DB) Close() { db.pool.Close() }

// Ping asks the database for a sign of life.
func (db *DB) Ping(ctx context.Context) error { return translate("ping", db.pool.Ping(ctx)) }

// Pool is the native pool, through which tests look at rows and hold connections; the stores do not go through it.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// OnCatalogueChange sets what runs after each commit that changed the routing catalogue and before the caller gets
// its answer, so that this process routes by the change at once.
func (db *DB) OnCatalogueChange(fn func(context.Context)) { db.catalogueChanged = fn }

type txKey struct{}

// openTx is the transaction that a context carries.
type openTx struct {
	gorm      *gorm.DB
	conn      *pgx.Conn // the same session, for native statements
	catalogue bool      // the catalogue was changed in it

	termsVersion int64 // of the catalogue when the transaction took lockTerms; 0 = it has not
}

func txFrom(ctx context.Context) *openTx {
	tx, _ := ctx.Value(txKey{}).(*openTx)
	return tx
}

// InTx implements domain.Transactor: READ COMMITTED, and an inner call joins the outer one.
func (db *DB) InTx(ctx context.Context, fn func(context.Context) error) error {
	if txFrom(ctx) != nil {
		return fn(ctx)
	}
	tx := &openTx{}
	var fnErr error
	err := db.gorm.WithContext(ctx).Connection(func(c *gorm.DB) error {
		tx.gorm = c
		err := c.Statement.ConnPool.(*sql.Conn).Raw(func(driver any) error {
			tx.conn = driver.(*stdlib.Conn).Conn()
			return nil
		})
		if err != nil {
			return err
		}
		// Not by database/sql: at the end of ctx it would roll back beside a native statement that is being written.
		open, err := tx.conn.BeginTx(ctx, pgx.TxOptions{})
		if err != nil {
			return err
		}
		defer func() { // does nothing after the commit
			rollback, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackWithin)
			defer cancel()
			_ = open.Rollback(rollback) // where it fails, the connection is closed
		}()
		if fnErr = fn(context.WithValue(ctx, txKey{}, tx)); fnErr != nil {
			return fnErr
		}
		return open.Commit(ctx)
	})
	if fnErr != nil {
		return fnErr // the domain's own error, not the store's to translate
	}
	if err != nil {
		return translate("transaction", err)
	}
	if tx.catalogue {
		db.catalogueChanged(context.WithoutCancel(ctx))
	}
	return nil
}

// rollbackWithin is how long a database may take to forget a transaction before its connection is closed.
const rollbackWithin = time.Second

// orm is GORM on the open transaction, or on the pool.
func (db *DB) orm(ctx context.Context) *gorm.DB {
	if tx := txFrom(ctx); tx != nil {
		return tx.gorm.WithContext(ctx)
	}
	return db.gorm.WithContext(ctx)
}

// querier is what native statements need; *pgx.Conn and *pgxpool.Pool both are one.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// native is pgx on the open transaction, or on the pool.
func (db *DB) native(ctx context.Context) querier {
	if tx := txFrom(ctx); tx != nil {
		return tx.conn
	}
	return db.pool
}

// changeCatalogue bumps the catalogue's version in the open transaction and tells other nodes. Every write of a row
// that routing depends on calls it.
func (db *DB) changeCatalogue(ctx context.Context, table string, id int64) error {
	tx := txFrom(ctx)
	if tx == nil {
		return fmt.Errorf("change of %s %d outside a transaction", table, id)
	}
	var version int64
	err := db.native(ctx).QueryRow(ctx, `UPDATE catalogue_version SET version = version + 1 RETURNING version`).Scan(&version)
	if err == nil {
		_, err = db.native(ctx).Exec(ctx, `SELECT pg_notify('catalogue', $1)`,
			fmt.Sprintf(`{"t":%q,"id":"%d","v":%d}`, table, id, version))
	}
	if err != nil {
		return translate("bump catalogue version", err)
	}
	tx.catalogue = true
	return nil
}
