// Package note is what operators write down about an affiliate or advertiser for themselves. No party ever sees it.
package note

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/audit"
	"github.com/waypost/waypost/domain/errs"
)

// ID names a note.
type ID int64

// Note is about one party: exactly one of AffiliateID and AdvertiserID is set.
type Note struct {
	ID           ID
	AffiliateID  affiliate.ID
	AdvertiserID advertiser.ID
	UserID       account.UserID // who wrote it
	UserEmail    string         // of UserID; empty where the user is gone
	Text         string         // may have several lines
	CreatedAt    time.Time
}

// maxText is the longest note, in characters.
const maxText = 4000

// Filter names the party; exactly one is set.
type Filter struct {
	AffiliateID  affiliate.ID
	AdvertiserID advertiser.ID
}

// Store keeps notes. They are the operators': any other scope finds none.
type Store interface {
	Insert(ctx context.Context, n *Note) error // sets n.ID
	Get(ctx context.Context, s account.Scope, id ID) (Note, error)
	Delete(ctx context.Context, id ID) error
	List(ctx context.Context, s account.Scope, f Filter, p domain.Page) (domain.Slice[Note], error)
}

// Affiliates finds the affiliate of a note.
type Affiliates interface {
	Get(ctx context.Context, s account.Scope, id affiliate.ID) (affiliate.Affiliate, error)
}

// Advertisers finds the advertiser of a note.
type Advertisers interface {
	Get(ctx context.Context, s account.Scope, id advertiser.ID) (advertiser.Advertiser, error)
}

// Deps is what a Service works with.
type Deps struct {
	Tx          domain.Transactor
	Store       Store
	Affiliates  Affiliates
	Advertisers Advertisers
	Audit       audit.Recorder
	Clock       domain.Clock
}

// Service is what can be done with notes.
type Service struct{ Deps }

// NewService makes the service.
func NewService(d Deps) *Service { return &Service{d} }

// Add writes a note of the actor about the party of f.
func (s *Service) Add(ctx context.Context, actor account.Actor, f Filter, text string) (Note, error) {
	if err := s.may(ctx, actor, f, account.PermissionManageCatalogue); err != nil {
		return Note{}, err
	}
	text, err := clean(text)
	if err != nil {
		return Note{}, err
	}
	n := Note{AffiliateID: f.AffiliateID, AdvertiserID: f.AdvertiserID, UserID: actor.UserID, Text: text, CreatedAt: s.Clock.Now()}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.Insert(ctx, &n); err != nil {
			return err
		}
		return s.record(ctx, actor, "note.create", n, nil, text)
	})
	if err != nil {
		return Note{}, fmt.Errorf("add note: %w", err)
	}
	return s.Store.Get(ctx, actor.Scope(), n.ID)
}

// List reads a part of the notes about the party of f, newest first. Errors: not_found where there is no such party.
func (s *Service) List(ctx context.Context, actor account.Actor, f Filter, p domain.Page) (domain.Slice[Note], error) {
	if err := s.may(ctx, actor, f, account.PermissionReadCatalogue); err != nil {
		return domain.Slice[Note]{}, err
	}
	list, err := s.Store.List(ctx, actor.Scope(), f, p)
	if err != nil {
		return domain.Slice[Note]{}, fmt.Errorf("list notes: %w", err)
	}
	return list, nil
}

// Delete removes a note: one's own, or any for administrators. The audit log keeps its text.
func (s *Service) Delete(ctx context.Context, actor account.Actor, id ID) error {
	if !actor.Scope().Network() {
		return errs.NotFound("not_found", "there is no note with this id")
	}
	if err := actor.Require(account.PermissionManageCatalogue); err != nil {
		return err
	}
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		n, err := s.Store.Get(ctx, actor.Scope(), id)
		if err != nil {
			return err
		}
		if n.UserID != actor.UserID && actor.Require(account.PermissionManageUsers) != nil {
			return errs.Forbidden("forbidden", "this note is another operator's; its writer or an administrator can delete it")
		}
		if err := s.Store.Delete(ctx, id); err != nil {
			return err
		}
		return s.record(ctx, actor, "note.delete", n, n.Text, nil)
	})
	if err != nil {
		return fmt.Errorf("delete note %d: %w", id, err)
	}
	return nil
}

// may judges who asks before whether the party exists: a party finds nothing, not even itself.
func (s *Service) may(ctx context.Context, actor account.Actor, f Filter, p account.Permission) error {
	if !actor.Scope().Network() {
		return errs.NotFound("not_found", "there is nothing with this id")
	}
	if err := actor.Require(p); err != nil {
		return err
	}
	var err error
	if f.AffiliateID != 0 {
		_, err = s.Affiliates.Get(ctx, actor.Scope(), f.AffiliateID)
	} else {
		_, err = s.Advertisers.Get(ctx, actor.Scope(), f.AdvertiserID)
	}
	return err
}

// clean trims a text; line breaks stay.
func clean(text string) (string, error) {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	switch {
	case text == "":
		return "", errs.Invalid("required", "must not be empty").At("body.text")
	case utf8.RuneCountInString(text) > maxText:
		return "", errs.Invalid("too_long", "must have at most %d characters", maxText).At("body.text")
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && unicode.IsControl(r) }):
		return "", errs.Invalid("invalid_text", "must be plain text").At("body.text")
	}
	return text, nil
}

// record writes the deed into the history of the party.
func (s *Service) record(ctx context.Context, actor account.Actor, action string, n Note, before, after any) error {
	kind, id := "affiliate", int64(n.AffiliateID)
	if n.AdvertiserID != 0 {
		kind, id = "advertiser", int64(n.AdvertiserID)
	}
	e, err := actor.Audit(s.Clock.Now(), action, kind, id, before, after)
	if err != nil {
		return err
	}
	return s.Audit.Record(ctx, e)
}
