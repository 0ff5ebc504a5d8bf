package offer

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/field"
	"github.com/waypost/waypost/domain/notice"
)

// AccessFilter narrows a list of accesses; the zero filter takes all.
type AccessFilter struct {
	OfferID     ID
	AffiliateID affiliate.ID
	Status      AccessStatus
	From, To    time.Time // made at From or later, before To
}

// SetAccess decides whether an affiliate may run an offer. An affiliate may only ask, for itself and for an offer that
// it sees: its access becomes pending if there was no answer yet, and stays what it is otherwise. For an affiliate
// a.AffiliateID may be left out.
func (s *Service) SetAccess(ctx context.Context, actor account.Actor, a Access) (Access, error) {
	own, asks := actor.Scope().Affiliate()
	if asks {
		a.AffiliateID = cmp.Or(a.AffiliateID, affiliate.ID(own))
		if a.Status != "" && a.Status != AccessPending {
			return Access{}, errs.Forbidden("forbidden", "you may ask for an offer with status pending; the network decides")
		}
	} else if err := s.mayManage(ctx, actor, a.OfferID); err != nil {
		return Access{}, err
	}
	a.Status = cmp.Or(a.Status, AccessPending)
	var err error
	if a.Status, err = field.Choice(a.Status, AccessPending, AccessApproved, AccessRejected); err != nil {
		var c field.Checks
		c.Add("body.status", err)
		return Access{}, c.Err()
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		// The lock on the offer keeps two answers to one affiliate apart.
		o, err := s.Store.GetForUpdate(ctx, actor.Scope(), a.OfferID)
		if err != nil {
			return fmt.Errorf("set access to offer %d: %w", a.OfferID, err)
		}
		if a.AffiliateID == 0 {
			return errs.Invalid("required", "must name the affiliate that the offer is for").At("body.affiliate_id")
		}
		asker, err := s.findAffiliate(ctx, actor, a.AffiliateID)
		if err != nil {
			return err
		}
		before, err := s.Store.GetAccess(ctx, a.OfferID, a.AffiliateID)
		known := err == nil
		if err != nil && !errs.Is(err, errs.KindNotFound) {
			return fmt.Errorf("read access to offer %d: %w", a.OfferID, err)
		}
		if known && (asks || before.Status == a.Status) {
			a = before
			return nil
		}
		a.CreatedAt = s.Clock.Now()
		a.UpdatedAt = a.CreatedAt
		if err := s.Store.SetAccess(ctx, &a); err != nil {
			return fmt.Errorf("set access to offer %d: %w", a.OfferID, err)
		}
		var was any
		if known {
			was = before
		}
		if err := s.record(ctx, actor, "offer_access.set", "offer", a.OfferID, was, a); err != nil {
			return err
		}
		return s.tellOfAccess(ctx, o, asker, a.Status, asks, known)
	})
	if err != nil {
		return Access{}, err
	}
	return a, nil
}

// tellOfAccess tells the operators of an affiliate's wish, and the affiliate of the answer to one: whoever never asked
// is told of a permission only.
func (s *Service) tellOfAccess(ctx context.Context, o Offer, a affiliate.Affiliate, status AccessStatus, asks, asked bool) error {
	n := notice.Notice{ObjectType: "offer", ObjectID: fmt.Sprint(o.ID)}
	switch {
	case s.Notices == nil:
		return nil
	case asks:
		n.Kind = "access_requested"
		n.Text = fmt.Sprintf("%s (affiliate %d) asks to run the offer %s (%d). Approve or reject it.", a.Name, a.ID, o.Name, o.ID)
	case status == AccessApproved:
		n.AffiliateID, n.Kind = a.ID, "access_approved"
		n.Text = fmt.Sprintf("You may run the offer %s (%d). Your tracking link is ready.", o.Name, o.ID)
	case status == AccessRejected && asked:
		n.AffiliateID, n.Kind = a.ID, "access_rejected"
		n.Text = fmt.Sprintf("You may not run the offer %s (%d). Ask the network if you want to know why.", o.Name, o.ID)
	default:
		return nil
	}
	return s.Notices.Post(ctx, n)
}

