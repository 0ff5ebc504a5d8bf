package notice

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/mail"
)

// Poster is what other concepts need to tell a party something.
type Poster interface {
	// Post writes the notice in the caller's open transaction and queues a mail to each active user of its party, or,
	// for the network, to each active administrator and manager. It makes ID and At.
	Post(ctx context.Context, n Notice) error
}

// Store keeps notices. A scope sees its own party's notices only: the network's scope those of the operators.
type Store interface {
	Insert(ctx context.Context, n Notice) error
	// Recipients are the e-mail addresses that a notice goes to.
	Recipients(ctx context.Context, n Notice) ([]string, error)
	List(ctx context.Context, scope account.Scope, f Filter, page domain.Page) (domain.Slice[Notice], error)
	// Unread counts what nobody of the party has read, up to most.
	Unread(ctx context.Context, scope account.Scope, most int) (int, error)
	// MarkRead keeps the first time that a notice was read, and returns the notice. Errors: not_found, also for another
	// party's.
	MarkRead(ctx context.Context, scope account.Scope, id ID, at time.Time) (Notice, error)
	// MarkAllRead returns how many were unread.
	MarkAllRead(ctx context.Context, scope account.Scope, at time.Time) (int, error)
}

// Deps is what NewService needs.
type Deps struct {
	Tx     domain.Transactor
	Store  Store
	Outbox mail.Outbox
	Clock  domain.Clock
	Random io.Reader // cryptographic
	// PublicURL is where the party logs in; it ends the mail.
	PublicURL string
}

// Service is what can be done with notices.
type Service struct{ Deps }

// NewService makes the service.
func NewService(d Deps) *Service { return &Service{d} }

var _ Poster = (*Service)(nil)

// Post implements Poster.
func (s *Service) Post(ctx context.Context, n Notice) error {
	n.clean()
	if n.Kind == "" || n.Text == "" || n.AffiliateID != 0 && n.AdvertiserID != 0 {
		return fmt.Errorf("post notice %q: needs a kind, a text and at most one party", n.Kind)
	}
	n.At, n.ReadAt = s.Clock.Now(), time.Time{}
	uuid, err := domain.NewUUID(n.At, s.Random)
	if err != nil {
		return err
	}
	n.ID = ID{uuid}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.Insert(ctx, n); err != nil {
			return err
		}
		recipients, err := s.Store.Recipients(ctx, n)
		if err != nil {
			return err
		}
		for _, to := range recipients {
			if err := s.Outbox.Queue(ctx, n.message(to, s.PublicURL)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("post notice %s: %w", n.Kind, err)
	}
	return nil
}

// List reads the notices of the actor's own party, newest first.
func (s *Service) List(ctx context.Context, actor account.Actor, f Filter, p domain.Page) (domain.Slice[Notice], error) {
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return domain.Slice[Notice]{}, err
	}
	return s.Store.List(ctx, actor.Scope(), f, p)
}

// mostUnread is as far as Unread counts: who has more does not count them.
const mostUnread = 100

// Unread counts the notices that nobody of the actor's party has read, up to a hundred.
func (s *Service) Unread(ctx context.Context, actor account.Actor) (int, error) {
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return 0, err
	}
	return s.Store.Unread(ctx, actor.Scope(), mostUnread)
}

// MarkRead notes that the actor's party has read a notice. Read once more, it keeps its first time.
func (s *Service) MarkRead(ctx context.Context, actor account.Actor, id ID) (Notice, error) {
	if err := actor.RequireWrite(); err != nil {
		return Notice{}, err
	}
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return Notice{}, err
	}
	n, err := s.Store.MarkRead(ctx, actor.Scope(), id, s.Clock.Now())
	if errs.Is(err, errs.KindNotFound) {
		return Notice{}, errs.NotFound("not_found", "there is no notice with this id").Because(err)
	}
	return n, err
}

// MarkAllRead notes that the actor's party has read all of its notices, and returns how many it had not.
func (s *Service) MarkAllRead(ctx context.Context, actor account.Actor) (int, error) {
	if err := actor.RequireWrite(); err != nil {
		return 0, err
	}
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return 0, err
	}
	return s.Store.MarkAllRead(ctx, actor.Scope(), s.Clock.Now())
}
