package postback

import (
	"slices"
	"strings"
	"time"

	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
)

// ID names an affiliate's postback. Small integers, as the contract promises.
type ID int64

// The methods of a postback.
const (
	MethodGET  = "GET"
	MethodPOST = "POST"
)

// PausedReason says why Waypost itself made a postback inactive; empty where its owner did.
type PausedReason string

// The reasons of a pause.
const (
	PausedGone    PausedReason = "gone"    // the receiver answered 410
	PausedFailing PausedReason = "failing" // it only failed for PauseAfter and at least PauseFailures times
)

// A URL is paused once it only failed for this long and at least this often (requirement 10).
const (
	PauseAfter    = 72 * time.Hour
	PauseFailures = 10
)

// Postback is an affiliate's wish to be called when a conversion of its reaches one of some statuses.
type Postback struct {
	ID            ID
	AffiliateID   affiliate.ID
	OfferID       offer.ID     // 0 = every offer
	GoalID        offer.GoalID // 0 = every goal; else a goal of OfferID
	URL           string       // template with macros; fixed scheme and host
	Method        string       // GET or POST
	Statuses      []conversion.Status
	GoalIDs       []offer.GoalID // fires for these goals of its scope only; empty = for all of them
	Active        bool
	PausedReason  PausedReason
	SigningSecret string    // "whsec_" and the base64 of 32 bytes; for its owner and operators
	PreviousUntil time.Time // until when the secret before a rotation signs too; zero = there was none
	FailingSince  time.Time // first failure since the last success; zero = none
	Failures      int       // since the last success
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// maxGoalIDs bounds the filter of goals.
const maxGoalIDs = 100

// allStatuses is what a postback may ask for.
var allStatuses = []conversion.Status{conversion.StatusPending, conversion.StatusHold, conversion.StatusApproved,
	conversion.StatusRejected, conversion.StatusTrash}

// Normalise fills the defaults of contract section 4: GET, and approved conversions only.
func (p *Postback) Normalise() {
	p.Method = strings.ToUpper(p.Method)
	if p.Method == "" {
		p.Method = MethodGET
	}
	if len(p.Statuses) == 0 {
		p.Statuses = []conversion.Status{conversion.StatusApproved}
	}
	var statuses []conversion.Status
	for _, s := range p.Statuses {
		if !slices.Contains(statuses, s) {
			statuses = append(statuses, s)
		}
	}
	p.Statuses = statuses
	var goals []offer.GoalID
	for _, g := range p.GoalIDs {
		if !slices.Contains(goals, g) {
			goals = append(goals, g)
		}
	}
	p.GoalIDs = goals
}

// Validate judges a normalised postback by itself: whether its goal belongs to its offer, and whether its address may
// be reached, is asked elsewhere. The warnings are those of the URL.
func (p *Postback) Validate() ([]errs.Warning, error) {
	if p.AffiliateID <= 0 {
		return nil, errs.Invalid("required", "a postback belongs to an affiliate; name its affiliate_id").At("body.affiliate_id")
	}
	if p.OfferID < 0 || p.GoalID < 0 {
		return nil, errs.Invalid("invalid_scope", "offer_id and goal_id are positive, or left out").At("body.offer_id")
	}
	if p.GoalID != 0 && p.OfferID == 0 {
		return nil, errs.Invalid("goal_without_offer", "a postback for a goal names its offer_id too").At("body.goal_id")
	}
	if p.Method != MethodGET && p.Method != MethodPOST {
		return nil, errs.Invalid("invalid_method", "method is GET or POST, not %q", p.Method).At("body.method")
	}
	for _, s := range p.Statuses {
		if !slices.Contains(allStatuses, s) {
			return nil, errs.Invalid("invalid_status", "statuses are among pending, hold, approved, rejected and trash; %q is none", s).At("body.statuses")
		}
	}
	if err := p.validateGoals(); err != nil {
		return nil, err
	}
	warnings, err := click.LintPostback(p.URL)
	if e, ok := errs.As(err); ok && len(e.Fields) == 0 {
		return nil, e.At("body.url")
	}
	return warnings, err
}

func (p *Postback) validateGoals() error {
	switch {
	case len(p.GoalIDs) == 0:
		return nil
	case p.GoalID != 0:
		return errs.Invalid("goal_ids_with_goal", "goal_ids narrows a postback for an offer or for every offer; this one is for goal %d already", p.GoalID).At("body.goal_ids")
	case len(p.GoalIDs) > maxGoalIDs:
		return errs.Invalid("too_many_goals", "goal_ids has at most %d entries; leave it empty for every goal", maxGoalIDs).At("body.goal_ids")
	case slices.Min(p.GoalIDs) <= 0:
		return errs.Invalid("invalid_scope", "goal_ids are positive").At("body.goal_ids")
	}
	return nil
}

// wants tells whether the postback's filters let a conversion of its scope through.
func (p *Postback) wants(c *conversion.Conversion) bool {
	return slices.Contains(p.Statuses, c.Status) && (len(p.GoalIDs) == 0 || slices.Contains(p.GoalIDs, c.GoalID))
}

// hostOf is the unit of work of an address: host:port in lower case, with the scheme's port where none is named. The
// address has passed click.LintPostback, so its authority is plain; filling the macros did not change it.
func hostOf(address string) string {
	scheme, rest, _ := strings.Cut(address, "://")
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	rest = strings.ToLower(rest)
	if strings.LastIndexByte(rest, ':') > strings.LastIndexByte(rest, ']') {
		return rest
	}
	if strings.EqualFold(scheme, "http") {
		return rest + ":80"
	}
	return rest + ":443"
}
