package portal

import "github.com/waypost/waypost/web"

// Noted is for a deed on many things that an error ends in the middle: what went well before it stays, and the page tells
// how far it came. The error is logged where it is our fault, and its words for the page are the answer.
func (f *Frame) Noted(err error) string {
	problem := web.ProblemOf(f.Context(), err)
	web.LogInternal(f.Context(), f.portal.Log, problem, err)
	shown := f.fault(problem)
	if shown.requestID != "" {
		return shown.text + " (" + shown.requestID + ")"
	}
	return shown.text
}
