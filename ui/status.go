package ui

// Status is one word of the contract as screens show it.
type Status struct {
	Word     string
	Kind     Kind
	Sentence string // what it means, for a title or a help text
}

// Concept is what has statuses.
type Concept string

// The concepts.
const (
	Offers      Concept = "offer"
	Partners    Concept = "partner"
	Users       Concept = "user"
	Conversions Concept = "conversion"
	Deliveries  Concept = "delivery"
	Calls       Concept = "call" // incoming postbacks, by what became of them
	Access      Concept = "access"
	Postbacks   Concept = "postback"
	Clicks      Concept = "click"
	Files       Concept = "file" // made in the background
)

// statuses is the one table of status → word, colour, sentence, used everywhere.
var statuses = map[Concept]map[string]Status{
	Offers: {
		"draft":   {"Draft", Mute, "Not visible to affiliates yet; its links lead nowhere."},
		"active":  {"Active", OK, "Affiliates can run it."},
		"paused":  {"Paused", Warn, "New clicks are refused; clicks made before still convert."},
		"expired": {"Expired", Mute, "Over: neither clicks nor conversions count."},
	},
	Partners: {
		"pending": {"Pending", Warn, "Waits for the network's approval."},
		"active":  {"Active", OK, "Can log in and work."},
		"paused":  {"Paused", Mute, "Stopped for now; nothing new counts."},
		"blocked": {"Blocked", Bad, "Shut out by the network."},
	},
	Users: {
		"invited":  {"Invited", Warn, "Has not set a password yet."},
		"active":   {"Active", OK, "Can log in."},
		"disabled": {"Disabled", Mute, "Cannot log in."},
	},
	Conversions: {
		"pending":  {"Pending", Warn, "Waits to be checked."},
		"hold":     {"On hold", Warn, "Held for its time, then approved by itself."},
		"approved": {"Approved", OK, "Counts: it is to be paid."},
		"rejected": {"Rejected", Bad, "Refused; earns nothing."},
		"trash":    {"Trash", Mute, "Not a sale: a test or a mistake. It stays out of reports."},
	},
	Deliveries: {
		"pending":   {"Waiting", Brand, "Not tried yet."},
		"delivered": {"Delivered", OK, "Answered with 2xx."},
		"retrying":  {"Retry", Warn, "Tried without success; it is tried again."},
		"failed":    {"Failed", Bad, "Given up after the last try."},
		"paused":    {"Paused", Mute, "Waits until its postback is active again."},
	},
	Calls: {
		"recorded":  {"Recorded", OK, "Became a new conversion."},
		"updated":   {"Updated", OK, "Changed a conversion that was there."},
		"duplicate": {"Duplicate", Mute, "Known already; nothing changed."},
		"queued":    {"Queued", Brand, "Kept safely; it is worked on shortly."},
		"refused":   {"Refused", Bad, "Did not count; its reason says why."},
	},
	Access: {
		"pending":  {"Requested", Warn, "Waits for the network's answer."},
		"approved": {"Approved", OK, "The affiliate can run this offer."},
		"rejected": {"Rejected", Bad, "The affiliate cannot run this offer."},
	},
	Postbacks: {
		"active": {"Active", OK, "Called for every conversion that fits."},
		"paused": {"Paused", Mute, "Not called; deliveries wait."},
	},
	Files: {
		"waiting": {"Waiting", Brand, "Not begun yet."},
		"making":  {"Being made", Brand, "It is being made."},
		"ready":   {"Ready", OK, "Can be downloaded."},
		"failed":  {"Failed", Bad, "Could not be made."},
	},
	Clicks: {
		"valid":     {"Counted", OK, "Counts and can convert."},
		"duplicate": {"Duplicate", Mute, "Counted once already."},
		"invalid":   {"Not counted", Bad, "Refused; its reason says why."},
		"refused":   {"Not counted", Bad, "Refused; its reason says why."},
	},
}

// StatusOf is how a status shows. One that the table does not know shows as it is, neutral.
func StatusOf(concept Concept, status string) Status {
	if known, ok := statuses[concept][status]; ok {
		return known
	}
	return Status{Word: status, Kind: Mute}
}

// StatusOptions are the options of a select or a filter of a concept's statuses, in the order given.
func StatusOptions(concept Concept, values ...string) []Option {
	options := make([]Option, len(values))
	for i, value := range values {
		options[i] = Option{Value: value, Label: StatusOf(concept, value).Word}
	}
	return options
}
