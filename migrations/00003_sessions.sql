-- The portals: browser sessions, and the theme of a user's screens.

-- +goose Up

ALTER TABLE users ADD COLUMN theme text NOT NULL DEFAULT 'auto' CHECK (theme IN ('auto', 'light', 'dark'));

CREATE TABLE browser_sessions (
    id                 uuid PRIMARY KEY,
    user_id            bigint NOT NULL CONSTRAINT browser_sessions_user REFERENCES users (id) ON DELETE CASCADE,
    token_hash         bytea NOT NULL, -- SHA-256 of a random token of 256 bits
    created_at         timestamptz NOT NULL,
    last_used_at       timestamptz NOT NULL, -- to the minute
    expires_at         timestamptz NOT NULL, -- moves with the use, up to the absolute limit
    ended_at           timestamptz,
    ip                 text NOT NULL DEFAULT '',
    network            text NOT NULL DEFAULT '', -- of the log-in's address: IPv4 itself, IPv6 its /64
    user_agent         text NOT NULL DEFAULT '',
    second_factor      boolean NOT NULL DEFAULT false, -- proved by a one-time password too
    pending            boolean NOT NULL DEFAULT false, -- the one-time password is still asked for: it opens nothing
    -- an operator looks at this party's portal
    view_affiliate_id  bigint CONSTRAINT browser_sessions_affiliate REFERENCES affiliates (id) ON DELETE SET NULL,
    view_advertiser_id bigint CONSTRAINT browser_sessions_advertiser REFERENCES advertisers (id) ON DELETE SET NULL,
    CONSTRAINT browser_sessions_hash UNIQUE (token_hash),
    CONSTRAINT browser_sessions_view CHECK (view_affiliate_id IS NULL OR view_advertiser_id IS NULL)
);
CREATE INDEX browser_sessions_by_user ON browser_sessions (user_id, id);
CREATE INDEX browser_sessions_by_end ON browser_sessions (expires_at);
CREATE INDEX browser_sessions_by_affiliate ON browser_sessions (view_affiliate_id) WHERE view_affiliate_id IS NOT NULL;
CREATE INDEX browser_sessions_by_advertiser ON browser_sessions (view_advertiser_id) WHERE view_advertiser_id IS NOT NULL;

-- +goose Down
DROP TABLE browser_sessions;
ALTER TABLE users DROP COLUMN theme;
