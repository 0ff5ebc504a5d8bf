package pgstore_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/store/pgstore"
	"github.com/waypost/waypost/store/storetest"
)

// A caller that goes away is told apart from a database that does, wherever the statement is.
func TestCallerThatGoesAway(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	lock, err := db.Pool().Begin(t.Context())
	if err == nil {
		_, err = lock.Exec(t.Context(), `LOCK TABLE offers`)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Rollback(context.Background()) }()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	mute, err := pgstore.Open(pgstore.Options{URL: "postgres://u@" + silent.Addr().String() + "/d?sslmode=disable", Sealer: storetest.Sealer(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	for name, read := range map[string]func(context.Context) error{
		"orm": func(ctx context.Context) error { return second(db.Offers().Get(ctx, network, 1)) },
		"native": func(ctx context.Context) error {
			return second(db.Conversions().LoadTerms(ctx, conversion.TermsQuery{Offers: []offer.ID{1}}))
		},
		"connection": mute.Ping,
		"transaction": func(ctx context.Context) error {
			return db.InTx(ctx, func(ctx context.Context) error { return second(db.Offers().GetForUpdate(ctx, network, 1)) })
		},
	} {
		gone, leave := context.WithCancel(t.Context())
		leave()
		if _, ours := errs.As(read(gone)); ours || !errors.Is(read(gone), context.Canceled) {
			t.Errorf("%s, gone before: %v", name, read(gone))
		}
		going, leave := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, leave)
		if err := read(going); !errors.Is(err, context.Canceled) || errs.Is(err, errs.KindUnavailable) {
			t.Errorf("%s, gone meanwhile: %v", name, err)
		}
		slow, leave := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if err := read(slow); !errs.Is(err, errs.KindUnavailable) {
			t.Errorf("%s, too slow: %v", name, err)
		}
		leave()
	}
}
