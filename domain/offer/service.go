package offer

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/audit"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/notice"
)

// Filter narrows a list of offers; the zero Filter takes all.
type Filter struct {
	AdvertiserID advertiser.ID
	Status       Status
	Visibility   Visibility
	Search       string    // part of the name, case ignored
	MayRun       *bool     // for an affiliate: whether it may run the offer, or has to ask; means nothing to others
	From, To     time.Time // made at From or later, before To
}

// Store keeps offers, their goals and who may run them. An affiliate's scope sees the offers that it may run or ask
// for: active ones of active advertisers that are public, on approval, or approved for it. An advertiser's scope sees
// its own. Anything else is NotFound.
type Store interface {
	// Insert saves o and its goals and sets their ids.
	Insert(ctx context.Context, o *Offer) error
	// Update saves o and makes its goals those stored: goals with an id are changed, those without one are inserted (and
	// get their id), those no longer in o are deleted, which is Conflict in_use while anything refers to one.
	Update(ctx context.Context, o *Offer) error
	// Delete is Conflict in_use while anything refers to the offer or its goals.
	Delete(ctx context.Context, id ID) error
	Get(ctx context.Context, s account.Scope, id ID) (Offer, error)
	GetForUpdate(ctx context.Context, s account.Scope, id ID) (Offer, error) // locked until the transaction ends
	List(ctx context.Context, s account.Scope, f Filter, p domain.Page) (domain.Slice[Offer], error)
	// Titles gives those with these ids or goals; an affiliate's scope sees paused and expired ones too.
	Titles(ctx context.Context, s account.Scope, ids []ID, goals []GoalID) ([]Title, error)
	HasConversions(ctx context.Context, id ID) (bool, error)

	GetAccess(ctx context.Context, id ID, a affiliate.ID) (Access, error)
	// SetAccess inserts or changes the access of one affiliate; CreatedAt of an existing one stays and is read back.
	SetAccess(ctx context.Context, a *Access) error
	ListAccess(ctx context.Context, s account.Scope, f AccessFilter, p domain.Page) (domain.Slice[Access], error)
}

// Advertisers finds the advertiser of an offer.
type Advertisers interface {
	Get(ctx context.Context, s account.Scope, id advertiser.ID) (advertiser.Advertiser, error)
}

// Affiliates finds the affiliate of a link or an access.
type Affiliates interface {
	Get(ctx context.Context, s account.Scope, id affiliate.ID) (affiliate.Affiliate, error)
}

// Deps is what a Service works with.
type Deps struct {
	Tx          domain.Transactor
	Store       Store
	Advertisers Advertisers
	Affiliates  Affiliates
	Audit       audit.Recorder
	Notices     notice.Poster // tells of asked and granted access; nil = nobody is told
	Clock       domain.Clock
	Lint        Lint
	TrackingURL string // base of tracking links
}

// Service is what can be done with offers.
type Service struct{ Deps }

// NewService makes the service.
func NewService(d Deps) *Service { return &Service{d} }

// Create saves a new offer with its goals; without goals it gets a default one, without a currency its advertiser's.
func (s *Service) Create(ctx context.Context, actor account.Actor, o Offer) (Offer, []errs.Warning, error) {
	if err := actor.Require(account.PermissionManageCatalogue); err != nil {
		return Offer{}, nil, err
	}
	o = o.clone()
	o.ID = 0
	for i := range o.Goals {
		o.Goals[i].ID = 0
	}
	var warnings []errs.Warning
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		a, err := s.findAdvertiser(ctx, actor, o.AdvertiserID)
		if err != nil {
			return err
		}
		o.Currency = cmp.Or(o.Currency, a.Currency)
		if warnings, err = o.Validate(s.Lint); err != nil {
			return err
		}
		o.CreatedAt = s.Clock.Now()
		o.UpdatedAt = o.CreatedAt
		if err := s.Store.Insert(ctx, &o); err != nil {
			return fmt.Errorf("create offer: %w", err)
		}
		return s.record(ctx, actor, "offer.create", "offer", o.ID, nil, o)
	})
	if err != nil {
		return Offer{}, nil, err
	}
	return o, warnings, nil
}

