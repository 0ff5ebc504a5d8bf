package conversion

import (
	"context"
	"fmt"
	"slices"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/domain/money"
)

// MaxBulk is how many conversions one bulk change takes.
const MaxBulk = 1000

// BulkInput is a change of many conversions: those with IDs, or those that Filter takes.
type BulkInput struct {
	IDs    []ID
	Filter *Filter
	Edit   EditInput
	DryRun bool // only tell what would become of it
}

// BulkResult is what a bulk change did, or would do.
type BulkResult struct {
	Results []Moved
	Changed int              // results that are a change
	Failed  int              // results with a fault
	Money   []ledger.Balance // what is added to the balances, by party and currency; less is negative
	More    bool             // the filter takes more conversions than one call does: ask again
	// Affiliates and Advertisers are the sums of Money of each side, by currency.
	Affiliates, Advertisers []Sum
	// Stopped is the error that ended a change in the middle; the results that were not tried have it as their fault.
	Stopped error
}

// Sum is what is added to the balances of one side, in one currency.
type Sum struct {
	Currency          money.Currency
	Pending, Approved money.Amount
}

// Moved is what became of one conversion, or of one line of a file.
type Moved struct {
	Line   int // of a file, from 1; 0 where there is none
	ID     ID  // zero where a line names none that is known
	Before Conversion
	After  Conversion // as Before where nothing changed
	Fault  *errs.Error
}

// Changed tells whether it was, or would be, a change.
func (m Moved) Changed() bool {
	return m.Fault == nil && (m.Before.settled() != m.After.settled() || !sameAmounts(m.Before, m.After))
}

// wanted is one conversion's share of a bulk change.
type wanted struct {
	line  int
	id    ID
	edit  EditInput
	fault *errs.Error
}

// Bulk moves many conversions at once, or tells what the move would do to the money. Each conversion is judged by itself:
// one that cannot move keeps none of the others. Errors: those of ChangeStatus for the call as a whole, required, too_many,
// filter_required.
func (s *Service) Bulk(ctx context.Context, actor account.Actor, in BulkInput) (BulkResult, error) {
	if err := s.mayEdit(ctx, actor, in.Edit); err != nil {
		return BulkResult{}, err
	}
	if in.Edit.Status == nil {
		return BulkResult{}, errs.Invalid("required", "name the status that they shall have").At("body.status")
	}
	ids, more := in.IDs, false
	switch {
	case in.Filter != nil && len(ids) > 0 || in.Filter == nil && len(ids) == 0:
		return BulkResult{}, errs.Invalid("required", "name the conversions: ids, or a filter").At("body.ids")
	case len(ids) > MaxBulk:
		return BulkResult{}, errs.Invalid("too_many", "at most %d conversions in one call", MaxBulk).At("body.ids")
	case in.Filter != nil && *in.Filter == Filter{}:
		return BulkResult{}, errs.Invalid("filter_required", "name at least one filter, such as status, offer_id or from: without any, every conversion would change").At("body.filter")
	case in.Filter != nil:
		var err error
		if ids, more, err = s.matching(ctx, actor, *in.Filter, *in.Edit.Status); err != nil {
			return BulkResult{}, fmt.Errorf("find conversions: %w", err)
		}
	}
	in.Edit.Reason = cut(withoutControl(in.Edit.Reason), maxValue)
	var list []wanted
	seen := map[ID]bool{}
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			list = append(list, wanted{id: id, edit: in.Edit})
		}
	}
	out, err := s.changeMany(ctx, actor, list, in.Edit.Quiet, in.DryRun)
	out.More = more
	return out, err
}

// matching gives the newest conversions that a filter takes and that can have the status, at most MaxBulk; those that
// have it already would keep a call that is repeated from the rest. more tells that there are others. While there is room,
// those of the newest page that cannot are named too, so that they tell why.
func (s *Service) matching(ctx context.Context, actor account.Actor, f Filter, to Status) (ids []ID, more bool, err error) {
	f.MovableTo = to
	p := domain.Page{Limit: domain.MaxLimit}
	for {
		part, err := s.d.Store.List(ctx, actor.Scope(), f, p)
		if err != nil {
			return nil, false, err
		}
		for _, c := range part.Items {
			if len(ids) == MaxBulk {
				return ids, true, nil
			}
			ids = append(ids, c.ID)
		}
		if p.Cursor = part.NextCursor; p.Cursor == "" {
			break
		}
	}
	f.MovableTo = ""
	part, err := s.d.Store.List(ctx, actor.Scope(), f, domain.Page{Limit: domain.MaxLimit})
	if err != nil {
		return nil, false, err
	}
	for _, c := range part.Items {
		if len(ids) < MaxBulk && c.settled() != to && !CanMove(c.settled(), to) {
			ids = append(ids, c.ID)
		}
	}
	return ids, false, nil
}

// bulkPage is how many conversions change in one transaction.
const bulkPage = 100

