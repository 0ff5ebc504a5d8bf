package portaladvertiser

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

const trackingPath = "/tracking"

// trackingQuery chooses the way of reporting, the goal and the platform.
type trackingQuery struct {
	Way      string `query:"way"`
	Goal     string `query:"goal"`
	Platform string `query:"platform"`
}

// trackingView is the set-up of one offer's tracking.
type trackingView struct {
	o            offer.Offer
	path         string
	query        trackingQuery
	warning      string // the destination carries no click id
	ways         []ui.Tab
	goals        []ui.Option
	url          string
	code         []ui.Sample
	pixels       []ui.Sample
	coupon       string
	platforms    []ui.Option
	platformURL  string
	platformParm string
	notes        []string
	account      []ui.Pair
	parameters   ui.Table
	in           testInput
	faults       portal.Faults
	fields       []ui.Field
	sent         *sentTest
	mayTest      bool
}

// sentTest is a test call that was just made, and what was answered.
type sentTest struct {
	query, text, trace, conversion string
	status                         string
	code                           string
	warnings                       string
}

// trackings chooses the offer to set up.
func (s *pages) trackings(f *portal.Frame) error {
	var filter offerFilter
	if err := f.Query(&filter); err != nil {
		return err
	}
	found, err := s.Offers.List(f.Context(), f.Actor, offer.Filter{Search: strings.TrimSpace(filter.Search)}, filter.Slice())
	if err != nil {
		return err
	}
	if len(found.Items) == 1 && filter.Search == "" && filter.Cursor == "" {
		return f.Redirect(f.Path(offersPath + "/" + idText(int64(found.Items[0].ID)) + trackingPath))
	}
	path := f.Path(trackingPath)
	v := listView{Head: ui.Head{Title: "Tracking set-up", Lead: "Choose the offer: its address, codes and a test stand ready."},
		Filter: ui.Filter{ID: "filter", Action: path, Search: "q", SearchLabel: "Search offers", SearchValue: filter.Search, ResetHref: path,
			Chips: portal.Chips(path, filter, "q", portal.Is("Name", filter.Search))},
		Pager: portal.Pager(path, filter, filter.Paging, found, "offer")}
	v.Table = ui.Table{ID: "offers", Name: "Offers", Empty: noOffers(f, len(v.Filter.Chips) > 0), Columns: []ui.Column{{Label: "Offer", Wide: true}, {Label: "Status"}}, Actions: true}
	for _, o := range found.Items {
		href := f.Path(offersPath + "/" + idText(int64(o.ID)) + trackingPath)
		v.Table.Rows = append(v.Table.Rows, ui.Row{ID: "offer-" + idText(int64(o.ID)), Name: o.Name, Cells: []ui.Cell{{Text: o.Name, Href: href, Sub: "#" + idText(int64(o.ID)), Narrow: "#" + idText(int64(o.ID)), Square: ui.Initials(o.Name)},
			{Body: ui.StatusBadge(ui.Offers, string(o.Status))}}, Actions: ui.Btn(ui.Button{Label: "Set up", Name: "Set up tracking of " + o.Name, Small: true, Href: href})})
	}
	return f.Page("Tracking set-up", trackingPath, listPage(v))
}

func (s *pages) tracking(f *portal.Frame) error {
	return s.showTracking(f, http.StatusOK, trackingView{in: testInput{TxID: "test-" + strconv.FormatInt(f.Now.Unix(), 10)}})
}

