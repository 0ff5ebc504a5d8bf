package pgstore

import (
	"context"
	"crypto/sha256"
	"sync"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain/advertiser"
)

// tokenHolders knows whose the postback tokens are, as of a version of the catalogue: they are sealed, so that the
// database cannot look for one.
type tokenHolders struct {
	mu      sync.Mutex
	version int64
	of      map[[32]byte][]advertiser.ID // by the hash of the token
}

// TokenHolders implements conversion.Store. A token that was sealed under a lost secret is nobody's.
func (s Conversions) TokenHolders(ctx context.Context, tokens []string) (map[string][]advertiser.ID, error) {
	known, err := s.db.holdersOfTokens(ctx)
	if err != nil {
		return nil, translateBatch("find holders of tokens", err)
	}
	found := map[string][]advertiser.ID{}
	for _, token := range tokens {
		if ids := known[sha256.Sum256([]byte(token))]; len(ids) > 0 && token != "" {
			found[token] = ids
		}
	}
	return found, nil
}

func (db *DB) holdersOfTokens(ctx context.Context) (map[[32]byte][]advertiser.ID, error) {
	version, err := catalogueVersion(db.orm(ctx)) // first: what is read then is of this version, or newer
	if err != nil {
		return nil, err
	}
	h := &db.tokens
	h.mu.Lock()
	if h.of != nil && h.version == version {
		defer h.mu.Unlock()
		return h.of, nil
	}
	h.mu.Unlock()
	rows, err := gorm.G[advertiserRow](db.orm(ctx)).Select("id, postback_token").Order("id").Find(ctx)
	if err != nil {
		return nil, err
	}
	of := make(map[[32]byte][]advertiser.ID, len(rows))
	for _, a := range rows {
		if token, err := db.sealer.Open(tokenColumn, a.PostbackToken); err == nil {
			hash := sha256.Sum256(token)
			of[hash] = append(of[hash], advertiser.ID(a.ID))
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.of, h.version = of, version
	return of, nil
}
