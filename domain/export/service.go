package export

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/mail"
)

// Claimed is an export that is this process's to make until its lease runs out, by the database's clock.
type Claimed struct {
	Export
	Try   int   // 1 for the first
	Fence int64 // tells this claim from later ones
}

// Queue is what waits to be made.
type Queue struct {
	Waiting int
	Oldest  time.Time // when the one that waits longest was ordered; zero where none does
}

// Store keeps exports and their files. A reader sees what one user ordered while it belonged to the scope's party. Leases
// are of the database's clock.
type Store interface {
	// Unfinished are a user's that are not over; it keeps other orders of the user out until the transaction ends.
	Unfinished(ctx context.Context, user account.UserID) ([]Export, error)
	// Room is how many bytes all files of a user take.
	Room(ctx context.Context, user account.UserID) (bytes int64, err error)
	Insert(ctx context.Context, e Export) error
	Get(ctx context.Context, scope account.Scope, user account.UserID, id ID) (Export, error)
	List(ctx context.Context, scope account.Scope, user account.UserID, p domain.Page) (domain.Slice[Export], error)
	// Delete removes it with its file. Whoever is making it finds out.
	Delete(ctx context.Context, scope account.Scope, user account.UserID, id ID) error
	// Part is a part of a file, counted from 0; nil behind the last.
	Part(ctx context.Context, id ID, n int) ([]byte, error)
	// Claim takes the one that waits longest, also from whoever let its lease run out, and removes what was made of it
	// before. false = none waits.
	Claim(ctx context.Context, lease time.Duration) (Claimed, bool, error)
	// Extend gives the lease its full length again. Conflict: lease_lost.
	Extend(ctx context.Context, c Claimed, lease time.Duration) error
	// AddPart adds to the file and extends the lease. Conflict: lease_lost.
	AddPart(ctx context.Context, c Claimed, n int, data []byte, lease time.Duration) error
	// Settle writes what became of a claimed one, and removes what was made of a failed one. Conflict: lease_lost.
	Settle(ctx context.Context, c Claimed) error
	// Again lets it wait for the next try; an uncounted one is as if it had not been. Conflict: lease_lost.
	Again(ctx context.Context, c Claimed, wait time.Duration, counted bool) error
	// Prune removes those that expired, and returns how many.
	Prune(ctx context.Context, now time.Time) (int, error)
	Queue(ctx context.Context) (Queue, error)
}

// Users finds whose an export is.
type Users interface {
	GetUser(ctx context.Context, s account.Scope, id account.UserID) (account.User, error)
}

// Deps is what NewService needs.
type Deps struct {
	Tx        domain.Transactor
	Store     Store
	Users     Users
	Outbox    mail.Outbox
	Clock     domain.Clock
	Random    io.Reader // cryptographic
	PublicURL string    // of the portals, for links in mails
	Log       *slog.Logger
}

// Service is what can be done with exports.
type Service struct{ Deps }

// NewService makes the service.
func NewService(d Deps) *Service { return &Service{d} }

// own is whether the actor is a person with files of its own, or a key of one.
func own(actor account.Actor) error {
	if err := actor.RequireWrite(); err != nil {
		return err
	}
	if actor.UserID == 0 {
		return errs.Forbidden("forbidden", "files are made for users, and this is none")
	}
	return actor.Require(account.PermissionReadTraffic)
}

