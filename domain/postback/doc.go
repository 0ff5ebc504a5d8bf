// Package postback tells affiliates of their conversions. A Postback is an affiliate's wish to be called at a URL; a
// Delivery is one call that is owed because of one change of one conversion.
//
// Invariants: a delivery is a row of the transaction that changed the conversion, so it is owed exactly when the change
// is true; it is sent at least once, always with the same id; the row decides when it is tried, and queue and clock of
// any one process only hasten it; of two statuses of one conversion the older is never sent after the newer one was
// made. Source: contract section 4; requirements 6 to 11.
package postback