func (s *pages) showTracking(f *portal.Frame, status int, v trackingView) error {
	id, err := number[offer.ID](f, "id")
	if err != nil {
		return err
	}
	if v.o, err = s.Offers.Get(f.Context(), f.Actor, id); err != nil {
		return err
	}
	if err := f.Query(&v.query); err != nil {
		return err
	}
	a, err := s.Advertisers.Get(f.Context(), f.Actor, own(f))
	if err != nil {
		return err
	}
	v.path = f.Path(offersPath + "/" + idText(int64(id)) + trackingPath)
	goal := s.chooseGoal(&v)
	if len(s.Offers.Standing(v.o)) > 0 {
		v.warning = "The offer's destination carries no click id, so that your server cannot name the click. Ask the network to add {click_id} to it."
	}
	fill := func(text string) string { return filled(text, s.TrackingURL, a, v.o, goal) }
	v.url, v.coupon = fill(postbackURL(a)), fill(couponSample(a))
	v.code, v.pixels = samples(callSamples(a), s.TrackingURL, a, v.o, goal), samples(pixelSamples, s.TrackingURL, a, v.o, goal)
	s.choosePlatform(&v, fill)
	for _, way := range [][2]string{{"", "Your server"}, {"platform", "A platform"}, {"pixel", "Pixel"}, {"coupon", "Coupon codes"}} {
		v.ways = append(v.ways, ui.Tab{Label: way[1], Href: portal.URL(v.path, v.query, "way", way[0]), Current: v.query.Way == way[0]})
	}
	v.account = accountPairs(a)
	v.parameters = ui.Table{ID: "parameters", Name: "Parameters", Compact: true, Columns: []ui.Column{{Label: "Name"}, {Label: "What it says", Wide: true, Wrap: true}}}
	for _, p := range callParameters {
		v.parameters.Rows = append(v.parameters.Rows, ui.Row{Cells: []ui.Cell{{Text: p[0], Mono: true}, {Body: parameterText(p[1], p[2])}}})
	}
	v.mayTest = f.May(account.PermissionManageConversions)
	if err := s.testFields(f, &v, goal); err != nil {
		return err
	}
	return f.Render(status, "Tracking set-up: "+v.o.Name, trackingPath, trackingPage(f, v))
}

// chooseGoal is the goal that the texts name: the chosen one, else the default.
func (s *pages) chooseGoal(v *trackingView) string {
	goal := ""
	for _, g := range v.o.Goals {
		name := g.Name
		if name == "" {
			name = g.Alias
		}
		v.goals = append(v.goals, ui.Option{Value: g.Alias, Label: name})
		if g.Alias == v.query.Goal || goal == "" && g.IsDefault {
			goal = g.Alias
		}
	}
	v.query.Goal = goal
	return goal
}

func (s *pages) choosePlatform(v *trackingView, fill func(string) string) {
	all := platforms()
	if len(all) == 0 {
		return
	}
	chosen := all[0]
	for _, p := range all {
		v.platforms = append(v.platforms, ui.Option{Value: p.Name, Label: p.Title})
		if p.Name == v.query.Platform {
			chosen = p
		}
	}
	v.query.Platform = chosen.Name
	v.platformURL, v.platformParm, v.notes = fill(chosen.AdvertiserPostbackURL), chosen.DestinationParameter, chosen.Notes
}

var authWords = map[advertiser.Auth]string{advertiser.AuthToken: "your token in each call", advertiser.AuthHMAC: "a signature with your secret (HMAC)",
	advertiser.AuthIP: "the address that calls come from", advertiser.AuthNone: "nothing: whoever knows a click id can report"}

// accountPairs are how the advertiser's calls prove who sends them.
func accountPairs(a advertiser.Advertiser) []ui.Pair {
	pairs := []ui.Pair{{Label: "Proof", Text: authWords[a.PostbackAuth]}}
	if a.PostbackToken != "" && a.PostbackAuth != advertiser.AuthNone {
		pairs = append(pairs, ui.Pair{Label: map[bool]string{true: "Secret", false: "Token"}[a.PostbackAuth == advertiser.AuthHMAC], Text: a.PostbackToken, Mono: true, Copy: true})
	}
	allowed := "any"
	if len(a.IPAllowlist) > 0 {
		allowed = strings.Join(a.IPAllowlist, ", ")
	}
	pairs = append(pairs, ui.Pair{Label: "Addresses that may call", Text: allowed, Mono: len(a.IPAllowlist) > 0})
	if a.AlwaysOK {
		pairs = append(pairs, ui.Pair{Label: "Answer", Text: "HTTP 200, also for refused calls"})
	}
	for _, word := range sortedNames(a.StatusMap) {
		pairs = append(pairs, ui.Pair{Label: "Your status " + word, Body: ui.StatusBadge(ui.Conversions, a.StatusMap[word])})
	}
	return pairs
}

