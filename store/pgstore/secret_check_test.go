package pgstore_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/waypost/waypost/store/pgstore"
	"github.com/waypost/waypost/store/storetest"
)

func TestSecretOfAnotherInstallationIsRefused(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t)
	check := func(secrets ...string) error {
		var keys [][]byte
		for _, s := range secrets {
			keys = append(keys, []byte(strings.Repeat(s, 32)))
		}
		sealer, err := pgstore.NewSealer(keys[0], keys[1:]...)
		if err != nil {
			return err
		}
		db, err := pgstore.Open(pgstore.Options{URL: url, Sealer: sealer})
		if err != nil {
			return err
		}
		defer db.Close()
		return db.CheckSecret(context.Background())
	}
	var nodes sync.WaitGroup
	for range 8 {
		nodes.Go(func() {
			if err := check("a"); err != nil {
				t.Errorf("one of many first starts: %v", err)
			}
		})
	}
	nodes.Wait()
	for _, step := range []struct {
		secrets []string
		refused bool
	}{
		{secrets: []string{"a"}},
		{secrets: []string{"b"}, refused: true},
		{secrets: []string{"b", "c"}, refused: true},
		{secrets: []string{"a"}}, // a refusal changes nothing
		{secrets: []string{"b", "c", "a"}},
		{secrets: []string{"b"}}, // sealed anew: the previous one is no longer needed
		{secrets: []string{"a"}, refused: true},
	} {
		err := check(step.secrets...)
		if refused := err != nil && strings.Contains(err.Error(), "another WAYPOST_SECRET"); refused != step.refused || (err != nil) != step.refused {
			t.Errorf("secrets %v: %v", step.secrets, err)
		}
	}
}
