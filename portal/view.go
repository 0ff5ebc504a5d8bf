package portal

import (
	"strconv"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
)

// stopViewing ends that an operator looks at a party's portal. Besides staying logged in and logging out it is the one
// thing that such a session may send.
const stopViewing = "/view-as/stop"

// viewRoutes let operators look at the portals of parties: the admin portal begins (POST /admin/view-as/affiliate/12),
// the portal that is looked at ends it.
func (g *Group) viewRoutes() {
	if g.door.Kind == Admin {
		g.POST("/view-as/:kind/:id", g.portal.view)
		return
	}
	g.POST(stopViewing, g.portal.stopView)
}

func (p *Portal) view(f *Frame) error {
	id, err := strconv.ParseInt(f.Param("id"), 10, 64)
	if err != nil {
		return notFound(f)
	}
	var party account.Party
	switch Kind(f.Param("kind")) {
	case Affiliate:
		party.AffiliateID = id
	case Advertiser:
		party.AdvertiserID = id
	default:
		return notFound(f)
	}
	if err := p.Accounts.View(f.Context(), f.browser(), party, f.Actor.IP); err != nil {
		return err
	}
	return f.Redirect(Kind(f.Param("kind")).Base())
}

// stopView leads back to the party's record, where it began.
func (p *Portal) stopView(f *Frame) error {
	if !f.Viewing() {
		return errs.Conflict("not_viewing", "you are not viewing anybody's portal")
	}
	if err := p.Accounts.StopViewing(f.Context(), f.browser(), f.Actor.IP); err != nil {
		return err
	}
	record := "/advertisers/" + strconv.FormatInt(f.Actor.AdvertiserID, 10)
	if f.Actor.AffiliateID != 0 {
		record = "/affiliates/" + strconv.FormatInt(f.Actor.AffiliateID, 10)
	}
	return f.Redirect(Admin.Base() + record)
}

func (f *Frame) browser() account.Browser { return account.Browser{Session: f.Session, User: f.User} }
