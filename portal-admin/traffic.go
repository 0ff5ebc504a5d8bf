package portaladmin

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// trafficNames name what rows of traffic refer to, and what their filters offer.
type trafficNames struct {
	a          *admin
	f          *portal.Frame
	offers     map[offer.ID]offer.Title
	affiliates map[affiliate.ID]string
	offerList, affiliateList,
	advertiserList []ui.Option
}

// named reads the names for a list; ids are the offers of its rows.
func (a *admin) named(f *portal.Frame, ids []offer.ID) (n trafficNames, err error) {
	n.a, n.f = a, f
	if n.offers, err = a.Offers.Titles(f.Context(), f.Actor, ids); err != nil {
		return n, err
	}
	list, err := a.Offers.List(f.Context(), f.Actor, offer.Filter{}, domain.Page{Limit: pickMost})
	if err != nil {
		return n, err
	}
	for _, o := range list.Items {
		n.offerList = append(n.offerList, ui.Option{Value: portal.Picked(o.ID, o.Name), Label: o.Name})
	}
	if n.affiliates, n.affiliateList, err = a.affiliateNames(f); err != nil {
		return n, err
	}
	_, n.advertiserList, err = a.advertiserNames(f)
	return n, err
}

func (n trafficNames) offer(id offer.ID) string {
	if t, ok := n.offers[id]; ok {
		return t.Name
	}
	if id == 0 {
		return portal.None
	}
	return portal.Unnamed("Offer", id)
}

func (n trafficNames) goal(of offer.ID, id offer.GoalID) string {
	if name := n.offers[of].Goals[id]; name != "" {
		return name
	}
	return portal.Unnamed("Goal", id)
}

func (n trafficNames) affiliate(id affiliate.ID) string {
	if id == 0 {
		return portal.None
	}
	return n.a.affiliateName(n.f, n.affiliates, id)
}

// called is the name of a chosen option, so that a field and a chip show it.
func called(options []ui.Option, id portal.Pick) string {
	for _, o := range options {
		var has portal.Pick
		if has.UnmarshalText([]byte(o.Value)) == nil && has == id {
			return o.Label
		}
	}
	return fmtID(id)
}

// pickField is a filter's field that offers names.
func pickField(name, label string, chosen portal.Pick, options []ui.Option) ui.Field {
	field := ui.Field{Name: name, ID: "filter-" + name, Label: label, Options: options, Placeholder: "Any " + strings.ToLower(label), Autocomplete: "off"}
	if chosen != 0 {
		field.Value = portal.Picked(chosen, called(options, chosen))
	}
	return field
}

func textField(name, label, value string) ui.Field {
	return ui.Field{Name: name, ID: "filter-" + name, Label: label, Value: value, Autocomplete: "off", MaxLength: 300}
}

func isPick(what string, options []ui.Option, id portal.Pick) string {
	if id == 0 {
		return ""
	}
	return what + " is " + called(options, id)
}

// periodChips are what a period adds to the chips.
func periodChips(p portal.Period) []string {
	pairs := []string{"from", "", "to", ""}
	if p.From != "" {
		pairs[1] = "Since " + p.From
	}
	if p.To != "" {
		pairs[3] = "Until " + p.To
	}
	return pairs
}

func setCount(on ...bool) string {
	n := 0
	for _, set := range on {
		if set {
			n++
		}
	}
	return badge(n)
}

// fileLink is the CSV of a list as its filter says.
func fileLink(path string, filter any, name string) ui.Button {
	return ui.Button{Label: "CSV", Name: "Download " + name + " as CSV", Icon: "download", Href: portal.URL(path, filter, "file", "csv", "cursor", "", "limit", ""), Download: true}
}

// clickText is a click's id as people see it.
func (a *admin) clickText(id click.ID) string {
	if id.IsZero() {
		return ""
	}
	return a.Clicks.Text(id)
}

func (a *admin) tracePath(f *portal.Frame, id click.ID) string {
	if id.IsZero() {
		return ""
	}
	return f.Path("/trace/" + a.Clicks.Text(id))
}

// findClick reads a click id of a filter; false for a text that names none.
func (a *admin) findClick(text string) (click.ID, bool) {
	id, err := a.Clicks.Parse(strings.ToLower(strings.TrimSpace(text)))
	return id, err == nil
}

func uuidOf(f *portal.Frame) (domain.UUID, error) {
	id, ok := domain.ParseUUID(strings.ToLower(f.Param("id")))
	if !ok {
		return id, noSuchThing()
	}
	return id, nil
}

func sortedNames(values map[string]string) []string { return slices.Sorted(maps.Keys(values)) }

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return iso(t)
}
