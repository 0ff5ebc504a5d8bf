// Package advertiser holds the companies whose offers the network runs: they report conversions by postback and pay
// for them.
//
// Invariants: the postback token is a secret, never empty, kept sealed and never in the audit log; words of the status
// map and entries of the allowlist are stored in one form only (lower case; masked networks).
package advertiser
