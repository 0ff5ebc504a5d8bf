package pgstore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
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

// A transaction whose context ends in the middle of a native statement is rolled back, and its connection is either
// whole or gone: database/sql once rolled back beside the statement, which ended the program.
func TestTransactionEndsWithItsContext(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	if _, err := db.Pool().Exec(context.Background(), "CREATE TABLE halves (n int, text text)"); err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("x", 1<<20)
	var tries sync.WaitGroup
	for worker := range 4 {
		tries.Go(func() {
			r := rand.New(rand.NewPCG(11, uint64(worker)))
			for n := range 40 {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(r.Int64N(int64(30*time.Millisecond))))
				err := db.InTx(ctx, func(ctx context.Context) error {
					for half := range 2 {
						if err := db.Native(ctx, "INSERT INTO halves VALUES ($1, $2)", worker*1000+n, fmt.Sprint(half, large)); err != nil {
							return err
						}
					}
					return nil
				})
				cancel()
				if err != nil && !errs.Is(err, errs.KindUnavailable) {
					t.Errorf("a transaction whose time was over: %v", err)
				}
			}
		})
	}
	tries.Wait()
	if n := count(t, db, "SELECT count(*) FROM (SELECT n FROM halves GROUP BY n HAVING count(*) <> 2) AS broken"); n != 0 {
		t.Errorf("%d transactions were stored by half", n)
	}
}
