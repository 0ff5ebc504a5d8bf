package domain

// Page asks for a part of a list, newest first. Cursor is the NextCursor of the part before, empty for the first.
type Page struct {
	Limit  int // 1 to 500
	Cursor string
}

// DefaultLimit and MaxLimit bound Page.Limit (contract section 5).
const (
	DefaultLimit = 50
	MaxLimit     = 500
)

// Slice is a part of a list. NextCursor is empty at its end.
type Slice[T any] struct {
	Items      []T
	NextCursor string
}
