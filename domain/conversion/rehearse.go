package conversion

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/errs"
)

// Rehearsal is a postback as an advertiser would send it, to try an offer. Empty values are not sent.
type Rehearsal struct {
	ClickID                           string
	Val, Com, Payout                  string
	TxID, Goal, Status, Coupon, Param string
}

// Rehearse sends a postback in an advertiser's place, with its own proof and always with test=1: it walks the whole chain,
// stands in the incoming log, fires the affiliate's postback and counts for nothing. sent is the query of the call, its
// secrets masked. The caller read a for the actor; an advertiser may rehearse its own.
func (s *Service) Rehearse(ctx context.Context, actor account.Actor, a advertiser.Advertiser, in Rehearsal) (sent string, r Result, err error) {
	if err := actor.Require(account.PermissionManageConversions); err != nil {
		return "", Result{}, err
	}
	if own, ok := actor.Scope().Advertiser(); !actor.Scope().Network() && (!ok || advertiser.ID(own) != a.ID) {
		return "", Result{}, errs.NotFound("not_found", "there is no advertiser with this id")
	}
	now := s.d.Clock.Now()
	id, err := domain.NewUUID(now, s.d.Random)
	if err != nil {
		return "", Result{}, err
	}
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
	masked := q.String()
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
	call := Call{ID: LogID{id}, ReceivedAt: id.Time(), Method: "GET", Path: "/postback", RawQuery: q.String(), IP: rehearsalIP(a.IPAllowlist, actor.IP), LogPending: true}
	r = s.RecordBatch(ctx, []Call{call})[0]
	if r.Err != nil {
		return masked, r, fmt.Errorf("rehearse a postback: %w", r.Err)
	}
	return masked, r, nil
}

// rehearsalIP is an address that the advertiser's calls may come from.
func rehearsalIP(allowed []string, own string) string {
	if len(allowed) == 0 {
		return own
	}
	if prefix, err := netip.ParsePrefix(allowed[0]); err == nil {
		return prefix.Addr().String()
	}
	return allowed[0]
}
