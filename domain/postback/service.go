package postback

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/audit"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/notice"
	"github.com/waypost/waypost/domain/offer"
)

// Store keeps affiliates' postbacks.
type Store interface {
	// Insert saves a new postback and gives it its id.
	Insert(ctx context.Context, p *Postback) error
	Get(ctx context.Context, scope account.Scope, id ID) (Postback, error)
	// Lock is Get that also keeps others from changing the row until the transaction ends.
	Lock(ctx context.Context, scope account.Scope, id ID) (Postback, error)
	// Update saves every field but the id, the affiliate, the secrets and the time of creation.
	Update(ctx context.Context, p Postback) error
	// Rotate makes another secret the signing secret; the one before signs too until p.PreviousUntil.
	Rotate(ctx context.Context, p Postback, secret string) error
	Delete(ctx context.Context, id ID) error
	List(ctx context.Context, scope account.Scope, f Filter, page domain.Page) (domain.Slice[Postback], error)
	// CheckReferences is an Invalid error, with the field's name, unless the affiliate exists, the offer exists and
	// may be known within the scope, and the goals
	// belong to the offer, or to one that may be known where the postback is for every offer.
	CheckReferences(ctx context.Context, scope account.Scope, p Postback) error
	// GoalOffer is the offer of a goal, if the scope sees it; otherwise an Invalid error unknown_goal.
	GoalOffer(ctx context.Context, scope account.Scope, goal offer.GoalID) (offer.ID, error)
	// Recipients are the active postbacks of these affiliates.
	Recipients(ctx context.Context, ids []affiliate.ID) ([]Recipient, error)
	// Known are an affiliate's postbacks, inactive ones included; the newest so many.
	Known(ctx context.Context, scope account.Scope, id affiliate.ID, limit int) ([]Recipient, error)
	// Told is a conversion as a postback tells of it, with its click and its offer's name and goals.
	Told(ctx context.Context, scope account.Scope, id conversion.ID) (conversion.Change, error)
	// Visit is a click and its offer, as the conversion of it would be told.
	Visit(ctx context.Context, scope account.Scope, id click.ID) (conversion.Change, error)
	// CountMissed is how many conversions a back-fill would send.
	CountMissed(ctx context.Context, m Missed) (int, error)
	// LockMissed are the next of them after a cursor, oldest first, locked against another status until the transaction
	// ends. The cursor is empty at the end.
	LockMissed(ctx context.Context, m Missed, page domain.Page) (changes []conversion.Change, cursor string, err error)
}

// DeliveryStore keeps deliveries. All its times, leases included, come from the database's clock.
type DeliveryStore interface {
	// Insert saves new deliveries; the pending ones are due at once, and older ones of the same conversion and postback
	// that wait or are paused are closed as superseded, but for those that are First.
	Insert(ctx context.Context, ds []Delivery) error
	// Lease takes up to limit due deliveries of a host, those that wait longest first, which nobody else may send for
	// the length of the lease.
	Lease(ctx context.Context, host string, limit int, length time.Duration) ([]Lease, error)
	// Settle writes results, each delivery at most once, inside the caller's transaction, and returns the health of the
	// postbacks that failed. A result whose fence is old changes nothing but the log of attempts.
	Settle(ctx context.Context, results []Result) ([]Health, error)
	// NextDue is how long until the host's next delivery is due that nobody leased; false if none waits.
	NextDue(ctx context.Context, host string) (time.Duration, bool, error)
	// DueHosts are the hosts with a delivery that has been due for longer than this and that nobody leased.
	DueHosts(ctx context.Context, olderThan time.Duration) ([]string, error)
	// Deactivate makes a postback inactive for a reason. Its deliveries have to Follow.
	Deactivate(ctx context.Context, id ID, reason PausedReason) error
	// Turned remembers that a postback was made active or inactive and that its deliveries have to Follow.
	Turned(ctx context.Context, id ID) error
	// Turning are the postbacks of which not all deliveries have followed.
	Turning(ctx context.Context) ([]ID, error)
	// Follow lets up to limit deliveries do as their postback did, in a transaction of its own. Those that wait for an
	// inactive one are set aside; the paused ones of an active one are due, except for those whose conversion has moved
	// on, and their hosts are returned. There may be more to do.
	Follow(ctx context.Context, id ID, limit int) (hosts []string, more bool, err error)
	Get(ctx context.Context, scope account.Scope, id DeliveryID) (Delivery, error)
	List(ctx context.Context, scope account.Scope, f DeliveryFilter, page domain.Page) (domain.Slice[Delivery], error)
	// LastOf gives the last delivery of each of these conversions to each postback, without attempts.
	LastOf(ctx context.Context, scope account.Scope, ids []conversion.ID) ([]Delivery, error)
	// Performance adds up how deliveries within the scope fare; an affiliate that does not exist is NotFound.
	Performance(ctx context.Context, scope account.Scope, of PerformanceOf) (Performance, error)
	// Resend starts a new round for one delivery, unless somebody is sending it right now; then the host is empty.
	Resend(ctx context.Context, scope account.Scope, id DeliveryID) (host string, err error)
	// ResendPage does so for a page of those that match and that tell of their conversion's last status, newest first,
	// and returns their hosts, one for each. The cursor is empty at the end.
	ResendPage(ctx context.Context, scope account.Scope, f DeliveryFilter, page domain.Page) (hosts []string, cursor string, err error)
	// CountResend is how many all pages of ResendPage would return together. With most above 0 it looks at no more than so
	// many deliveries of the filter, and tells whether there are more.
	CountResend(ctx context.Context, scope account.Scope, f DeliveryFilter, most int) (Resendable, error)
}

