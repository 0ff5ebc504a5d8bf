package server

import (
	"crypto/rand"

	"github.com/waypost/waypost/domain/trace"
	"github.com/waypost/waypost/store/pgstore"
)

// newTraceLinks shares traces by links.
func newTraceLinks(db *pgstore.DB, traces *trace.Service) *trace.Links {
	return trace.NewLinks(trace.LinkDeps{Traces: traces, Store: db.Traces(), Tx: db, Audit: db.Audit(), Clock: now, Random: rand.Reader})
}
