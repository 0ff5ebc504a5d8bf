package pgstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Archive is one connection that copies whole tables out of a database or into one, whatever the schema: it reads what
// there is from the database's own catalogue. The text form of COPY is the same in every version of PostgreSQL.
type Archive struct{ conn *pgx.Conn }

// ArchivedTable is a table as it is copied. Days are those that it has partitions for, none where it has no partitions.
type ArchivedTable struct {
	Name    string
	Columns []string
	Days    []time.Time
}

// ArchivedSequence is where the numbers of an identity column stand.
type ArchivedSequence struct {
	Table, Column string
	Last          int64
}

// Contents is what a database holds: tables in an order in which each follows those that it refers to.
type Contents struct {
	Migration int64 // version of the schema, 0 = none
	Tables    []ArchivedTable
	Sequences []ArchivedSequence
}

// OpenArchive connects. The address must be the database itself, not a transaction pooler.
func OpenArchive(ctx context.Context, url string) (*Archive, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read DATABASE_URL: %w", err)
	}
	cfg.ConnectTimeout = 5 * time.Second
	for name, value := range map[string]string{"application_name": "waypost archive", "timezone": "UTC", "datestyle": "ISO, YMD",
		"statement_timeout": "0", "lock_timeout": "60s", "idle_in_transaction_session_timeout": "0"} {
		cfg.RuntimeParams[name] = value
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, translate("connect", err)
	}
	return &Archive{conn}, nil
}

// Close ends the connection.
func (a *Archive) Close(ctx context.Context) { _ = a.conn.Close(ctx) }

// Snapshot calls fn inside one transaction that sees the database as it is at its begin, and changes nothing.
func (a *Archive) Snapshot(ctx context.Context, fn func(Contents) error) error {
	return a.within(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func() error {
		c, err := a.contents(ctx)
		if err != nil {
			return err
		}
		return fn(c)
	})
}

// Load calls fn inside one transaction, which is committed when it returns nil.
func (a *Archive) Load(ctx context.Context, fn func() error) error {
	return a.within(ctx, pgx.TxOptions{}, fn)
}

func (a *Archive) within(ctx context.Context, o pgx.TxOptions, fn func() error) error {
	tx, err := a.conn.BeginTx(ctx, o)
	if err != nil {
		return translate("begin", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if err := fn(); err != nil {
		return err
	}
	return translate("commit", tx.Commit(ctx))
}

// CopyOut writes a table's rows, and returns how many they are. It is called within Snapshot.
func (a *Archive) CopyOut(ctx context.Context, t ArchivedTable, w io.Writer) (rows int64, err error) {
	found, _ := a.conn.Query(ctx, archiveLeaves, quote(t.Name))
	leaves, err := pgx.CollectRows(found, pgx.RowTo[string])
	if err != nil {
		return 0, fmt.Errorf("list partitions of table %s: %w", t.Name, err)
	}
	if len(leaves) == 0 {
		leaves = []string{quote(t.Name)}
	}
	for _, leaf := range leaves {
		n, err := a.copyLeaf(ctx, "COPY (SELECT "+t.columns()+" FROM "+leaf+") TO STDOUT", w)
		if err != nil {
			return 0, fmt.Errorf("copy table %s: %w", t.Name, hinted(err))
		}
		rows += n
	}
	return rows, nil
}

// copyLeaf copies in a subtransaction that is rolled back: this gives its locks back, where two years of daily
// partitions, each with its indexes, would fill the lock table that all sessions share. The snapshot stays.
func (a *Archive) copyLeaf(ctx context.Context, statement string, w io.Writer) (rows int64, err error) {
	if _, err := a.conn.Exec(ctx, "SAVEPOINT leaf"); err != nil {
		return 0, err
	}
	tag, err := a.conn.PgConn().CopyTo(ctx, w, statement)
	if err != nil {
		return 0, err
	}
	_, err = a.conn.Exec(ctx, "ROLLBACK TO SAVEPOINT leaf; RELEASE SAVEPOINT leaf")
	return tag.RowsAffected(), err
}

// hinted says what to do about a lock table that is full.
func hinted(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "53200" {
		return fmt.Errorf("%w: set max_locks_per_transaction of the database to 512 or more, and restart it", err)
	}
	return err
}

// CopyIn puts rows that CopyOut wrote into a table in the place of those that a migration put there, and returns how
// many they are.
func (a *Archive) CopyIn(ctx context.Context, t ArchivedTable, r io.Reader) (rows int64, err error) {
	var seeded bool
	if err := a.conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM "+quote(t.Name)+")").Scan(&seeded); err != nil {
		return 0, fmt.Errorf("look at table %s: %w", t.Name, err)
	}
	if seeded { // asked first: what is append-only may not be deleted from, and is empty
		if _, err := a.conn.Exec(ctx, "DELETE FROM "+quote(t.Name)); err != nil {
			return 0, fmt.Errorf("empty table %s: %w", t.Name, err)
		}
	}
	tag, err := a.conn.PgConn().CopyFrom(ctx, r, "COPY "+quote(t.Name)+" ("+t.columns()+") FROM STDIN")
	if err != nil {
		return 0, fmt.Errorf("load table %s: %w", t.Name, hinted(err))
	}
	return tag.RowsAffected(), nil
}

// SetSequence lets an identity column go on where it stood.
func (a *Archive) SetSequence(ctx context.Context, s ArchivedSequence) error {
	_, err := a.conn.Exec(ctx, "SELECT setval(pg_get_serial_sequence($1, $2), $3)", quote(s.Table), s.Column, s.Last)
	if err != nil {
		return fmt.Errorf("set the sequence of %s.%s: %w", s.Table, s.Column, err)
	}
	return nil
}

