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
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
)

// Service holds the use cases of conversions and the incoming log.
type Service struct{ Deps }

// Deps is what the service needs.
type Deps struct {
	Store     Store
	Tx        domain.Transactor
	Announcer Announcer
	Audit     audit.Recorder
	Signer    *click.Signer
	Clock     domain.Clock
	Random    io.Reader // a cryptographic source
}

// NewService makes the service.
func NewService(d Deps) *Service { return &Service{d} }

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
	Test         *bool
}

// Store is what the service needs from storage.
type Store interface{}

// RecordBatch decides a batch of calls, in their order, in one transaction, and gives one result each.
func (s *Service) RecordBatch(ctx context.Context, calls []Call) []Result {
	results := make([]Result, len(calls))
	for i := range results {
		results[i].Err = errs.Unavailable("not_ready", "recording is not built yet")
	}
	return results
}

// Get gives one conversion.
func (s *Service) Get(ctx context.Context, actor account.Actor, id ID) (Conversion, error) {
	return Conversion{}, errs.Unavailable("not_ready", "not built yet")
}

// List gives conversions, newest first.
func (s *Service) List(ctx context.Context, actor account.Actor, f Filter, p domain.Page) (domain.Slice[Conversion], error) {
	return domain.Slice[Conversion]{}, errs.Unavailable("not_ready", "not built yet")
}

// ChangeStatus moves a conversion by hand. fire tells whether affiliate postbacks learn of it.
func (s *Service) ChangeStatus(ctx context.Context, actor account.Actor, id ID, status Status, reason string, fire bool) (Conversion, error) {
	return Conversion{}, errs.Unavailable("not_ready", "not built yet")
}

// LogGet gives one line of the incoming log.
func (s *Service) LogGet(ctx context.Context, actor account.Actor, id LogID) (LogEntry, error) {
	return LogEntry{}, errs.Unavailable("not_ready", "not built yet")
}

// LogList gives lines of the incoming log, newest first.
func (s *Service) LogList(ctx context.Context, actor account.Actor, f LogFilter, p domain.Page) (domain.Slice[LogEntry], error) {
	return domain.Slice[LogEntry]{}, errs.Unavailable("not_ready", "not built yet")
}

// Replay decides a logged call again, after its cause was mended, and updates its line.
func (s *Service) Replay(ctx context.Context, actor account.Actor, id LogID) (Result, error) {
	return Result{}, errs.Unavailable("not_ready", "not built yet")
}

// SettlePending decides the queued calls whose click has arrived and refuses those that waited for more than 24 h. It
// gives the number of calls that were settled.
func (s *Service) SettlePending(ctx context.Context) (int, error) {
	return 0, errs.Unavailable("not_ready", "not built yet")
}
