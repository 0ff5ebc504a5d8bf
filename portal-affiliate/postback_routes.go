package portalaffiliate

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/history"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/portal"
)

// navPostbacks is the sidebar's item of all pages here.
const navPostbacks = "/postbacks"

// postbackPages are the pages of an affiliate's postbacks and of their deliveries.
type postbackPages struct {
	postbacks   *postback.Service
	offers      *offer.Service
	conversions *conversion.Service
	clicks      *click.Service
	history     *history.Service
}

// postbackRoutes adds them.
func postbackRoutes(g *portal.Group, p postbackPages) {
	g.GET("/postbacks", p.list)
	g.GET("/postbacks/new", p.blank)
	g.GET("/postbacks/global", p.global)
	g.GET("/postbacks/goals", p.goalsPart)
	g.POST("/postbacks", p.create)
	g.POST("/postbacks/preview", p.preview)
	g.POST("/postbacks/test", p.testNew)
	g.GET("/postbacks/:id", p.show)
	g.POST("/postbacks/:id", p.save)
	g.POST("/postbacks/:id/test", p.test)
	g.POST("/postbacks/:id/pause", p.pause)
	g.POST("/postbacks/:id/resume", p.resume)
	g.GET("/postbacks/:id/secret", p.secret)
	g.POST("/postbacks/:id/rotate", p.rotate)
	g.POST("/postbacks/:id/delete", p.remove)
	g.GET("/postbacks/:id/backfill", p.countMissed)
	g.POST("/postbacks/:id/backfill", p.backfill)
	g.GET("/postbacks/:id/history", p.versions)
	g.StreamIf("/postbacks/:id/stream", p.streamed, p.live)

	g.List("/deliveries", p.deliveries)
	g.Files("/deliveries", p.deliveriesFile)
	g.POST("/deliveries/resend", p.resendAll)
	g.GET("/deliveries/:id", p.delivery)
	g.POST("/deliveries/:id/resend", p.resend)
}

func noPage() error { return errs.NotFound("not_found", "there is no page at this address") }

// find is the postback of the address; another's is not found.
func (p postbackPages) find(f *portal.Frame) (postback.Postback, error) {
	id, err := strconv.ParseInt(f.Param("id"), 10, 64)
	if err != nil || id <= 0 {
		return postback.Postback{}, noPage()
	}
	return p.postbacks.Get(f.Context(), f.Actor, postback.ID(id))
}

func postbackPath(f *portal.Frame, id postback.ID) string {
	return f.Path(fmt.Sprintf("/postbacks/%d", id))
}

// names are what the offers and goals of postbacks are called.
type names struct{ portal.Names }

// known reads those of postbacks, and of more offers.
func (p postbackPages) known(f *portal.Frame, more []offer.ID, all ...postback.Postback) (n names, err error) {
	ids := portal.NameIDs{Offers: more}
	for _, one := range all {
		ids.Offers, ids.Goals = append(ids.Offers, one.OfferID), append(append(ids.Goals, one.GoalID), one.GoalIDs...)
	}
	n.Names, err = f.Names(ids)
	return n, err
}

func goalName(g offer.Goal) string {
	if g.Name != "" {
		return g.Name
	}
	return g.Alias
}

// title is what a postback is called: by its scope.
func (n names) title(p postback.Postback) string {
	switch {
	case p.GoalID != 0:
		return n.Offer(p.OfferID) + " › " + n.Goal(p.OfferID, p.GoalID)
	case p.OfferID != 0:
		return n.Offer(p.OfferID)
	}
	return "Global postback"
}

// lead says when it is called.
func (n names) lead(p postback.Postback) string {
	switch {
	case p.GoalID != 0:
		return "Called for conversions of this goal, instead of the postbacks of the offer and of all offers."
	case p.OfferID != 0:
		return "Called for conversions of this offer, instead of the global postback."
	}
	return "Called for every conversion on every offer, unless an offer has a postback of its own."
}

// all are the affiliate's postbacks with their names, at most a few hundred: the global ones first, then by offer and goal.
func (p postbackPages) all(f *portal.Frame) ([]postback.Postback, names, error) {
	list, err := p.postbacks.List(f.Context(), f.Actor, postback.Filter{}, domain.Page{Limit: domain.MaxLimit})
	if err != nil {
		return nil, names{}, err
	}
	n, err := p.known(f, nil, list.Items...)
	if err != nil {
		return nil, n, err
	}
	slices.SortStableFunc(list.Items, func(a, b postback.Postback) int {
		return cmp.Or(cmp.Compare(min(a.OfferID, 1), min(b.OfferID, 1)), strings.Compare(strings.ToLower(n.title(a)), strings.ToLower(n.title(b))), cmp.Compare(a.ID, b.ID))
	})
	return list.Items, n, nil
}

// hostOf is whom a URL calls; empty for a text that is none.
func hostOf(address string) string {
	_, rest, ok := strings.Cut(address, "://")
	if !ok {
		return ""
	}
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	return rest
}

func mayWrite(f *portal.Frame) bool  { return f.May(account.PermissionWritePostbacks) }
func mayResend(f *portal.Frame) bool { return f.May(account.PermissionResendDeliveries) }

// backTo is the page of ours that a form names, to lead back to it.
func backTo(f *portal.Frame, otherwise string) string {
	back := f.Echo.FormValue("back")
	if u, err := url.Parse(back); err != nil || u.Host != "" || !strings.HasPrefix(u.Path, f.Base+"/") {
		return otherwise
	}
	return back
}
