// Package history reads the audit log: who did what, and how an object came to be as it is. Package audit writes it.
package history

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/audit"
	"github.com/waypost/waypost/domain/errs"
)

// ID names an entry.
type ID struct{ domain.UUID }

// Entry is one deed as the audit log keeps it. Secrets within Before and After are masked.
type Entry struct {
	ID ID
	audit.Entry
	UserEmail string // of UserID; empty for the system and for a user who is gone
}

// Filter narrows a list; zero fields do not.
type Filter struct {
	ID         ID // of one entry
	UserID     account.UserID
	Action     string // whole, such as "offer.update"
	ObjectType string
	ObjectID   string
	From, To   time.Time // To is excluded
}

// Store reads entries, newest first. An affiliate's scope sees those of its own postbacks, an advertiser's none.
type Store interface {
	List(ctx context.Context, scope account.Scope, f Filter, p domain.Page) (domain.Slice[Entry], error)
}

// Service is what can be read.
type Service struct{ store Store }

// NewService makes the service.
func NewService(store Store) *Service { return &Service{store} }

// objects are what an operator who reads the catalogue may see the history of; the rest is the administrators'.
var objects = []string{"offer", "goal", "coupon", "affiliate", "advertiser", "postback", "conversion", "application"}

// List reads a part of the entries, newest first. Administrators read all; other operators the history of one object at
// a time; an affiliate that of its own postbacks, where the network's people have no names.
func (s *Service) List(ctx context.Context, actor account.Actor, f Filter, p domain.Page) (domain.Slice[Entry], error) {
	if err := mayRead(actor, f); err != nil {
		return domain.Slice[Entry]{}, err
	}
	list, err := s.store.List(ctx, actor.Scope(), f, p)
	if err != nil {
		return domain.Slice[Entry]{}, fmt.Errorf("list history: %w", err)
	}
	for i := range list.Items {
		e := &list.Items[i]
		if e.Before, err = masked(e.Before); err == nil {
			e.After, err = masked(e.After)
		}
		if err != nil {
			return domain.Slice[Entry]{}, fmt.Errorf("mask entry %s: %w", e.ID, err)
		}
		if _, party := actor.Scope().Affiliate(); party {
			e.hideOperators()
		}
	}
	return list, nil
}

func mayRead(actor account.Actor, f Filter) error {
	if err := actor.Require(account.PermissionReadCatalogue); err != nil {
		return err
	}
	if _, advertiser := actor.Scope().Advertiser(); advertiser {
		return errs.Forbidden("forbidden", "advertisers have no history to read; ask the network")
	}
	if !actor.Scope().Network() || actor.Require(account.PermissionManageUsers) == nil || actor.Require(account.PermissionManageNetwork) == nil {
		return nil
	}
	if f.ObjectID == "" || !slices.Contains(objects, f.ObjectType) {
		return errs.Forbidden("forbidden", "only administrators read the whole audit log; name one object by object_type (%s) and object_id",
			strings.Join(objects, ", "))
	}
	return nil
}

// hideOperators leaves of another's deed that the network, or a part of the system, did it.
func (e *Entry) hideOperators() {
	role, _, _ := strings.Cut(e.Actor, " ")
	switch {
	case role == string(account.RoleAffiliate):
		return
	case account.Role(role).Valid():
		e.Actor = "network"
	}
	e.UserID, e.UserEmail, e.IP = 0, "", ""
}

const mask = "***"

// secretNames are parts of the names of fields whose texts are never shown. What is written is masked already: this
// keeps a field that somebody forgets there from being read here.
var secretNames = []string{"password", "secret", "token", "hash"}

// masked hides the texts of fields that are named like secrets.
func masked(snapshot json.RawMessage) (json.RawMessage, error) {
	if snapshot == nil {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(snapshot))
	d.UseNumber() // exact as written
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if !hideSecrets(v) {
		return snapshot, nil
	}
	return json.Marshal(v)
}

func hideSecrets(v any) (hid bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			text, isText := value.(string)
			if isText && text != "" && !strings.HasPrefix(text, mask) && namesSecret(name) {
				v[name], hid = mask, true
				continue
			}
			hid = hideSecrets(value) || hid
		}
	case []any:
		for _, item := range v {
			hid = hideSecrets(item) || hid
		}
	}
	return hid
}

func namesSecret(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(secretNames, func(part string) bool { return strings.Contains(name, part) })
}