// Standing are those warnings of a save that spoil the offer's traffic for as long as it is as it is: a destination
// without the click id, so that no call can name the click.
func (s *Service) Standing(o Offer) []errs.Warning {
	warnings, err := s.Lint(o.DestinationURL)
	if err != nil { // it was saved by older rules
		return nil
	}
	return slices.DeleteFunc(warnings, func(w errs.Warning) bool { return w.Code != "no_click_id_macro" })
}

// findAdvertiser reads the advertiser that an offer names; the zero one where it names none.
func (s *Service) findAdvertiser(ctx context.Context, actor account.Actor, id advertiser.ID) (advertiser.Advertiser, error) {
	if id <= 0 {
		return advertiser.Advertiser{}, nil // check says so, beside the other faults
	}
	a, err := s.Advertisers.Get(ctx, actor.Scope(), id)
	if errs.Is(err, errs.KindNotFound) {
		return advertiser.Advertiser{}, errs.Invalid("unknown_advertiser", "there is no advertiser %d", id).At("body.advertiser_id")
	}
	if err != nil {
		return advertiser.Advertiser{}, fmt.Errorf("find advertiser of offer: %w", err)
	}
	return a, nil
}

// Update changes an offer. If change alters Goals, they become the offer's goals: one without an id is the stored goal
// with its alias, or a new one; a stored goal that is missing is deleted. A change that sets UpdatedAt says which version
// it was made from; where that is another than the present one it is Conflict changed_meanwhile.
func (s *Service) Update(ctx context.Context, actor account.Actor, id ID, change func(*Offer)) (Offer, []errs.Warning, error) {
	return s.edit(ctx, actor, id, edit{
		change: func(o *Offer) error { change(o); return nil },
		goalAt: inBody,
		record: func(ctx context.Context, before, after Offer) error {
			return s.record(ctx, actor, "offer.update", "offer", id, before, after)
		},
	})
}

// edit is one change of an offer or of one of its goals.
type edit struct {
	change func(*Offer) error
	goalAt func(i int) string // where the input has goal i
	record func(ctx context.Context, before, after Offer) error
}

// edit runs a change under the offer's lock, so that none is lost and the rules that span goals hold.
func (s *Service) edit(ctx context.Context, actor account.Actor, id ID, e edit) (Offer, []errs.Warning, error) {
	if err := s.mayManage(ctx, actor, id); err != nil {
		return Offer{}, nil, err
	}
	var after Offer
	var warnings []errs.Warning
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		before, err := s.Store.GetForUpdate(ctx, actor.Scope(), id)
		if err != nil {
			return fmt.Errorf("change offer %d: %w", id, err)
		}
		after = before.clone()
		if err := e.change(&after); err != nil {
			return err
		}
		if err := errs.SameVersion(before.UpdatedAt, after.UpdatedAt); err != nil {
			return err
		}
		after.ID, after.CreatedAt = before.ID, before.CreatedAt
		after.fillGoals()
		if err := after.adoptGoals(before.Goals); err != nil {
			return err
		}
		if _, err := s.findAdvertiser(ctx, actor, after.AdvertiserID); err != nil {
			return err
		}
		if warnings, err = after.check(s.Lint, e.goalAt); err != nil {
			return err
		}
		if err := s.checkFixed(ctx, before, after); err != nil {
			return err
		}
		after.UpdatedAt = s.Clock.Now()
		if err := s.Store.Update(ctx, &after); err != nil {
			return fmt.Errorf("change offer %d: %w", id, err)
		}
		return e.record(ctx, before, after)
	})
	if err != nil {
		return Offer{}, nil, err
	}
	return after, warnings, nil
}

