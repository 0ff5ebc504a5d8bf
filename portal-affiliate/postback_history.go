package portalaffiliate

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/history"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// snapshot is what the audit log keeps of a postback.
type snapshot struct {
	OfferID  int64    `json:"offer_id"`
	GoalID   int64    `json:"goal_id"`
	URL      string   `json:"url"`
	Method   string   `json:"method"`
	Statuses []string `json:"statuses"`
	GoalIDs  []int64  `json:"goal_ids"`
	Active   *bool    `json:"active"`
}

func snapshotOf(text json.RawMessage) (s snapshot, ok bool) {
	return s, len(text) > 0 && json.Unmarshal(text, &s) == nil && s.URL != ""
}

// historyView is what happened to a postback.
type historyView struct {
	head   ui.Head
	events []ui.Event
	pager  ui.PageLinks
}

// versions is the page of a postback's history.
func (p postbackPages) versions(f *portal.Frame) error {
	one, err := p.find(f)
	if err != nil {
		return err
	}
	var paging portal.Paging
	if err := f.Query(&paging); err != nil {
		return err
	}
	list, err := p.history.List(f.Context(), f.Actor, historyOf(one), paging.Slice())
	if err != nil {
		return err
	}
	versions := []postback.Postback{one}
	for _, e := range list.Items {
		for _, text := range []json.RawMessage{e.Before, e.After} {
			if s, ok := snapshotOf(text); ok {
				versions = append(versions, s.scope())
			}
		}
	}
	n, err := p.known(f, nil, versions...)
	if err != nil {
		return err
	}
	path := postbackPath(f, one.ID)
	v := historyView{head: ui.Head{Title: "History", Crumbs: []ui.Crumb{{Label: "Postbacks", Href: f.Path("/postbacks")}, {Label: n.title(one), Href: path}, {Label: "History"}},
		Lead: "Every change with who made it. A version can be put back: it opens in the form, and counts once you save it."}}
	for i, e := range list.Items {
		newest := i == 0 && paging.Cursor == ""
		v.events = append(v.events, eventOf(f, n, e, path, newest))
	}
	v.pager = ui.PageLinks{Text: counted(len(list.Items), "entry", "entries")}
	if paging.Cursor != "" {
		v.pager.NewerHref = path + "/history"
	}
	if list.NextCursor != "" {
		v.pager.OlderHref = portal.URL(path+"/history", nil, "cursor", list.NextCursor)
	}
	return f.Page("History", navPostbacks, historyPage(v))
}

func historyOf(one postback.Postback) history.Filter {
	return history.Filter{ObjectType: "postback", ObjectID: strconv.FormatInt(int64(one.ID), 10)}
}

// whoOf is who did it, as an affiliate may know: its own people by name, the network as such.
func whoOf(e history.Entry) string {
	switch {
	case e.UserEmail != "":
		return e.UserEmail
	case e.Actor == "network":
		return "the network"
	}
	return e.Actor
}

// deeds are what can happen to a postback: icon and words by the audit log's action.
var deeds = map[string]struct{ icon, what string }{
	"postback.create":        {"plus", "Created"},
	"postback.update":        {"edit", "Changed"},
	"postback.test":          {"flask", "Test sent"},
	"postback.rotate_secret": {"key", "Signing secret rotated"},
	"postback.backfill":      {"history", "Back-fill sent"},
	"postback.delete":        {"trash", "Deleted"},
}

func eventOf(f *portal.Frame, n names, e history.Entry, path string, newest bool) ui.Event {
	deed, ok := deeds[e.Action]
	if !ok {
		deed.icon, deed.what = "activity", e.Action
	}
	event := ui.Event{Icon: deed.icon, What: deed.what + " by " + whoOf(e), When: f.Time(e.At), Exact: f.Exact(e.At), ISO: e.At.UTC().Format(time.RFC3339)}
	after, changed := snapshotOf(e.After)
	if !changed {
		var count struct{ Count int }
		if e.Action == "postback.backfill" && json.Unmarshal(e.After, &count) == nil {
			event.Text = counted(count.Count, "delivery", "deliveries")
		}
		return event
	}
	before, _ := snapshotOf(e.Before)
	differences := differ(n, before, after)
	if before.Active != nil && after.Active != nil && *before.Active != *after.Active {
		event.What = map[bool]string{true: "Resumed by ", false: "Paused by "}[*after.Active] + whoOf(e)
		if len(differences) == 1 {
			differences = nil
		}
	}
	restore := ""
	if !newest && mayWrite(f) {
		restore = path + "?version=" + url.QueryEscape(e.ID.String())
	}
	event.Body = versionBody(differences, restore, f.Time(e.At))
	return event
}

