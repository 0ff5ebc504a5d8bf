package mail_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/mail"
	"github.com/waypost/waypost/store/storetest"
)

// post sends by calling do, and remembers what went out.
type post struct {
	do   func(ctx context.Context, d mail.Due) error
	mu   sync.Mutex
	sent []mail.Due
}

func (p *post) Send(ctx context.Context, d mail.Due) error {
	if p.do != nil {
		if err := p.do(ctx, d); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, d)
	return nil
}

func (p *post) recipients() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var to []string
	for _, d := range p.sent {
		to = append(to, d.Message.To)
	}
	slices.Sort(to)
	return to
}

var silent = slog.New(slog.DiscardHandler)

func queue(t *testing.T, db *storetest.DB, to ...string) {
	t.Helper()
	for _, a := range to {
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			return db.Mails().Queue(ctx, mail.Message{To: a, Subject: "Hello", Text: "secret link of " + a})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// state is a mail as the database keeps it.
type state struct {
	body        []byte
	tries       int
	due         *time.Duration // from now; nil = never again
	sent        bool
	err, to, id string
}

func states(t *testing.T, db *storetest.DB) []state {
	t.Helper()
	rows, err := db.Pool().Query(t.Context(), `SELECT body, tries, extract(epoch FROM next_attempt_at - now())::float8,
		sent_at IS NOT NULL, error, recipient, id::text FROM mails ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []state
	for rows.Next() {
		var s state
		var due *float64
		if err := rows.Scan(&s.body, &s.tries, &due, &s.sent, &s.err, &s.to, &s.id); err != nil {
			t.Fatal(err)
		}
		if due != nil {
			d := time.Duration(*due * float64(time.Second))
			s.due = &d
		}
		all = append(all, s)
	}
	return all
}

func exec(t *testing.T, db *storetest.DB, sql string) {
	t.Helper()
	if _, err := db.Pool().Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func TestSentOnceAndForgotten(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	queue(t, db, "ann@example.com")
	before := states(t, db)[0]
	if strings.Contains(string(before.body), "secret") {
		t.Error("the text lies open in the database")
	}
	p := &post{do: func(context.Context, mail.Due) error { // while it is sent, nobody holds a transaction open
		var open int
		err := db.Pool().QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()`).Scan(&open)
		if open != 0 {
			t.Errorf("%d transactions are open while sending", open)
		}
		return err
	}}
	service := mail.NewService(db.Mails(), p, silent)
	for _, want := range []int{1, 0} {
		if n, err := service.SendDue(t.Context()); n != want || err != nil {
			t.Fatalf("sent %d, %v; want %d", n, err, want)
		}
	}
	d := p.sent[0]
	if d.Message != (mail.Message{To: "ann@example.com", Subject: "Hello", Text: "secret link of ann@example.com"}) || d.Tries != 0 ||
		d.ID.String() != before.id || time.Since(d.CreatedAt) > time.Minute {
		t.Errorf("sent %+v", d)
	}
	after := states(t, db)[0]
	if len(after.body) != 0 || !after.sent || after.due != nil || after.tries != 1 || after.err != "" {
		t.Errorf("afterwards %+v", after)
	}
}

func TestNothingWithoutItsTransaction(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	undone := errors.New("undone")
	err := db.InTx(t.Context(), func(ctx context.Context) error {
		if err := db.Mails().Queue(ctx, mail.Message{To: "ann@example.com"}); err != nil {
			return err
		}
		return undone
	})
	if !errors.Is(err, undone) || len(states(t, db)) != 0 {
		t.Errorf("%v; %v", err, states(t, db))
	}
}

func TestRetriesAndGivesUp(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	queue(t, db, "ann@example.com")
	service := mail.NewService(db.Mails(), &post{do: func(context.Context, mail.Due) error { return errors.New("451 try later") }}, silent)
	ids := map[string]bool{}
	for i, wait := range []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 24 * time.Hour, 0} {
		if n, err := service.SendDue(t.Context()); n != 0 || err != nil {
			t.Fatalf("try %d: sent %d, %v", i+1, n, err)
		}
		s := states(t, db)[0]
		ids[s.id] = true
		if s.tries != i+1 || s.sent || s.err != "451 try later" {
			t.Errorf("after try %d: %+v", i+1, s)
		}
		if wait == 0 {
			if s.due != nil || len(s.body) != 0 {
				t.Errorf("not given up: %+v", s)
			}
			break
		}
		if s.due == nil || *s.due > wait || *s.due < wait-time.Minute || len(s.body) == 0 {
			t.Errorf("after try %d the next is due in %v, want %v", i+1, s.due, wait)
		}
		exec(t, db, `UPDATE mails SET next_attempt_at = now()`)
	}
	if len(ids) != 1 {
		t.Errorf("ids %v", ids)
	}
}

