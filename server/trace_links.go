package server

import (
	"context"
	"crypto/rand"

	"github.com/waypost/waypost/domain/trace"
	"github.com/waypost/waypost/store/pgstore"
)

// newTraceLinks shares traces by links.
func newTraceLinks(db *pgstore.DB, traces *trace.Service) *trace.Links {
	return trace.NewLinks(trace.LinkDeps{Traces: traces, Store: db.Traces(), Tx: db, Audit: db.Audit(), Clock: now, Random: rand.Reader})
}

// pruneTraceLinks forgets links that are long over, also on a node that serves none.
func pruneTraceLinks(ctx context.Context, db *pgstore.DB) error {
	_, err := trace.NewLinks(trace.LinkDeps{Store: db.Traces(), Clock: now}).Prune(ctx)
	return err
}