// Order puts a file on the list of those to be made, and a mail tells its user when it is there. The same order that still
// waits is that one. It joins the caller's transaction. Errors: invalid_input or one of its fields, too_many_waiting, too_many_files,
// view_only.
func (s *Service) Order(ctx context.Context, actor account.Actor, o Order) (Export, error) {
	if err := own(actor); err != nil {
		return Export{}, err
	}
	o, err := o.check(actor)
	if err != nil {
		return Export{}, err
	}
	now := s.Clock.Now()
	id, err := domain.NewUUID(now, s.Random)
	if err != nil {
		return Export{}, err
	}
	e := Export{ID: ID{id}, UserID: actor.UserID, Role: actor.Role, AffiliateID: actor.AffiliateID, AdvertiserID: actor.AdvertiserID,
		Order: o, State: Waiting, CreatedAt: now}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		waiting, err := s.Store.Unfinished(ctx, e.UserID)
		if err != nil {
			return err
		}
		for _, other := range waiting {
			if other.State == Waiting && other.Order == o && other.Role == e.Role && other.AffiliateID == e.AffiliateID && other.AdvertiserID == e.AdvertiserID {
				e = other
				return nil
			}
		}
		if len(waiting) >= MaxWaiting {
			return errs.Conflict("too_many_waiting", "%d of your files are still being made: wait for one of them, or delete one", len(waiting))
		}
		room, err := s.Store.Room(ctx, e.UserID)
		if err != nil {
			return err
		}
		if room >= MaxRoom {
			return errs.Conflict("too_many_files", "your files take %d MB, and %d MB is the most: delete some that you have fetched", room>>20, MaxRoom>>20)
		}
		return s.Store.Insert(ctx, e)
	})
	if err != nil {
		return Export{}, fmt.Errorf("order a file: %w", err)
	}
	return e, nil
}

// List reads the actor's own, newest first.
func (s *Service) List(ctx context.Context, actor account.Actor, p domain.Page) (domain.Slice[Export], error) {
	if err := own(actor); err != nil {
		return domain.Slice[Export]{}, err
	}
	return s.Store.List(ctx, actor.Scope(), actor.UserID, p)
}

// Get reads one of the actor's own.
func (s *Service) Get(ctx context.Context, actor account.Actor, id ID) (Export, error) {
	if err := own(actor); err != nil {
		return Export{}, err
	}
	e, err := s.Store.Get(ctx, actor.Scope(), actor.UserID, id)
	return e, hide(err)
}

// Delete removes one of the actor's own with its file, also one that is still waiting.
func (s *Service) Delete(ctx context.Context, actor account.Actor, id ID) error {
	if err := own(actor); err != nil {
		return err
	}
	return hide(s.Store.Delete(ctx, actor.Scope(), actor.UserID, id))
}

func hide(err error) error {
	if errs.Is(err, errs.KindNotFound) {
		return errs.NotFound("not_found", "you have no file with this id: it may have been deleted, or its time was over").Because(err)
	}
	return err
}

// Open gives one of the actor's own files. copy writes all of it; an error of it means that the reader has not got the
// whole. Errors: not_found, not_ready, forbidden where it was made with rights that the actor has no more.
func (s *Service) Open(ctx context.Context, actor account.Actor, id ID) (e Export, copy func(io.Writer) error, err error) {
	if e, err = s.Get(ctx, actor, id); err != nil {
		return Export{}, nil, err
	}
	if e.State != Ready {
		return Export{}, nil, errs.Conflict("not_ready", "this file is not there: its state is %q", e.State)
	}
	if !e.Role.Within(actor.Role) {
		return Export{}, nil, errs.Forbidden("forbidden", "this file was made with rights that you do not have now: make it again")
	}
	return e, func(w io.Writer) error {
		var sent int64
		for n := 0; sent < e.Size; n++ {
			part, err := s.Store.Part(ctx, e.ID, n)
			if err == nil && len(part) == 0 {
				err = fmt.Errorf("part %d is gone", n)
			}
			if err == nil {
				_, err = w.Write(part)
			}
			if err != nil {
				return fmt.Errorf("send file %s: %w", e.ID, err)
			}
			sent += int64(len(part))
		}
		return nil
	}, nil
}

// Prune removes what has expired, and returns how many that were.
func (s *Service) Prune(ctx context.Context) (int, error) { return s.Store.Prune(ctx, s.Clock.Now()) }

// Queue is what waits, for who watches the installation.
func (s *Service) Queue(ctx context.Context) (Queue, error) { return s.Store.Queue(ctx) }
