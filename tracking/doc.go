// Package tracking is the hot path: the redirect of clicks and the intake of advertisers' postbacks.
//
// A click is decided from the routing catalogue in memory, made durable in the node's spool and redirected; no database
// is asked. A postback is made durable in the spool first and then recorded together with what arrived at the same
// moment; while the database is away it stays in the spool and the loader records it later.
//
// Source: contract sections 2 and 3.
package tracking
