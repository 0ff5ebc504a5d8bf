package portal

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/ui"
)

// reportView is what the page shows.
type reportView struct {
	f      *Frame
	filter reportFilter
	zone   *time.Location
	report report.Report
	faults Faults
	seen   report.Seen
	total  int  // rows of the report
	more   bool // than can be shown
	note   string

	names Names
	goals []ui.Option // of the chosen offer
}

// readNames reads what the chosen things are called, and the goals of the chosen offer.
func (v *reportView) readNames() (err error) {
	v.names, err = v.f.Names(NameIDs{Offers: []offer.ID{offer.ID(v.filter.Offer)}, Affiliates: []affiliate.ID{affiliate.ID(v.filter.Affiliate)},
		Advertisers: []advertiser.ID{advertiser.ID(v.filter.Advertiser)}})
	for id, name := range v.names.Title(offer.ID(v.filter.Offer)).Goals {
		v.goals = append(v.goals, ui.Option{Value: strconv.FormatInt(int64(id), 10), Label: name})
	}
	slices.SortFunc(v.goals, func(a, b ui.Option) int { return strings.Compare(a.Label, b.Label) })
	return err
}

// cut leaves the rows of the page that is asked for.
func (v *reportView) cut() {
	size := v.filter.Rows
	if size <= 0 || size > reportMaxRows {
		size = reportRows
	}
	v.filter.Page = max(v.filter.Page, 1)
	if start := (v.filter.Page - 1) * size; start >= v.total || start < 0 {
		v.filter.Page = 1
	}
	first := (v.filter.Page - 1) * size
	v.report.Items = v.report.Items[first:min(first+size, v.total)]
}

// repeats says why one day, or one offer, stands in several rows; empty where none does.
func (v reportView) repeats() string {
	found, unknown := map[string]bool{}, false
	repeated := false
	for _, row := range v.report.Items {
		if row.Currency == "" {
			unknown = true
			continue
		}
		keys := fmt.Sprint(row.Keys)
		repeated = repeated || found[keys]
		found[keys] = true
	}
	var said []string
	if repeated {
		text := "Each currency has a row of its own, for money of different currencies is not added up."
		if v.filter.Currency == "" {
			text += " “Convert money to” under More filters brings them into one."
		}
		said = append(said, text)
	}
	if unknown {
		said = append(said, "Rows with “—” for money count clicks of links that name no offer there is.")
	}
	return strings.Join(said, " ")
}

// url is the page with other filters. It begins at the first rows again, unless it names a page.
func (v reportView) url(pairs ...string) string {
	return URL(v.f.Path("/reports"), v.filter, append([]string{"page", ""}, pairs...)...)
}

// pager says which rows are shown, and leads to the others.
func (v reportView) pager() (text, previous, next string) {
	shown, size := len(v.report.Items), v.filter.Rows
	if size <= 0 || size > reportMaxRows {
		size = reportRows
	}
	first := (v.filter.Page - 1) * size
	text = fmt.Sprintf("%s–%s of %s rows", Count(first+1), Count(first+shown), Count(v.total))
	if v.more {
		text = fmt.Sprintf("%s–%s of more than %s rows. The file has all of them", Count(first+1), Count(first+shown), Count(v.total))
	}
	if v.filter.Page > 1 {
		previous = v.url("page", pageText(v.filter.Page-1))
	}
	if first+shown < v.total {
		next = v.url("page", pageText(v.filter.Page+1))
	}
	return text, previous, next
}

func pageText(page int) string {
	if page <= 1 {
		return ""
	}
	return strconv.Itoa(page)
}