// changeMany changes conversions page by page. A page whose transaction fails is tried again one by one, so that one
// conversion does not keep the others; those that still fail tell why.
func (s *Service) changeMany(ctx context.Context, actor account.Actor, list []wanted, quiet, dry bool) (BulkResult, error) {
	var out BulkResult
	var postings []ledger.Posting
	for page := range slices.Chunk(list, bulkPage) {
		moved, err := s.changePage(ctx, actor, page, quiet, dry)
		if err != nil && !dry && !errs.Is(err, errs.KindUnavailable) && ctx.Err() == nil {
			moved, err = s.changeSingly(ctx, actor, page, quiet)
		}
		if err != nil && (dry || len(out.Results)+len(moved) == 0) {
			return out, fmt.Errorf("change conversions: %w", err)
		}
		if err != nil { // what was changed before stays so, and is told
			out.Stopped = fmt.Errorf("change conversions: %w", err)
			for _, w := range list[len(out.Results)+len(moved):] {
				moved = append(moved, Moved{Line: w.line, ID: w.id, Fault: errs.Unavailable("stopped", "an error ended the change before this one: send it again").Because(err)})
			}
		}
		out.Results = append(out.Results, moved...)
		for _, m := range moved {
			switch {
			case m.Fault != nil:
				out.Failed++
			case m.Changed():
				out.Changed++
				postings = append(postings, Postings(&m.Before, m.After)...)
			}
		}
		if out.Stopped != nil {
			break
		}
	}
	var err error
	if out.Money, err = ledger.Fold(postings); err != nil {
		return out, fmt.Errorf("add up the change: %w", err)
	}
	if party, ok := actor.Scope().Advertiser(); ok { // what affiliates earn is not theirs to know
		own := ledger.Party(fmt.Sprintf("d%d", party))
		out.Money = slices.DeleteFunc(out.Money, func(b ledger.Balance) bool { return b.Party != own })
	}
	if out.Affiliates, out.Advertisers, err = sumsOf(out.Money); err != nil {
		return out, fmt.Errorf("add up the change: %w", err)
	}
	return out, nil
}

// sumsOf adds up the balances of each side.
func sumsOf(balances []ledger.Balance) (affiliates, advertisers []Sum, err error) {
	for _, b := range balances {
		side := &advertisers
		if _, ok := b.Party.AffiliateID(); ok {
			side = &affiliates
		}
		i := slices.IndexFunc(*side, func(s Sum) bool { return s.Currency == b.Currency })
		if i < 0 {
			*side = append(*side, Sum{Currency: b.Currency, Pending: b.Pending, Approved: b.Approved})
			continue
		}
		sum := &(*side)[i]
		if sum.Pending, err = sum.Pending.Add(b.Pending); err != nil {
			return nil, nil, err
		}
		if sum.Approved, err = sum.Approved.Add(b.Approved); err != nil {
			return nil, nil, err
		}
	}
	return affiliates, advertisers, nil
}

func (s *Service) changeSingly(ctx context.Context, actor account.Actor, page []wanted, quiet bool) ([]Moved, error) {
	var all []Moved
	for i := range page {
		moved, err := s.changePage(ctx, actor, page[i:i+1], quiet, false)
		e, ours := errs.As(err)
		switch {
		case err == nil:
			all = append(all, moved...)
		case !ours || e.Kind == errs.KindUnavailable || e.Kind == errs.KindInternal:
			return all, err
		default:
			all = append(all, Moved{Line: page[i].line, ID: page[i].id, Fault: e})
		}
	}
	return all, nil
}

// changePage changes conversions in one transaction and tells what became of each, in their order.
func (s *Service) changePage(ctx context.Context, actor account.Actor, page []wanted, quiet, dry bool) ([]Moved, error) {
	var moved []Moved
	var wake func(context.Context)
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		moved, wake = nil, nil
		var ids []ID
		for _, w := range page {
			if w.fault == nil {
				ids = append(ids, w.id)
			}
		}
		found, err := s.d.Store.GetMany(ctx, actor.Scope(), ids) // by the scope: another's is not there
		if err != nil {
			return err
		}
		if !dry {
			if found, err = s.d.Store.LockConversions(ctx, keysOf(found)); err != nil {
				return err
			}
		}
		byID := make(map[ID]Conversion, len(found))
		for _, c := range found {
			byID[c.ID] = c
		}
		b := batch{s: s, now: s.d.Clock(), quiet: quiet}
		if err := b.loadAbout(ctx, found); err != nil {
			return err
		}
		changed := 0
		for _, w := range page {
			m, err := b.judge(w, byID)
			if err != nil {
				return err
			}
			moved = append(moved, m)
			if dry || !m.Changed() {
				continue
			}
			changed++
			if err := b.amend(m.Before, m.After, actorName(actor), w.edit.Reason); err != nil {
				return err
			}
			if err := s.recordEdit(ctx, actor, m.Before, m.After, w.edit); err != nil {
				return err
			}
		}
		if changed == 0 {
			return nil
		}
		_, wake, err = b.save(ctx, nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	if wake != nil {
		wake(context.WithoutCancel(ctx))
	}
	return moved, nil
}

// judge tells what one conversion would become; what the rules refuse is its fault, not the page's.
func (b *batch) judge(w wanted, byID map[ID]Conversion) (Moved, error) {
	m := Moved{Line: w.line, ID: w.id, Fault: w.fault}
	if w.fault != nil {
		return m, nil
	}
	before, ok := byID[w.id]
	if !ok {
		m.Fault = errs.NotFound("not_found", "there is no conversion with this id")
		return m, nil
	}
	goal, _ := b.terms.Offers[before.OfferID].Goal(before.GoalID)
	after, err := before.edited(w.edit, goal, b.now)
	m.Before, m.After = before, after
	if e, ours := errs.As(err); ours && (e.Kind == errs.KindConflict || e.Kind == errs.KindInvalid) {
		m.After, m.Fault = before, e
		return m, nil
	}
	return m, err
}

func keysOf(cs []Conversion) []Key {
	keys := make([]Key, len(cs))
	for i, c := range cs {
		keys[i] = Key{DedupeKey: c.DedupeKey, ClickID: c.ClickID, ConversionID: c.ID}
	}
	return keys
}
