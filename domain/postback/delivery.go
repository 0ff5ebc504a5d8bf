package postback

import (
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/offer"
)

// DeliveryID names a delivery. It is sent as Webhook-Id, the same on every try and on a resend.
type DeliveryID struct{ domain.UUID }

// DeliveryStatus is where a delivery stands.
type DeliveryStatus string

// The statuses: pending → delivered | retrying | failed | paused; retrying likewise. A resend makes any of them
// pending again.
const (
	DeliveryPending   DeliveryStatus = "pending"   // not tried yet
	DeliveryDelivered DeliveryStatus = "delivered" // answered with 2xx
	DeliveryRetrying  DeliveryStatus = "retrying"  // tried, waits for the next try
	DeliveryFailed    DeliveryStatus = "failed"    // given up; Reason says why
	DeliveryPaused    DeliveryStatus = "paused"    // waits until its postback is active again
)

// Valid tells a status that exists.
func (s DeliveryStatus) Valid() bool {
	switch s {
	case DeliveryPending, DeliveryDelivered, DeliveryRetrying, DeliveryFailed, DeliveryPaused:
		return true
	}
	return false
}

// Waiting tells a delivery that is still to be sent.
func (s DeliveryStatus) Waiting() bool { return s == DeliveryPending || s == DeliveryRetrying }

// Reasons of a failed delivery besides the class of its last error.
const (
	ReasonGone       = "gone"       // the receiver answered 410
	ReasonSuperseded = "superseded" // a newer status of the same conversion took its place
)

// Delivery is one call that is owed to an affiliate.
type Delivery struct {
	ID            DeliveryID
	CreatedAt     time.Time // the millisecond inside ID
	PostbackID    ID
	AffiliateID   affiliate.ID
	OfferID       offer.ID
	ConversionID  conversion.ID
	ClickID       click.ID
	EventStatus   conversion.Status // the status of the conversion that it tells of
	Method        string
	URL           string // macros filled; with secrets masked where GetDelivery or ListDeliveries gave it
	Body          string // JSON of a POST; empty for GET
	Host          string // host:port, the unit of work
	Status        DeliveryStatus
	Reason        string    // why it failed: an ErrorClass, ReasonGone or ReasonSuperseded
	Tries         int       // of the present round; a resend starts at 0 again
	NextAttemptAt time.Time // zero once settled
	UpdatedAt     time.Time
	Attempts      []Attempt // all rounds, oldest first; loaded by GetDelivery and ListDeliveries

	// First is a delivery of a conversion that is made in the same transaction, so that there is no older one. It is known
	// to Insert only.
	First bool
}

// ErrorClass says what kind of thing went wrong; empty for a success.
type ErrorClass string

// The classes of failed tries.
const (
	ErrorTimeout        ErrorClass = "timeout"
	ErrorConnect        ErrorClass = "connect"
	ErrorRefused        ErrorClass = "refused"    // nothing listens there
	ErrorConnection     ErrorClass = "connection" // broke after it was made
	ErrorTLS            ErrorClass = "tls"
	ErrorCertificate    ErrorClass = "certificate"
	ErrorDNS            ErrorClass = "dns"
	ErrorBlockedAddress ErrorClass = "blocked_address"
	ErrorInvalidURL     ErrorClass = "invalid_url"
	ErrorSigning        ErrorClass = "signing_secret" // cannot be read
	ErrorHTTP1xx        ErrorClass = "http_1xx"
	ErrorHTTP3xx        ErrorClass = "http_3xx"
	ErrorHTTP4xx        ErrorClass = "http_4xx"
	ErrorHTTP5xx        ErrorClass = "http_5xx"
)

// Attempt is one try, as the log keeps it.
type Attempt struct {
	Number       int // from 1, over all rounds
	At           time.Time
	URL          string // secrets masked
	StatusCode   int    // 0 where no answer came
	Duration     time.Duration
	Error        ErrorClass
	ResponseBody string // its beginning: valid UTF-8, at most 4 KiB
}

// Lease is a delivery that this process alone may send until the lease ends.
type Lease struct {
	Delivery       Delivery
	Fence          int64  // grows with each lease; a result with an older number is refused
	SigningSecret  string // of its postback
	PreviousSecret string // while it signs too; empty = there is none
	PostbackActive bool
}

// Result is what became of a leased delivery.
type Result struct {
	DeliveryID DeliveryID
	PostbackID ID
	Fence      int64
	Attempt    *Attempt // nil where nothing was sent
	Outcome    Outcome
}
