package conversion

import (
	"context"
	"io"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/audit"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

// Service holds the use cases of conversions and the incoming log.
type Service struct{ d Deps }

// Deps is what the service needs.
type Deps struct {
	Store     Store
	Tx        domain.Transactor
	Announcer Announcer
	Audit     audit.Recorder
	Signer    *click.Signer
	Limiter   account.Limiter // of rehearsals; nil = in the memory of this process
	Clock     domain.Clock
	Random    io.Reader // a cryptographic source
}

// NewService makes the service.
func NewService(d Deps) *Service {
	if d.Limiter == nil {
		d.Limiter = account.NewLimits(d.Clock)
	}
	return &Service{d}
}

// Filter narrows a list of conversions; zero fields do not.
type Filter struct {
	From, To     time.Time // made at; To is excluded
	ClickID      click.ID
	TxID         string
	OfferID      offer.ID
	GoalID       offer.GoalID
	AffiliateID  affiliate.ID
	AdvertiserID advertiser.ID
	Status       Status
	MovableTo    Status // only those that may become this status, and are not it already
	Test         *bool
}

// Store is what the service needs from storage. LoadCalls to Save run inside a transaction of RecordBatch, in this
// order, which is also the order of their locks: keys, conversions, the Announcer's, events, ledger, balances.
type Store interface {
	// LoadCalls gives the lines that the log has of these ids already, locked where they are to be decided again, and
	// the clicks that have arrived.
	LoadCalls(ctx context.Context, logs []LogID, lock bool, clicks []click.ID) (map[LogID]LogEntry, map[click.ID]click.Click, error)
	// LoadCoupons gives the active coupons that have these codes, case ignored, by the code as it was asked for.
	LoadCoupons(ctx context.Context, codes []string) (map[string][]CouponTerms, error)
	// TokenHolders gives, of the tokens that some advertiser has, whose they are.
	TokenHolders(ctx context.Context, tokens []string) (map[string][]advertiser.ID, error)
	// LoadTerms gives the terms of business that the calls are decided by. What they name is not deleted, and no offer's
	// currency or advertiser changes, until the end of the transaction.
	LoadTerms(ctx context.Context, q TermsQuery) (Terms, error)
	// ClaimKeys inserts the keys to be claimed that are free, and gives the holder of every key of the list that has
	// one, by key. It waits for others who are inserting the same keys.
	ClaimKeys(ctx context.Context, keys []Key) (map[string]Key, error)
	// LockConversions gives the conversions that hold the keys, locked until the end of the transaction.
	LockConversions(ctx context.Context, holders []Key) ([]Conversion, error)
	// Save writes all that a batch changed.
	Save(ctx context.Context, w Writes) error
	// MakeRoom lets the log take calls received on that day. Outside any transaction.
	MakeRoom(ctx context.Context, day time.Time) error

	// Lock gives one conversion of the scope, locked until the end of the transaction.
	Lock(ctx context.Context, scope account.Scope, id ID) (Conversion, error)
	// DueHolds gives conversions whose hold was over by now, those that wait for a rate included, longest over first.
	DueHolds(ctx context.Context, now time.Time, limit int) ([]Key, error)
	// DueRates gives conversions that wait for an exchange rate which is stored by now.
	DueRates(ctx context.Context, now time.Time, limit int) ([]Key, error)
	// PutRate sets the rate of a day and gives the one that it replaced, nil where there was none.
	PutRate(ctx context.Context, r Rate) (before *Rate, err error)
	ListRates(ctx context.Context, f RateFilter, p domain.Page) (domain.Slice[Rate], error)
	// AdvertisersDecide is the network's setting: advertisers approve and reject their own conversions.
	AdvertisersDecide(ctx context.Context) (bool, error)

	Get(ctx context.Context, scope account.Scope, id ID) (Conversion, error)
	// GetMany gives those of the scope that have these ids, in no order.
	GetMany(ctx context.Context, scope account.Scope, ids []ID) ([]Conversion, error)
	// ByTxID gives those of the scope that have these texts as txid, by txid.
	ByTxID(ctx context.Context, scope account.Scope, txids []string) (map[string][]TxIDHolder, error)
	List(ctx context.Context, scope account.Scope, f Filter, p domain.Page) (domain.Slice[Conversion], error)
	// ValuesShown tells, of these offers, those that show affiliates the value of a sale.
	ValuesShown(ctx context.Context, offers []offer.ID) (map[offer.ID]bool, error)
	// Events gives what happened to the conversions of a click: the newest so many, oldest first.
	Events(ctx context.Context, scope account.Scope, id click.ID, limit int) ([]Event, error)

	LogGet(ctx context.Context, scope account.Scope, id LogID) (LogEntry, error)
	LogList(ctx context.Context, scope account.Scope, f LogFilter, p domain.Page) (domain.Slice[LogEntry], error)
	// LogTally counts lines by outcome and code, the most frequent first.
	LogTally(ctx context.Context, scope account.Scope, f LogFilter) ([]LogCount, error)
	// LogCall gives a logged call as it came.
	LogCall(ctx context.Context, id LogID) (Call, error)
	// LogAgain gives lines that the filter takes and that were refused or are queued, with their calls, received after
	// the given one (the zero id for the first), oldest first.
	LogAgain(ctx context.Context, f LogFilter, after LogID, limit int) ([]LogLine, error)
}

// TermsQuery asks for offers, advertisers, affiliates, and the exchange rates from these currencies on the days between.
type TermsQuery struct {
	Offers      []offer.ID
	Advertisers []advertiser.ID
	Affiliates  []affiliate.ID
	Bases       []money.Currency
	From, To    time.Time
}

// Terms is the answer to a TermsQuery.
type Terms struct {
	Offers      map[offer.ID]offer.Offer
	Advertisers map[advertiser.ID]advertiser.Advertiser
	Affiliates  map[affiliate.ID]bool // those that exist
	Rates       Rates
}

// Key is a dedupe key and the conversion that holds it.
type Key struct {
	DedupeKey    string
	ClickID      click.ID
	ConversionID ID
	Claim        bool // insert it if it is free; otherwise it is only asked for
}

// Writes is all that a batch changed.
type Writes struct {
	Clicks   []click.Click // minted for conversions that came without one
	Created  []Conversion
	Updated  []Conversion
	Events   []Event
	Entries  []ledger.Entry
	Balances []ledger.Balance // what the entries add to the balances
	Lines    []LogLine        // new lines of the incoming log
	Relined  []LogLine        // lines of calls that were decided again
}

// Get gives one conversion.
func (s *Service) Get(ctx context.Context, actor account.Actor, id ID) (Conversion, error) {
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return Conversion{}, err
	}
	c, err := s.d.Store.Get(ctx, actor.Scope(), id)
	if err != nil {
		return Conversion{}, err
	}
	one := []Conversion{c}
	err = s.conversionsFor(ctx, actor, one)
	return one[0], err
}

