-- A conversion's references are held by lockTerms (store/pgstore/terms.go) now: a foreign key locks four rows of the
-- catalogue for each conversion.

-- +goose Up
SET LOCAL lock_timeout = '10s';
ALTER TABLE conversions
    DROP CONSTRAINT conversions_offer,
    DROP CONSTRAINT conversions_goal,
    DROP CONSTRAINT conversions_affiliate,
    DROP CONSTRAINT conversions_advertiser;

-- +goose Down
ALTER TABLE conversions
    ADD CONSTRAINT conversions_offer FOREIGN KEY (offer_id) REFERENCES offers (id),
    ADD CONSTRAINT conversions_goal FOREIGN KEY (goal_id) REFERENCES goals (id),
    ADD CONSTRAINT conversions_affiliate FOREIGN KEY (affiliate_id) REFERENCES affiliates (id),
    ADD CONSTRAINT conversions_advertiser FOREIGN KEY (advertiser_id) REFERENCES advertisers (id);
