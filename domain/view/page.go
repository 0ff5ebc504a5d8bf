package view

import (
	"slices"

	"github.com/waypost/waypost/domain/account"
)

// Page is a list or report that views can be made of.
type Page struct {
	Path  string // below the portal's base
	Name  string // as the page calls itself
	Dated bool   // days can be chosen there
}

var (
	conversions = Page{"/conversions", "Conversions", true}
	clicks      = Page{"/clicks", "Clicks", true}
	calls       = Page{"/postback-log", "Postback log", true}
	deliveries  = Page{"/deliveries", "Deliveries", true}
	offers      = Page{"/offers", "Offers", false}
	reports     = Page{"/reports", "Reports", true}
)

// Pages are those of the portal whose users have the scope.
func Pages(s account.Scope) []Page {
	if _, ok := s.Affiliate(); ok {
		return []Page{conversions, clicks, deliveries, reports}
	}
	if _, ok := s.Advertiser(); ok {
		return []Page{conversions, calls, offers, reports}
	}
	if s.Network() {
		return []Page{conversions, clicks, calls, deliveries, offers, {"/affiliates", "Affiliates", false}, {"/advertisers", "Advertisers", false}, reports}
	}
	return nil
}

// PageOf is the page at a path; one that is not known any more is called by its path.
func PageOf(s account.Scope, path string) Page {
	pages := Pages(s)
	if i := slices.IndexFunc(pages, func(p Page) bool { return p.Path == path }); i >= 0 {
		return pages[i]
	}
	return Page{Path: path, Name: path}
}