// differ lists the fields in which two versions differ.
func differ(n names, before, after snapshot) (all []ui.Difference) {
	a, b := before.texts(n), after.texts(n)
	for _, field := range []string{"URL", "Method", "Statuses", "Offer", "Goal", "Only goals", "State"} {
		if a[field] != b[field] {
			all = append(all, ui.Difference{Field: field, Before: a[field], After: b[field]})
		}
	}
	return all
}

// scope is what it was called for, as a postback.
func (s snapshot) scope() (p postback.Postback) {
	postbackForm{Offer: portal.Pick(s.OfferID), Goal: s.GoalID, Goals: s.GoalIDs}.apply(&p)
	return p
}

func (s snapshot) texts(n names) map[string]string {
	texts := map[string]string{}
	if s.URL == "" {
		return texts
	}
	maps.Copy(texts, map[string]string{"URL": s.URL, "Method": s.Method, "Offer": "Every offer", "Goal": "Every goal"})
	var statuses, goals []string
	for _, status := range s.Statuses {
		statuses = append(statuses, ui.StatusOf(ui.Conversions, status).Word)
	}
	p := s.scope()
	for _, g := range p.GoalIDs {
		goals = append(goals, n.Goal(p.OfferID, g))
	}
	texts["Statuses"], texts["Only goals"] = strings.Join(statuses, ", "), strings.Join(goals, ", ")
	if p.OfferID != 0 {
		texts["Offer"] = n.Offer(p.OfferID)
	}
	if p.GoalID != 0 {
		texts["Goal"] = n.Goal(p.OfferID, p.GoalID)
	}
	if s.Active != nil {
		texts["State"] = map[bool]string{true: "Active", false: "Paused"}[*s.Active]
	}
	return texts
}

// version puts the version that the address names into the form, not yet saved, and says so. It tells whether there was
// one.
func (p postbackPages) version(f *portal.Frame, one postback.Postback, in *postbackForm, v *postbackView) (bool, error) {
	text := f.Echo.QueryParam("version")
	if text == "" || f.Echo.Request().Method != "GET" {
		return false, nil
	}
	id, ok := domain.ParseUUID(text)
	if !ok {
		return false, noPage()
	}
	filter := historyOf(one)
	filter.ID = history.ID{UUID: id}
	list, err := p.history.List(f.Context(), f.Actor, filter, domain.Page{Limit: 1})
	if err != nil {
		return false, err
	}
	if len(list.Items) == 0 {
		return false, errs.NotFound("not_found", "there is no such version")
	}
	s, ok := snapshotOf(list.Items[0].After)
	if !ok {
		return false, errs.NotFound("not_found", "there is no such version")
	}
	scope := in.Scope
	*in = postbackForm{URL: unmask(s.URL, one.URL), Method: s.Method, Statuses: s.Statuses, Offer: portal.Pick(s.OfferID), Goal: s.GoalID, Goals: s.GoalIDs, Scope: scope}
	notice := ui.Notice{Kind: ui.Warn, Strong: "This is the version of " + f.Time(list.Items[0].At) + ", not saved yet.", Text: "Look at the preview, send a test, then save to put it back.", LinkLabel: "Discard", LinkHref: postbackPath(f, one.ID)}
	if strings.Contains(in.URL, hidden) {
		notice.Text = "The history keeps no secrets: replace " + hidden + " in the URL, then save to put it back."
	}
	v.notices = append([]ui.Notice{notice}, v.notices...)
	return true, nil
}

// hidden stands in the audit log for a value that it does not keep.
const hidden = "***"

// unmask gives a URL of the history the secrets of the present one, by the names of the parameters.
func unmask(old, present string) string {
	head, query, ok := strings.Cut(old, "?")
	_, now, _ := strings.Cut(present, "?")
	if !ok {
		return old
	}
	values := map[string]string{}
	for pair := range strings.SplitSeq(now, "&") {
		if name, value, ok := strings.Cut(pair, "="); ok && values[name] == "" {
			values[name] = value
		}
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		if name, value, _ := strings.Cut(pair, "="); value == hidden && values[name] != "" {
			pairs[i] = name + "=" + values[name]
		}
	}
	return fmt.Sprintf("%s?%s", head, strings.Join(pairs, "&"))
}
