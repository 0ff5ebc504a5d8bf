package portaladmin_test

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/portal/portaltest"
)

func TestConversionsAreFoundAndChanged(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleAdmin)
	admin.Get("/admin/conversions").Is(200).Shows("Lumio Sleep", "A-1", "Voss Media", "Add conversion", "$8.00", "$5.00")
	admin.Get("/admin/conversions?status=rejected").Is(200).Shows("A-3", "Status is Rejected").Lacks("A-1 ")
	admin.Get("/admin/conversions?txid=nothing").Is(200).Shows("No results with these filters")
	admin.Get("/admin/conversions?click=nonsense").Is(200).Shows("No results with these filters")
	n.Operator(account.RoleViewer).Get("/admin/conversions").Is(200).Lacks("Add conversion", "Approve…")
	if file := admin.Get("/admin/conversions?format=csv&status=rejected").Is(200).Body; !strings.Contains(file, "A-3") || strings.Contains(file, "A-1") || !strings.Contains(file, "commission,revenue") {
		t.Error(file)
	}
	id := n.Results[portaltest.ClickLead].ConversionID.String()
	path := "/admin/conversions/" + id
	admin.Get(path).Is(200).Shows("Recorded as Approved", "Sale value", "Change it", "Delivered", "Show the trace")
	if part := admin.Part(path, "sheet"); strings.Contains(part.Body, "<html") {
		t.Error("a part is a whole page")
	}
	n.Operator(account.RoleViewer).Get(path).Is(200).Lacks("Change it")
	admin.Get("/admin/conversions/00000000-0000-0000-0000-000000000000").Is(404)
	admin.Get("/admin/conversions/x").Is(404)

	admin.Post(path, url.Values{"status": {"rejected"}}).Is(422).Shows("Say why")
	admin.Post(path, url.Values{"commission": {"x"}}).Is(422)
	admin.Post(path, url.Values{"commission": {"6.00"}, "revenue": {"9.50"}, "val": {"0"}, "reason": {"Agreed by mail"}}).To(path).Shows("$6.00", "$9.50", "Agreed by mail", "Amounts changed")
	if c, err := n.Conversions.Get(context.Background(), portaltest.System, n.Results[portaltest.ClickLead].ConversionID); err != nil || c.Commission.String() != "6.00" || c.Revenue.String() != "9.50" {
		t.Errorf("%s %s %v", c.Commission, c.Revenue, err)
	}
	n.Operator(account.RoleFinance).Post(path, url.Values{"status": {"rejected"}, "reason": {"x"}}).Is(403)
	n.Affiliate(0).Get(path).Is(303)
}

// Two open the same page: the one who saves last takes nothing back that the other did.
func TestAStalePageChangesNoMoney(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	id := n.Results[portaltest.ClickLead].ConversionID
	path := "/admin/conversions/" + id.String()
	first, second := n.Operator(account.RoleAdmin), n.Operator(account.RoleManager)
	form := func(p *portaltest.Page) url.Values {
		in := url.Values{}
		for _, name := range []string{"seen", "val", "commission", "revenue"} {
			in.Set(name, p.Field(name))
		}
		return in
	}
	drawn := form(first.Get(path).Is(200))
	theirs := form(second.Get(path).Is(200))
	theirs.Set("commission", "19.00")
	second.Post(path, theirs).Is(303)
	drawn.Set("status", "hold")
	drawn.Set("reason", "Wait for the goods")
	again := first.Post(path, drawn).Is(422).Shows("changed since you opened it")
	if again.Field("commission") != "19.00" || again.Field("reason") != "Wait for the goods" {
		t.Errorf("drawn again with %q, %q", again.Field("commission"), again.Field("reason"))
	}
	if c, err := n.Conversions.Get(context.Background(), portaltest.System, id); err != nil || c.Commission.String() != "19.00" || c.Status != conversion.StatusApproved {
		t.Errorf("%s %s %v", c.Commission, c.Status, err)
	}
	drawn = form(again)
	drawn.Set("status", "rejected")
	drawn.Set("reason", "Returned")
	first.Post(path, drawn).Is(303)
}

