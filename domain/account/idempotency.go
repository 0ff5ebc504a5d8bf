package account

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/waypost/waypost/domain/errs"
)

// How long a claim counts, by the database's clock, which all nodes share.
const (
	// WriteTimeout is how long a write with a key may take before it is broken off: well within ClaimLifetime, so that
	// no claim is taken over from a write that still runs.
	WriteTimeout = 45 * time.Second
	// ClaimLifetime is the age from which a claim without an answer belongs to a process that died.
	ClaimLifetime = 60 * time.Second
	// AnswerLifetime is how long a repeat gets the first answer.
	AnswerLifetime = 24 * time.Hour
)

// IdempotencyKey names one write of one user: whoever sends it again means the same write and not another one
// (draft-ietf-httpapi-idempotency-key-header).
type IdempotencyKey string

// ParseIdempotencyKey takes 1 to 255 printable ASCII characters. Errors: invalid_idempotency_key.
func ParseIdempotencyKey(s string) (IdempotencyKey, error) {
	ok := len(s) >= 1 && len(s) <= 255
	for i := range len(s) {
		ok = ok && s[i] >= ' ' && s[i] <= '~'
	}
	if !ok {
		return "", errs.Invalid("invalid_idempotency_key", "Idempotency-Key must be 1 to 255 printable ASCII characters, such as a UUID").At("header.Idempotency-Key")
	}
	return IdempotencyKey(s), nil
}

// Write is one call of a user that changes something, under a key.
type Write struct {
	UserID  UserID
	Key     IdempotencyKey
	Request [sha256.Size]byte // of RequestHash: what is asked for
}

// RequestHash tells requests apart: those with the same hash ask for the same. Under another role, or with an API key,
// the same user does not ask for the same: it may not see all answers.
func RequestHash(actor Actor, method, path, query string, body []byte) [sha256.Size]byte {
	h := sha256.New()
	for _, part := range [][]byte{[]byte(actor.Role), binary.BigEndian.AppendUint64(nil, uint64(actor.Key)), []byte(method), []byte(path), []byte(query), body} {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write(part)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// Answer is what a write was answered with.
type Answer struct {
	Status      int // of HTTP; 0 = there was none
	ContentType string
	Body        []byte
}

// kept tells an answer that a repeat gets again. One that says nothing about the write itself (who are you, wait, our
// fault) is not: the repeat shall try.
func (a Answer) kept() bool {
	return a.Status >= 200 && a.Status < 500 && a.Status != 401 && a.Status != 429
}

// Claim is a write that was begun. At tells it from an earlier and a later claim of the same key.
type Claim struct {
	Write
	At     time.Time     // database clock
	Age    time.Duration // when it was read
	Answer *Answer       // nil while the write is under way
}

// meet is what a repeat finds: the first answer, the right to take the claim over (neither answer nor error), or a
// refusal. Errors: idempotency_key_reused, idempotency_key_in_progress.
func (c Claim) meet(request [sha256.Size]byte) (*Answer, error) {
	switch {
	case c.Age >= AnswerLifetime: // forgotten, only not deleted yet
		return nil, nil
	case c.Request != request:
		return nil, errs.Invalid("idempotency_key_reused", "this Idempotency-Key belongs to another request; take a new key for a new request").At("header.Idempotency-Key")
	case c.Answer != nil:
		return c.Answer, nil
	case c.Age >= ClaimLifetime:
		return nil, nil
	}
	return nil, errInProgress()
}

func errInProgress() error {
	return errs.Conflict("idempotency_key_in_progress", "the first request with this Idempotency-Key is still under way; ask again in a moment").In(time.Second)
}

// ClaimStore keeps which writes were begun and how they were answered. Each method commits by itself.
type ClaimStore interface {
	// InsertClaim is false where the user's key has a claim already.
	InsertClaim(ctx context.Context, w Write) (Claim, bool, error)
	GetClaim(ctx context.Context, id UserID, key IdempotencyKey) (Claim, error)
	// ReplaceClaim makes the write the holder of a claim, without an answer; false where the claim is no longer as old.
	ReplaceClaim(ctx context.Context, old Claim, w Write) (Claim, bool, error)
	// AnswerClaim and DeleteClaim do nothing to a claim that another one replaced.
	AnswerClaim(ctx context.Context, c Claim, a Answer) error
	DeleteClaim(ctx context.Context, c Claim) error
	// DeleteClaims forgets claims of that age and more.
	DeleteClaims(ctx context.Context, age time.Duration) (int, error)
}

// BeginWrite claims a user's key for a write. With an answer the write was done before: give the answer again and do
// nothing. Without one run the write within WriteTimeout and end it with EndWrite, come what may.
//
// A write runs once for each key, with one exception: where the commit of the write succeeded and its answer was not
// kept (the process died in between, the database went away at that moment, or the answer of the commit was lost and
// became a 5xx), a repeat runs it again, after ClaimLifetime at the latest. Where the write has a uniqueness of its
// own (a txid, an alias, an e-mail address) that still holds.
//
// Errors: idempotency_key_reused for another request, idempotency_key_in_progress while the first is under way.
func (s *Service) BeginWrite(ctx context.Context, w Write) (Claim, *Answer, error) {
	for range 3 { // between two statements others may claim or release the key
		c, ok, err := s.Store.InsertClaim(ctx, w)
		if err != nil {
			return Claim{}, nil, fmt.Errorf("claim idempotency key: %w", err)
		}
		if ok {
			return c, nil, nil
		}
		found, err := s.Store.GetClaim(ctx, w.UserID, w.Key)
		if errs.Is(err, errs.KindNotFound) {
			continue
		}
		if err != nil {
			return Claim{}, nil, fmt.Errorf("read idempotency key: %w", err)
		}
		answer, err := found.meet(w.Request)
		if err != nil || answer != nil {
			return Claim{}, answer, err
		}
		c, ok, err = s.Store.ReplaceClaim(ctx, found, w)
		if err != nil {
			return Claim{}, nil, fmt.Errorf("take idempotency key over: %w", err)
		}
		if ok {
			return c, nil, nil
		}
	}
	return Claim{}, nil, errInProgress()
}

// EndWrite keeps the answer of a write for its repeats. After an answer that says nothing about the write itself (none
// at all, 401, 429, 5xx) it gives the key back.
func (s *Service) EndWrite(ctx context.Context, c Claim, a Answer) error {
	var err error
	if a.kept() {
		err = s.Store.AnswerClaim(ctx, c, a)
	} else {
		err = s.Store.DeleteClaim(ctx, c)
	}
	if err != nil {
		return fmt.Errorf("end write: %w", err)
	}
	return nil
}
