package conversion

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/ledger"
)

// batch is one try of deciding some calls in one transaction.
type batch struct {
	s     *Service
	works []*work
	mode  again
	now   time.Time

	lines  map[LogID]LogEntry // as they stood before
	clicks map[click.ID]click.Click
	terms  Terms

	coupons map[string][]CouponTerms // by the code as it was sent
	minted  map[*work]click.Click    // of calls with a coupon

	holders map[string][]advertiser.ID // whose token it is, of calls that nothing else gives to an advertiser

	drafts  map[*work]Draft
	held    map[string]*Conversion // by key, as it is now; nil where the key is free or newly claimed
	claimed map[string]ID          // id of the conversion that will be made for a newly claimed key

	quiet    bool        // nobody is told
	lastID   domain.UUID // that newUUID gave
	writes   Writes
	postings []ledger.Posting
	changes  []Change
	touched  []Conversion // that did not change but in time
}

func (b *batch) run(ctx context.Context) ([]Result, func(context.Context), error) {
	if err := b.load(ctx); err != nil {
		return nil, nil, err
	}
	n := len(b.works)
	results := make([]Result, n)
	b.drafts, b.minted = make(map[*work]Draft, n), map[*work]click.Click{}
	b.changes, b.writes.Events, b.writes.Lines = make([]Change, 0, n), make([]Event, 0, n), make([]LogLine, 0, n) // most calls are new sales
	for i, w := range b.works {
		results[i] = b.decide(w)
	}
	if err := b.claim(ctx); err != nil {
		return nil, nil, err
	}
	for i, w := range b.works {
		if d, ok := b.drafts[w]; ok {
			var err error
			if results[i], err = b.apply(d); err != nil {
				return nil, nil, err
			}
			b.keepMinted(w, results[i])
		}
	}
	if err := b.loadHolders(ctx, results); err != nil {
		return nil, nil, err
	}
	for i, w := range b.works {
		b.finish(w, &results[i])
	}
	return b.save(ctx, results)
}

// decide answers a call that needs no look at earlier conversions, or makes a draft of it.
func (b *batch) decide(w *work) Result {
	if line, ok := b.lines[w.call.ID]; ok {
		switch {
		case b.mode == replay && line.settled(replay):
			r := accepted(OutcomeDuplicate, "this call was decided already; nothing was changed")
			r.ConversionID, r.ConversionStatus, r.Ignored = line.ConversionID, line.ConversionStatus, line.Ignored
			return r
		case b.mode == answerStored || b.mode == settleQueued && line.settled(settleQueued):
			return line.result()
		}
	}
	if w.refusal != nil {
		return refused(w.refusal)
	}
	if w.coupon != "" {
		return b.decideCoupon(w)
	}
	f := b.facts(w)
	if f.Click == nil {
		if b.now.Sub(w.clickID.Time()) > maxClickWait {
			return refused(errs.NotFound("click_not_found", "there is no click with this id"))
		}
		r := pending()
		r.ClickPending = b.mode == settleQueued || b.mode == answerStored && !w.call.LogPending
		return r
	}
	d, refusal := Decide(w.call, w.sent, f)
	if refusal != nil {
		return refused(refusal)
	}
	b.drafts[w] = d
	return Result{}
}

// claim takes the keys of the drafts that may make a conversion, and locks the conversions that hold the others. A key
// that several calls of the batch share is claimed once; they are told apart by their order.
func (b *batch) claim(ctx context.Context) error {
	b.held, b.claimed = map[string]*Conversion{}, map[string]ID{}
	at := map[string]int{}
	var keys []Key
	for _, w := range b.works {
		d, ok := b.drafts[w]
		if !ok {
			continue
		}
		i, seen := at[d.Key]
		if !seen {
			i = len(keys)
			at[d.Key], keys = i, append(keys, Key{DedupeKey: d.Key})
		}
		if d.NotNew == nil && !keys[i].Claim {
			id, err := domain.NewUUID(d.Call.ReceivedAt, b.s.d.Random)
			if err != nil {
				return err
			}
			keys[i] = Key{DedupeKey: d.Key, ClickID: d.Click.ID, ConversionID: ID{id}, Claim: true}
		}
	}
	if len(keys) == 0 {
		return nil
	}
	holders, err := b.s.d.Store.ClaimKeys(ctx, keys)
	if err != nil {
		return err
	}
	var others []Key
	for _, k := range keys {
		switch holder, ok := holders[k.DedupeKey]; {
		case ok && k.Claim && holder.ConversionID == k.ConversionID:
			b.claimed[k.DedupeKey] = k.ConversionID
		case ok:
			others = append(others, holder)
		}
	}
	if len(others) == 0 {
		return nil
	}
	return b.lock(ctx, others)
}

