package conversion

import (
	"time"
)

// Call is one request to /postback or a pixel, as it came. It is all that a decision needs from the request, so that a
// stored call can be decided later exactly as it would have been at once.
type Call struct {
	ID          LogID
	ReceivedAt  time.Time // to the millisecond; rules of time (window, age of a signature) are asked about this instant
	Method      string
	Path        string
	RawQuery    string
	ContentType string
	Body        []byte
	IP          string // of the client, as far as proxies are trusted
	Signature   string // header Waypost-Signature
	Cookie      string // click id of the pixel's cookie; taken where the call names none

	// LogPending asks for a final answer although the click's row has not arrived: the call is logged as queued
	// (click_pending). Without it such a call is answered ClickPending and leaves no trace, for the door waits and
	// asks again. It is the asker's wish, not part of the record.
	LogPending bool
}
