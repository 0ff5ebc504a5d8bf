package conversion

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
