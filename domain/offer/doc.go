// Package offer holds what advertisers pay for: a destination, goals with their payout and revenue rules, who may run
// it, and the tracking links that lead there.
//
// Invariants: an offer has at least one goal and exactly one default goal; aliases are unique within the offer and never
// all digits, so that a postback's goal parameter is unambiguous; currency and advertiser are fixed from the first
// conversion on. Offer and goals are saved together, under a lock on the offer.
package offer
