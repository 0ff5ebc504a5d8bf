package conversion

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/errs"
)

// How many rehearsals a user may send in a while.
const (
	rehearsalsMost   = 30
	rehearsalsWindow = time.Minute
)

// Rehearser is who sent a call from a portal.
type Rehearser struct {
	UserID account.UserID // 0 where the reader may not know
	Role   account.Role   // of that user at the time
}

// IsZero tells a call that came from outside.
func (r Rehearser) IsZero() bool { return r.Role == "" }

// Who says in words who it was.
func (r Rehearser) Who() string {
	switch {
	case r.IsZero():
		return ""
	case r.Role.Operator() && r.UserID != 0:
		return fmt.Sprintf("user %d of the network (%s)", r.UserID, r.Role)
	case r.Role.Operator():
		return "the network"
	case r.UserID != 0:
		return fmt.Sprintf("user %d of the advertiser", r.UserID)
	}
	return "the advertiser"
}

// seenBy is what the scope may know of it: a party learns which side it was, and which user if that is one of its own.
func (r Rehearser) seenBy(scope account.Scope) Rehearser {
	_, advertiser := scope.Advertiser()
	if !scope.Network() && !(advertiser && r.Role == account.RoleAdvertiser) {
		r.UserID = 0
	}
	return r
}

// Rehearsal is a postback as an advertiser would send it, to try an offer. Empty values are not sent.
type Rehearsal struct {
	ClickID                           string
	Val, Com, Payout                  string
	TxID, Goal, Status, Coupon, Param string
}

// Rehearse sends a postback in an advertiser's place, with its own proof and always with test=1: it walks the whole chain,
// fires the affiliate's postback and counts for nothing. It stands in the incoming log marked as what it is, with the
// actor and the actor's own address, which the advertiser's list of addresses is not asked about. sent is the query of the
// call, its secrets masked. The caller read a for the actor; an advertiser may rehearse its own. Errors: too_many_tests.
func (s *Service) Rehearse(ctx context.Context, actor account.Actor, a advertiser.Advertiser, in Rehearsal) (sent string, r Result, err error) {
	if err := actor.Require(account.PermissionManageConversions); err != nil {
		return "", Result{}, err
	}
	if own, ok := actor.Scope().Advertiser(); !actor.Scope().Network() && (!ok || advertiser.ID(own) != a.ID) {
		return "", Result{}, errs.NotFound("not_found", "there is no advertiser with this id")
	}
	if wait, ok := s.d.Limiter.Take(ctx, fmt.Sprintf("rehearsal %d", actor.UserID), rehearsalsMost, rehearsalsWindow); !ok {
		return "", Result{}, errs.Limited("too_many_tests", "at most %d tests a minute; try again in %d s", rehearsalsMost, int(wait.Seconds())+1).In(wait)
	}
	now := s.d.Clock()
	id, err := domain.NewUUID(now, s.d.Random)
	if err != nil {
		return "", Result{}, err
	}
	query, masked := in.query(a, now)
	call := Call{ID: LogID{id}, ReceivedAt: id.Time(), Method: "GET", Path: "/postback", RawQuery: query, IP: actor.IP, LogPending: true,
		Rehearsal: Rehearser{UserID: actor.UserID, Role: actor.Role}, InPlaceOf: a.ID}
	r = s.record(ctx, []Call{call}, answerStored, s.auditRehearsal(actor, a, masked))[0]
	if r.Err != nil {
		return masked, r, fmt.Errorf("rehearse a postback: %w", r.Err)
	}
	return masked, r, nil
}

// query is what is sent, with the advertiser's proof, and the same with its secrets masked.
func (in Rehearsal) query(a advertiser.Advertiser, now time.Time) (full, masked string) {
	var q strings.Builder
	add := func(name, value string) {
		if value == "" {
			return
		}
		if q.Len() > 0 {
			q.WriteByte('&')
		}
		q.WriteString(name + "=" + url.QueryEscape(value))
	}
	for _, p := range [][2]string{{"clickid", in.ClickID}, {"goal", in.Goal}, {"val", in.Val}, {"com", in.Com}, {"payout", in.Payout}, {"txid", in.TxID},
		{"status", in.Status}, {"coupon", in.Coupon}, {"param", in.Param}, {"test", "1"}} {
		add(p[0], p[1])
	}
	masked = q.String()
	switch a.PostbackAuth {
	case advertiser.AuthToken:
		add("token", a.PostbackToken)
		masked += "&token=***"
	case advertiser.AuthHMAC:
		add("ts", strconv.FormatInt(now.Unix(), 10))
		mac := hmac.New(sha256.New, []byte(a.PostbackToken))
		mac.Write([]byte(q.String()))
		masked = q.String() + "&sig=***"
		add("sig", hex.EncodeToString(mac.Sum(nil)))
	}
	return q.String(), masked
}

// auditRehearsal records in whose place who sent what, and what was answered.
func (s *Service) auditRehearsal(actor account.Actor, a advertiser.Advertiser, masked string) alsoDo {
	return func(ctx context.Context, calls []Call, results []Result) error {
		e, err := actor.Audit(s.d.Clock(), "postback.rehearse", "postback_log", calls[0].ID, nil, struct {
			AdvertiserID advertiser.ID `json:"advertiser_id"`
			Query        string        `json:"query"`
			Answer       Answer        `json:"answer"`
		}{a.ID, masked, results[0].Answer()})
		if err != nil {
			return err
		}
		return s.d.Audit.Record(ctx, e)
	}
}
