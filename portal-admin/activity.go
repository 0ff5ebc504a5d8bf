package portaladmin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/history"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// activityView is the tab with what was done to a record.
type activityView struct {
	Title, Text string
	Events      []ui.Event
	Pager       ui.PageLinks
}

// activity is the tab of a partner's record.
func (a *admin) activity(f *portal.Frame, p party) error {
	v, err := a.activityOf(f, string(p.kind), p.id, p.base(f)+"/activity")
	if err != nil {
		return err
	}
	return a.renderParty(f, 200, p, "/activity", "Activity", activityTab(v))
}

// activityOf reads the history of one object.
func (a *admin) activityOf(f *portal.Frame, kind string, id int64, path string) (activityView, error) {
	var filter struct{ portal.Paging }
	if err := f.Query(&filter); err != nil {
		return activityView{}, err
	}
	list, err := a.History.List(f.Context(), f.Actor, history.Filter{ObjectType: kind, ObjectID: fmt.Sprint(id)}, filter.Slice())
	if err != nil {
		return activityView{}, err
	}
	return activityView{Title: "Activity", Text: "Who changed what, newest first. Times in " + f.Zone.String() + ".",
		Events: events(f, list), Pager: portal.Pager(path, filter, filter.Paging, list, "change")}, nil
}

func events(f *portal.Frame, list domain.Slice[history.Entry]) []ui.Event {
	var all []ui.Event
	for _, e := range list.Items {
		who := e.UserEmail
		if who == "" {
			who = capital(e.Actor)
		}
		shown := ui.Event{Icon: deedIcon(e.Action), Kind: deedKind(e.Action), What: deed(e.Action), Text: who, When: f.Ago(e.At), Exact: f.Exact(e.At), ISO: iso(e.At)}
		if e.IP != "" {
			shown.Text += " · " + e.IP
		}
		if changed := differences(e.Before, e.After); len(changed) > 0 {
			shown.Body = diffFold(portal.Counted(len(changed), "field"), "What changed, "+f.Exact(e.At)+", entry "+e.ID.String(), changed)
		} else if strings.HasSuffix(e.Action, ".update") {
			shown.Text += " · saved without a change"
		}
		all = append(all, shown)
	}
	return all
}

// deeds are the words for what the audit log knows by a code.
var deeds = map[string]string{
	"affiliate.create": "Affiliate created", "affiliate.update": "Affiliate changed", "affiliate.delete": "Affiliate deleted",
	"advertiser.create": "Advertiser created", "advertiser.update": "Advertiser changed", "advertiser.delete": "Advertiser deleted",
	"offer.create": "Offer created", "offer.update": "Offer changed", "offer.delete": "Offer deleted", "offer_access.set": "Access decided",
	"goal.create": "Goal added", "goal.update": "Goal changed", "goal.delete": "Goal deleted",
	"coupon.create": "Coupon added", "coupon.update": "Coupon changed", "coupon.delete": "Coupon deleted",
	"note.create": "Note written", "note.delete": "Note deleted",
	"conversion.create": "Conversion added by hand", "conversion.status": "Conversion's status changed", "conversion.amounts": "Conversion's amounts changed", "conversion.approve": "Conversion approved after its hold",
	"postback.create": "Postback made", "postback.update": "Postback changed", "postback.delete": "Postback deleted", "postback.pause": "Postback paused by itself",
	"postback.test": "Postback tested", "postback.backfill": "Missed postbacks sent", "postback.rotate_secret": "Signing secret renewed", "delivery.resend": "Delivery sent again",
	"postback.rehearse": "Test sent in the advertiser's place", "postback_log.replay": "Incoming call decided again",
	"user.create": "User made", "user.update": "User changed", "user.delete": "User deleted", "user.invite": "User invited", "user.login": "Logged in", "user.logout": "Logged out",
	"user.password": "Password set", "user.forgot_password": "New password asked for", "user.session_end": "A log-in ended", "user.sessions_end": "Logged out everywhere", "user.token_reuse": "Old token used again: logged out",
	"second_factor.start": "Second factor begun", "second_factor.on": "Second factor switched on", "second_factor.off": "Second factor switched off", "second_factor.codes": "Recovery codes renewed", "second_factor.recovery_code": "Recovery code used",
	"api_key.create": "API key made", "api_key.delete": "API key deleted", "trace_link.create": "Trace shared by a link", "trace_link.revoke": "Shared link revoked",
	"network.update": "Settings changed", "exchange_rate.put": "Exchange rate set",
	"view_as.start": "Portal viewed as this partner", "view_as.stop": "Viewing ended",
	"application.create": "Application sent", "application.verify": "E-mail address confirmed", "application.approved": "Application approved", "application.rejected": "Application rejected",
}

