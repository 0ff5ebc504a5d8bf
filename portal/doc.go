// Package portal is what the three portals share: the session of a request and the actor it becomes, the frame of a page,
// forms, messages after a redirect, filters in the address, formats in the viewer's zone, files, live parts and errors;
// and the pages that all users have. A portal itself is a door (portal-admin, portal-affiliate, portal-advertiser), one
// <page>.go beside <page>.templ per page.
//
// # How a page is made
//
//	func Mount(e *echo.Echo, p *portal.Portal, d Deps) {
//		s := &pages{d}
//		g := p.Door(e, portal.Door{Kind: portal.Affiliate, Name: "Affiliate portal", Nav: nav, SearchURL: "/affiliate/search"})
//		g.GET("/links", s.links)       // /affiliate/links
//		g.POST("/links", s.createLink) // the CSRF token is checked before the handler runs
//		g.Stream("/links/live", s.live)
//	}
//
//	// A list with a filter: the address holds all of its state.
//	type linkFilter struct {
//		OfferID int64 `query:"offer"`
//		portal.Paging
//	}
//
//	func (s *pages) links(f *portal.Frame) error { return s.showLinks(f, http.StatusOK, linkInput{}, nil) }
//
//	func (s *pages) showLinks(f *portal.Frame, status int, in linkInput, faults portal.Faults) error {
//		var filter linkFilter
//		if err := f.Query(&filter); err != nil {
//			return err
//		}
//		list, err := s.Links.List(f.Context(), f.Actor, link.Filter{OfferID: filter.OfferID}, filter.Slice())
//		if err != nil {
//			return err // becomes a page with the right status; what is our fault is logged
//		}
//		older := ""
//		if list.NextCursor != "" {
//			older = portal.URL(f.Path("/links"), filter, "cursor", list.NextCursor)
//		}
//		rows := linksTable(f, list.Items) // ui.Table; f.Time(l.CreatedAt), portal.Money(l.Earned)
//		if f.Part() {
//			return f.RenderPart(status, rows)
//		}
//		return f.Render(status, "Links", "/links", linksPage(f, rows, in, faults, older))
//	}
//
//	// A form: what was typed is kept, what is wrong stands at its field, success is told after a redirect.
//	type linkInput struct {
//		OfferID int64  `form:"offer_id"`
//		Sub1    string `form:"sub1"`
//	}
//
//	func (s *pages) createLink(f *portal.Frame) error {
//		var in linkInput
//		err := f.Bind(&in)
//		if err == nil {
//			_, err = s.Links.Create(f.Context(), f.Actor, link.Link{OfferID: offer.ID(in.OfferID), Sub1: in.Sub1})
//		}
//		if faults, ok := portal.FaultsOf(err); ok {
//			return s.showLinks(f, http.StatusUnprocessableEntity, in, faults)
//		}
//		if err != nil {
//			return err
//		}
//		f.Flash(ui.OK, "The link is saved.")
//		return f.Redirect(f.Path("/links"))
//	}
//
// In the template the form begins with @ui.CSRF(f.CSRF); a field is @ui.Input(ui.Field{Name: "sub1", Label: "Sub 1", Value:
// in.Sub1, Error: faults["sub1"]}), and above them stands @ui.ErrorSummary(faults.Summary(the fields…)). A field that the
// domain calls otherwise is renamed: faults.Rename("goals[0].alias", "alias").
//
// # Rules
//
// The services decide who may do what: hand them f.Actor, and use f.May only to leave out what would be refused. While an
// operator views the portal as its party (f.Viewing) the actor may only read, and POST routes are never reached. GET changes
// nothing, but that a file too long to wait for is ordered. A page for strangers is e.GET(path, p.Public(h)) and answers with f.Plain. A table's file is portal.File, the menu that
// leads to it Frame.Export, and portal.Arrange lets the viewer choose its columns; where Group.List added the page, views of
// it can be saved. An id that is not the party's answers NotFound by itself. Money, counts, ratios and instants are formatted
// here, so that they look the same everywhere.
package portal
