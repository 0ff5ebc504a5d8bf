package postback

import (
	"context"
	"fmt"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
)

// Create saves a new postback. An affiliate's own id is implied; operators name one. Method and statuses have defaults,
// the signing secret is made here.
func (s *Service) Create(ctx context.Context, actor account.Actor, p Postback) (Postback, []errs.Warning, error) {
	if err := actor.Require(account.PermissionWritePostbacks); err != nil {
		return Postback{}, nil, err
	}
	if own, ok := actor.Scope().Affiliate(); ok {
		p.AffiliateID = affiliate.ID(own)
	}
	var err error
	if p.SigningSecret, err = NewSigningSecret(s.Random); err != nil {
		return Postback{}, nil, err
	}
	p.ID, p.PausedReason, p.Failures, p.FailingSince = 0, "", 0, time.Time{}
	p.CreatedAt = s.Clock()
	p.UpdatedAt = p.CreatedAt
	p.Normalise()
	warnings, err := s.judge(ctx, p)
	if err != nil {
		return Postback{}, nil, err
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.CheckReferences(ctx, actor.Scope(), p); err != nil {
			return err
		}
		if err := s.Store.Insert(ctx, &p); err != nil {
			return err
		}
		return s.record(ctx, actor, "postback.create", p.ID, nil, snapshotOf(p))
	})
	if err != nil {
		return Postback{}, nil, fmt.Errorf("create postback: %w", err)
	}
	return p, warnings, nil
}

// judge is the whole check of a URL: its form and its address. It may ask the network's name servers, so no
// transaction is open.
func (s *Service) judge(ctx context.Context, p Postback) ([]errs.Warning, error) {
	warnings, err := p.Validate()
	if err != nil {
		return nil, err
	}
	more, err := s.Guard.CheckURL(ctx, p.URL)
	if err != nil {
		return nil, err
	}
	return append(warnings, more...), nil
}

// Update changes a postback. change may be called twice and has to do the same both times; what it does to ids, secret
// and health is ignored. Made active again, a postback's health starts anew and its paused deliveries are sent; made
// inactive, those that wait are set aside.
func (s *Service) Update(ctx context.Context, actor account.Actor, id ID, change func(*Postback)) (Postback, []errs.Warning, error) {
	if err := actor.Require(account.PermissionWritePostbacks); err != nil {
		return Postback{}, nil, err
	}
	seen, err := s.Store.Get(ctx, actor.Scope(), id)
	if err != nil {
		return Postback{}, nil, err
	}
	judged := s.changed(seen, change)
	warnings, err := judged.Validate()
	if judged.URL != seen.URL || judged.Active && !seen.Active { // an address that is refused by now can still be switched off
		warnings, err = s.judge(ctx, judged)
	}
	if err != nil {
		return Postback{}, nil, err
	}
	var after Postback
	var hosts []string
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		before, err := s.Store.Lock(ctx, actor.Scope(), id)
		if err != nil {
			return err
		}
		after = s.changed(before, change)
		if after.URL != judged.URL {
			return errs.Conflict("changed_meanwhile", "somebody else changed this postback at the same time; read it again")
		}
		if _, err := after.Validate(); err != nil {
			return err
		}
		if after.OfferID != before.OfferID || after.GoalID != before.GoalID {
			if err := s.Store.CheckReferences(ctx, actor.Scope(), after); err != nil {
				return err
			}
		}
		if err := s.Store.Update(ctx, after); err != nil {
			return err
		}
		switch {
		case after.Active && !before.Active:
			hosts, err = s.Deliveries.Resume(ctx, id)
		case before.Active && !after.Active:
			err = s.Deliveries.Pause(ctx, id)
		}
		if err != nil {
			return err
		}
		return s.record(ctx, actor, "postback.update", id, snapshotOf(before), snapshotOf(after))
	})
	if err != nil {
		return Postback{}, nil, fmt.Errorf("update postback %d: %w", id, err)
	}
	s.wake(ctx, hosts)
	return after, warnings, nil
}

func (s *Service) changed(before Postback, change func(*Postback)) Postback {
	p := before
	p.Statuses = append([]conversion.Status(nil), before.Statuses...)
	change(&p)
	p.ID, p.AffiliateID, p.SigningSecret, p.CreatedAt = before.ID, before.AffiliateID, before.SigningSecret, before.CreatedAt
	p.PausedReason, p.FailingSince, p.Failures = before.PausedReason, before.FailingSince, before.Failures
	if p.Active != before.Active {
		p.PausedReason, p.FailingSince, p.Failures = "", time.Time{}, 0
	}
	p.UpdatedAt = s.Clock()
	p.Normalise()
	return p
}

// Get reads one postback.
func (s *Service) Get(ctx context.Context, actor account.Actor, id ID) (Postback, error) {
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return Postback{}, err
	}
	return s.Store.Get(ctx, actor.Scope(), id)
}

// List reads postbacks, newest first.
func (s *Service) List(ctx context.Context, actor account.Actor, f Filter, p domain.Page) (domain.Slice[Postback], error) {
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return domain.Slice[Postback]{}, err
	}
	return s.Store.List(ctx, actor.Scope(), f, p)
}

// Delete removes a postback that no delivery refers to.
func (s *Service) Delete(ctx context.Context, actor account.Actor, id ID) error {
	if err := actor.Require(account.PermissionWritePostbacks); err != nil {
		return err
	}
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		before, err := s.Store.Lock(ctx, actor.Scope(), id)
		if err != nil {
			return err
		}
		if err := s.Store.Delete(ctx, id); err != nil {
			return err
		}
		return s.record(ctx, actor, "postback.delete", id, snapshotOf(before), nil)
	})
	if err != nil {
		return fmt.Errorf("delete postback %d: %w", id, err)
	}
	return nil
}

func (s *Service) record(ctx context.Context, actor account.Actor, action string, id ID, before, after any) error {
	entry, err := actor.Audit(s.Clock(), action, "postback", id, before, after)
	if err != nil {
		return err
	}
	return s.Audit.Record(ctx, entry)
}

// snapshotOf is what the audit log keeps of a postback: no secrets.
func snapshotOf(p Postback) any {
	return struct {
		AffiliateID  affiliate.ID        `json:"affiliate_id"`
		OfferID      int64               `json:"offer_id,omitempty"`
		GoalID       int64               `json:"goal_id,omitempty"`
		URL          string              `json:"url"`
		Method       string              `json:"method"`
		Statuses     []conversion.Status `json:"statuses"`
		Active       bool                `json:"active"`
		PausedReason PausedReason        `json:"paused_reason,omitempty"`
	}{p.AffiliateID, int64(p.OfferID), int64(p.GoalID), MaskURL(p.URL), p.Method, p.Statuses, p.Active, p.PausedReason}
}
