// Package export is files that are made in the background: a list or report of a portal that is too long to wait for, or
// that goes to somebody by mail. A file is ordered in the transaction of the deed that asks for it, made by one process
// at a time with the rights that its user has then, and kept for a week.
package export

import (
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/field"
	"github.com/waypost/waypost/domain/mail"
)

// ID names an export.
type ID struct{ domain.UUID }

// Format is the kind of a file.
type Format string

// The formats.
const (
	CSV  Format = "csv"
	XLSX Format = "xlsx"
)

// State is how far an export has come.
type State string

// The states. A ready or failed one stays so.
const (
	Waiting State = "waiting"
	Making  State = "making"
	Ready   State = "ready"
	Failed  State = "failed"
)

// moves are the states that may follow each. What broke off waits again.
var moves = map[State][]State{Waiting: {Making}, Making: {Waiting, Ready, Failed}}

// becomes tells whether a state may follow.
func (s State) becomes(next State) bool { return slices.Contains(moves[s], next) }

// Over tells a state that none follows.
func (s State) Over() bool { return len(moves[s]) == 0 }

// Order is what somebody asks for.
type Order struct {
	Path   string // of a portal's list or report with its query: "/admin/conversions?status=approved"
	Format Format
	Title  string // what it is for people, at most 120 characters
	ByMail bool   // the file itself goes to the user by mail, where it is small enough; else only a link does
}

// Export is an order and what became of it.
type Export struct {
	ID           ID
	UserID       account.UserID // whose it is, and nobody else's
	Role         account.Role   // that it was ordered with: it is made with no more than that role's rights; of a ready one, that it was made with
	AffiliateID  int64          // party of the user at that time; of role affiliate
	AdvertiserID int64          // likewise, of role advertiser
	Order
	State     State
	Reason    string // why it failed, in words
	FileName  string // of a ready one
	Size      int64  // bytes of a ready one
	CreatedAt time.Time
	ReadyAt   time.Time // zero until it is ready
	ExpiresAt time.Time // when it is removed; zero while it is not over
}

// Bounds of an export.
const (
	MaxSize = 256 << 20 // bytes of a file
	// MaxRoom is how many bytes the files of a user may take before another is ordered.
	MaxRoom = 1 << 30
	// MaxAttached is the largest file that goes by mail itself, in bytes.
	MaxAttached = mail.MaxFile
	// Kept is how long a file can be fetched.
	Kept = 7 * 24 * time.Hour
	// MaxWaiting is how many of a user's may not be over at the same time.
	MaxWaiting = 5

	maxTitle = 120  // characters
	maxPath  = 4096 // bytes
)

// passing are the parts of a query that say where in a list somebody is, not what is in it.
var passing = []string{"cursor", "limit", "page", "format", "view"}

// check tidies an order of an actor's, or says what is wrong with it.
func (o Order) check(actor account.Actor) (Order, error) {
	var c field.Checks
	var err error
	o.Path, err = pathOf(o.Path, actor)
	c.Add("body.path", err)
	o.Format, err = field.Choice(o.Format, CSV, XLSX)
	c.Add("body.format", err)
	o.Title, err = field.Text(o.Title, maxTitle)
	if err == nil && o.Title == "" {
		err = errs.Invalid("required", "must not be empty")
	}
	c.Add("body.title", err)
	return o, c.Err()
}

// pathOf is a path of the actor's own portal, with what its query asks for.
func pathOf(text string, actor account.Actor) (string, error) {
	wrong := errs.Invalid("invalid_path", "must be the path of a list or report of your portal with its query, such as %s/conversions?status=approved", base(actor.Role))
	u, err := url.Parse(text)
	if err != nil || len(text) > maxPath || u.IsAbs() || u.Host != "" || u.User != nil || u.Opaque != "" || u.Fragment != "" ||
		u.RawPath != "" || path.Clean(u.Path) != u.Path || strings.ContainsAny(u.Path, "\\\x00\r\n") ||
		!strings.HasPrefix(u.Path, base(actor.Role)+"/") {
		return "", wrong
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", wrong
	}
	for _, name := range passing {
		query.Del(name)
	}
	return (&url.URL{Path: u.Path, RawQuery: query.Encode()}).String(), nil
}

// base is what the paths of a role's portal begin with.
func base(r account.Role) string {
	if r.Operator() {
		return "/admin"
	}
	return "/" + string(r)
}

// as is who an export is made for: its user as that is now, with no more rights than when it was ordered.
func (e Export) as(u account.User) (account.Actor, error) {
	actor := u.Actor("")
	switch {
	case u.Status != account.UserStatusActive:
		return account.Actor{}, errs.Forbidden("user_disabled", "the account was disabled before the file was made")
	case u.AffiliateID != e.AffiliateID || u.AdvertiserID != e.AdvertiserID || base(u.Role) != base(e.Role):
		return account.Actor{}, errs.Forbidden("forbidden", "the account changed sides before the file was made")
	case e.Role.Within(u.Role):
		actor.Role = e.Role
	case !u.Role.Within(e.Role):
		return account.Actor{}, errs.Forbidden("forbidden", "the account's role was changed before the file was made: ask for the file again")
	}
	return actor, nil
}

// opensFor tells whether a ready one is still for its user as that is now.
func (e Export) opensFor(u account.User) bool {
	actor, err := e.as(u)
	return err == nil && actor.Role == e.Role
}
