-- Shared traces.

-- +goose Up

-- A click's story as its maker saw it, for whoever holds the link.
CREATE TABLE trace_links (
    id             uuid PRIMARY KEY,
    click_id       uuid NOT NULL,
    token_hash     bytea NOT NULL, -- SHA-256 of a random token of 256 bits
    user_id        bigint NOT NULL CONSTRAINT trace_links_user REFERENCES users (id) ON DELETE CASCADE,
    role           text NOT NULL,  -- the maker's when the link was made: whose eyes it shows the trace to
    affiliate_id   bigint,         -- likewise, its party
    advertiser_id  bigint,
    note           text NOT NULL,
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    revoked_at     timestamptz,
    opened         bigint NOT NULL DEFAULT 0,
    last_opened_at timestamptz,
    CONSTRAINT trace_links_hash UNIQUE (token_hash),
    CONSTRAINT trace_links_party CHECK (affiliate_id IS NULL OR advertiser_id IS NULL)
);
CREATE INDEX trace_links_by_time ON trace_links (created_at, id);
CREATE INDEX trace_links_by_user ON trace_links (user_id);
CREATE INDEX trace_links_by_click ON trace_links (click_id);
CREATE INDEX trace_links_by_affiliate ON trace_links (affiliate_id, created_at) WHERE affiliate_id IS NOT NULL;
CREATE INDEX trace_links_by_advertiser ON trace_links (advertiser_id, created_at) WHERE advertiser_id IS NOT NULL;

-- +goose Down
DROP TABLE trace_links;