// testInput is the form of a test call.
type testInput struct {
	ClickID string `form:"click_id"`
	Goal    string `form:"goal"`
	Val     string `form:"val"`
	TxID    string `form:"txid"`
	Status  string `form:"status"`
}

// testFields fill the form; the newest click on the offer is taken where none is named.
func (s *pages) testFields(f *portal.Frame, v *trackingView, goal string) error {
	if v.in.ClickID == "" && v.faults == nil {
		clicks, err := s.Clicks.List(f.Context(), f.Actor, click.Filter{OfferID: v.o.ID}, domain.Page{Limit: 1})
		if err != nil {
			return err
		}
		if len(clicks.Items) > 0 {
			v.in.ClickID = s.Clicks.Text(clicks.Items[0].ID)
		}
	}
	if v.in.Goal == "" {
		v.in.Goal = goal
	}
	if v.in.Val == "" && v.faults == nil && v.sent == nil {
		v.in.Val = "100"
	}
	v.fields = []ui.Field{
		{Name: "click_id", Label: "Click id", Value: v.in.ClickID, Mono: true, Autocomplete: "off", MaxLength: 100, Error: v.faults["click_id"], Hint: "The newest click on this offer, unless you put another."},
		{Name: "goal", Label: "Goal", Value: v.in.Goal, Options: v.goals},
		{Name: "val", Label: "Value of the sale", Value: v.in.Val, InputMode: "decimal", Unit: string(v.o.Currency), Optional: true, Autocomplete: "off", MaxLength: 30},
		{Name: "txid", Label: "Order id", Value: v.in.TxID, Mono: true, Optional: true, Autocomplete: "off", MaxLength: 200},
	}
	return nil
}

// sendTest makes a call in the advertiser's place, with its own proof, as a test. What is answered stands on the page
// itself; a reload sends the test once more, which counts for nothing either, and repeats the first where an order id is
// given.
func (s *pages) sendTest(f *portal.Frame) error {
	v := trackingView{}
	if err := f.Bind(&v.in); err != nil {
		return err
	}
	id, err := number[offer.ID](f, "id")
	if err != nil {
		return err
	}
	if _, err := s.Offers.Get(f.Context(), f.Actor, id); err != nil { // before all else: another's offer does not exist
		return err
	}
	if v.in.ClickID == "" {
		v.faults = portal.Faults{"click_id": "Put the id of a click on this offer."}
		return s.showTracking(f, http.StatusUnprocessableEntity, v)
	}
	a, err := s.Advertisers.Get(f.Context(), f.Actor, own(f))
	if err != nil {
		return err
	}
	sent, r, err := s.Conversions.Rehearse(f.Context(), f.Actor, a, conversion.Rehearsal{ClickID: strings.ToLower(v.in.ClickID), Val: v.in.Val, TxID: v.in.TxID, Goal: v.in.Goal, Status: v.in.Status})
	if err != nil {
		return err
	}
	v.sent = &sentTest{query: "GET " + s.TrackingURL + "/postback?" + sent, status: string(r.Status), code: r.Code, text: portal.Sentence(r.Message), warnings: strings.Join(r.Warnings, ", ")}
	if !r.ConversionID.IsZero() {
		v.sent.conversion = f.Path(conversionsPath + "/" + r.ConversionID.String())
	}
	if _, err := s.Clicks.Parse(strings.ToLower(v.in.ClickID)); err == nil {
		v.sent.trace = f.Path("/trace/" + strings.ToLower(v.in.ClickID))
	}
	return s.showTracking(f, http.StatusOK, v)
}
