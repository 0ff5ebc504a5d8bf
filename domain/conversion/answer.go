package conversion

import (
	"cmp"

	"github.com/waypost/waypost/domain/errs"
)

// Outcome is what became of a call.
type Outcome string

// The outcomes of contract section 3.
const (
	OutcomeRecorded  Outcome = "recorded"
	OutcomeUpdated   Outcome = "updated"
	OutcomeDuplicate Outcome = "duplicate"
	OutcomeQueued    Outcome = "queued"
	OutcomeRefused   Outcome = "refused"
)

// Codes of answers that are no refusals.
const (
	CodeOK           = "ok"
	CodeDuplicate    = "duplicate"
	CodeClickPending = "click_pending"
)

// refusals is the one table from a refusal's code to the HTTP status of its answer (contract section 3).
var refusals = map[string]int{
	"invalid_body": 400, "missing_clickid": 400, "malformed_clickid": 400, "invalid_val": 400, "invalid_com": 400,
	"invalid_comperc": 400, "invalid_payout": 400, "invalid_currency": 400, "invalid_status": 400, "invalid_txid": 400,
	"amount_overflow": 400,

	"missing_token": 401, "missing_signature": 401,
	"invalid_token": 403, "invalid_signature": 403, "ip_not_allowed": 403,

	"click_not_found": 404, "goal_not_found": 404, "coupon_not_found": 404,

	"status_not_allowed": 409,

	"rate_limited": 429,

	"click_not_valid": 422, "outside_window": 422, "too_fast": 422, "offer_inactive": 422, "no_rate": 422,
}

// Warnings that an accepted call may carry.
const (
	warnUnfilledMacro  = "unfilled_macro"
	warnEncoding       = "invalid_encoding"
	warnControl        = "control_characters"
	warnTooLong        = "value_too_long"
	warnEvent          = "invalid_event"
	warnNoRate         = "no_rate"
	warnZeroCommission = "zero_commission"
	warnNoTxID         = "no_txid" // a coupon without an order id: the same sale sent twice counts twice
	warnAmountsDiffer  = "amounts_differ"
	warnOlder          = "older_than_status"  // the conversion was moved after the call had arrived: its status is ignored
	warnOlderAmounts   = "older_than_amounts" // its amounts were set after the call had arrived: those of the call are ignored
)

// Result is the answer to one call.
type Result struct {
	Status           Outcome
	Code             string // "ok" where nothing went wrong
	Message          string
	HTTPStatus       int // after the advertiser's always_200
	ConversionID     ID  // zero where there is none
	ClickID          string
	ConversionStatus Status // empty where there is no conversion
	Warnings         []string
	Ignored          []string // amounts that were sent and changed nothing

	// ClickPending: the click's id proves itself but its row has not arrived, and the call asked to be told so
	// (Call.LogPending is false). Nothing was stored.
	ClickPending bool
	// Err: the call could not be decided, usually because the database is away. Nothing was stored, the other fields
	// are empty and the same call may be given again.
	Err error
}

// Answer is the JSON body of a result: all fields always present.
type Answer struct {
	Status           Outcome  `json:"status"`
	Code             string   `json:"code"`
	Message          string   `json:"message"`
	ConversionID     *string  `json:"conversion_id"`
	ClickID          *string  `json:"click_id"`
	ConversionStatus *Status  `json:"conversion_status"`
	Warnings         []string `json:"warnings"`
}

// Answer is the result as the sender reads it.
func (r Result) Answer() Answer {
	a := Answer{Status: r.Status, Code: r.Code, Message: r.Message, Warnings: append([]string{}, r.Warnings...)}
	if !r.ConversionID.IsZero() {
		id := r.ConversionID.String()
		a.ConversionID = &id
	}
	if r.ClickID != "" {
		a.ClickID = &r.ClickID
	}
	if r.ConversionStatus != "" {
		a.ConversionStatus = &r.ConversionStatus
	}
	return a
}

func accepted(outcome Outcome, message string) Result {
	r := Result{Status: outcome, Code: CodeOK, Message: message, HTTPStatus: 200}
	if outcome == OutcomeDuplicate {
		r.Code = CodeDuplicate
	}
	return r
}

// pending is the answer while the click's row is on its way.
func pending() Result {
	return Result{Status: OutcomeQueued, Code: CodeClickPending, HTTPStatus: 202,
		Message: "the click is known but its record has not arrived; this call is kept and decided as soon as it has"}
}

// errLimited answers a call whose address is blocked for the moment.
var errLimited = errs.Limited("rate_limited", "too many calls from this address could not prove who sends them; mend the token or signature and send this call again later")

// Limited is the answer to a call with Limited set. The door gives it without a decision.
func Limited() Result { return refused(errLimited) }

// refused turns the error of a rule into an answer. A code that the table does not hold is the store's, which could not
// take the call's values.
func refused(e *errs.Error) Result {
	return Result{Status: OutcomeRefused, Code: e.Code, Message: e.Message, HTTPStatus: cmp.Or(refusals[e.Code], 422)}
}
