// Package portaladvertiser is the portal of advertisers, under /advertiser: one <page>.go with the handlers and what a page
// shows beside one <page>.templ with how it looks. It decides nothing: whoever may do a thing, and what an advertiser may
// know, is the domain services' affair.
//
// The network's revenue is what the advertiser pays; here it is called cost.
package portaladvertiser
