-- Files that are made in the background, and mails that carry one.

-- +goose Up

CREATE TABLE exports (
    id            uuid PRIMARY KEY,
    user_id       bigint NOT NULL CONSTRAINT exports_user REFERENCES users (id) ON DELETE CASCADE,
    role          text NOT NULL, -- that it was ordered with: it is made with no more rights than that
    affiliate_id  bigint,        -- the user's party at that time
    advertiser_id bigint,
    path          text NOT NULL,
    format        text NOT NULL CHECK (format IN ('csv', 'xlsx')),
    title         text NOT NULL,
    by_mail       boolean NOT NULL,
    state         text NOT NULL CHECK (state IN ('waiting', 'making', 'ready', 'failed')),
    reason        text NOT NULL DEFAULT '',
    file_name     text NOT NULL DEFAULT '',
    size          bigint NOT NULL DEFAULT 0,
    created_at    timestamptz NOT NULL,
    ready_at      timestamptz,
    expires_at    timestamptz, -- set when it is over
    due_at        timestamptz, -- may be claimed from then on: the end of the lease while somebody makes it; NULL when it is over
    tries         integer NOT NULL DEFAULT 0,
    fence         bigint NOT NULL DEFAULT 0, -- grows with every claim
    CONSTRAINT exports_party CHECK (affiliate_id IS NULL OR advertiser_id IS NULL),
    CONSTRAINT exports_over CHECK ((state IN ('ready', 'failed')) = (expires_at IS NOT NULL) AND (expires_at IS NULL) = (due_at IS NOT NULL))
);
CREATE INDEX exports_by_user ON exports (user_id, created_at, id);
CREATE INDEX exports_due ON exports (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX exports_by_end ON exports (expires_at) WHERE expires_at IS NOT NULL;

-- The bytes of an export's file, in order. They are compressed already, or soon read: TOAST need not try.
CREATE TABLE export_parts (
    export_id uuid NOT NULL CONSTRAINT export_parts_export REFERENCES exports (id) ON DELETE CASCADE,
    n         integer NOT NULL,
    data      bytea NOT NULL,
    PRIMARY KEY (export_id, n)
);
ALTER TABLE export_parts ALTER COLUMN data SET STORAGE EXTERNAL;

ALTER TABLE mails
    ADD COLUMN attachment_name text NOT NULL DEFAULT '', -- empty: it carries no file
    ADD COLUMN attachment_type text NOT NULL DEFAULT '',
    ADD COLUMN attachment bytea NOT NULL DEFAULT '';     -- sealed

-- +goose Down
ALTER TABLE mails DROP COLUMN attachment, DROP COLUMN attachment_type, DROP COLUMN attachment_name;
DROP TABLE export_parts;
DROP TABLE exports;