// List gives conversions, newest first.
func (s *Service) List(ctx context.Context, actor account.Actor, f Filter, p domain.Page) (domain.Slice[Conversion], error) {
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return domain.Slice[Conversion]{}, err
	}
	found, err := s.d.Store.List(ctx, actor.Scope(), f, p)
	if err != nil {
		return domain.Slice[Conversion]{}, err
	}
	return found, s.conversionsFor(ctx, actor, found.Items)
}

// Events gives what happened to the conversions of a click: the newest so many, oldest first.
func (s *Service) Events(ctx context.Context, actor account.Actor, id click.ID, limit int) ([]Event, error) {
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return nil, err
	}
	events, err := s.d.Store.Events(ctx, actor.Scope(), id, limit)
	if err != nil {
		return nil, err
	}
	return events, s.eventsFor(ctx, actor, events)
}

// LogGet gives one line of the incoming log.
func (s *Service) LogGet(ctx context.Context, actor account.Actor, id LogID) (LogEntry, error) {
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return LogEntry{}, err
	}
	l, err := s.d.Store.LogGet(ctx, actor.Scope(), id)
	if err != nil {
		return LogEntry{}, err
	}
	one := []LogEntry{l}
	err = s.linesFor(ctx, actor, one)
	return one[0], err
}

// LogList gives lines of the incoming log, newest first. For an affiliate no line has an address.
func (s *Service) LogList(ctx context.Context, actor account.Actor, f LogFilter, p domain.Page) (domain.Slice[LogEntry], error) {
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return domain.Slice[LogEntry]{}, err
	}
	if _, affiliate := actor.Scope().Affiliate(); affiliate && f.IP != "" {
		return domain.Slice[LogEntry]{}, nil
	}
	found, err := s.d.Store.LogList(ctx, actor.Scope(), f, p)
	if err != nil {
		return domain.Slice[LogEntry]{}, err
	}
	return found, s.linesFor(ctx, actor, found.Items)
}
