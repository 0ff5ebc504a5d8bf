package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/waypost/waypost/config"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/embedded"
	"github.com/waypost/waypost/store/pgstore"
)

// Verdict is how a check went.
type Verdict string

// The verdicts. Only a failure keeps Waypost from working as it should.
const (
	VerdictOK   Verdict = "ok"
	VerdictWarn Verdict = "warn"
	VerdictFail Verdict = "fail"
)

// Finding is one check of the doctor.
type Finding struct {
	Check   string  `json:"check"`
	Verdict Verdict `json:"verdict"`
	Found   string  `json:"found"`
	Mend    string  `json:"mend,omitempty"` // what to do; empty where all is well
}

// doctorPatience is how long one dependency may take to answer.
const doctorPatience = 5 * time.Second

// Doctor checks configuration and every dependency and says what to mend. It changes nothing. fault is what reading the
// settings gave.
func Doctor(ctx context.Context, cfg config.Config, fault error, log *slog.Logger) []Finding {
	d := &doctor{cfg: cfg, log: log}
	if d.settings(fault) {
		d.addresses()
		d.dataFolder()
		d.database(ctx)
		d.redis(ctx)
		d.spool()
		d.running(ctx)
		d.mail(ctx)
		d.countries()
		d.guard(ctx)
	}
	return d.findings
}

// doctor collects findings.
type doctor struct {
	cfg      config.Config
	log      *slog.Logger
	findings []Finding
}

func (d *doctor) ok(check, found string, args ...any) {
	d.findings = append(d.findings, Finding{Check: check, Verdict: VerdictOK, Found: fmt.Sprintf(found, args...)})
}

func (d *doctor) warn(check, found, mend string) {
	d.findings = append(d.findings, Finding{check, VerdictWarn, found, mend})
}

func (d *doctor) fail(check, found, mend string) {
	d.findings = append(d.findings, Finding{check, VerdictFail, found, mend})
}

// settings tells whether the settings can be used.
func (d *doctor) settings(fault error) bool {
	if fault == nil {
		d.ok("settings", "all can be read (waypost settings lists them); roles %v", d.cfg.Roles())
		return true
	}
	faults := []error{fault}
	if all, several := fault.(interface{ Unwrap() []error }); several {
		faults = all.Unwrap()
	}
	for _, f := range faults {
		d.fail("settings", f.Error(), "correct the variable; waypost settings explains each. Nothing else is checked before")
	}
	return false
}

// database checks the server, then what Waypost keeps in it.
func (d *doctor) database(ctx context.Context) {
	const check = "database"
	if d.cfg.DatabaseURL == "" && !embedded.HasCluster(d.cfg.DataDir) {
		d.warn(check, "there is none yet in "+d.cfg.DataDir, "start waypost serve, which makes one; or name the right folder in WAYPOST_DATA_DIR")
		return
	}
	p, err := openDatabase(ctx, d.cfg, 0, d.log)
	if err != nil {
		d.fail(check, err.Error(), "see postgres.log and postgres/log in the data folder")
		return
	}
	defer func() {
		if err := p.close(context.WithoutCancel(ctx)); err != nil {
			d.warn(check, "the embedded database did not stop: "+err.Error(), "see postgres/log in the data folder")
		}
	}()
	secret, previous, err := d.secret()
	var sealer *pgstore.Sealer
	if err == nil && secret != nil {
		sealer, err = pgstore.NewSealer(secret, previous...)
	}
	if err != nil {
		d.fail("secret", err.Error(), "set WAYPOST_SECRET to the installation's secret, of 32 characters or more")
		sealer = nil
	}
	db, err := pgstore.Open(pgstore.Options{URL: p.databaseURL, MaxConns: 2, Sealer: sealer})
	if err != nil {
		d.fail(check, err.Error(), "correct DATABASE_URL: postgres://user:password@host:5432/name")
		return
	}
	defer db.Close()
	before := now()
	bounded, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	c, err := db.Condition(bounded)
	if err != nil {
		d.fail(check, "it does not answer: "+causeOf(err), "start it, and check host, port, password and network of DATABASE_URL")
		return
	}
	d.databaseServer(c, before)
	if !d.schema(c) {
		return
	}
	if sealer != nil {
		if err := db.ProveSecret(ctx); err != nil {
			d.fail("secret", err.Error(), "set WAYPOST_SECRET as it was when this database was made, or the old one in WAYPOST_SECRET_PREVIOUS")
		} else {
			d.ok("secret", "it is this database's")
		}
	}
	d.role(c)
	d.partitions(c)
	d.operators(c)
	d.balances(ctx, db)
	if c.Migration >= backlogMigration {
		d.backlog(ctx, db)
	}
	if c.Migration >= rollupsMigration {
		d.rollups(ctx, db)
	}
}

// secret reads the secret without making one. nil: there is none yet and none is missed.
func (d *doctor) secret() (secret []byte, previous [][]byte, err error) {
	switch {
	case d.cfg.Secret != "" || hasSecret(d.cfg.DataDir):
		return loadSecret(d.cfg)
	case d.cfg.DatabaseURL == "":
		return nil, nil, errors.New("the file secret is gone from the data folder: without it click ids, log-ins and sealed columns are lost; bring it back from a backup")
	default:
		return nil, nil, errors.New("there is no WAYPOST_SECRET, and no file secret in the data folder")
	}
}

// causeOf is what lies behind an error of ours, which says more to an operator than its message to clients.
func causeOf(err error) string {
	if e, ok := errs.As(err); ok && e.Unwrap() != nil {
		err = e.Unwrap()
	}
	return strings.Join(strings.Fields(err.Error()), " ") // on one line
}
