package pgstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/store/pgstore"
	"github.com/waypost/waypost/store/storetest"
)

// A pool that is used up must not make callers wait for as long as somebody holds it.
func TestUsedUpPoolIsUnavailableSoon(t *testing.T) {
	t.Parallel()
	db, err := pgstore.Open(pgstore.Options{URL: storetest.URL(t), MaxConns: 1, Sealer: storetest.Sealer(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	err = db.InTx(context.Background(), func(context.Context) error {
		began := time.Now()
		err := db.InTx(context.Background(), func(context.Context) error { return nil }) // another caller: not the open transaction
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("the second caller waited %s", took)
		}
		return err
	})
	if !errs.Is(err, errs.KindUnavailable) {
		t.Errorf("error %v, want Unavailable", err)
	}
}
