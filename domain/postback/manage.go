package postback

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
)

// Create saves a new postback. An affiliate's own id is implied; operators name one. A goal implies its offer. Method and
// statuses have defaults, the signing secret is made here.
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
	p.ID, p.PausedReason, p.Failures, p.FailingSince, p.PreviousUntil = 0, "", 0, time.Time{}, time.Time{}
	p.CreatedAt = s.Clock()
	p.UpdatedAt = p.CreatedAt
	p.Normalise()
	if p.GoalID > 0 && p.OfferID == 0 { // a goal is of one offer, so that its scope says enough
		if p.OfferID, err = s.Store.GoalOffer(ctx, actor.Scope(), p.GoalID); err != nil {
			return Postback{}, nil, err
		}
	}
	warnings, err := s.judge(ctx, p)
	if err != nil {
		return Postback{}, nil, err
	}
	if err := s.roomForOneMore(ctx, p.AffiliateID); err != nil {
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

// maxPostbacks is how many postbacks an affiliate has at most. All that match fire inside a conversion's transaction, so
// that without a bound one affiliate could hold up everybody's. It need not be exact: creations at the same moment may
// exceed it by their number.
const maxPostbacks = 200

func (s *Service) roomForOneMore(ctx context.Context, of affiliate.ID) error {
	have, err := s.Store.List(ctx, account.SystemActor("postbacks").Scope(), Filter{AffiliateID: of}, domain.Page{Limit: maxPostbacks})
	if err != nil {
		return err
	}
	if len(have.Items) >= maxPostbacks {
		return errs.Conflict("too_many_postbacks", "an affiliate has at most %d postbacks; change or delete one that is not needed", maxPostbacks)
	}
	return nil
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
// inactive, those that wait are set aside. The first of them follow before the answer, a long backlog soon after it. A
// change that sets UpdatedAt says which version it was made from; where that is another than the present one it is
// Conflict changed_meanwhile.
func (s *Service) Update(ctx context.Context, actor account.Actor, id ID, change func(*Postback)) (Postback, []errs.Warning, error) {
	if err := actor.Require(account.PermissionWritePostbacks); err != nil {
		return Postback{}, nil, err
	}
	seen, err := s.Store.Get(ctx, actor.Scope(), id)
	if err != nil {
		return Postback{}, nil, err
	}
	judged, err := s.changed(seen, change)
	if err != nil {
		return Postback{}, nil, err
	}
	warnings, err := judged.Validate()
	if judged.URL != seen.URL || judged.Active && !seen.Active { // an address that is refused by now can still be switched off
		warnings, err = s.judge(ctx, judged)
	}
	if err != nil {
		return Postback{}, nil, err
	}
	var after Postback
	var turned bool
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		before, err := s.Store.Lock(ctx, actor.Scope(), id)
		if err != nil {
			return err
		}
		if after, err = s.changed(before, change); err != nil {
			return err
		}
		if after.URL != judged.URL {
			return errs.Conflict("changed_meanwhile", "somebody else changed this postback at the same time; read it again")
		}
		if _, err := after.Validate(); err != nil {
			return err
		}
		if after.OfferID != before.OfferID || after.GoalID != before.GoalID || !slices.Equal(after.GoalIDs, before.GoalIDs) {
			if err := s.Store.CheckReferences(ctx, actor.Scope(), after); err != nil {
				return err
			}
		}
		if err := s.Store.Update(ctx, after); err != nil {
			return err
		}
		if turned = after.Active != before.Active; turned {
			if err := s.Deliveries.Turned(ctx, id); err != nil {
				return err
			}
		}
		return s.record(ctx, actor, "postback.update", id, snapshotOf(before), snapshotOf(after))
	})
	if err != nil {
		return Postback{}, nil, fmt.Errorf("update postback %d: %w", id, err)
	}
	if turned {
		s.follow(ctx, id)
	}
	return after, warnings, nil
}

func (s *Service) changed(before Postback, change func(*Postback)) (Postback, error) {
	p := before
	p.Statuses, p.GoalIDs = slices.Clone(before.Statuses), slices.Clone(before.GoalIDs)
	change(&p)
	if err := errs.SameVersion(before.UpdatedAt, p.UpdatedAt); err != nil {
		return Postback{}, err
	}
	p.ID, p.AffiliateID, p.CreatedAt = before.ID, before.AffiliateID, before.CreatedAt
	p.SigningSecret, p.PreviousUntil = before.SigningSecret, before.PreviousUntil
	p.PausedReason, p.FailingSince, p.Failures = before.PausedReason, before.FailingSince, before.Failures
	if p.Active != before.Active {
		p.PausedReason, p.FailingSince, p.Failures = "", time.Time{}, 0
	}
	p.UpdatedAt = s.Clock()
	p.Normalise()
	return p, nil
}

// previousSigns is how long the secret before a rotation signs too.
const previousSigns = 24 * time.Hour

// RotateSecret gives the postback a new signing secret. For a day each POST carries two signatures, under the new secret
// and the one before, so that the receiver can change over without a refusal; a second rotation ends the oldest at once.
func (s *Service) RotateSecret(ctx context.Context, actor account.Actor, id ID) (Postback, error) {
	if err := actor.Require(account.PermissionWritePostbacks); err != nil {
		return Postback{}, err
	}
	secret, err := NewSigningSecret(s.Random)
	if err != nil {
		return Postback{}, err
	}
	var p Postback
	err = s.Tx.InTx(ctx, func(ctx context.Context) (err error) {
		if p, err = s.Store.Lock(ctx, actor.Scope(), id); err != nil {
			return err
		}
		p.UpdatedAt = s.Clock()
		p.PreviousUntil = p.UpdatedAt.Add(previousSigns)
		if err := s.Store.Rotate(ctx, p, secret); err != nil {
			return err
		}
		p.SigningSecret = secret
		return s.record(ctx, actor, "postback.rotate_secret", id, nil, map[string]any{"previous_signs_until": p.PreviousUntil})
	})
	if err != nil {
		return Postback{}, fmt.Errorf("rotate the secret of postback %d: %w", id, err)
	}
	return p, nil
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
		GoalIDs      []offer.GoalID      `json:"goal_ids,omitempty"`
		Active       bool                `json:"active"`
		PausedReason PausedReason        `json:"paused_reason,omitempty"`
	}{p.AffiliateID, int64(p.OfferID), int64(p.GoalID), MaskURL(p.URL), p.Method, p.Statuses, p.GoalIDs, p.Active, p.PausedReason}
}
