package pgstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"github.com/waypost/waypost/domain/errs"
)

// shardSuffix is what a distributed PostgreSQL appends to a constraint's name.
var shardSuffix = regexp.MustCompile(`_\d+$`)

// translate turns a database error into the domain's: no row is NotFound, a unique violation the Conflict named after
// its constraint, a reference that still stands "in_use", a database that is away Unavailable. nil stays nil.
func translate(deed string, err error) error {
	if err == nil {
		return nil
	}
	if _, ours := errs.As(err); ours {
		return err
	}
	if errors.Is(err, gorm.ErrRecordNotFound) || errors.Is(err, pgx.ErrNoRows) || errors.Is(err, sql.ErrNoRows) {
		return errs.NotFound("not_found", "there is nothing with this id").Because(fmt.Errorf("%s: %w", deed, err))
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch {
		case pg.Code == "23505":
			return errs.Conflict(shardSuffix.ReplaceAllString(pg.ConstraintName, ""), "there is already one with these values").Because(fmt.Errorf("%s: %w", deed, err))
		case pg.Code == "23503" && strings.Contains(pg.Message, "update or delete"):
			return errs.Conflict("in_use", "other records refer to it; pause it instead of deleting it").Because(fmt.Errorf("%s: %w", deed, err))
		case pg.Code == "23503":
			return errs.Invalid("unknown_reference", "a record that this one names does not exist").Because(fmt.Errorf("%s: %w", deed, err))
		case pg.Code == "22003":
			return errs.Invalid("amount_overflow", "a number is too large").Because(fmt.Errorf("%s: %w", deed, err))
		case away(pg.Code):
			return errs.Unavailable("database_unavailable", "the database does not answer; try again").Because(fmt.Errorf("%s: %w", deed, err))
		}
		return fmt.Errorf("%s: %w", deed, err)
	}
	var connect *pgconn.ConnectError
	var network net.Error
	if errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded) ||
		pgconn.Timeout(err) || pgconn.SafeToRetry(err) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, net.ErrClosed) ||
		strings.Contains(err.Error(), "unexpected EOF") || strings.Contains(err.Error(), "conn closed") {
		return errs.Unavailable("database_unavailable", "the database does not answer; try again").Because(fmt.Errorf("%s: %w", deed, err))
	}
	return fmt.Errorf("%s: %w", deed, err)
}

// away tells the SQLSTATE codes of a server that is starting, stopping, full or too slow.
func away(code string) bool {
	return strings.HasPrefix(code, "08") || strings.HasPrefix(code, "57P") || code == "57014" || code == "53300" || code == "55P03" || code == "25006"
}
