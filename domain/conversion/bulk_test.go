package conversion_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/audit"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
)

// copies adds so many newer ones of the conversion with txid "model".
func (w *world) copies(n int) {
	w.exec(`INSERT INTO conversions SELECT (jsonb_populate_record(c, jsonb_build_object('id', 'ffffffff-0000-7000-8000-' || lpad(to_hex(i), 12, '0'),
		'dedupe_key', 'copy-' || i, 'txid', 'copy-' || i, 'created_at', c.created_at + interval '1 second'))).*
		FROM conversions c, generate_series(1, $1::int) i WHERE c.txid = 'model'`, n)
	w.exec(`INSERT INTO conversion_keys SELECT (jsonb_populate_record(k, jsonb_build_object('dedupe_key', c.dedupe_key, 'conversion_id', c.id))).*
		FROM conversions c, conversion_keys k, conversions m WHERE c.txid LIKE 'copy-%' AND m.txid = 'model' AND k.conversion_id = m.id`)
}

// What has the status already stands in nobody's way.
func TestBulkGetsToTheRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	id := w.click(1, noon.Add(-time.Hour), "")
	old := w.post("clickid", id, "txid", "old", "com", "1", "status", "pending").ConversionID
	w.post("clickid", id, "txid", "model", "com", "1", "status", "approved")
	w.copies(conversion.MaxBulk)
	in := conversion.BulkInput{Filter: &conversion.Filter{OfferID: 1}, Edit: conversion.EditInput{Status: status("approved")}}
	r, err := w.s.Bulk(ctx, operator, in)
	if err != nil || r.Changed != 1 || r.More || w.conversion(old).Status != conversion.StatusApproved {
		t.Errorf("%d changed, more %v, %v", r.Changed, r.More, err)
	}
	if len(r.Affiliates) != 1 || r.Affiliates[0].Approved.String() != "1.00" || len(r.Advertisers) != 1 || r.Advertisers[0].Pending.Sign() >= 0 {
		t.Errorf("%+v %+v", r.Affiliates, r.Advertisers)
	}
	in.Filter = &conversion.Filter{}
	if _, err := w.s.Bulk(ctx, operator, in); !errs.HasCode(err, "filter_required") {
		t.Error(err)
	}
	in.Filter, in.DryRun, in.Edit = &conversion.Filter{Status: conversion.StatusApproved, TxID: "old"}, true, conversion.EditInput{Status: status("hold")}
	if r, err := w.s.Bulk(ctx, operator, in); err != nil || r.Failed != 1 { // it tells why it cannot
		t.Errorf("%+v, %v", r, err)
	}
}

// failing is an audit log that is full after so many entries.
type failing struct{ left int }

func (f *failing) Record(context.Context, audit.Entry) error {
	if f.left--; f.left < 0 {
		return errors.New("disk full")
	}
	return nil
}

func TestBulkTellsWhatWasDoneBeforeAnError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.post("clickid", w.click(1, noon.Add(-time.Hour), ""), "txid", "model", "com", "1", "status", "pending")
	w.copies(149)
	s := conversion.NewService(conversion.Deps{Store: w.db.Conversions(), Tx: w.db, Announcer: w.announcer, Signer: w.signer, Audit: &failing{100}, Clock: w.clock, Random: rand.Reader})
	r, err := s.Bulk(context.Background(), operator, conversion.BulkInput{Filter: &conversion.Filter{OfferID: 1}, Edit: conversion.EditInput{Status: status("rejected"), Reason: "x"}})
	if err != nil || r.Stopped == nil || r.Changed != 100 || r.Failed != 50 || len(r.Money) == 0 {
		t.Errorf("%d changed, %d failed, %v, %v", r.Changed, r.Failed, r.Stopped, err)
	}
	if got := w.count(`SELECT count(*) FROM conversions WHERE status = 'rejected'`); got != 100 {
		t.Errorf("%d are rejected", got)
	}
}

func TestReasonOfARejection(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		to     conversion.Status
		reason string
		ok     bool
	}{{"rejected", "", false}, {"trash", " \x00", false}, {"trash", "spam", true}, {"approved", "", true}} {
		if err := conversion.CheckReason(conversion.EditInput{Status: &c.to, Reason: c.reason}); (err == nil) != c.ok {
			t.Errorf("%s because %q: %v", c.to, c.reason, err)
		}
	}
}
