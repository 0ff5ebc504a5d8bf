-- +goose NO TRANSACTION
-- An entry's id is made of its time, so that the primary key gives an account's entries in the order of time.

-- +goose Up
SET statement_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS ledger_entries_by_time;
RESET statement_timeout;

-- +goose Down
SET statement_timeout = 0;
CREATE INDEX CONCURRENTLY IF NOT EXISTS ledger_entries_by_time ON ledger_entries (account_id, at, id);
RESET statement_timeout;
