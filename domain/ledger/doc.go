// Package ledger is double entry for the parties of the network.
//
// A posting moves one positive amount from one account to another, so the sum over all accounts is zero by
// construction. Each posting belongs to one party: its own side is one of the party's buckets, the other side one of
// the network's accounts or another bucket of the same party. Entries are only appended: a mistake is reversed, never
// edited. A Balance is the fold of a party's entries in one currency and changes in the same transaction.
package ledger
