package portalaffiliate

import (
	"fmt"
	"strings"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

const postbacksPerPage = 25

// postbacksView is the list of postbacks.
type postbacksView struct {
	head   ui.Head
	health []ui.Stat
	table  ui.Table
	pager  ui.PageLinks
}

// list shows the global postback first, then those of offers and goals.
func (p postbackPages) list(f *portal.Frame) error {
	var in struct {
		Page int `query:"page"`
	}
	if err := f.Query(&in); err != nil {
		return err
	}
	all, n, err := p.all(f)
	if err != nil {
		return err
	}
	v := postbacksView{head: ui.Head{Title: "Postbacks", Lead: "How your tracker hears of your conversions: one for all offers, and where you like one for an offer or a goal."}}
	performance, err := p.postbacks.PerformanceOfAll(f.Context(), f.Actor, affiliate.ID(f.Actor.AffiliateID))
	if err != nil {
		return err
	}
	if len(all) > 0 {
		v.health = healthOf(performance, f.Path("/deliveries?status=retrying"))
	}
	hasGlobal := len(all) > 0 && all[0].OfferID == 0
	if mayWrite(f) {
		v.head.Actions = listActions(f.Path("/deliveries"), newPath(f, hasGlobal), newLabel(hasGlobal))
	} else {
		v.head.Actions = listActions(f.Path("/deliveries"), "", "")
	}
	in.Page = min(max(in.Page, 1), max((len(all)+postbacksPerPage-1)/postbacksPerPage, 1))
	first := (in.Page - 1) * postbacksPerPage
	shown := all[first:min(first+postbacksPerPage, len(all))]
	v.table = ui.Table{ID: "postbacks", Name: "Postbacks", Columns: []ui.Column{{Label: "Postback", Wide: true}, {Label: "Sends", Hide: true}, {Label: "State"},
		{Label: "Success, 24 h", Number: true, Hide: true}, {Label: "Last answer", Hide: true}, {Label: "Waiting", Number: true, Hide: true}},
		Empty: ui.Empty(ui.Nothing{Icon: "webhook", Title: "No postback yet", Text: "Your tracker does not hear of your conversions. Set the global postback once, and it is called for every offer.", Next: firstStep(f)})}
	for _, one := range shown {
		row, err := p.listRow(f, n, one)
		if err != nil {
			return err
		}
		v.table.Rows = append(v.table.Rows, row)
	}
	if len(all) > postbacksPerPage {
		v.pager.Text = fmt.Sprintf("%d–%d of %d", first+1, first+len(shown), len(all))
		page := func(number int) string { return portal.URL(f.Path("/postbacks"), nil, "page", fmt.Sprint(number)) }
		if in.Page > 1 {
			v.pager.NewerHref = page(in.Page - 1)
		}
		if first+len(shown) < len(all) {
			v.pager.OlderHref = page(in.Page + 1)
		}
	}
	return f.Page("Postbacks", navPostbacks, postbacksPage(v))
}

func newPath(f *portal.Frame, hasGlobal bool) string {
	if hasGlobal {
		return f.Path("/postbacks/new")
	}
	return f.Path("/postbacks/global")
}

func newLabel(hasGlobal bool) string {
	if hasGlobal {
		return "Add postback"
	}
	return "Set global postback"
}

func firstStep(f *portal.Frame) ui.Button {
	if !mayWrite(f) {
		return ui.Button{}
	}
	return ui.Button{Label: "Set global postback", Look: ui.Primary, Href: f.Path("/postbacks/global")}
}

func (p postbackPages) listRow(f *portal.Frame, n names, one postback.Postback) (ui.Row, error) {
	performance, err := p.postbacks.Performance(f.Context(), f.Actor, one.ID)
	if err != nil {
		return ui.Row{}, err
	}
	last, err := p.postbacks.ListDeliveries(f.Context(), f.Actor, postback.DeliveryFilter{PostbackID: one.ID}, domain.Page{Limit: 1})
	if err != nil {
		return ui.Row{}, err
	}
	var statuses []string
	for _, s := range one.Statuses {
		statuses = append(statuses, ui.StatusOf(ui.Conversions, string(s)).Word)
	}
	rate := portal.None
	if r := performance.Last.Rate(); r != "" {
		rate = r + "%"
	}
	answer := ui.Cell{Text: portal.None}
	if len(last.Items) > 0 {
		d := last.Items[0]
		result := f.DeliveryResultOf(d)
		answer = ui.Cell{Badge: ui.Badge(result.Kind, result.Word), Title: result.Text}
	}
	state := ui.Cell{Badge: ui.StatusBadge(ui.Postbacks, stateOf(one))}
	switch {
	case one.PausedReason != "":
		state.Badge = ui.Badge(ui.Bad, "Paused by errors")
	case one.Active && one.Failures > 0:
		state.Badge = ui.Badge(ui.Warn, "Failing")
	}
	title := n.title(one)
	return ui.Row{ID: fmt.Sprintf("postback-%d", one.ID), Name: title, Cells: []ui.Cell{
		{Text: title, Href: postbackPath(f, one.ID), Sub: hostOf(one.URL), Narrow: hostOf(one.URL) + " · " + rate},
		{Text: one.Method + " · " + strings.Join(statuses, ", ")}, state, {Text: rate}, answer, {Text: portal.Count(performance.Waiting + performance.Retrying + performance.Paused)},
	}}, nil
}