// deed says what was done; an action that has no words yet shows as it is.
func deed(action string) string {
	if words, ok := deeds[action]; ok {
		return words
	}
	return capital(strings.NewReplacer("_", " ", ".", ": ").Replace(action))
}

func deedIcon(action string) string {
	_, verb, _ := strings.Cut(action, ".")
	switch verb {
	case "create":
		return "plus"
	case "delete":
		return "trash"
	case "start", "stop":
		return "eye"
	case "approved":
		return "check"
	case "rejected":
		return "x"
	}
	return "edit"
}

func deedKind(action string) ui.Kind {
	_, verb, _ := strings.Cut(action, ".")
	switch verb {
	case "create", "approved":
		return ui.OK
	case "delete", "rejected":
		return ui.Bad
	}
	return ui.Neutral
}

// differences are the fields in which two snapshots differ.
func differences(before, after json.RawMessage) []ui.Difference {
	was, is := flat(before), flat(after)
	names := map[string]bool{}
	for name := range was {
		names[name] = true
	}
	for name := range is {
		names[name] = true
	}
	var all []ui.Difference
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if was[name] != is[name] && !slices.Contains([]string{"UpdatedAt", "CreatedAt", "updated_at", "created_at"}, name) {
			all = append(all, ui.Difference{Field: fieldWords(name), Before: was[name], After: is[name]})
		}
	}
	return all
}

// flat brings a snapshot to texts by path: "Goals[0].Payout.Model".
func flat(snapshot json.RawMessage) map[string]string {
	all := map[string]string{}
	d := json.NewDecoder(bytes.NewReader(snapshot))
	d.UseNumber()
	var v any
	if d.Decode(&v) == nil {
		flatten("", v, all)
	}
	return all
}

func flatten(path string, v any, all map[string]string) {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for name, value := range v {
			if path != "" {
				name = path + "." + name
			}
			flatten(name, value, all)
		}
	case []any:
		for i, value := range v {
			flatten(path+"["+strconv.Itoa(i)+"]", value, all)
		}
	default:
		all[path] = fmt.Sprint(v)
	}
}

var listIndex = regexp.MustCompile(`\[\d+\]`)

// fieldWords makes words of a path: "Goals[0].PayoutModel" is "Goals 1 payout model".
func fieldWords(path string) string {
	path = listIndex.ReplaceAllStringFunc(path, func(index string) string {
		n, err := strconv.Atoi(strings.Trim(index, "[]"))
		if err != nil {
			return index
		}
		return " " + strconv.Itoa(n+1) // people count from 1
	})
	var b strings.Builder
	letters := []rune(path)
	for i, r := range letters {
		begins := unicode.IsUpper(r) && i > 0 &&
			(unicode.IsLower(letters[i-1]) || unicode.IsUpper(letters[i-1]) && i+1 < len(letters) && unicode.IsLower(letters[i+1]))
		switch {
		case r == '.' || r == '_':
			b.WriteByte(' ')
			continue
		case begins:
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	if words := strings.TrimSpace(b.String()); words != "" {
		return capital(strings.ReplaceAll(words, "payout", "commission")) // screens keep payout for payments
	}
	return "Value"
}
