package portal

import "github.com/waypost/waypost/domain/conversion"

// RehearsedBy says of a call that a portal sent who it was; empty for a call from outside.
func RehearsedBy(l conversion.LogEntry) string {
	if l.Rehearsal.IsZero() {
		return ""
	}
	return "Test sent from a portal by " + l.Rehearsal.Who()
}