// adoptGoals gives goals without an id that of the stored goal with the same alias, and refuses ids of other offers. A
// goal that begins to hold does so for the default time, one that holds no longer forgets how long it did, unless it is
// told anew.
func (o *Offer) adoptGoals(stored []Goal) error {
	taken := map[GoalID]bool{}
	for i, g := range o.Goals {
		if g.ID == 0 {
			continue
		}
		if taken[g.ID] || !slices.ContainsFunc(stored, func(s Goal) bool { return s.ID == g.ID }) {
			return errs.Invalid("unknown_goal", "goal %d is no goal of this offer, or named twice", g.ID).At(inBody(i) + ".id")
		}
		taken[g.ID] = true
	}
	for i := range o.Goals {
		g := &o.Goals[i]
		g.OfferID = o.ID
		for _, s := range stored {
			if g.ID == 0 && s.Alias == g.Alias && !taken[s.ID] {
				g.ID = s.ID
				taken[s.ID] = true
			}
			held, holds := s.InitialStatus == initialHold, g.InitialStatus == initialHold
			switch {
			case g.ID != s.ID || held == holds || g.HoldDays != s.HoldDays:
			case holds:
				g.HoldDays = defaultHold
			default:
				g.HoldDays = 0
			}
		}
	}
	return nil
}

// checkFixed refuses to change what conversions were computed in and accounted to.
func (s *Service) checkFixed(ctx context.Context, before, after Offer) error {
	if before.Currency == after.Currency && before.AdvertiserID == after.AdvertiserID {
		return nil
	}
	used, err := s.Store.HasConversions(ctx, before.ID)
	if err != nil || !used {
		return err
	}
	if before.Currency != after.Currency {
		return errs.Conflict("currency_fixed", "the offer has conversions in %s; make a new offer for another currency", before.Currency).At("body.currency")
	}
	return errs.Conflict("advertiser_fixed", "the offer has conversions of its advertiser; make a new offer for another one").At("body.advertiser_id")
}

// Get reads one offer that the actor may see.
func (s *Service) Get(ctx context.Context, actor account.Actor, id ID) (Offer, error) {
	if err := actor.Require(account.PermissionReadCatalogue); err != nil {
		return Offer{}, err
	}
	o, err := s.Store.Get(ctx, actor.Scope(), id)
	if err != nil {
		return Offer{}, fmt.Errorf("get offer %d: %w", id, err)
	}
	return o, nil
}

// List reads a part of the offers that the actor may see, newest first.
func (s *Service) List(ctx context.Context, actor account.Actor, f Filter, p domain.Page) (domain.Slice[Offer], error) {
	if err := actor.Require(account.PermissionReadCatalogue); err != nil {
		return domain.Slice[Offer]{}, err
	}
	list, err := s.Store.List(ctx, actor.Scope(), f, p)
	if err != nil {
		return domain.Slice[Offer]{}, fmt.Errorf("list offers: %w", err)
	}
	return list, nil
}

// Delete removes an offer that nothing refers to, with its goals and accesses; else it is Conflict in_use.
func (s *Service) Delete(ctx context.Context, actor account.Actor, id ID) error {
	if err := s.mayManage(ctx, actor, id); err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		before, err := s.Store.GetForUpdate(ctx, actor.Scope(), id)
		if err == nil {
			err = s.Store.Delete(ctx, id)
		}
		if err != nil {
			return fmt.Errorf("delete offer %d: %w", id, err)
		}
		return s.record(ctx, actor, "offer.delete", "offer", id, before, nil)
	})
}

// mayManage is nil for who may change offers; others hear NotFound of an offer that they may not even know of.
func (s *Service) mayManage(ctx context.Context, actor account.Actor, id ID) error {
	refusal := actor.Require(account.PermissionManageCatalogue)
	if refusal == nil {
		return nil
	}
	if _, err := s.Get(ctx, actor, id); errs.Is(err, errs.KindNotFound) {
		return err
	}
	return refusal
}

func (s *Service) record(ctx context.Context, actor account.Actor, action, objectType string, id any, before, after any) error {
	e, err := actor.Audit(s.Clock.Now(), action, objectType, id, before, after)
	if err != nil {
		return err
	}
	return s.Audit.Record(ctx, e)
}

func (o Offer) clone() Offer {
	o.Goals = slices.Clone(o.Goals)
	return o
}