func TestManyConversionsChangeAfterAPreview(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleManager)
	lead, sale := n.Results[portaltest.ClickLead].ConversionID, n.Results[portaltest.ClickSale].ConversionID
	ticked := url.Values{"id": {lead.String(), sale.String()}, "status": {"rejected"}}
	admin.Post("/admin/conversions/bulk", url.Values{"status": {"approved"}}).To("/admin/conversions").Shows("Tick some conversions first")
	admin.Post("/admin/conversions/bulk?status=hold", url.Values{"status": {"approved"}}).To("/admin/conversions?status=hold").Shows("Tick some conversions first")
	admin.Post("/admin/conversions/bulk", ticked).Is(200).Shows("Nothing has changed yet", "−$5.00", "−$12.00", "1 affiliate", "Make 2 conversions rejected")
	if c, err := n.Conversions.Get(context.Background(), portaltest.System, lead); err != nil || c.Status != conversion.StatusApproved {
		t.Errorf("a preview made it %s, %v", c.Status, err)
	}
	admin.Post("/admin/conversions/bulk/apply", ticked).Is(422).Shows("Say why")
	ticked.Set("reason", corpus[0])
	done := admin.Post("/admin/conversions/bulk/apply", ticked).Is(200).Shows("2 conversions changed")
	safe(t, done)
	if c, err := n.Conversions.Get(context.Background(), portaltest.System, sale); err != nil || c.Status != conversion.StatusRejected {
		t.Errorf("it is %s, %v", c.Status, err)
	}
	safe(t, admin.Get("/admin/conversions/"+lead.String()).Is(200).Shows("alert(1)"))
	// All that a filter takes.
	admin.Post("/admin/conversions/bulk?status=hold", url.Values{"all": {"1"}, "status": {"approved"}}).Is(200).Shows("Make 1 conversion approved")
	n.Operator(account.RoleViewer).Post("/admin/conversions/bulk/apply", ticked).Is(403)
}

// What the preview judged is changed, and nothing that came to match after it.
func TestApplyChangesWhatThePreviewShowed(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleManager)
	lead := n.Results[portaltest.ClickLead].ConversionID
	page := admin.Post("/admin/conversions/bulk?status=hold", url.Values{"all": {"1"}, "status": {"approved"}}).Is(200)
	n.Exec(`UPDATE conversions SET status = 'hold' WHERE txid = 'A-1'`) // made meanwhile
	form := url.Values{"status": {"approved"}}
	for _, node := range page.All("input", "name", "id") {
		id, _ := portaltest.Attr(node, "value")
		form.Add("id", id)
	}
	if len(form["id"]) != 1 || len(page.All("input", "name", "all")) != 0 {
		t.Errorf("the form names %q", form["id"])
	}
	admin.Post("/admin/conversions/bulk/apply?status=hold", form).Is(200).Shows("1 conversion changed")
	admin.Post("/admin/conversions/bulk/apply?status=hold", url.Values{"all": {"1"}, "status": {"approved"}}).Is(422)
	if c, err := n.Conversions.Get(context.Background(), portaltest.System, lead); err != nil || c.Status != conversion.StatusHold {
		t.Errorf("%s %v", c.Status, err)
	}
}

// An unreadable day is a mistake, not a missing filter.
func TestAnUnreadableDayWidensNothing(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleAdmin)
	all := url.Values{"all": {"1"}, "status": {"approved"}}
	admin.Get("/admin/conversions?from=2026-13-01").Is(422)
	admin.Post("/admin/conversions/bulk?from=2026-13-01", all).To("/admin/conversions").Shows("Must be a day")
	admin.Post("/admin/conversions/bulk", all).To("/admin/conversions").Shows("Name at least one filter")
	for _, path := range []string{"/admin/deliveries/resend?status=failed&to=x", "/admin/postback-log/replay?from=2026-11-01&to=2026-11-31"} {
		admin.Post(path, nil).Is(422)
	}
}

// The advertisers' balances are balances.
func TestAPreviewTellsTheAdvertisersMoney(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleAdmin)
	id := n.Results[portaltest.ClickLead].ConversionID.String()
	admin.Post("/admin/conversions/"+id, url.Values{"commission": {"0"}}).Is(303)
	admin.Post("/admin/conversions/bulk", url.Values{"id": {id}, "status": {"rejected"}}).Is(200).Shows("Balances of 1 advertiser change", "−$8.00").Lacks("No balance changes", "affiliate change")
}

