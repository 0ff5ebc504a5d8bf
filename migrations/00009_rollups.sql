-- Clicks added up, by closed spans of time. Each span is recomputed whole from the clicks of its UTC day, never counted
-- on; past days are filled by the periodic job, a day at a time, so nothing large happens here.

-- +goose Up

-- Stats group, key affiliate_id; the time comes second, for reports read a period of one affiliate.
CREATE TABLE stats_halfhourly (
    affiliate_id   bigint NOT NULL,
    starts_at      timestamptz NOT NULL, -- of 30 minutes, UTC: days of most zones begin at one
    offer_id       bigint NOT NULL,
    advertiser_id  bigint NOT NULL,
    clicks         bigint NOT NULL, -- valid ones
    unique_clicks  bigint NOT NULL,
    invalid_clicks bigint NOT NULL,
    PRIMARY KEY (affiliate_id, starts_at, offer_id, advertiser_id)
);
CREATE INDEX stats_halfhourly_by_time ON stats_halfhourly (starts_at);
CREATE INDEX stats_halfhourly_by_advertiser ON stats_halfhourly (advertiser_id, starts_at);

CREATE TABLE stats_daily (
    affiliate_id   bigint NOT NULL,
    starts_at      timestamptz NOT NULL, -- of a UTC day
    offer_id       bigint NOT NULL,
    advertiser_id  bigint NOT NULL,
    clicks         bigint NOT NULL,
    unique_clicks  bigint NOT NULL,
    invalid_clicks bigint NOT NULL,
    PRIMARY KEY (affiliate_id, starts_at, offer_id, advertiser_id)
);
CREATE INDEX stats_daily_by_time ON stats_daily (starts_at);
CREATE INDEX stats_daily_by_advertiser ON stats_daily (advertiser_id, starts_at);

-- Apart, for it has nine times the rows; half hours by country would be hardly fewer than the clicks.
CREATE TABLE stats_daily_country (
    affiliate_id   bigint NOT NULL,
    starts_at      timestamptz NOT NULL,
    offer_id       bigint NOT NULL,
    advertiser_id  bigint NOT NULL,
    country        text NOT NULL,
    clicks         bigint NOT NULL,
    unique_clicks  bigint NOT NULL,
    invalid_clicks bigint NOT NULL,
    PRIMARY KEY (affiliate_id, starts_at, offer_id, advertiser_id, country)
);
CREATE INDEX stats_daily_country_by_time ON stats_daily_country (starts_at);
CREATE INDEX stats_daily_country_by_advertiser ON stats_daily_country (advertiser_id, starts_at);

-- Which spans of a UTC day hold what its clicks add up to: bits 0 to 47 are its half hours, bit 48 is the day.
CREATE TABLE stats_days (
    day     date PRIMARY KEY,
    spans   bigint NOT NULL DEFAULT 0,      -- current: reports read them
    claimed bigint NOT NULL DEFAULT 0,      -- being recomputed by the newest claim; a late click takes its spans away
    claim   bigint NOT NULL DEFAULT 0,      -- number of the newest claim
    dropped boolean NOT NULL DEFAULT false  -- its clicks are no longer kept, so its spans never change again
);

-- +goose Down
DROP TABLE stats_days, stats_daily_country, stats_daily, stats_halfhourly;
