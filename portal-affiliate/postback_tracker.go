package portalaffiliate

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/waypost/waypost/domain/preset"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// own is the template for a tracker that no preset knows.
var own = preset.Preset{Name: "own", Title: "Your own tracker", Kinds: []preset.Kind{preset.KindTracker},
	PostbackURL:           "https://YOUR-TRACKER-DOMAIN/postback?cid={aff_click_id}&payout={payout}&currency={currency}&status={status}&txid={txid}",
	TrackingLinkParameter: "aff_click_id=YOUR-CLICK-ID",
	Notes: []string{"Replace YOUR-CLICK-ID by your tracker's token for its click id, so that each click brings its own id here.",
		"Rename the parameters before the equals signs to what your tracker expects; the tokens after them stay."}}

// trackers are the presets for affiliates: trackers first, then platforms of networks, last the own one.
func trackers() []preset.Preset {
	var pure, others []preset.Preset
	for _, p := range preset.All() {
		switch {
		case !p.Is(preset.KindTracker):
		case len(p.Link) > 0:
			others = append(others, p)
		default:
			pure = append(pure, p)
		}
	}
	return append(slices.Concat(pure, others), own)
}

func findTracker(name string) (preset.Preset, bool) {
	all := trackers()
	i := slices.IndexFunc(all, func(p preset.Preset) bool { return p.Name == name })
	if i < 0 {
		return preset.Preset{}, false
	}
	return all[i], true
}

// trackerMenu is "Start from a tracker", and the tracker that was chosen there.
type trackerMenu struct {
	items  []ui.MenuItem
	chosen *trackerView
}

type trackerView struct {
	title     string
	action    string      // the page, which the answers are sent to
	hidden    []ui.Option // what the page's address holds besides: Label is the name
	fields    []ui.Field  // the placeholders
	parameter string      // to add to the tracking link
	notes     []string
	sources   []preset.Source
	filled    bool // the form holds the tracker's URL
	cancel    string
}

// placeholder is what only the tracker's user knows.
var placeholder = regexp.MustCompile(`YOUR-[A-Z]+(-[A-Z]+)*`)

// maxAnswer bounds what is typed for a placeholder.
const maxAnswer = 200

// tracker reads which tracker the page's address names, with the answers for its placeholders, and gives the URL that
// they make; empty while an answer is missing.
func tracker(f *portal.Frame, page string) (trackerMenu, string) {
	menu := trackerMenu{}
	query := url.Values{}
	if offer := f.Echo.QueryParam("offer_id"); offer != "" {
		query.Set("offer_id", offer)
	}
	for _, p := range trackers() {
		query.Set("tracker", p.Name)
		menu.items = append(menu.items, ui.MenuItem{Label: p.Title, Href: page + "?" + query.Encode() + "#tracker", Rule: p.Name == own.Name})
	}
	p, ok := findTracker(f.Echo.QueryParam("tracker"))
	if !ok {
		return menu, ""
	}
	query.Del("tracker")
	v := trackerView{title: p.Title, action: page, cancel: portal.URL(page, nil, "offer_id", query.Get("offer_id")), parameter: p.TrackingLinkParameter, notes: notesOf(p), sources: p.Sources,
		hidden: []ui.Option{{Label: "tracker", Value: p.Name}}}
	if query.Has("offer_id") {
		v.hidden = append(v.hidden, ui.Option{Label: "offer_id", Value: query.Get("offer_id")})
	}
	address, missing := p.PostbackURL, false
	for i, name := range unique(placeholder.FindAllString(p.PostbackURL, -1)) {
		field := ui.Field{Name: "v", ID: "tracker-" + strings.ToLower(name), Label: label(name), Value: answer(f.Echo.QueryParams()["v"], i, name), MaxLength: maxAnswer, Autocomplete: "off", Focus: i == 0}
		if strings.HasSuffix(name, "DOMAIN") {
			field.Placeholder = "track.example.com"
		}
		v.fields = append(v.fields, field)
		missing = missing || field.Value == ""
		address = strings.ReplaceAll(address, name, field.Value)
	}
	v.filled = !missing
	menu.chosen = &v
	if missing {
		return menu, ""
	}
	return menu, address
}

// notesOf are the notes for affiliates: those for advertisers and for who migrates follow them.
func notesOf(p preset.Preset) (notes []string) {
	for _, note := range p.Notes {
		if strings.HasPrefix(note, "As an advertiser's") || strings.HasPrefix(note, "As a former") {
			break
		}
		note = strings.TrimPrefix(strings.TrimPrefix(note, "As an affiliate's tracker: "), "As an affiliate's network: ")
		notes = append(notes, strings.ToUpper(note[:1])+note[1:])
	}
	return notes
}

// answer is what was typed for a placeholder. A domain may be pasted as an address.
func answer(typed []string, i int, name string) string {
	if i >= len(typed) {
		return ""
	}
	text := strings.TrimSpace(typed[i])
	if strings.HasSuffix(name, "DOMAIN") {
		if _, rest, ok := strings.Cut(text, "://"); ok {
			text = rest
		}
		if end := strings.IndexAny(text, "/?#"); end >= 0 {
			text = text[:end]
		}
	}
	return text[:min(len(text), maxAnswer)]
}

// label makes words of a placeholder: YOUR-TRACKER-DOMAIN is "Tracker domain".
func label(name string) string {
	words := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, "YOUR-"), "-", " "))
	words = strings.ToUpper(words[:1]) + words[1:]
	return strings.TrimSuffix(words, " id") + map[bool]string{true: " ID"}[strings.HasSuffix(words, " id")]
}

func unique(all []string) (list []string) {
	for _, s := range all {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}
