package portaladmin

import (
	"fmt"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/work"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// workView is all that waits for a person.
type workView struct {
	Head         ui.Head
	Stats        []ui.Stat
	Applications ui.Table
	Access       ui.Table
	Conversions  ui.Table
	Postbacks    ui.Table
	Sums         string // of the pending conversions
	Counts       [4]int
	Links        [4]string
	Done         bool // nothing waits
}

func (a *admin) work(f *portal.Frame) error {
	q, names, err := a.Work.Queue(f.Context(), f.Actor, 25)
	if err != nil {
		return err
	}
	v := workView{Head: ui.Head{Title: "Work queue", Lead: "Everything that waits for a person, oldest first. Times in " + f.Zone.String() + "."},
		Counts: [4]int{q.Applications.Count, q.AccessRequests.Count, q.Conversions.Count, q.Postbacks.Count},
		Links:  [4]string{f.Path("/applications?status=pending"), f.Path("/work"), f.Path("/conversions?status=pending"), f.Path("/deliveries?status=failed")}}
	for i, label := range []string{"Applications", "Access requests", "Pending conversions", "Failing postbacks"} {
		v.Stats = append(v.Stats, ui.Stat{Label: label, Value: portal.Count(v.Counts[i])})
	}
	v.Done = v.Counts == [4]int{}
	v.Applications, v.Access = a.waitingApplications(f, q), waitingAccess(f, q)
	v.Conversions, v.Postbacks = waitingConversions(f, q, names), failingPostbacks(f, q)
	for i, s := range q.ConversionSums {
		if i > 0 {
			v.Sums += " · "
		}
		v.Sums += fmt.Sprintf("%s: %s commission, %s revenue", portal.Counted(s.Conversions, "conversion"), portal.Sum(s.Commission, s.Currency), portal.Sum(s.Revenue, s.Currency))
	}
	return f.Page("Work queue", "/work", workPage(v))
}

func (a *admin) waitingApplications(f *portal.Frame, q work.Queue) ui.Table {
	t := ui.Table{ID: "applications", Name: "Applications", Actions: true, Columns: []ui.Column{{Label: "Company", Wide: true}, {Label: "Wants to be", Hide: true}, {Label: "Waiting", Hide: true}}}
	for _, one := range q.Applications.Items {
		at := f.Path("/applications/" + fmtID(one.ID))
		row := ui.Row{ID: "application-" + fmtID(one.ID), Cells: []ui.Cell{{Text: one.Company, Href: at, Sub: one.Contact + " · " + one.Email, Narrow: capital(string(one.Kind)) + " · " + one.Contact, Square: ui.Initials(one.Company)},
			{Text: capital(string(one.Kind))}, {Text: f.Ago(one.VerifiedAt), Title: f.Exact(one.VerifiedAt)}},
			Actions: ui.Btn(ui.Button{Label: "Review", Name: "Review " + one.Company, Small: true, Href: at})}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func waitingAccess(f *portal.Frame, q work.Queue) ui.Table {
	t := ui.Table{ID: "access", Name: "Access requests", Actions: may(f), Columns: []ui.Column{{Label: "Affiliate", Wide: true}, {Label: "Offer", Hide: true}, {Label: "Waiting", Hide: true}}}
	for _, r := range q.AccessRequests.Items {
		name := fmt.Sprintf("%s for %s", r.AffiliateName, r.OfferName)
		row := ui.Row{ID: fmt.Sprintf("access-%d-%d", r.OfferID, r.AffiliateID), Cells: []ui.Cell{
			{Text: r.AffiliateName, Href: f.Path("/affiliates/" + fmtID(r.AffiliateID)), Narrow: "wants " + r.OfferName, Square: ui.Initials(r.AffiliateName)},
			{Text: r.OfferName, Href: f.Path("/offers/" + fmtID(r.OfferID))}, {Text: f.Ago(r.At), Title: f.Exact(r.At)}}}
		if may(f) {
			row.Actions = decideRequest(f.Path("/work/access"), f.CSRF, fmtID(r.OfferID), fmtID(r.AffiliateID), name)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func waitingConversions(f *portal.Frame, q work.Queue, names work.Names) ui.Table {
	t := ui.Table{ID: "conversions", Name: "Pending conversions", CSRF: f.CSRF, Columns: []ui.Column{{Label: "Offer", Wide: true}, {Label: "Affiliate", Hide: true}, {Label: "Order", Hide: true},
		{Label: "Waiting", Hide: true}, {Label: "Commission", Number: true}, {Label: "Revenue", Number: true, Hide: true}}}
	if f.May(account.PermissionManageConversions) {
		t.Select, t.BulkAction = "id", f.Path("/work/conversions")
		t.Bulk = conversionButtons()
	}
	for _, c := range q.Conversions.Items {
		title := names.Offers[c.OfferID]
		affiliateName := names.Affiliates[c.AffiliateID]
		t.Rows = append(t.Rows, ui.Row{ID: "conversion-" + c.ID.String(), Value: c.ID.String(), Name: "conversion " + c.ID.String() + " of " + title, Cells: []ui.Cell{
			{Text: title, Href: f.Path("/conversions/" + c.ID.String()), Sub: names.Advertisers[c.AdvertiserID], Narrow: affiliateName + " · " + f.Ago(c.CreatedAt)},
			{Text: affiliateName, Href: f.Path("/affiliates/" + fmtID(c.AffiliateID))}, {Text: portal.Or(c.TxID), Mono: true},
			{Text: f.Ago(c.CreatedAt), Title: f.Exact(c.CreatedAt)}, {Text: portal.Money(c.Commission), Strong: true}, {Text: portal.Money(c.Revenue)}}})
	}
	return t
}

func failingPostbacks(f *portal.Frame, q work.Queue) ui.Table {
	t := ui.Table{ID: "postbacks", Name: "Failing postbacks", Actions: true, Columns: []ui.Column{{Label: "Address", Wide: true}, {Label: "Affiliate", Hide: true}, {Label: "State"}, {Label: "Failures", Number: true, Hide: true}}}
	for _, p := range q.Postbacks.Items {
		state, why := ui.Badge(ui.Bad, "Failing"), "Failing since "+f.Time(p.FailingSince)
		if !p.Active {
			state, why = ui.StatusBadge(ui.Postbacks, "paused"), "Paused: "+pausedWords(p.PausedReason)
		}
		t.Rows = append(t.Rows, ui.Row{ID: "postback-" + fmtID(p.ID), Cells: []ui.Cell{{Text: p.URL, Mono: true, Href: f.Path("/deliveries?postback=" + fmtID(p.ID)), Sub: why, Narrow: p.AffiliateName},
			{Text: p.AffiliateName, Href: f.Path("/affiliates/" + fmtID(p.AffiliateID))}, {Badge: state}, {Text: portal.Count(p.Failures)}},
			Actions: ui.Btn(ui.Button{Label: "Deliveries", Name: "Deliveries of postback " + fmtID(p.ID), Small: true, Href: f.Path("/deliveries?postback=" + fmtID(p.ID))})})
	}
	return t
}

// decideAccess answers a request from the queue.
func (a *admin) decideAccess(f *portal.Frame) error {
	var in struct {
		Offer     int64              `form:"offer"`
		Affiliate int64              `form:"affiliate"`
		Status    offer.AccessStatus `form:"status"`
	}
	if err := f.Bind(&in); err != nil {
		return err
	}
	if _, err := a.Offers.SetAccess(f.Context(), f.Actor, offer.Access{OfferID: offer.ID(in.Offer), AffiliateID: affiliate.ID(in.Affiliate), Status: in.Status}); err != nil {
		return err
	}
	f.Flash(ui.OK, "The request is "+string(in.Status)+"; the affiliate is told.")
	return f.Redirect(f.Path("/work"))
}

// decideConversions approves or rejects what is ticked.
func (a *admin) decideConversions(f *portal.Frame) error {
	var in struct {
		IDs    []string          `form:"id"`
		Status conversion.Status `form:"status"`
		Reason string            `form:"reason"`
	}
	if err := f.Bind(&in); err != nil {
		return err
	}
	var ids []conversion.ID
	for _, text := range in.IDs {
		id, ok := domain.ParseUUID(text)
		if !ok {
			return noSuchThing()
		}
		ids = append(ids, conversion.ID{UUID: id})
	}
	if len(ids) == 0 {
		f.Flash(ui.Warn, "No conversion was chosen: tick some first.")
		return f.Redirect(f.Path("/work"))
	}
	edit := conversion.EditInput{Status: &in.Status, Reason: in.Reason}
	var result conversion.BulkResult
	err := conversion.CheckReason(edit)
	if err == nil {
		result, err = a.Conversions.Bulk(f.Context(), f.Actor, conversion.BulkInput{IDs: ids, Edit: edit})
	}
	if x, ok := portal.FaultsOf(err); ok {
		f.Flash(ui.Bad, anyOf(x))
		return f.Redirect(f.Path("/work"))
	}
	if err != nil {
		return err
	}
	flashBulk(f, result, in.Status)
	return f.Redirect(f.Path("/work"))
}

// flashBulk tells what became of a bulk change.
func flashBulk(f *portal.Frame, r conversion.BulkResult, to conversion.Status) {
	text := isOrAre(r.Changed, "conversion") + " now " + ui.StatusOf(ui.Conversions, string(to)).Word + "."
	if r.Failed == 0 {
		f.Flash(ui.OK, text)
		return
	}
	for _, one := range r.Results {
		if one.Fault != nil {
			f.Flash(ui.Warn, fmt.Sprintf("%s %d could not be changed; the first one because %s", text, r.Failed, one.Fault.Message))
			return
		}
	}
}
