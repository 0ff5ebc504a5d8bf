package conversion

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
)

// maxTries is how often a transaction is tried that lost against others.
const maxTries = 4

// again says how a call that has a line in the log already is decided.
type again uint8

const (
	answerStored again = iota // as it was: the same call came twice
	settleQueued              // once more if it is still queued
	replay                    // once more if it was refused or is still queued
)

// RecordBatch decides a batch of calls, in their order, in one transaction, and gives one result each. A call whose id
// stands in the log already is answered as it was then and changes nothing. If the batch fails, each call is tried
// alone, so that one that cannot be stored does not take the others along; where its own values are at fault it is
// refused, for to try it again would never end. If the database is away, every result has Err.
func (s *Service) RecordBatch(ctx context.Context, calls []Call) []Result {
	return s.record(ctx, calls, answerStored, nil)
}

// alsoDo is what else belongs to the transaction that decides calls; nil = nothing.
type alsoDo func(ctx context.Context, calls []Call, results []Result) error

// record is RecordBatch for calls that may have a line already.
func (s *Service) record(ctx context.Context, calls []Call, mode again, also alsoDo) []Result {
	if len(calls) == 0 {
		return nil
	}
	works := make([]*work, len(calls))
	for i, c := range calls {
		c.Limited = c.Limited && mode != replay // an operator asks, not the address
		works[i] = s.prepare(c)
	}
	inTx := func(ctx context.Context, results []Result) error {
		if also == nil {
			return nil
		}
		return also(ctx, calls, results)
	}
	results, err := s.try(ctx, works, mode, inTx)
	if e, ok := errs.As(err); ok && e.Kind == errs.KindInvalid && len(works) == 1 {
		works[0].refusal = e
		results, err = s.try(ctx, works, mode, inTx)
	}
	if err == nil {
		return results
	}
	results = make([]Result, len(calls))
	alone := len(calls) > 1 && !errs.Is(err, errs.KindUnavailable) && ctx.Err() == nil
	for i := range calls {
		results[i].Err = err
		if alone {
			results[i] = s.record(ctx, calls[i:i+1], mode, also)[0]
			alone = !errs.Is(results[i].Err, errs.KindUnavailable) // it went away meanwhile
			err = results[i].Err
		}
	}
	return results
}

// try runs the batch's transaction, again where it lost against a concurrent one: a Conflict is a deadlock or a row
// that another batch inserted since we looked.
func (s *Service) try(ctx context.Context, works []*work, mode again, also func(context.Context, []Result) error) (results []Result, err error) {
	for range maxTries {
		var wake func(context.Context)
		err = s.d.Tx.InTx(ctx, func(ctx context.Context) error {
			b := batch{s: s, works: works, mode: mode, now: s.d.Clock()}
			if results, wake, err = b.run(ctx); err == nil {
				err = also(ctx, results)
			}
			return err
		})
		if err == nil {
			if wake != nil {
				wake(context.WithoutCancel(ctx))
			}
			return results, nil
		}
		if !errs.Is(err, errs.KindConflict) || ctx.Err() != nil {
			break
		}
		if errs.HasCode(err, CodeMissingPartition) {
			if err := s.makeRoom(ctx, works); err != nil {
				return nil, err
			}
		}
	}
	return nil, err
}

// CodeMissingPartition is the Conflict of a save for a day that the log has no room for yet: days to come have theirs
// made ahead, days of a spool that lay for long have not.
const CodeMissingPartition = "missing_partition"

func (s *Service) makeRoom(ctx context.Context, works []*work) error {
	for _, w := range works {
		if err := s.d.Store.MakeRoom(ctx, w.call.ID.Time()); err != nil {
			return err
		}
	}
	return nil
}

// work is one call of a batch on its way to a result.
type work struct {
	call    Call
	sent    Sent
	clickID click.ID    // zero where none proved itself
	refusal *errs.Error // found before anything was loaded, or when it was to be stored
	coupon  string      // the code that finds the affiliate where the call names no click

	bodyStart string // of a body that cannot be read
}

func (s *Service) prepare(c Call) *work {
	w := &work{call: c}
	var invalidBody *errs.Error
	w.sent, invalidBody = ParseSent(c)
	if c.Limited {
		w.refusal = errLimited
		return w
	}
	if w.coupon = couponOf(w.sent); w.coupon == "" {
		w.clickID, w.refusal = Identify(w.sent, s.d.Signer, c.ReceivedAt)
	}
	if invalidBody != nil {
		w.refusal, w.bodyStart = invalidBody, bodyStart(c.Body)
	}
	return w
}

// facts gathers what is stored about a call's click.
func (b *batch) facts(w *work) Facts {
	if c, ok := b.clicks[w.clickID]; ok {
		return b.factsOf(c)
	}
	return Facts{}
}

func (b *batch) factsOf(c click.Click) Facts {
	f := Facts{Click: &c, Rates: b.terms.Rates}
	if o, ok := b.terms.Offers[c.OfferID]; ok {
		f.Offer = &o
	}
	if a, ok := b.terms.Advertisers[c.AdvertiserID]; ok {
		f.Advertiser = &a
	}
	f.AffiliateGone = !b.terms.Affiliates[c.AffiliateID]
	return f
}

// load reads what the batch's calls need.
func (b *batch) load(ctx context.Context) error {
	logs := make([]LogID, len(b.works))
	var clicks []click.ID
	for i, w := range b.works {
		logs[i] = w.call.ID
		if !w.clickID.IsZero() {
			clicks = append(clicks, w.clickID)
		}
	}
	var err error
	if b.lines, b.clicks, err = b.s.d.Store.LoadCalls(ctx, logs, b.mode != answerStored, clicks); err != nil {
		return err
	}
	if err := b.loadCoupons(ctx); err != nil {
		return err
	}
	q := TermsQuery{From: b.now, To: b.now}
	bases := map[money.Currency]bool{}
	for _, w := range b.works {
		matched := false
		for p := range b.parties(w) {
			matched = true
			q.Offers, q.Advertisers, q.Affiliates = append(q.Offers, p.offer), append(q.Advertisers, p.advertiser), append(q.Affiliates, p.affiliate)
		}
		if !matched {
			continue
		}
		if base, err := money.ParseCurrency(w.sent.Currency); err == nil && !bases[base] {
			bases[base], q.Bases = true, append(q.Bases, base)
		}
		if at := w.call.ReceivedAt.Add(-maxRateAge); at.Before(q.From) {
			q.From = at
		}
	}
	if len(q.Offers) == 0 {
		return nil
	}
	q.Offers, q.Advertisers, q.Affiliates = distinct(q.Offers), distinct(q.Advertisers), distinct(q.Affiliates)
	if b.terms, err = b.s.d.Store.LoadTerms(ctx, q); err != nil {
		return err
	}
	b.confirmCoupons()
	return nil
}

func distinct[T cmp.Ordered](ids []T) []T {
	slices.Sort(ids)
	return slices.Compact(ids)
}

var errKeyWithoutConversion = errors.New("a dedupe key is held by a conversion that does not exist")