func (b *batch) lock(ctx context.Context, holders []Key) error {
	conversions, err := b.s.d.Store.LockConversions(ctx, holders)
	if err != nil {
		return err
	}
	var missing []click.ID
	for i, c := range conversions {
		b.held[c.DedupeKey] = &conversions[i]
		if _, ok := b.clicks[c.ClickID]; !ok { // a repeat that came with another click of the same advertiser
			missing = append(missing, c.ClickID)
		}
	}
	for _, k := range holders {
		if b.held[k.DedupeKey] == nil {
			return fmt.Errorf("key %q, conversion %s: %w", k.DedupeKey, k.ConversionID, errKeyWithoutConversion)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, clicks, err := b.s.d.Store.LoadCalls(ctx, nil, false, missing)
	for id, c := range clicks {
		b.clicks[id] = c
	}
	return err
}

// apply runs the draft against the conversion of its key and notes what follows.
func (b *batch) apply(d Draft) (Result, error) {
	before := b.held[d.Key]
	result, after := d.Apply(before, b.claimed[d.Key])
	if after == nil {
		return result, nil
	}
	b.held[d.Key] = after
	if before != nil && before.Status == after.Status && before.AwaitingRate == after.AwaitingRate && sameAmounts(*before, *after) {
		b.touched = append(b.touched, *after) // nothing to tell, but an older call must find how new the amounts are
		return result, nil
	}
	event := newEvent(before, *after)
	event.LogID, event.Actor = d.Call.ID, "postback"
	return result, b.follow(before, *after, event, d)
}

// follow notes event, ledger and announcement of a change.
func (b *batch) follow(before *Conversion, after Conversion, event Event, d Draft) error {
	var err error
	if event.ID, err = b.newUUID(); err != nil {
		return err
	}
	event.At = b.now
	b.writes.Events = append(b.writes.Events, event)
	postings := Postings(before, after)
	entries, err := b.entries(postings, after)
	if err != nil {
		return err
	}
	b.writes.Entries = append(b.writes.Entries, entries...)
	b.postings = append(b.postings, postings...)
	change := Change{Conversion: after, Created: before == nil, Click: b.clickOf(after), Offer: d.Offer, At: b.now}
	if before != nil {
		change.OldStatus = before.Status
	}
	b.changes = append(b.changes, change)
	return nil
}

// clickOf is the conversion's own click; what the conversion knows of it where the row is gone with its age.
func (b *batch) clickOf(c Conversion) click.Click {
	if own, ok := b.clicks[c.ClickID]; ok {
		return own
	}
	return click.Click{ID: c.ClickID, OfferID: c.OfferID, AffiliateID: c.AffiliateID, AdvertiserID: c.AdvertiserID}
}

// entries makes ledger entries of postings: one transaction.
func (b *batch) entries(postings []ledger.Posting, c Conversion) ([]ledger.Entry, error) {
	if len(postings) == 0 {
		return nil, nil
	}
	transaction, err := b.newUUID()
	if err != nil {
		return nil, err
	}
	entries := make([]ledger.Entry, len(postings))
	for i, p := range postings {
		id, err := b.newUUID()
		if err == nil {
			err = p.Validate()
		}
		if err != nil {
			return nil, err
		}
		entries[i] = ledger.Entry{Posting: p, ID: ledger.ID{UUID: id}, TransactionID: ledger.TransactionID{UUID: transaction},
			ConversionID: c.ID.UUID, ClickID: domain.UUID(c.ClickID), At: b.now}
	}
	return entries, nil
}

// newUUID gives ids that grow within the batch, so that what was written in the same instant keeps its order: the
// first is random, each other the one before plus one.
func (b *batch) newUUID() (domain.UUID, error) {
	if b.lastID.IsZero() {
		var err error
		b.lastID, err = domain.NewUUID(b.now, b.s.d.Random)
		return b.lastID, err
	}
	const variant = 0b10 << 62
	low := binary.BigEndian.Uint64(b.lastID[8:]) + 1
	binary.BigEndian.PutUint64(b.lastID[8:], low&(1<<62-1)|variant)
	return b.lastID, nil
}

// finish completes a result by what the rules do not know, and writes its line.
func (b *batch) finish(w *work, r *Result) {
	clickID, c := b.matched(w, r)
	if !clickID.IsZero() {
		r.ClickID = b.s.d.Signer.Text(clickID)
	}
	always := w.call.AlwaysOK
	if a, ok := b.terms.Advertisers[c.AdvertiserID]; ok {
		always = a.AlwaysOK
	}
	if always {
		r.HTTPStatus = 200
	}
	line, stored := b.lines[w.call.ID]
	if stored && (b.mode == answerStored || line.settled(b.mode)) {
		return
	}
	if r.Status == OutcomeRefused || r.Status == OutcomeQueued {
		r.Warnings = w.sent.Warnings
	}
	if r.ClickPending {
		return
	}
	c = b.owned(w, *r, c)
	line = LogEntry{ID: w.call.ID, ReceivedAt: w.call.ID.Time(), Method: cut(w.call.Method, 16), Query: w.sent.Masked, IP: cut(w.call.IP, 64),
		HTTPStatus: r.HTTPStatus, Status: r.Status, Code: r.Code, Message: r.Message, Warnings: r.Warnings, Ignored: r.Ignored,
		ClickID: clickID, ConversionID: r.ConversionID, OfferID: c.OfferID, AffiliateID: c.AffiliateID, AdvertiserID: c.AdvertiserID,
		Preset: w.sent.Preset, ReadAs: w.sent.ReadAs, Unknown: w.sent.Unknown, BodyStart: w.bodyStart,
		Rehearsal: w.call.Rehearsal}
	if r.Status != OutcomeQueued {
		line.SettledAt = b.now
	}
	if stored {
		b.writes.Relined = append(b.writes.Relined, LogLine{LogEntry: line, Call: w.call})
	} else {
		b.writes.Lines = append(b.writes.Lines, LogLine{LogEntry: line, Call: w.call})
	}
}

// save writes the batch: each conversion once, in its last state.
func (b *batch) save(ctx context.Context, results []Result) ([]Result, func(context.Context), error) {
	created := map[ID]bool{}
	for _, id := range b.claimed {
		created[id] = true
	}
	written := map[ID]bool{}
	stored := b.touched
	for _, ch := range b.changes {
		stored = append(stored, ch.Conversion)
	}
	for _, state := range stored {
		c := b.held[state.DedupeKey]
		if written[c.ID] {
			continue
		}
		written[c.ID] = true
		if created[c.ID] {
			b.writes.Created = append(b.writes.Created, *c)
		} else {
			b.writes.Updated = append(b.writes.Updated, *c)
		}
	}
	var err error
	if b.writes.Balances, err = ledger.Fold(b.postings); err != nil {
		return nil, nil, err
	}
	// Save takes the locks on the balances, which other batches wait for until the commit, so it comes last.
	var wake func(context.Context)
	if len(b.changes) > 0 && !b.quiet {
		if wake, err = b.s.d.Announcer.Announce(ctx, b.changes); err != nil {
			return nil, nil, err
		}
	}
	return results, wake, b.s.d.Store.Save(ctx, b.writes)
}