// ListAccess reads a part of the accesses, newest first. An affiliate sees its own, operators see all; advertisers are
// refused.
func (s *Service) ListAccess(ctx context.Context, actor account.Actor, f AccessFilter, p domain.Page) (domain.Slice[Access], error) {
	if err := actor.Require(account.PermissionReadCatalogue); err != nil {
		return domain.Slice[Access]{}, err
	}
	if _, ok := actor.Scope().Advertiser(); ok {
		return domain.Slice[Access]{}, errs.Forbidden("forbidden", "who may run an offer is between the network and its affiliates")
	}
	if f.OfferID != 0 {
		if _, err := s.Get(ctx, actor, f.OfferID); err != nil {
			return domain.Slice[Access]{}, err
		}
	}
	list, err := s.Store.ListAccess(ctx, actor.Scope(), f, p)
	if err != nil {
		return domain.Slice[Access]{}, fmt.Errorf("list accesses: %w", err)
	}
	return list, nil
}

// Link builds a tracking link. An affiliate's own id is implied. The warnings say why clicks through it would not
// count as things stand: offer_inactive, affiliate_inactive, not_approved.
func (s *Service) Link(ctx context.Context, actor account.Actor, in LinkInput) (string, []errs.Warning, error) {
	if err := actor.Require(account.PermissionMakeLinks); err != nil {
		return "", nil, err
	}
	if own, ok := actor.Scope().Affiliate(); ok && in.AffiliateID == 0 {
		in.AffiliateID = affiliate.ID(own)
	}
	if in.AffiliateID == 0 {
		return "", nil, errs.Invalid("required", "must name the affiliate whose link it is").At("body.affiliate_id")
	}
	o, err := s.Get(ctx, actor, in.OfferID)
	if errs.Is(err, errs.KindNotFound) {
		return "", nil, errs.Invalid("unknown_offer", "there is no offer %d", in.OfferID).At("body.offer_id")
	}
	if err != nil {
		return "", nil, err
	}
	a, err := s.findAffiliate(ctx, actor, in.AffiliateID)
	if err != nil {
		return "", nil, err
	}
	link, err := TrackingLink(s.TrackingURL, in)
	if err != nil {
		return "", nil, err
	}
	warnings, err := s.linkWarnings(ctx, o, a)
	return link, warnings, err
}

// findAffiliate reads the affiliate that an input names.
func (s *Service) findAffiliate(ctx context.Context, actor account.Actor, id affiliate.ID) (affiliate.Affiliate, error) {
	a, err := s.Affiliates.Get(ctx, actor.Scope(), id)
	if errs.Is(err, errs.KindNotFound) {
		return affiliate.Affiliate{}, errs.Invalid("unknown_affiliate", "there is no affiliate %d", id).At("body.affiliate_id")
	}
	if err != nil {
		return affiliate.Affiliate{}, fmt.Errorf("find affiliate %d: %w", id, err)
	}
	return a, nil
}

func (s *Service) linkWarnings(ctx context.Context, o Offer, a affiliate.Affiliate) ([]errs.Warning, error) {
	var w []errs.Warning
	if o.Status != StatusActive {
		w = append(w, errs.Warning{Field: "offer_id", Code: "offer_inactive",
			Message: fmt.Sprintf("the offer is %s: clicks do not count until it is active", o.Status)})
	}
	if a.Status != affiliate.StatusActive {
		w = append(w, errs.Warning{Field: "affiliate_id", Code: "affiliate_inactive",
			Message: fmt.Sprintf("the affiliate is %s: clicks do not count until it is active", a.Status)})
	}
	if o.Visibility == VisibilityPublic {
		return w, nil
	}
	access, err := s.Store.GetAccess(ctx, o.ID, a.ID)
	if err != nil && !errs.Is(err, errs.KindNotFound) {
		return nil, fmt.Errorf("read access to offer %d: %w", o.ID, err)
	}
	if err != nil || access.Status != AccessApproved {
		w = append(w, errs.Warning{Field: "affiliate_id", Code: "not_approved",
			Message: "the affiliate may not run this offer yet: clicks do not count until its access is approved"})
	}
	return w, nil
}
