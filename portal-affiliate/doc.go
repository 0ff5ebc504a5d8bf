// Package portalaffiliate is the affiliates' portal: what they earn, the offers that they may run, their links, the story
// of each conversion, what is owed to them, and their postbacks.
package portalaffiliate
