-- +goose NO TRANSACTION
-- What the portals read the large tables by. Clicks, postbacks and deliveries go on meanwhile: an index is built without
-- a lock, or, where PostgreSQL cannot, day by day. Each statement can be run again where one failed.

-- +goose Up

SET statement_timeout = 0;

-- Half an index may be left of a run that was broken off.
DROP INDEX CONCURRENTLY IF EXISTS audit_log_by_time;
CREATE INDEX CONCURRENTLY audit_log_by_time ON audit_log (at, id);
DROP INDEX CONCURRENTLY IF EXISTS audit_log_by_user;
CREATE INDEX CONCURRENTLY audit_log_by_user ON audit_log (user_id, at);
DROP INDEX CONCURRENTLY IF EXISTS conversions_pending;
CREATE INDEX CONCURRENTLY conversions_pending ON conversions (created_at, id) WHERE status = 'pending' AND NOT test;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_failed;
CREATE INDEX CONCURRENTLY deliveries_failed ON deliveries (postback_id, created_at) WHERE status = 'failed';

-- deliveries_open with the time, by which the oldest that waits is found without reading all.
DROP INDEX CONCURRENTLY IF EXISTS deliveries_waiting;
CREATE INDEX CONCURRENTLY deliveries_waiting ON deliveries (postback_id, status, created_at) WHERE status IN ('pending', 'retrying', 'paused');
DROP INDEX CONCURRENTLY IF EXISTS deliveries_open;

-- A partitioned table takes no index concurrently. Its own is empty, and is valid once each day's partition has one; while
-- that is built, this day alone is not written. A partition that is made meanwhile has it from its table.
SET lock_timeout = '10s';
-- +goose StatementBegin
DO $$
DECLARE
    wanted record;
    leaf   record;
BEGIN
    FOR wanted IN SELECT * FROM (VALUES
        ('clicks', '_by_aff_click_id', $i$(aff_click_id, created_at) WHERE aff_click_id <> ''$i$),
        ('postback_log', '_by_ip', '(ip, received_at)'),
        ('postback_log', '_by_offer', '(offer_id, received_at)'),
        ('postback_log', '_by_code', $i$(code, received_at) WHERE code <> 'ok'$i$)) AS v (tab, suffix, columns)
    LOOP
        EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON ONLY %I %s', wanted.tab || wanted.suffix, wanted.tab, wanted.columns);
        COMMIT;
        FOR leaf IN SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = wanted.tab::regclass AND NOT EXISTS (
                SELECT FROM pg_inherits a JOIN pg_index x ON x.indexrelid = a.inhrelid
                WHERE a.inhparent = (wanted.tab || wanted.suffix)::regclass AND x.indrelid = c.oid)
        LOOP
            EXECUTE format('CREATE INDEX %I ON %I %s', leaf.name || wanted.suffix, leaf.name, wanted.columns);
            EXECUTE format('ALTER INDEX %I ATTACH PARTITION %I', wanted.tab || wanted.suffix, leaf.name || wanted.suffix);
            COMMIT;
        END LOOP;
    END LOOP;
END
$$;
-- +goose StatementEnd
RESET lock_timeout;
RESET statement_timeout;

-- +goose Down
DROP INDEX IF EXISTS postback_log_by_code, postback_log_by_offer, postback_log_by_ip, clicks_by_aff_click_id;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_open;
CREATE INDEX CONCURRENTLY deliveries_open ON deliveries (postback_id, status) WHERE status IN ('pending', 'retrying', 'paused');
DROP INDEX CONCURRENTLY IF EXISTS deliveries_waiting;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_failed;
DROP INDEX CONCURRENTLY IF EXISTS conversions_pending;
DROP INDEX CONCURRENTLY IF EXISTS audit_log_by_user;
DROP INDEX CONCURRENTLY IF EXISTS audit_log_by_time;