// levels is the line of groups.
func (v reportView) levels() ui.Levels {
	all := v.filter.levels()
	l := ui.Levels{ID: "report-group", Label: "Group by", Form: "report-filter", Field: "add", AddLabel: "Add a group"}
	for i, d := range all {
		level := ui.Level{Label: dimensionWord(d)}
		if i > 0 {
			level.EarlierHref = v.url("group", groupOf(swapped(all, i-1)))
		}
		if i < len(all)-1 {
			level.LaterHref = v.url("group", groupOf(swapped(all, i)))
		}
		if len(all) > 1 {
			level.RemoveHref = v.url("group", groupOf(slices.Delete(slices.Clone(all), i, i+1)))
		}
		l.Items = append(l.Items, level)
	}
	if len(all) < reportLevels {
		for _, d := range report.DimensionsOf(v.f.Actor) {
			if !slices.Contains(all, d) {
				l.Options = append(l.Options, ui.Option{Value: string(d), Label: dimensionWord(d)})
			}
		}
	}
	return l
}

func swapped(all []report.Dimension, i int) []report.Dimension {
	all = slices.Clone(all)
	all[i], all[i+1] = all[i+1], all[i]
	return all
}

// bar is the line of filters.
func (v reportView) bar() ui.Filter {
	from, to := v.filter.period(v.f.Now, v.zone)
	path := v.f.Path("/reports")
	bar := ui.Filter{ID: "report-filter", Action: path, Fields: reportFields(v),
		Range:     &ui.DateRange{ID: "report-dates", From: from, To: to, Today: v.f.Now.In(v.zone).Format(time.DateOnly), Label: Period{From: from, To: to}.Label("Choose dates"), Zone: v.zone.String()},
		Hidden:    []ui.Option{{Label: "group", Value: v.filter.Group}},
		ResetHref: URL(path, reportFilter{Group: v.filter.Group, From: v.filter.From, To: v.filter.To, Zone: v.filter.Zone, Columns: v.filter.Columns})}
	for _, h := range []ui.Option{{Label: "sort", Value: string(v.filter.Sort)}, {Label: "rising", Value: truth(v.filter.Rising)}, {Label: columnsField, Value: v.filter.Columns}} {
		if h.Value != "" {
			bar.Hidden = append(bar.Hidden, h)
		}
	}
	chip := func(text, field string) {
		bar.Chips = append(bar.Chips, ui.Chip{Text: text, Href: v.url(field, "")})
	}
	for _, c := range []struct {
		kind search.Kind
		id   Pick
	}{{search.KindOffer, v.filter.Offer}, {search.KindAffiliate, v.filter.Affiliate}, {search.KindAdvertiser, v.filter.Advertiser}} {
		if c.id != 0 {
			chip(v.names.IsPicked(c.kind, c.id), string(c.kind))
		}
	}
	if v.filter.Goal != 0 {
		chip(Is("Goal", v.names.Goal(offer.ID(v.filter.Offer), offer.GoalID(v.filter.Goal))), "goal")
	}
	for _, c := range []struct{ value, text, field string }{{v.filter.Country, "Country is ", "country"}, {v.filter.Sub1, "Sub 1 is ", "sub1"},
		{v.filter.Currency, "All in ", "currency"}, {v.filter.Zone, "Days of ", "tz"}} {
		if c.value != "" {
			chip(c.text+c.value, c.field)
		}
	}
	return bar
}

func truth(on bool) string {
	if on {
		return "1"
	}
	return ""
}

// pickField narrows the report to one thing of a kind.
func (v reportView) pickField(kind search.Kind, chosen Pick) ui.Field {
	field := v.f.FilterPick(kind, chosen, v.names)
	field.ID, field.Error = "report-"+string(kind), v.faults[string(kind)]
	return field
}

// numberField does so by the number of what the viewer knows no name of.
func (v reportView) numberField(name, label string, chosen Pick) ui.Field {
	field := v.textField(name, label, Picked(chosen, ""), 20)
	field.Hint, field.InputMode, field.Placeholder = "By its number.", "numeric", "Any "+name
	return field
}

func (v reportView) textField(name, label, value string, most int) ui.Field {
	return ui.Field{Name: name, ID: "report-" + name, Label: label, Value: value, MaxLength: most, Autocomplete: "off", Error: v.faults[name]}
}

