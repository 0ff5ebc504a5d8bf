-- Who sent a test call from a portal; sessions that end with the party they look at; shared traces that are forgotten.

-- +goose Up

ALTER TABLE postback_log
    ADD COLUMN rehearsed_by   bigint,                   -- user who sent the call from a portal, in the advertiser's place
    ADD COLUMN rehearsed_role text NOT NULL DEFAULT ''; -- of that user at the time; empty for a call from outside

-- Without the party that it looks at, a session would be its operator's own, in the middle of a party's pages.
ALTER TABLE browser_sessions
    DROP COLUMN second_factor,
    DROP CONSTRAINT browser_sessions_affiliate,
    DROP CONSTRAINT browser_sessions_advertiser,
    ADD CONSTRAINT browser_sessions_affiliate FOREIGN KEY (view_affiliate_id) REFERENCES affiliates (id) ON DELETE CASCADE,
    ADD CONSTRAINT browser_sessions_advertiser FOREIGN KEY (view_advertiser_id) REFERENCES advertisers (id) ON DELETE CASCADE;

CREATE INDEX trace_links_by_end ON trace_links (expires_at);

-- +goose Down
DROP INDEX trace_links_by_end;
ALTER TABLE browser_sessions
    ADD COLUMN second_factor boolean NOT NULL DEFAULT false,
    DROP CONSTRAINT browser_sessions_affiliate,
    DROP CONSTRAINT browser_sessions_advertiser,
    ADD CONSTRAINT browser_sessions_affiliate FOREIGN KEY (view_affiliate_id) REFERENCES affiliates (id) ON DELETE SET NULL,
    ADD CONSTRAINT browser_sessions_advertiser FOREIGN KEY (view_advertiser_id) REFERENCES advertisers (id) ON DELETE SET NULL;
ALTER TABLE postback_log DROP COLUMN rehearsed_by, DROP COLUMN rehearsed_role;
