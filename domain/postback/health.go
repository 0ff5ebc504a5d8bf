package postback

import (
	"fmt"
	"time"

	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/notice"
)

// Health is how a postback fares that failed just now.
type Health struct {
	PostbackID   ID
	AffiliateID  affiliate.ID
	Host         string // of its URL
	Active       bool
	Failures     int       // since the last success
	FailingSince time.Time // first failure since the last success
	Now          time.Time // by the clock that wrote FailingSince
	Gone         bool      // the receiver answered 410
}

// Verdict is the reason to pause the postback; empty = go on.
func (h Health) Verdict() PausedReason {
	switch {
	case !h.Active:
		return ""
	case h.Gone:
		return PausedGone
	case h.Failures >= PauseFailures && h.Now.Sub(h.FailingSince) >= PauseAfter:
		return PausedFailing
	}
	return ""
}

// NoticePaused is the kind of the notice that tells an affiliate of a pause.
const NoticePaused = "postback_paused"

// notice tells the owner that the postback was paused, why, and what to do.
func (h Health) notice(reason PausedReason) notice.Notice {
	why := fmt.Sprintf("%s answered 410 Gone, which means that the address is no longer in use", h.Host)
	if reason == PausedFailing {
		why = fmt.Sprintf("%s has not accepted a call since %s, in %d tries", h.Host, h.FailingSince.UTC().Format("2 January 2006 15:04 UTC"), h.Failures)
	}
	return notice.Notice{AffiliateID: h.AffiliateID, Kind: NoticePaused, ObjectType: "postback", ObjectID: fmt.Sprint(h.PostbackID),
		Text: fmt.Sprintf("Your postback %d is paused. %s. Mend the address or its server and make the postback active again: what waits is "+
			"sent then, and a back-fill sends what was not owed meanwhile.", h.PostbackID, why)}
}