func (v reportView) goalField() ui.Field {
	return ui.Field{Name: "goal", ID: "report-goal", Label: "Goal", Hint: "Clicks have no goal and are left out.", Value: strconv.FormatInt(int64(v.filter.Goal), 10),
		Options: append([]ui.Option{{Label: "Any goal"}}, v.goals...)}
}

func (v reportView) currencyField() ui.Field {
	field := ui.Field{Name: "currency", ID: "report-currency", Label: "Convert money to", Value: v.filter.Currency, Options: []ui.Option{{Label: "Each its own currency"}}}
	for _, c := range money.Currencies() {
		field.Options = append(field.Options, ui.Option{Value: string(c), Label: string(c)})
	}
	return field
}

func (v reportView) zoneField() ui.Field {
	field := ui.Field{Name: "tz", ID: "report-tz", Label: "Time zone", Hint: "Decides where days begin. Yours is " + v.f.Zone.String() + ".", Value: v.filter.Zone, Autocomplete: "off", MaxLength: 64, Error: v.faults["tz"]}
	for _, zone := range []string{"UTC", "Europe/London", "Europe/Berlin", "Europe/Kyiv", "Europe/Istanbul", "Asia/Dubai", "Asia/Kolkata", "Asia/Singapore", "Asia/Tokyo",
		"Australia/Sydney", "America/New_York", "America/Chicago", "America/Los_Angeles", "America/Sao_Paulo"} {
		field.Options = append(field.Options, ui.Option{Value: zone})
	}
	return field
}

// narrowed is how many of the filters behind "More filters" are set.
func (v reportView) narrowed() string {
	n := 0
	for _, on := range []bool{v.filter.Affiliate != 0, v.filter.Advertiser != 0, v.filter.Goal != 0, v.filter.Country != "", v.filter.Sub1 != "", v.filter.Currency != "", v.filter.Zone != ""} {
		if on {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// export is the report to be taken away.
func (v reportView) export() templ.Component {
	from, to := v.filter.period(v.f.Now, v.zone)
	filter := v.filter
	filter.Page, filter.Rows, filter.Sort, filter.Rising, filter.Columns, filter.View = 0, 0, "", false, "", ""
	return v.f.Export(Export{Things: "report", Path: v.f.Path("/reports/file"), Filter: filter, API: "/reports", Asked: []string{
		"group_by", v.filter.Group, "from", from, "to", to, "tz", v.zone.String(), "offer_id", Picked(v.filter.Offer, ""), "affiliate_id", Picked(v.filter.Affiliate, ""),
		"advertiser_id", Picked(v.filter.Advertiser, ""), "goal_id", Picked(v.filter.Goal, ""), "country", v.filter.Country, "sub1", v.filter.Sub1, "currency", v.filter.Currency}})
}

// missing says what could not be converted.
func (v reportView) missing() *ui.Notice {
	if len(v.report.Missing) == 0 {
		return nil
	}
	n := &ui.Notice{Kind: ui.Warn, Strong: "Not all could be converted to " + v.filter.Currency + "."}
	for _, m := range v.report.Missing {
		n.Text += fmt.Sprintf("There is no rate from %s on %s. ", m.Currency, plural(len(m.Days), "day"))
	}
	n.Text += "What happened on those days stands in rows of its own currency."
	if v.f.May(account.PermissionManageNetwork) {
		n.LinkLabel, n.LinkHref = "Add rates", v.f.Path("/rates")
	}
	return n
}

// failure is why there is no report.
func (v reportView) failure() string {
	for _, name := range []string{"", "group_by", "from", "to", "tz", "currency"} {
		if text := v.faults[name]; text != "" {
			return map[string]string{"from": "Begin: ", "to": "End: ", "group_by": "Group by: ", "tz": "Time zone: ", "currency": "Currency: "}[name] + text
		}
	}
	for _, text := range v.faults {
		return text
	}
	return ""
}