func TestHopelessMailsHoldUpNoOther(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	queue(t, db, "ann@example.com", "bob@example.com", "no address", "cid@example.com")
	exec(t, db, `UPDATE mails SET body = 'not sealed by us' WHERE recipient = 'ann@example.com'`)
	p := &post{do: func(_ context.Context, d mail.Due) error {
		if d.Message.To == "bob@example.com" {
			return errs.Invalid("recipient_refused", "no such user")
		}
		return nil
	}}
	if n, err := mail.NewService(db.Mails(), p, silent).SendDue(t.Context()); n != 1 || err != nil {
		t.Fatalf("sent %d, %v", n, err)
	}
	for _, s := range states(t, db) {
		if s.due != nil || s.sent != (s.to == "cid@example.com") || s.sent == (s.err != "") {
			t.Errorf("%+v", s)
		}
	}
}

func TestManySendersSendEachMailOnce(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	var want []string
	for i := range 60 {
		want = append(want, fmt.Sprintf("u%02d@example.com", i))
	}
	queue(t, db, want...)
	p := &post{}
	var wg sync.WaitGroup
	total := make(chan int, 4)
	for range 4 {
		wg.Go(func() {
			n, err := mail.NewService(db.Mails(), p, silent).SendDue(t.Context())
			if err != nil {
				t.Error(err)
			}
			total <- n
		})
	}
	wg.Wait()
	close(total)
	sum := 0
	for n := range total {
		sum += n
	}
	if got := p.recipients(); sum != len(want) || !slices.Equal(got, want) {
		t.Errorf("%d sent: %v", sum, got)
	}
}

// A process that stops while the server does not answer leaves the mail to the next one; a mail that went out at that
// moment is settled.
func TestStop(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	queue(t, db, "ann@example.com", "bob@example.com")
	ctx, stop := context.WithCancel(t.Context())
	p := &post{do: func(ctx context.Context, d mail.Due) error {
		if d.Message.To == "bob@example.com" {
			stop()
			return nil
		}
		<-ctx.Done()
		return ctx.Err()
	}}
	if n, err := mail.NewService(db.Mails(), p, silent).SendDue(ctx); n != 1 || err != nil {
		t.Errorf("sent %d, %v", n, err)
	}
	for _, s := range states(t, db) {
		if s.to == "bob@example.com" && !s.sent || s.to == "ann@example.com" && (s.tries != 0 || s.due == nil || *s.due < time.Minute || len(s.body) == 0) {
			t.Errorf("%+v", s)
		}
	}
}

// Whoever comes back after the lease has run out and another has taken the mail changes nothing.
func TestLateOutcomeChangesNothing(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	queue(t, db, "ann@example.com")
	first, err := db.Mails().Claim(t.Context(), 5, time.Minute)
	if err != nil || len(first) != 1 {
		t.Fatal(first, err)
	}
	if again, err := db.Mails().Claim(t.Context(), 5, time.Minute); err != nil || len(again) != 0 {
		t.Fatal("leased twice", again, err)
	}
	exec(t, db, `UPDATE mails SET next_attempt_at = now() - interval '1 s'`)
	second, err := db.Mails().Claim(t.Context(), 5, time.Hour)
	if err != nil || len(second) != 1 {
		t.Fatal(second, err)
	}
	if err := db.Mails().Settle(t.Context(), first[0], mail.Outcome{Error: "too late"}); err != nil {
		t.Fatal(err)
	}
	if s := states(t, db)[0]; s.tries != 0 || s.due == nil || len(s.body) == 0 {
		t.Errorf("the late outcome was written: %+v", s)
	}
	if err := db.Mails().Settle(t.Context(), second[0], mail.Outcome{}); err != nil {
		t.Fatal(err)
	}
	if s := states(t, db)[0]; !s.sent {
		t.Errorf("%+v", s)
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	queue(t, db, "sent@example.com", "waits@example.com")
	service := mail.NewService(db.Mails(), &post{do: func(_ context.Context, d mail.Due) error {
		if d.Message.To == "waits@example.com" {
			return errors.New("later")
		}
		return nil
	}}, silent)
	if _, err := service.SendDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := service.Prune(t.Context()); n != 0 || err != nil {
		t.Errorf("young mails: %d, %v", n, err)
	}
	exec(t, db, `UPDATE mails SET created_at = now() - interval '91 days'`)
	if n, err := service.Prune(t.Context()); n != 1 || err != nil {
		t.Errorf("pruned %d, %v", n, err)
	}
	if left := states(t, db); len(left) != 1 || left[0].to != "waits@example.com" {
		t.Errorf("left %+v", left)
	}
}
