package portaladmin

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

func textField(name, label, value string) ui.Field {
	return ui.Field{Name: name, ID: "filter-" + name, Label: label, Value: value, Autocomplete: "off", MaxLength: 300}
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