// AddressGuard judges at save whether a URL's address may be reached. It is a courtesy: what counts is the same check
// when the connection is made.
type AddressGuard interface {
	// CheckURL is an Invalid error (blocked_address, blocked_port) for an address that is refused, and warns
	// (host_unresolved) of a name that does not resolve.
	CheckURL(ctx context.Context, address string) ([]errs.Warning, error)
}

// Request is what goes out.
type Request struct {
	Method       string
	URL          string
	Header       map[string]string
	Body         string
	ConversionID conversion.ID // that it tells of; it stays here
	Watched      bool          // the response tells its Detail; the request gets a connection of its own
}

// Sender makes one HTTP request: no redirects, at most SendLimit.
type Sender interface {
	Send(ctx context.Context, r Request) Response
}

// Waker tells workers that these hosts have something due. It does not wait for them and may lose a call: rows and the
// sweeper decide.
type Waker interface {
	Wake(ctx context.Context, hosts []string) error
}

const (
	// SendLimit is how long one try may take (contract section 4).
	SendLimit = 15 * time.Second
	// LeaseLength is enough for a short wait in hand, a request and its result; what a process that died held is due
	// again after it.
	LeaseLength = 25 * time.Second
)

// Deps is what NewService needs.
type Deps struct {
	Store      Store
	Deliveries DeliveryStore
	Tx         domain.Transactor
	Audit      audit.Recorder
	Guard      AddressGuard
	Sender     Sender
	Waker      Waker
	Signer     *click.Signer
	Clock      domain.Clock
	Random     io.Reader       // cryptographic
	Notices    notice.Poster   // tells owners of a pause; nil = nobody is told
	Limiter    account.Limiter // of tests; nil = in the memory of this process
	Log        *slog.Logger
}

// Service is what can be done with postbacks and deliveries.
type Service struct {
	Deps
	mu    sync.Mutex
	hosts map[string]*host // by host:port
}

// NewService makes the service.
func NewService(d Deps) *Service {
	if d.Limiter == nil {
		d.Limiter = account.NewLimits(d.Clock)
	}
	return &Service{Deps: d, hosts: map[string]*host{}}
}

var _ conversion.Announcer = (*Service)(nil)

// Filter narrows List; zero values do not.
type Filter struct {
	AffiliateID affiliate.ID
	OfferID     offer.ID
	From, To    time.Time // made at; To is excluded
}

// DeliveryFilter narrows lists of deliveries; zero values do not.
type DeliveryFilter struct {
	ConversionID conversion.ID
	ClickID      click.ID
	PostbackID   ID
	AffiliateID  affiliate.ID
	OfferID      offer.ID
	AdvertiserID advertiser.ID
	Status       DeliveryStatus
	From, To     time.Time // made at; To is excluded
}
