-- +goose NO TRANSACTION
-- Events are read by their click, which is the first half of the primary key: no query asked this index, and each sale
-- paid for it.

-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS conversion_events_by_conversion;

-- +goose Down
CREATE INDEX CONCURRENTLY IF NOT EXISTS conversion_events_by_conversion ON conversion_events (conversion_id);
