package pgstore

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	listenRetryFirst = 100 * time.Millisecond
	listenRetryMost  = 5 * time.Second
	listenAlive      = 30 * time.Second // a silent connection is asked for a sign of life
)

// ListenCatalogue calls changed when another node tells of a changed catalogue, and after each new connection, since
// what was told while there was none is lost. It keeps a connection of its own to url, which must not be a transaction
// pooler: one would accept LISTEN and deliver nothing. It returns when ctx ends.
func ListenCatalogue(ctx context.Context, url string, log *slog.Logger, changed func(context.Context)) {
	wait := listenRetryFirst
	for ctx.Err() == nil {
		err := listenOnce(ctx, url, func(ctx context.Context) {
			wait = listenRetryFirst
			changed(ctx)
		})
		if ctx.Err() != nil {
			return
		}
		if wait == listenRetryFirst { // once an outage, not at each try
			log.WarnContext(ctx, "catalogue listener: disconnected, trying again", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, listenRetryMost)
	}
}

// listenOnce listens until the connection fails.
func listenOnce(ctx context.Context, url string, changed func(context.Context)) error {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return translate("read address of the listener", err)
	}
	cfg.ConnectTimeout = time.Second
	cfg.RuntimeParams["application_name"] = "waypost listener"
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return translate("connect listener", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "LISTEN catalogue"); err != nil {
		return translate("listen", err)
	}
	changed(ctx)
	for {
		quiet, cancel := context.WithTimeout(ctx, listenAlive)
		_, err := conn.WaitForNotification(quiet)
		silent := quiet.Err() != nil && ctx.Err() == nil
		cancel()
		switch {
		case err == nil:
			changed(ctx)
		case !silent:
			return translate("wait for notification", err)
		default:
			if err := ping(ctx, conn); err != nil {
				return translate("ping listener", err)
			}
		}
	}
}

func ping(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, listenRetryMost)
	defer cancel()
	return conn.Ping(ctx)
}
