package pgstore

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// secretColumn is where the constant stands that tells whether the secret is the installation's.
const secretColumn = "secret_check.sealed"

var errOtherSecret = errors.New("this database was set up under another WAYPOST_SECRET: set it (or WAYPOST_SECRET_PREVIOUS) to the secret of that installation; click ids and sealed columns do not open under this one")

// CheckSecret refuses a database that was set up under a secret which is neither the present nor a previous one. The
// first call notes the present secret (not the secret itself: a constant sealed under it), and so does one that finds
// a previous one. Any number of nodes may call it at the same time.
func (db *DB) CheckSecret(ctx context.Context) error {
	constant := []byte("waypost")
	present := &Sealer{aeads: db.sealer.aeads[:1]}
	return db.InTx(ctx, func(ctx context.Context) error {
		g := db.orm(ctx)
		err := g.Exec("INSERT INTO secret_check (single, sealed) VALUES (true, ?) ON CONFLICT DO NOTHING", present.Seal(secretColumn, constant)).Error
		if err != nil {
			return translate("note secret", err)
		}
		var sealed []byte
		if err := g.Raw("SELECT sealed FROM secret_check").Row().Scan(&sealed); err != nil {
			return translate("read secret check", err)
		}
		if _, err := present.Open(secretColumn, sealed); err == nil {
			return nil
		}
		if _, err := db.sealer.Open(secretColumn, sealed); err != nil {
			return errOtherSecret
		}
		return translate("note secret", g.Exec("UPDATE secret_check SET sealed = ?", present.Seal(secretColumn, constant)).Error)
	})
}

// ProveSecret is CheckSecret that notes nothing: it only refuses. A database where none is noted passes.
func (db *DB) ProveSecret(ctx context.Context) error {
	var sealed []byte
	err := db.native(ctx).QueryRow(ctx, "SELECT sealed FROM secret_check").Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return translate("read secret check", err)
	}
	if _, err := db.sealer.Open(secretColumn, sealed); err != nil {
		return errOtherSecret
	}
	return nil
}