// seededTables hold rows as soon as they are made.
var seededTables = []string{"catalogue_version", "network_settings"}

// Occupied names a table that holds rows which no migration put there; empty if the database is empty or only migrated.
func (a *Archive) Occupied(ctx context.Context) (table string, err error) {
	c, err := a.contents(ctx)
	if err != nil {
		return "", err
	}
	for _, t := range c.Tables {
		if slices.Contains(seededTables, t.Name) {
			continue
		}
		var has bool
		if err := a.conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM "+quote(t.Name)+")").Scan(&has); err != nil {
			return "", fmt.Errorf("look at table %s: %w", t.Name, err)
		}
		if has {
			return t.Name, nil
		}
	}
	return "", nil
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

func (t ArchivedTable) columns() string {
	text := ""
	for i, c := range t.Columns {
		if i > 0 {
			text += ", "
		}
		text += quote(c)
	}
	return text
}

// migrationTable is where goose notes the schema's version. It is not copied: a restore migrates. Nor are the files that
// were made in the background, large and soon gone: whoever misses one makes it again.
const migrationTable = "goose_db_version"

const (
	ourSchema = `(SELECT oid FROM pg_namespace WHERE nspname = current_schema())`

	archiveTables = `SELECT c.relname, (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
		WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns,
	ARRAY(SELECT DISTINCT day FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid,
		LATERAL (SELECT pg_get_expr(p.relpartbound, p.oid) AS bound) b,
		generate_series(substring(bound FROM 'FROM \(''([^'']+)''\)')::timestamptz,
			substring(bound FROM 'TO \(''([^'']+)''\)')::timestamptz - interval '1 microsecond', interval '1 day') AS day
		WHERE i.inhparent = c.oid ORDER BY day) AS days
	FROM pg_class c WHERE c.relnamespace = ` + ourSchema + ` AND c.relkind IN ('r', 'p') AND NOT c.relispartition
		AND c.relname NOT IN ('` + migrationTable + `', 'exports', 'export_parts') ORDER BY c.relname`

	archiveLeaves = `SELECT i.inhrelid::regclass::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
	WHERE i.inhparent = $1::text::regclass ORDER BY c.relname`

	archiveReferences = `SELECT DISTINCT f.relname::text, t.relname::text FROM pg_constraint x
	JOIN pg_class f ON f.oid = x.conrelid JOIN pg_class t ON t.oid = x.confrelid
	WHERE x.contype = 'f' AND x.conrelid <> x.confrelid AND f.relnamespace = ` + ourSchema

	archiveSequences = `SELECT t.relname::text, a.attname::text, s.last_value FROM pg_class t
	JOIN pg_attribute a ON a.attrelid = t.oid AND a.attidentity <> '' AND t.relname <> '` + migrationTable + `'
	JOIN pg_class q ON q.oid = pg_get_serial_sequence(quote_ident(t.relname), a.attname)::regclass
	JOIN pg_sequences s ON s.schemaname = current_schema() AND s.sequencename = q.relname AND s.last_value IS NOT NULL
	WHERE t.relnamespace = ` + ourSchema + ` ORDER BY 1, 2`
)

func (a *Archive) contents(ctx context.Context) (c Contents, err error) {
	if c.Migration, err = migrationOf(ctx, a.conn); err != nil {
		return c, err
	}
	rows, _ := a.conn.Query(ctx, archiveTables)
	if c.Tables, err = pgx.CollectRows(rows, pgx.RowToStructByPos[ArchivedTable]); err != nil {
		return c, fmt.Errorf("list tables: %w", err)
	}
	rows, _ = a.conn.Query(ctx, archiveReferences)
	references, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ From, To string }])
	if err != nil {
		return c, fmt.Errorf("list references between tables: %w", err)
	}
	needs := map[string][]string{}
	for _, r := range references {
		needs[r.From] = append(needs[r.From], r.To)
	}
	if c.Tables, err = referredFirst(c.Tables, needs); err != nil {
		return c, err
	}
	rows, _ = a.conn.Query(ctx, archiveSequences)
	if c.Sequences, err = pgx.CollectRows(rows, pgx.RowToStructByPos[ArchivedSequence]); err != nil {
		return c, fmt.Errorf("list sequences: %w", err)
	}
	return c, nil
}

// migrationOf is the version of the schema, 0 where there is none.
func migrationOf(ctx context.Context, q querier) (version int64, err error) {
	var there bool
	if err := q.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", migrationTable).Scan(&there); err != nil || !there {
		return 0, translate("look for the schema", err)
	}
	err = q.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM "+migrationTable+" WHERE is_applied").Scan(&version)
	return version, translate("read the schema's version", err)
}

// referredFirst orders tables so that each follows those that it refers to.
func referredFirst(tables []ArchivedTable, needs map[string][]string) ([]ArchivedTable, error) {
	placed := map[string]bool{}
	var ordered []ArchivedTable
	for len(ordered) < len(tables) {
		before := len(ordered)
		for _, t := range tables {
			if !placed[t.Name] && !slices.ContainsFunc(needs[t.Name], func(n string) bool { return !placed[n] }) {
				placed[t.Name] = true
				ordered = append(ordered, t)
			}
		}
		if len(ordered) == before {
			return nil, errors.New("tables refer to each other in a circle: no order of loading them satisfies their references")
		}
	}
	return ordered, nil
}
