package pgstore_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/waypost/waypost/store/pgstore"
	"github.com/waypost/waypost/store/storetest"
)

func TestListenerHearsChangesAndComesBack(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t)
	db, err := pgstore.Open(pgstore.Options{URL: url, Sealer: storetest.Sealer(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	heard, ended := make(chan struct{}, 100), make(chan struct{})
	go func() {
		defer close(ended)
		pgstore.ListenCatalogue(ctx, url, slog.New(slog.DiscardHandler), func(context.Context) { heard <- struct{}{} })
	}()
	await := func(what string) {
		t.Helper()
		select {
		case <-heard:
		case <-ctx.Done():
			t.Fatalf("not heard: %s", what)
		}
	}
	await("the first connection")
	if _, err := db.Pool().Exec(ctx, `SELECT pg_notify('catalogue', '{"v":2}')`); err != nil {
		t.Fatal(err)
	}
	await("a notification")
	if _, err := db.Pool().Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE application_name = 'waypost listener' AND datname = current_database()`); err != nil {
		t.Fatal(err)
	}
	await("the connection after the lost one")
	if _, err := db.Pool().Exec(ctx, `SELECT pg_notify('catalogue', '{"v":3}')`); err != nil {
		t.Fatal(err)
	}
	await("a notification on the new connection")
	cancel()
	<-ended
}
