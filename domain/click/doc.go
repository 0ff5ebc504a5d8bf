// Package click holds a visit through a tracking link: its id, which proves itself, the facts that the visit brought,
// the verdict on it and the macros that it fills.
//
// A click is made in the request, in memory, and is durable in the node's spool before its redirect is sent; its row
// follows. Invariants: the time of a click is the millisecond inside its id, so who holds an id holds both halves of
// the row's key; a click never changes; one with a Reason is kept but earns nothing.
//
// Source: contract section 2.
package click
