package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Sender hands one mail over for good. An Invalid error means that no later try will fare better.
type Sender interface {
	Send(ctx context.Context, d Due) error
}

// Outcome is what became of a try.
type Outcome struct {
	Error string        // empty = sent
	Wait  time.Duration // until the next try after an error; 0 = given up
}

// Store keeps mails. All its times come from the database's clock.
type Store interface {
	Outbox
	// Claim takes up to limit mails that are due, those that wait longest first. Nobody else gets them before the lease
	// has run out.
	Claim(ctx context.Context, limit int, lease time.Duration) ([]Due, error)
	// Settle writes what became of a claimed mail, unless the lease ran out and somebody else claimed it. Text and file of
	// a mail that is not tried again are removed.
	Settle(ctx context.Context, d Due, o Outcome) error
	// Prune removes mails that were sent or given up and are older than this, and returns how many.
	Prune(ctx context.Context, olderThan time.Duration) (int, error)
}

const (
	// SendLimit is how long one try may take without a file.
	SendLimit = 30 * time.Second
	// senders is how many mails go out at once; mail servers mind many connections from one client.
	senders = 4
	// lease is enough for a try with a file and for writing its outcome.
	lease = 4 * SendLimit
	// settleLimit bounds the writing of one outcome.
	settleLimit = 10 * time.Second
	// kept is how long a mail that was sent or given up can be looked up.
	kept = 90 * 24 * time.Hour
	// maxError is how much of an error is kept, in bytes.
	maxError = 500
)

// Service sends what is queued.
type Service struct {
	store  Store
	sender Sender
	log    *slog.Logger
}

// NewService makes the service.
func NewService(store Store, sender Sender, log *slog.Logger) *Service {
	return &Service{store: store, sender: sender, log: log}
}

// SendDue sends what is due until nothing is, and says how many mails were handed over. Several processes may do so at
// the same time. A failed try is not an error: it is written to the mail, which waits for its next one.
func (s *Service) SendDue(ctx context.Context) (sent int, err error) {
	for ctx.Err() == nil {
		due, err := s.store.Claim(ctx, senders, lease)
		if err != nil {
			return sent, fmt.Errorf("claim mails: %w", err)
		}
		n, err := s.sendAll(ctx, due)
		sent += n
		if err != nil || len(due) < senders {
			return sent, err
		}
	}
	return sent, nil
}

func (s *Service) sendAll(ctx context.Context, due []Due) (sent int, err error) {
	var wg sync.WaitGroup
	var delivered atomic.Int64
	faults := make([]error, len(due))
	for i, d := range due {
		wg.Go(func() {
			ok, err := s.send(ctx, d)
			if faults[i] = err; ok {
				delivered.Add(1)
			}
		})
	}
	wg.Wait()
	return int(delivered.Load()), errors.Join(faults...)
}

// send makes one try. No transaction is open meanwhile.
func (s *Service) send(ctx context.Context, d Due) (sent bool, err error) {
	failure := d.Fault
	if failure == nil {
		failure = d.Message.Check()
	}
	if failure == nil {
		limited, cancel := context.WithTimeout(ctx, d.Message.Limit())
		failure = s.sender.Send(limited, d)
		cancel()
	}
	if failure != nil && ctx.Err() != nil {
		return false, nil // we are stopping; the lease runs out and the mail goes out then
	}
	outcome := Outcome{}
	if failure != nil {
		outcome.Error = reason(failure)
		next, again := wait(d.Tries, failure)
		if outcome.Wait = next; !again {
			s.log.ErrorContext(ctx, "a mail is given up", slog.String("mail_id", d.ID.String()), slog.Int("tries", d.Tries+1), slog.Any("error", failure))
		}
	}
	// A mail that went out is settled even while the process stops: else it would go out twice.
	settle, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleLimit)
	defer cancel()
	if err := s.store.Settle(settle, d, outcome); err != nil {
		return failure == nil, fmt.Errorf("settle mail %s: %w", d.ID, err)
	}
	return failure == nil, nil
}

// reason is the error's text as the database takes it, never empty.
func reason(err error) string {
	text := strings.ReplaceAll(strings.ToValidUTF8(err.Error(), "?"), "\x00", "?")
	if len(text) > maxError {
		text = strings.ToValidUTF8(text[:maxError], "")
	}
	if text == "" {
		text = "unknown error"
	}
	return text
}

// Prune forgets mails of long ago.
func (s *Service) Prune(ctx context.Context) (int, error) { return s.store.Prune(ctx, kept) }
