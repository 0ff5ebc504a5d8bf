package errs

import "time"

// SameVersion refuses a change that was made from another version than the present one, as Conflict changed_meanwhile: it
// would undo what somebody else did. Versions are the times of the last change.
func SameVersion(present, seen time.Time) error {
	if seen.Equal(present) {
		return nil
	}
	return ChangedMeanwhile()
}

// ChangedMeanwhile is the refusal of a change that was made from another version than the present one.
func ChangedMeanwhile() *Error {
	return Conflict("changed_meanwhile", "this was changed since you opened it: open it again to see it as it is now; what you typed is not saved")
}
