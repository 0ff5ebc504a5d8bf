package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
)

const (
	// lease is how long nobody else takes a file up after its maker was last heard of; heartbeat is how often it tells.
	lease, heartbeat = 2 * time.Minute, 20 * time.Second
	// longest is how long the making of one file may take.
	longest = 30 * time.Minute
	// maxTries is how often a file is begun, and wait how long it waits after the first failure.
	maxTries, wait = 3, 30 * time.Second
	// partSize is how much of a file a row holds, in bytes.
	partSize = 1 << 20
	// settleLimit bounds the writing of an outcome.
	settleLimit = 30 * time.Second
	maxReason   = 500 // bytes
)

// errTooLarge ends a file that is larger than is kept.
var errTooLarge = errs.Invalid("file_too_large", "the file would be larger than %d MB: choose fewer days, or other filters", MaxSize>>20)

// Renderer writes the file of an order as the actor may see it, whose user is the one given, and names it. An error of
// package errs with a fault of the order is for good; any other is tried again. An error of w has to come back.
type Renderer func(ctx context.Context, o Order, u account.User, actor account.Actor, w io.Writer) (fileName string, err error)

// MakeDue makes the files that wait, one after another, until none does. Several processes may do so at the same time.
// What a failed file was about is no error: it is written to the file.
func (s *Service) MakeDue(ctx context.Context, render Renderer) (made int, err error) {
	for ctx.Err() == nil {
		c, found, err := s.Store.Claim(ctx, lease)
		if err != nil || !found {
			return made, err
		}
		err = s.make(ctx, c, render)
		if errs.HasCode(err, "lease_lost") { // somebody else makes it, or it was deleted
			continue
		}
		if err != nil {
			return made, fmt.Errorf("make file %s: %w", c.ID, err)
		}
		made++
	}
	return made, nil
}

// make makes one claimed file and writes what became of it. No transaction is open meanwhile.
func (s *Service) make(ctx context.Context, c Claimed, render Renderer) error {
	file, failure := s.render(ctx, &c, render)
	settle, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleLimit)
	defer cancel()
	switch {
	case errs.HasCode(failure, "lease_lost"):
		return failure
	case failure != nil && ctx.Err() != nil: // we are stopping: another process may begin at once
		return s.Store.Again(settle, c, 0, false)
	case failure != nil && !final(failure) && c.Try < maxTries:
		s.Log.WarnContext(ctx, "a file could not be made and is tried again", slog.String("export_id", c.ID.String()), slog.Int("try", c.Try), slog.Any("error", failure))
		return s.Store.Again(settle, c, time.Duration(c.Try)*wait, true)
	case failure != nil && !final(failure):
		s.Log.ErrorContext(ctx, "a file is given up", slog.String("export_id", c.ID.String()), slog.Int("tries", c.Try), slog.Any("error", failure))
	}
	now := s.Clock.Now()
	c.ExpiresAt = now.Add(Kept)
	next := Ready
	if failure != nil {
		next, c.Reason = Failed, reason(failure)
		c.FileName = ""
	} else {
		c.ReadyAt, c.Size = now, file.size
	}
	if !c.State.becomes(next) {
		return fmt.Errorf("an export that is %s does not become %s", c.State, next)
	}
	c.State = next
	return s.Tx.InTx(settle, func(ctx context.Context) error {
		if err := s.Store.Settle(ctx, c); err != nil {
			return err
		}
		return s.tell(ctx, c.Export, file)
	})
}

// render writes the file's parts. The file is nil where an error says why there is none.
func (s *Service) render(ctx context.Context, c *Claimed, render Renderer) (*file, error) {
	if c.Try > maxTries { // whoever made it died each time
		return nil, errors.New("broken off each time")
	}
	u, err := s.Users.GetUser(ctx, account.SystemActor("exports").Scope(), c.UserID)
	if err != nil {
		return nil, err
	}
	actor, err := c.as(u)
	if err != nil {
		return nil, err
	}
	c.Role = actor.Role
	making, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	making, lose := context.WithCancelCause(making)
	defer lose(nil)
	ended := make(chan struct{})
	beating := s.beat(making, *c, lose, ended)
	w := &file{ctx: making, store: s.Store, claimed: *c, mailed: c.ByMail}
	name, err := render(making, c.Order, u, actor, w)
	if err == nil {
		err = w.flush()
	}
	close(ended)
	<-beating
	if lost := context.Cause(making); err != nil && errs.HasCode(lost, "lease_lost") {
		return nil, lost
	}
	if err == nil {
		err = w.err
	}
	if err != nil && making.Err() != nil && ctx.Err() == nil {
		err = errs.Invalid("took_too_long", "the file took longer than %d minutes to make: choose fewer days, or other filters", longest/time.Minute).Because(err)
	}
	if err != nil {
		return nil, err
	}
	c.FileName = name
	return w, nil
}

// beat keeps the lease while a file is made, and calls lose when it is gone.
func (s *Service) beat(ctx context.Context, c Claimed, lose context.CancelCauseFunc, ended <-chan struct{}) <-chan struct{} {
	over := make(chan struct{})
	go func() {
		defer close(over)
		tick := time.NewTicker(heartbeat)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
			}
			err := s.Store.Extend(ctx, c, lease)
			if errs.HasCode(err, "lease_lost") {
				lose(err)
				return
			}
			if err != nil && ctx.Err() == nil {
				s.Log.WarnContext(ctx, "the lease of a file is not extended", slog.String("export_id", c.ID.String()), slog.Any("error", err))
			}
		}
	}()
	return over
}

// final tells an error that a later try cannot mend.
func final(err error) bool {
	e, ok := errs.As(err)
	return ok && e.Kind != errs.KindInternal && e.Kind != errs.KindUnavailable && e.Kind != errs.KindLimited
}

// reason is why there is no file, in a sentence for its user.
func reason(err error) string {
	if !final(err) {
		return "It was our fault and has been noted: ask for the file again later."
	}
	e, _ := errs.As(err)
	text := plain(e.Message)
	if len(text) > maxReason {
		text = strings.ToValidUTF8(text[:maxReason], "")
	}
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + strings.TrimSuffix(text[size:], ".") + "."
}

// file takes the bytes of a file and keeps them in parts. After an error, which stays, it takes no more.
type file struct {
	ctx     context.Context
	store   Store
	claimed Claimed
	part    []byte
	parts   int
	size    int64
	mailed  bool   // its beginning is kept, too
	whole   []byte // of one that is mailed and not too large for that
	err     error
}

// Write implements io.Writer.
func (f *file) Write(b []byte) (int, error) {
	if f.err == nil && f.size+int64(len(b)) > MaxSize {
		f.err = errTooLarge
	}
	if f.err != nil {
		return 0, f.err
	}
	f.size += int64(len(b))
	if f.mailed = f.mailed && f.size <= MaxAttached; f.mailed {
		f.whole = append(f.whole, b...)
	} else {
		f.whole = nil
	}
	for rest := b; len(rest) > 0; {
		n := min(partSize-len(f.part), len(rest))
		f.part, rest = append(f.part, rest[:n]...), rest[n:]
		if len(f.part) == partSize {
			if err := f.flush(); err != nil {
				return 0, err
			}
		}
	}
	return len(b), nil
}

func (f *file) flush() error {
	if f.err != nil || len(f.part) == 0 {
		return f.err
	}
	f.err = f.store.AddPart(f.ctx, f.claimed, f.parts, f.part, lease)
	f.parts, f.part = f.parts+1, f.part[:0]
	return f.err
}
