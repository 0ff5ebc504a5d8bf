// Package conversion turns incoming postbacks into conversions: who may send one, which click and goal it means, what
// it earns, whether it is a repeat, which status it takes and how money moves.
//
// Each rule stands in a file of its own and is pure. Service.RecordBatch is the one way in: it loads what a batch of
// calls needs, asks the rules for every call and saves all that follows (conversion, event, ledger, balance,
// deliveries, line of the incoming log) in one transaction. A single call is a batch of one.
//
// Invariants: one conversion per dedupe key (the primary key of conversion_keys); each call, refused ones included,
// has exactly one line in the incoming log, written in the transaction of its result; a call that is processed twice
// changes nothing twice; the ledger's balance of a conversion is what its status and amounts say.
package conversion