func TestConversionsAreUpdatedByAFile(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleAdmin)
	lines := "txid,status,reason\nA-1,rejected,Refund\nnobody,approved,\n"
	admin.Get("/admin/conversions/import").Is(200).Shows("Preview changes")
	admin.Post("/admin/conversions/import", url.Values{"csv": {""}}).Is(422)
	admin.Post("/admin/conversions/import", url.Values{"csv": {"planet\n1"}}).Is(422)
	admin.Post("/admin/conversions/import", url.Values{"csv": {lines}}).Is(200).Shows("Change 1 conversion", "Line 3", "Cannot change")
	admin.Post("/admin/conversions/import", url.Values{"csv": {lines}, "apply": {"1"}}).Is(200).Shows("1 conversion changed")
	if c, err := n.Conversions.Get(context.Background(), portaltest.System, n.Results[portaltest.ClickLead].ConversionID); err != nil || c.Status != conversion.StatusRejected {
		t.Errorf("it is %s, %v", c.Status, err)
	}
	n.Operator(account.RoleViewer).Get("/admin/conversions/import").Is(403)
	id := n.Results[portaltest.ClickSale].ConversionID.String()
	admin.Post("/admin/conversions/import", url.Values{"csv": {"conversion_id,status\n" + id + ",rejected\n"}}).Is(200).Shows("Change 0 conversions", "Say why")
	page := admin.Post("/admin/conversions/import", url.Values{"csv": {"id,commission,revenue\n" + id + ",1.00,2.00\n"}}).Is(200).Shows("Change 1 conversion")
	if len(page.All("form", "enctype", "multipart/form-data")) != 2 {
		t.Error("a large file would not survive the form that applies it")
	}
}

func TestAConversionIsMadeByHand(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleAdmin)
	admin.Get("/admin/conversions/new").Is(200).Shows("Add conversion")
	in := url.Values{"offer_id": {fmtInt(n.OfferOf[portaltest.Public].ID) + " · Lumio Sleep"}, "affiliate_id": {fmtInt(n.AffiliateOf[0].ID)}, "txid": {"H-1"}, "note": {corpus[1]}, "com": {"x"}}
	if page := admin.Post("/admin/conversions/new", in).Is(422); page.Field("txid") != "H-1" {
		t.Error("what was typed is lost")
	}
	in.Del("com")
	page := admin.Post("/admin/conversions/new", in).Is(http.StatusSeeOther)
	safe(t, admin.Get(page.Header.Get("Location")).Is(200).Shows("H-1", "The conversion is made"))
	if got := n.Count(`SELECT count(*) FROM conversions WHERE txid = 'H-1'`); got != 1 {
		t.Errorf("%d conversions", got)
	}
	in.Set("click_id", "nonsense")
	admin.Post("/admin/conversions/new", in).Is(422).Shows("There is no click with this id")
}

// TestAGoalIsChosenByName: the goals of the offer that is chosen, or that the click is of, and of no other.
func TestAGoalIsChosenByName(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin, path := n.Operator(account.RoleAdmin), "/admin/conversions/new"
	o := n.OfferOf[portaltest.Public]
	lead, _, err := n.Offers.CreateGoal(t.Context(), portaltest.System, o.ID, offer.Goal{Alias: "chosen", Name: corpus[1]})
	if err != nil {
		t.Fatal(err)
	}
	offered := func(page *portaltest.Page) string {
		var all []string
		for _, option := range page.Is(200).All("option", "", "") {
			if parent := option.Parent; parent != nil {
				if name, _ := portaltest.Attr(parent, "name"); name == "goal_id" {
					all = append(all, portaltest.TextOf(option))
				}
			}
		}
		return strings.Join(all, "|")
	}
	var names []string
	for _, g := range o.Goals {
		names = append(names, cmp.Or(g.Name, g.Alias))
	}
	want := names[0] + ", the default|" + strings.Join(append(names[1:], corpus[1]), "|")
	in := url.Values{"offer_id": {fmtInt(o.ID) + " · Lumio Sleep"}, "affiliate_id": {fmtInt(n.AffiliateOf[0].ID)}, "txid": {"G-1"}, "look": {"1"}}
	form := admin.Get(path).Body
	if look, add := strings.Index(form, `name="look"`), strings.LastIndex(form, "Add conversion"); look < add {
		t.Error("Enter presses the button that only looks: it is the first of the form")
	}
	asked := admin.Post(path, in) // without scripts
	if safe(t, asked); offered(asked) != want || asked.Field("txid") != "G-1" || n.Count(`SELECT count(*) FROM conversions WHERE txid = 'G-1'`) != 0 {
		t.Errorf("offered %q", offered(asked))
	}
	for _, address := range []string{"?offer_id=" + fmtInt(o.ID), "?click_id=" + n.ClickIDs[portaltest.ClickLead]} {
		part := admin.Part(path+address, "make-goal")
		if safe(t, part); offered(part) != want || strings.Contains(part.Body, "<html") {
			t.Errorf("%s offers %q", address, offered(part))
		}
	}
	if got := offered(admin.Get(path + "?click=" + n.ClickIDs[portaltest.ClickLead])); got != want {
		t.Errorf("a click offers %q", got)
	}
	for _, nothing := range []string{"", "?offer_id=999999", "?offer_id=x", "?offer_id=" + fmtInt(n.OfferOf[portaltest.Private].ID)} {
		if got := offered(admin.Get(path + nothing)); strings.Contains(got, corpus[1]) {
			t.Errorf("%s offers %q", nothing, got)
		}
	}
	in.Del("look")
	in.Set("goal_id", fmtInt(lead.ID))
	admin.Post(path, in).Is(http.StatusSeeOther)
	if n.Count(`SELECT count(*) FROM conversions WHERE txid = 'G-1' AND goal_id = `+fmtInt(lead.ID)) != 1 {
		t.Error("the conversion is not of the goal that was chosen")
	}
	in.Set("offer_id", fmtInt(n.OfferOf[portaltest.Private].ID))
	in.Set("txid", "G-2")
	admin.Post(path, in).Is(422)
}

