-- +goose NO TRANSACTION
-- Who sent a test call from a portal; sessions that end with the party they look at; shared traces that are forgotten.
-- Each statement can be run again where one failed.

-- +goose Up

SET statement_timeout = 0;

-- A column takes a moment, but waits for every reader of the table, and calls would wait behind it: it is tried for a
-- moment at a time, for ten minutes.
-- rehearsed_by is the user who sent the call from a portal, in the advertiser's place; rehearsed_role is that user's at the
-- time, empty for a call from outside.
-- +goose StatementBegin
DO $$
BEGIN
    FOR try IN 1..1200 LOOP
        BEGIN
            SET LOCAL lock_timeout = '200ms';
            ALTER TABLE postback_log
                ADD COLUMN IF NOT EXISTS rehearsed_by   bigint,
                ADD COLUMN IF NOT EXISTS rehearsed_role text NOT NULL DEFAULT '';
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            PERFORM pg_sleep(0.3);
        END;
    END LOOP;
    RAISE EXCEPTION 'postback_log has been read without a break for ten minutes, by a dump perhaps: migrate again when that is over';
END
$$;
-- +goose StatementEnd

-- Without the party that it looks at, a session would be its operator's own, in the middle of a party's pages.
ALTER TABLE browser_sessions
    DROP COLUMN IF EXISTS second_factor,
    DROP CONSTRAINT IF EXISTS browser_sessions_affiliate,
    DROP CONSTRAINT IF EXISTS browser_sessions_advertiser,
    ADD CONSTRAINT browser_sessions_affiliate FOREIGN KEY (view_affiliate_id) REFERENCES affiliates (id) ON DELETE CASCADE,
    ADD CONSTRAINT browser_sessions_advertiser FOREIGN KEY (view_advertiser_id) REFERENCES advertisers (id) ON DELETE CASCADE;

CREATE INDEX IF NOT EXISTS trace_links_by_end ON trace_links (expires_at);
RESET statement_timeout;

-- +goose Down
DROP INDEX IF EXISTS trace_links_by_end;
ALTER TABLE browser_sessions
    ADD COLUMN second_factor boolean NOT NULL DEFAULT false,
    DROP CONSTRAINT browser_sessions_affiliate,
    DROP CONSTRAINT browser_sessions_advertiser,
    ADD CONSTRAINT browser_sessions_affiliate FOREIGN KEY (view_affiliate_id) REFERENCES affiliates (id) ON DELETE SET NULL,
    ADD CONSTRAINT browser_sessions_advertiser FOREIGN KEY (view_advertiser_id) REFERENCES advertisers (id) ON DELETE SET NULL;
ALTER TABLE postback_log DROP COLUMN rehearsed_by, DROP COLUMN rehearsed_role;
