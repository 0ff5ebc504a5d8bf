package portaladmin

import (
	"net/http"
	"strconv"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

const (
	trialWindow   = time.Hour        // how far back a test click may lie
	trialPatience = 15 * time.Minute // that a page waits for one before it says so
)

// trialView is the tab that walks through an offer: a click, then the postback of a sale.
type trialView struct {
	Path, CSRF, Base string
	Pick             ui.Field
	Affiliate        string   // that was chosen; empty for none
	Link             string   // its test link
	Warnings         []string // why clicks would not count
	Click            trialClickView
	Fields           []ui.Field
	Goal, Status     ui.Field
	Summary          []ui.Problem
	Answer           *trialAnswer
}

// trialClickView is the newest click through the link, which the page looks for until there is one.
type trialClickView struct {
	Poll  string // address to ask again; empty when there is one, or the wait is over
	ID    string
	About []ui.Pair
	Trace string
	Bad   string // why it does not count
}

// trialAnswer is what a test postback met.
type trialAnswer struct {
	Sent     string
	Status   int
	Badge    ui.Kind
	Word     string
	Message  string
	Body     string
	Steps    []ui.Event
	Trace    string
	Warnings []string
}

type trialInput struct {
	Affiliate string `form:"affiliate" query:"affiliate"`
	ClickID   string `form:"click_id"`
	Goal      string `form:"goal"`
	Val       string `form:"val"`
	Com       string `form:"com"`
	TxID      string `form:"txid"`
	Status    string `form:"status"`
}

func (a *admin) trial(f *portal.Frame) error {
	var in trialInput
	if err := f.Query(&in); err != nil {
		return err
	}
	in.Val, in.TxID, in.Status = "100", "test-"+strconv.FormatInt(f.Now.Unix(), 10), "approved"
	return a.showTrial(f, http.StatusOK, in, nil, nil)
}

func (a *admin) showTrial(f *portal.Frame, status int, in trialInput, answer *trialAnswer, x portal.Faults) error {
	if err := f.Actor.Require(account.PermissionManageConversions); err != nil {
		return err
	}
	o, err := a.findOffer(f)
	if err != nil {
		return err
	}
	v := trialView{Path: offerPath(f, o.ID) + "/test", CSRF: f.CSRF, Answer: answer,
		Pick: f.Finding(search.KindAffiliate, ui.Field{Name: "affiliate", Label: "Affiliate whose link is tried", Value: in.Affiliate, Error: x["affiliate"]})}
	if id := pickedID(in.Affiliate); id != 0 {
		link, warnings, err := a.Offers.Link(f.Context(), f.Actor, offer.LinkInput{OfferID: o.ID, AffiliateID: affiliate.ID(id), Source: "waypost-test", AffClickID: "test-" + strconv.FormatInt(f.Now.Unix(), 10)})
		if faults, ok := portal.FaultsOf(err); ok {
			v.Pick.Error, status = anyOf(faults), http.StatusUnprocessableEntity
		} else if err != nil {
			return err
		} else {
			v.Affiliate, v.Link = fmtID(id), link
			for _, w := range warnings {
				v.Warnings = append(v.Warnings, capital(w.Message)+".")
			}
			if v.Click, err = a.newestClick(f, o.ID, affiliate.ID(id), f.Now); err != nil {
				return err
			}
		}
	}
	if in.ClickID == "" {
		in.ClickID = v.Click.ID
	}
	goals := []ui.Option{}
	for _, g := range o.Goals {
		goals = append(goals, ui.Option{Value: g.Alias, Label: g.Alias})
		if in.Goal == "" && g.IsDefault {
			in.Goal = g.Alias
		}
	}
	v.Goal = ui.Field{Name: "goal", Label: "Goal", Value: in.Goal, Options: goals}
	v.Status = ui.Field{Name: "status", Label: "Status", Value: in.Status, Options: ui.StatusOptions(ui.Conversions, "approved", "pending", "rejected")}
	v.Fields = []ui.Field{
		{Name: "click_id", Label: "Click id", Value: in.ClickID, Mono: true, Autocomplete: "off"},
		{Name: "val", Label: "Value of the sale", Value: in.Val, InputMode: "decimal", Unit: string(o.Currency), Optional: true, Autocomplete: "off"},
		{Name: "com", Label: "Commission that it sends", Value: in.Com, InputMode: "decimal", Unit: string(o.Currency), Optional: true, Autocomplete: "off"},
		{Name: "txid", Label: "Order id", Value: in.TxID, Mono: true, Optional: true, Autocomplete: "off"},
	}
	v.Summary = x.Summary(v.Pick)
	return a.renderOffer(f, status, o, "/test", "Test", trialTab(v))
}

// trialClick answers the page that waits for its click.
func (a *admin) trialClick(f *portal.Frame) error {
	o, err := a.findOffer(f)
	if err != nil {
		return err
	}
	var in struct {
		Affiliate string    `query:"affiliate"`
		Since     time.Time `query:"since"` // when the page began to wait
	}
	if err := f.Query(&in); err != nil {
		return err
	}
	v, err := a.newestClick(f, o.ID, affiliate.ID(pickedID(in.Affiliate)), in.Since)
	if err != nil {
		return err
	}
	return f.RenderPart(http.StatusOK, trialClickPart(v))
}

// newestClick finds the newest click of an affiliate on an offer within the hour, for a page that waits for it since then.
func (a *admin) newestClick(f *portal.Frame, o offer.ID, of affiliate.ID, since time.Time) (trialClickView, error) {
	v := trialClickView{}
	if f.Now.Sub(since) <= trialPatience {
		v.Poll = portal.URL(offerPath(f, o)+"/test/click", nil, "affiliate", fmtID(of), "since", seenText(since))
	}
	list, err := a.Clicks.List(f.Context(), f.Actor, click.Filter{OfferID: o, AffiliateID: of, From: f.Now.Add(-trialWindow)}, domain.Page{Limit: 20})
	if err != nil {
		return v, err
	}
	for _, c := range list.Items {
		if c.Source != "waypost-test" {
			continue
		}
		v.ID, v.Poll = a.Clicks.Text(c.ID), ""
		v.Trace = f.Path("/trace/" + v.ID)
		v.About = []ui.Pair{{Label: "Click id", Text: v.ID, Mono: true, Copy: true}, {Label: "When", Text: f.Ago(c.ID.Time())}, {Label: "Visitor", Text: portal.Or(c.Country) + " · " + portal.Or(c.Browser) + " · " + portal.Or(c.Device)}}
		if c.Reason != click.ReasonNone {
			v.Bad = "The click does not count. " + portal.ClickReason(c.Reason)
		}
		return v, nil
	}
	return v, nil
}

// sendTrial sends the postback of a sale in the advertiser's place.
func (a *admin) sendTrial(f *portal.Frame) error {
	o, err := a.findOffer(f)
	if err != nil {
		return err
	}
	var in trialInput
	if err := f.Bind(&in); err != nil {
		return err
	}
	owner, err := a.Advertisers.Get(f.Context(), f.Actor, o.AdvertiserID)
	if err != nil {
		return err
	}
	sent, result, err := a.Conversions.Rehearse(f.Context(), f.Actor, owner, conversion.Rehearsal{ClickID: in.ClickID, Goal: in.Goal, Val: in.Val, Com: in.Com, TxID: in.TxID, Status: in.Status})
	if err != nil {
		return err
	}
	answer, err := a.explain(f, owner.Name, sent, result)
	if err != nil {
		return err
	}
	return a.showTrial(f, http.StatusOK, in, answer, nil)
}
