// Package account holds users, their roles and what each role may do, log-in and its tokens.
//
// Every use case of Waypost takes an Actor. Its Scope limits what a query may see, its Role what a deed may change:
// another tenant's id is "not found", a deed beyond the role is "forbidden".
package account