func TestClicksTellWhyTheyDoNotCount(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleViewer)
	admin.Get("/admin/clicks").Is(200).Shows("Lumio Sleep", "Voss Media", "The same visitor had clicked before", "fb-04")
	admin.Get("/admin/clicks?valid=yes").Is(200).Lacks("The same visitor had clicked before")
	admin.Get("/admin/clicks?q=theirs-1").Is(200).Shows("theirs-1").Lacks("theirs-2")
	admin.Get("/admin/clicks?q=" + n.ClickIDs[0]).Is(303).To("/admin/trace/" + n.ClickIDs[0])
	for _, evil := range corpus {
		safe(t, admin.Get("/admin/clicks?q="+url.QueryEscape(evil)).Is(200).Shows("No results with these filters"))
	}
	if file := admin.Get("/admin/clicks?format=csv").Is(200).Body; !strings.Contains(file, "invalid_reason") || !strings.Contains(file, "duplicate") {
		t.Error(file)
	}
}

func TestCallsAreReadAndReplayed(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleAdmin)
	admin.Get("/admin/postback-log").Is(200).Shows("Lumio Sleep", "203.0.113.9", "Refused")
	admin.Get("/admin/postback-log?status=recorded").Is(200).Lacks("badge-bad")
	refused := ""
	for _, href := range admin.Get("/admin/postback-log?status=refused").Is(200).Links() {
		if strings.HasPrefix(href, "/admin/postback-log/") {
			refused = href
		}
	}
	admin.Get(refused).Is(200).Shows("GET /postback?", "Replay").Lacks("token=wrong")
	admin.Get("/admin/postback-log/00000000-0000-0000-0000-000000000000").Is(404)
	n.Operator(account.RoleViewer).Get(refused).Is(200).Lacks("Replay")
	n.Operator(account.RoleViewer).Post(refused+"/replay", nil).Is(403)
	n.Exec(`UPDATE advertisers SET postback_auth = 'none'`)
	day := n.Now.Format(time.DateOnly)
	list := "/admin/postback-log?from=" + day + "&status=refused"
	admin.Get(list).Is(200).Shows("Replay 1 call?")
	admin.Post(refused+"/replay", nil).To(refused).Shows("Decided again")
	admin.Post("/admin/postback-log/replay", nil).To("/admin/postback-log").Shows("Choose a period first")
	n.Operator(account.RoleFinance).Post("/admin/postback-log/replay?from="+day, nil).Is(403)
	if got := n.Count(`SELECT count(*) FROM postback_log WHERE status = 'refused'`); got != 0 {
		t.Errorf("%d calls are refused still", got)
	}
}

func TestDeliveriesAreSentAgain(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleAdmin)
	n.Exec(`UPDATE deliveries SET status = 'failed' WHERE status = 'retrying'`)
	page := admin.Get("/admin/deliveries?status=failed").Is(200).Shows("Kettle Coffee", "Resend 1 failed postback?")
	one := ""
	for _, href := range page.Links() {
		if strings.HasPrefix(href, "/admin/deliveries/") {
			one = href
		}
	}
	admin.Get(one).Is(200).Shows("Voss Media", "Try 1", "broken.example")
	admin.Get("/admin/deliveries/00000000-0000-0000-0000-000000000000").Is(404)
	n.Operator(account.RoleViewer).Get("/admin/deliveries").Is(200).Lacks("Resend")
	n.Operator(account.RoleViewer).Post("/admin/deliveries/resend?status=failed", nil).Is(403)
	admin.Post("/admin/deliveries/resend?status=failed", nil).Is(303)
	if got := n.Count(`SELECT count(*) FROM deliveries WHERE status = 'failed'`); got != 0 {
		t.Errorf("%d have failed still", got)
	}
	admin.Post(one+"/resend", url.Values{"back": {"https://evil.example/"}}).Is(303).To("/admin/deliveries")
	if file := admin.Get("/admin/deliveries?format=csv").Is(200).Body; !strings.Contains(file, "event_status") {
		t.Error(file)
	}
}
