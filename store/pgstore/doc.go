// Package pgstore keeps Waypost's truth in PostgreSQL: rows, their mapping to domain types, queries, transactions.
// One file per concept. No gorm or pgx error leaves it: translate turns them into errs.
package pgstore
