package server

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/migrations"
	"github.com/waypost/waypost/store/pgstore"
)

const (
	oldestPostgres   = 150000
	backlogMigration = 2 // of the tables that Backlog counts
	rollupsMigration = 9
	skewWarn         = 2 * time.Second
	skewFail         = time.Minute // click ids from the future are refused after five
	partitionsWarn   = 3 * 24 * time.Hour
	waitsTooLong     = 5 * time.Minute
	differencesShown = 3
)

// databaseServer judges the server's settings. before is our clock when it was asked.
func (d *doctor) databaseServer(c pgstore.Condition, before time.Time) {
	const check = "database"
	where := "DATABASE_URL"
	if d.cfg.DatabaseURL == "" {
		where = "embedded"
	}
	if c.Version < oldestPostgres {
		d.fail(check, "PostgreSQL "+c.VersionText()+" is too old", "upgrade the server to version 15 or newer")
	} else {
		d.ok(check, "PostgreSQL %s (%s) answers", c.VersionText(), where)
	}
	var off []string
	for _, setting := range []struct {
		name string
		off  bool
	}{{"fsync", !c.Fsync}, {"full_page_writes", !c.FullPageWrites}, {"synchronous_commit", c.SynchronousCommit == "off"}} {
		if setting.off {
			off = append(off, setting.name)
		}
	}
	if len(off) > 0 {
		d.fail("durability", fmt.Sprintf("%v are off: what was answered as recorded can be lost with the machine", off), "set them on in postgresql.conf (or ALTER SYSTEM) and reload")
	} else {
		d.ok("durability", "fsync, full_page_writes on; synchronous_commit %s", c.SynchronousCommit)
	}
	// The database answered somewhere between the two readings of our clock.
	after := now()
	skew := max(before.Sub(c.Clock), c.Clock.Sub(after), 0)
	switch text := fmt.Sprintf("this machine and the database are at least %s apart", skew.Round(time.Millisecond)); {
	case skew > skewFail:
		d.fail("clock", text, "set both by NTP; click ids from a clock that is ahead are refused")
	case skew > skewWarn:
		d.warn("clock", text, "set both by NTP")
	default:
		d.ok("clock", "this machine and the database agree")
	}
	const needed = poolConns + trackConns + 2 // and the listener and a command
	if free := c.MaxConnections - c.Connections; free < needed {
		d.warn("connections", fmt.Sprintf("%d of %d are taken; a process may need %d", c.Connections, c.MaxConnections, needed),
			"raise max_connections, or put a pooler before DATABASE_URL and the database itself into DATABASE_DIRECT_URL")
	} else {
		d.ok("connections", "%d of %d are taken; a process may need %d", c.Connections, c.MaxConnections, needed)
	}
}

// schema tells whether there is one to look into.
func (d *doctor) schema(c pgstore.Condition) bool {
	newest := migrations.Newest()
	switch {
	case c.Migration == 0:
		d.warn("schema", "the database is empty", "run waypost migrate, or start waypost serve")
		return false
	case c.Migration > newest:
		d.fail("schema", fmt.Sprintf("version %d is newer than this program's %d", c.Migration, newest), "use the program that migrated it, or a newer one")
	case c.Migration < newest:
		d.warn("schema", fmt.Sprintf("version %d; this program brings it to %d", c.Migration, newest), "take a backup, then run waypost migrate or start waypost serve")
	default:
		d.ok("schema", "version %d is current", c.Migration)
	}
	return true
}

// role judges the rights of the database role: history must be out of its reach.
func (d *doctor) role(c pgstore.Condition) {
	const check = "database role"
	switch {
	case c.Superuser:
		d.fail(check, "it is a superuser: nothing keeps it from changing the ledger and the audit log",
			"ALTER ROLE … NOSUPERUSER, or make a role without superuser that owns the database and its tables, and name it in DATABASE_URL")
	case len(c.Rewritable) > 0:
		d.fail(check, "it may change or delete rows of "+strings.Join(c.Rewritable, ", "), "REVOKE UPDATE, DELETE, TRUNCATE ON "+strings.Join(c.Rewritable, ", ")+" FROM the role of DATABASE_URL")
	default:
		d.ok(check, "it is no superuser, and can only append to the ledger and the audit log")
	}
}

func (d *doctor) partitions(c pgstore.Condition) {
	ahead := c.PartitionsUntil.Sub(now())
	text := fmt.Sprintf("clicks and postbacks have theirs until %s", c.PartitionsUntil.Format(time.DateOnly))
	const mend = "let a worker run (it makes them every hour), or run waypost migrate"
	switch {
	case ahead <= 0:
		d.fail("partitions", "today has none", mend)
	case ahead < partitionsWarn:
		d.warn("partitions", text, mend)
	default:
		d.ok("partitions", "%s", text)
	}
}

func (d *doctor) operators(c pgstore.Condition) {
	if c.Operators == 0 {
		d.warn("operators", "nobody can log in as an operator", "waypost admin create --email you@example.com")
		return
	}
	d.ok("operators", "%d may log in", c.Operators)
}

func (d *doctor) balances(ctx context.Context, db *pgstore.DB) {
	differences, err := ledger.NewService(db.Ledger()).VerifyBalances(ctx)
	if err != nil {
		d.fail("balances", "they could not be compared with the ledger: "+causeOf(err), "try again when the database is less busy")
		return
	}
	if len(differences) == 0 {
		d.ok("balances", "every balance equals the fold of its ledger entries")
		return
	}
	var texts []string
	for _, x := range differences[:min(len(differences), differencesShown)] {
		texts = append(texts, fmt.Sprintf("%s %s: stored %s/%s/%s/%s, ledger %s/%s/%s/%s", x.Stored.Party, x.Stored.Currency,
			x.Stored.Pending, x.Stored.Approved, x.Stored.Invoiced, x.Stored.Paid, x.Folded.Pending, x.Folded.Approved, x.Folded.Invoiced, x.Folded.Paid))
	}
	d.fail("balances", fmt.Sprintf("%d do not equal the ledger (pending/approved/invoiced/paid): %s", len(differences), strings.Join(texts, "; ")),
		"somebody changed the table balances or ledger_entries by hand: the entries are the truth; keep a backup and report it before mending")
}

func (d *doctor) backlog(ctx context.Context, db *pgstore.DB) {
	b, err := db.Backlog(ctx)
	if err != nil {
		d.fail("backlog", causeOf(err), "try again when the database is less busy")
		return
	}
	for _, part := range []struct {
		check, what string
		waiting     int64
		oldest      time.Time
		mend        string
	}{
		{"deliveries", "overdue", b.Overdue, b.OldestOverdue, "let a process with role worker run; /metrics and its log say what keeps it"},
		{"postbacks", "stored but not decided", b.Queued, b.OldestQueued, "let a process with role worker run; GET /api/v1/postback-log?status=queued lists them"},
		{"mails", "waiting", b.Mails, b.OldestMail, "look at the column error of the table mails, and at WAYPOST_SMTP_URL"},
	} {
		switch age := now().Sub(part.oldest).Round(time.Second); {
		case part.waiting == 0:
			d.ok(part.check, "none %s", part.what)
		case age > waitsTooLong:
			d.warn(part.check, fmt.Sprintf("%d %s, the oldest for %s", part.waiting, part.what, age), part.mend)
		default:
			d.ok(part.check, "%d %s, the oldest for %s", part.waiting, part.what, age)
		}
	}
}

// Failed tells whether a finding is a failure.
func Failed(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Verdict == VerdictFail })
}
