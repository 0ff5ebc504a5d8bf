// Package errs is the one error type that crosses layers: a kind (which decides the HTTP status in one table of
// package web), a code (the contract's word, stable for machines) and a message for the client that says what was
// wrong, where, and what to do.
package errs

import (
	"errors"
	"fmt"
	"time"
)

// Kind groups errors by what the client can do about them.
type Kind uint8

// The kinds. Internal is the zero value: what nobody classified is our fault, and its text is never shown.
const (
	KindInternal Kind = iota
	KindInvalid
	KindNotFound
	KindConflict
	KindForbidden
	KindUnauthenticated
	KindLimited
	KindUnavailable
)

// Field is one field of the input that is wrong. Location is a path such as "body.goals[0].alias".
type Field struct {
	Location string
	Code     string
	Message  string
}

// Error is made by the rule that notices the fault.
type Error struct {
	Kind    Kind
	Code    string
	Message string
	Fields  []Field
	Wait    time.Duration // until the same call may work; 0 = not known
	cause   error
}

// Error gives code and message, and the cause for the log.
func (e *Error) Error() string {
	if e.cause != nil {
		return e.Code + ": " + e.Message + ": " + e.cause.Error()
	}
	return e.Code + ": " + e.Message
}

// Unwrap gives the cause, which is never shown to a client.
func (e *Error) Unwrap() error { return e.cause }

// Because returns a copy of e that carries its cause.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// At returns a copy of e that names the field at fault.
func (e *Error) At(location string) *Error {
	c := *e
	c.Fields = append(append([]Field(nil), e.Fields...), Field{Location: location, Code: e.Code, Message: e.Message})
	return &c
}

// In returns a copy of e that tells how long to wait before the same call may work.
func (e *Error) In(wait time.Duration) *Error {
	c := *e
	c.Wait = wait
	return &c
}

func newError(kind Kind, code, format string, args []any) *Error {
	return &Error{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Invalid is input that can never work as it stands.
func Invalid(code, format string, args ...any) *Error {
	return newError(KindInvalid, code, format, args)
}

// NotFound is a thing that does not exist, or that the actor may not know of.
func NotFound(code, format string, args ...any) *Error {
	return newError(KindNotFound, code, format, args)
}

// Conflict is input that is well formed but contradicts what is stored.
func Conflict(code, format string, args ...any) *Error {
	return newError(KindConflict, code, format, args)
}

// Forbidden is a deed that this actor may not do.
func Forbidden(code, format string, args ...any) *Error {
	return newError(KindForbidden, code, format, args)
}

// Unauthenticated is a caller who has not shown who it is.
func Unauthenticated(code, format string, args ...any) *Error {
	return newError(KindUnauthenticated, code, format, args)
}

// Limited is a caller who has to wait.
func Limited(code, format string, args ...any) *Error {
	return newError(KindLimited, code, format, args)
}

// Unavailable is a part of Waypost that does not answer now; the same call may work later.
func Unavailable(code, format string, args ...any) *Error {
	return newError(KindUnavailable, code, format, args)
}

// As finds the Error in err's chain.
func As(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// Is tells whether err is, or wraps, an Error of this kind.
func Is(err error, kind Kind) bool {
	e, ok := As(err)
	return ok && e.Kind == kind
}

// HasCode tells whether err is, or wraps, an Error with this code.
func HasCode(err error, code string) bool {
	e, ok := As(err)
	return ok && e.Code == code
}

// Warning is what a save or a call tells its sender although it was accepted: a field (or parameter), a stable code
// and what to do about it.
type Warning struct {
	Field   string
	Code    string
	Message string
}
