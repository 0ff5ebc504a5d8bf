package account

import (
	"fmt"
	"time"

	"github.com/waypost/waypost/domain/audit"
	"github.com/waypost/waypost/domain/errs"
)

// Role is what a user is in the network. The first four are operators.
type Role string

// The roles of contract section 5.
const (
	RoleAdmin      Role = "admin"
	RoleManager    Role = "manager"
	RoleFinance    Role = "finance"
	RoleViewer     Role = "viewer"
	RoleAffiliate  Role = "affiliate"
	RoleAdvertiser Role = "advertiser"
)

// Operator tells the roles that see the whole network.
func (r Role) Operator() bool {
	return r == RoleAdmin || r == RoleManager || r == RoleFinance || r == RoleViewer
}

// Valid tells a role that exists.
func (r Role) Valid() bool { return r.Operator() || r == RoleAffiliate || r == RoleAdvertiser }

// Actor is who does something: a logged-in user, or a part of the system. Every use case takes one, so that tenancy
// cannot be forgotten. AffiliateID or AdvertiserID is the party of a party's user, 0 for operators.
type Actor struct {
	UserID       UserID
	Role         Role
	AffiliateID  int64
	AdvertiserID int64
	IP           string
	Key          KeyID  // of the API key that the call came with; 0 = a log-in
	System       string // set for a part of the system such as "worker"; it may do everything
	// Viewing is the operator who looks at the party's portal as the party; then UserID is 0 and the actor may only read.
	// Require refuses it what is no reading, RequireLogin its own affairs, and Audit every deed that leaves a trace.
	Viewing UserID
}

// SystemActor is a part of Waypost itself, such as "worker" or "demo".
func SystemActor(part string) Actor { return Actor{System: part} }

// Require is nil if the actor holds the permission, else a Forbidden error.
func (a Actor) Require(p Permission) error {
	if !p.reading() {
		if err := a.RequireWrite(); err != nil {
			return err
		}
	}
	if a.System != "" || permits(a.Role, p) {
		return nil
	}
	return errs.Forbidden("forbidden", "your role %q may not %s; ask an administrator of the network", a.Role, p)
}

// RequireWrite is a Forbidden error for who may only look. Deeds that ask for no permission but that of reading call it.
func (a Actor) RequireWrite() error {
	if a.Viewing != 0 {
		return errs.Forbidden("view_only", "you are looking at this portal as somebody else, so nothing can be changed: stop viewing first")
	}
	return nil
}

// RequireLogin is a Forbidden error for an API key: what could outlive the key, or hand out another one, asks for a
// log-in.
func (a Actor) RequireLogin() error {
	if err := a.RequireWrite(); err != nil {
		return err
	}
	if a.Key != 0 {
		return errs.Forbidden("login_required", "an API key may not do this: log in with e-mail address and password")
	}
	return nil
}

// Scope is the part of the data that the actor may know of.
func (a Actor) Scope() Scope {
	switch {
	case a.System != "" || a.Role.Operator():
		return Scope{kind: scopeNetwork}
	case a.Role == RoleAffiliate && a.AffiliateID > 0:
		return Scope{kind: scopeAffiliate, party: a.AffiliateID}
	case a.Role == RoleAdvertiser && a.AdvertiserID > 0:
		return Scope{kind: scopeAdvertiser, party: a.AdvertiserID}
	}
	return Scope{}
}

// Audit makes the audit entry of a deed of this actor. As every write has one in its transaction, it is here that who may
// only look is refused for certain.
func (a Actor) Audit(at time.Time, action, objectType string, objectID any, before, after any) (audit.Entry, error) {
	if err := a.RequireWrite(); err != nil {
		return audit.Entry{}, err
	}
	e := audit.Entry{At: at, UserID: int64(a.UserID), Actor: string(a.Role), IP: a.IP,
		Action: action, ObjectType: objectType, ObjectID: fmt.Sprint(objectID)}
	switch {
	case a.System != "":
		e.Actor = a.System
	case a.Key != 0:
		e.Actor = fmt.Sprintf("%s (API key %d)", a.Role, a.Key)
	}
	var err error
	if e.Before, err = audit.Snapshot(before); err != nil {
		return audit.Entry{}, err
	}
	e.After, err = audit.Snapshot(after)
	return e, err
}

type scopeKind uint8

const (
	scopeNetwork scopeKind = iota + 1
	scopeAffiliate
	scopeAdvertiser
)

// Scope limits a query to one tenant. It only comes from an Actor; the zero scope sees nothing and is an error.
type Scope struct {
	kind  scopeKind
	party int64
}

// Check is an error for the zero scope. Stores call it first.
func (s Scope) Check() error {
	if s.kind == 0 {
		return errs.Forbidden("forbidden", "this account belongs to no affiliate, advertiser or network")
	}
	return nil
}

// Network tells the scope that sees everything.
func (s Scope) Network() bool { return s.kind == scopeNetwork }

// Affiliate is the affiliate whose data alone is visible.
func (s Scope) Affiliate() (id int64, ok bool) { return s.party, s.kind == scopeAffiliate }

// Advertiser is the advertiser whose data alone is visible.
func (s Scope) Advertiser() (id int64, ok bool) { return s.party, s.kind == scopeAdvertiser }
