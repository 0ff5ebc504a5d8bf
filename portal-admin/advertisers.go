package portaladmin

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

func (a *admin) advertisers(f *portal.Frame) error {
	var filter partnerFilter
	if err := f.Query(&filter); err != nil {
		return err
	}
	read := func(p domain.Page) (domain.Slice[advertiser.Advertiser], error) {
		return a.Advertisers.List(f.Context(), f.Actor, advertiser.Filter{Status: advertiser.Status(filter.Status), Search: filter.Search}, p)
	}
	if f.WantsFile() {
		return portal.File(f, "advertisers", advertiserColumns(), read)
	}
	list, err := read(filter.Slice())
	if err != nil {
		return err
	}
	path := f.Path("/advertisers")
	v := listView{Filter: partnerBar(f, path, "advertisers", filter), Pager: portal.Pager(path, filter, filter.Paging, list, "advertiser"),
		Head: ui.Head{Title: "Advertisers", Lead: "Partners who bring offers and report their sales. Newest first."}}
	v.Table = ui.Table{ID: "advertisers", Name: "Advertisers",
		Columns: []ui.Column{{Label: "Advertiser", Wide: true}, {Label: "Status"}, {Label: "Currency", Hide: true}, {Label: "Since", Hide: true}},
		Empty:   ui.NoResults(path)}
	if len(v.Filter.Chips) == 0 {
		v.Table.Empty = ui.Empty(ui.Nothing{Icon: "building-store", Title: "No advertisers yet", Text: "An offer belongs to an advertiser: add the first one, then its first offer.",
			Next: addButton(f, "Add advertiser", "/advertisers/new")})
	}
	if may(f) {
		v.Head.Actions = ui.Btn(addButton(f, "Add advertiser", "/advertisers/new"))
	}
	for _, one := range list.Items {
		v.Table.Rows = append(v.Table.Rows, partnerRow(f, advertiserParty(one), f.Date(one.CreatedAt), f.Exact(one.CreatedAt)))
	}
	portal.Arrange(f, &v.Table, &v.Filter, &v.Pager, 1, list.Items, advertiserColumns())
	return f.Page("Advertisers", "/advertisers", listPage(v))
}

func advertiserColumns() []portal.FileColumn[advertiser.Advertiser] {
	return []portal.FileColumn[advertiser.Advertiser]{
		{Name: "id", Number: true, Text: func(a advertiser.Advertiser) string { return fmtID(a.ID) }},
		{Name: "name", Text: func(a advertiser.Advertiser) string { return a.Name }},
		{Name: "email", Text: func(a advertiser.Advertiser) string { return a.Email }},
		{Name: "status", Text: func(a advertiser.Advertiser) string { return string(a.Status) }},
		{Name: "currency", Text: func(a advertiser.Advertiser) string { return string(a.Currency) }},
		{Name: "override_percent", Number: true, Text: func(a advertiser.Advertiser) string { return a.OverridePercent.String() }},
		{Name: "postback_auth", Text: func(a advertiser.Advertiser) string { return string(a.PostbackAuth) }},
		{Name: "created_at", Text: func(a advertiser.Advertiser) string { return iso(a.CreatedAt) }},
	}
}

// advertiserInput is the form of an advertiser, as it was typed.
type advertiserInput struct {
	Name      string            `form:"name"`
	Email     string            `form:"email"`
	Status    advertiser.Status `form:"status"`
	Currency  money.Currency    `form:"currency"`
	Override  string            `form:"override_percent"`
	Auth      advertiser.Auth   `form:"postback_auth"`
	Token     string            `form:"postback_token"`
	AlwaysOK  bool              `form:"always_200"`
	IPs       string            `form:"ip_allowlist"`
	StatusMap string            `form:"status_map"`
	Seen      time.Time         `form:"seen"` // the record's last change when the form was drawn
}

func newAdvertiserInput(a advertiser.Advertiser) advertiserInput {
	in := advertiserInput{Name: a.Name, Email: a.Email, Currency: a.Currency, Override: a.OverridePercent.String(),
		Auth: a.PostbackAuth, AlwaysOK: a.AlwaysOK, IPs: strings.Join(a.IPAllowlist, "\n"), Seen: a.UpdatedAt}
	for _, word := range slices.Sorted(maps.Keys(a.StatusMap)) {
		in.StatusMap += word + " = " + a.StatusMap[word] + "\n"
	}
	return in
}

// read brings what was typed into the advertiser's own types. An empty token keeps the one there is, and
// the status stays: it has buttons of its own.
func (in advertiserInput) read() (func(*advertiser.Advertiser), error) {
	override := money.Rate{}
	if in.Override != "" {
		var err error
		if override, err = money.ParseTyped(in.Override); err != nil {
			return nil, at(err, "override_percent")
		}
	}
	words, err := readStatusMap(in.StatusMap)
	if err != nil {
		return nil, err
	}
	return func(a *advertiser.Advertiser) {
		a.Name, a.Email, a.Currency, a.OverridePercent, a.PostbackAuth, a.AlwaysOK = in.Name, in.Email, in.Currency, override, in.Auth, in.AlwaysOK
		a.UpdatedAt = seenOr(in.Seen, a.UpdatedAt)
		a.IPAllowlist, a.StatusMap = strings.Fields(in.IPs), words
		if in.Token != "" {
			a.PostbackToken = in.Token
		}
	}, nil
}

// at names the field of a fault that a parser found.
func at(err error, field string) error {
	if e, ok := errs.As(err); ok {
		return e.At("body." + field)
	}
	return err
}

// readStatusMap reads lines such as "sold = approved".
func readStatusMap(text string) (map[string]string, error) {
	words := map[string]string{}
	for i, line := range strings.Split(text, "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		word, status, ok := strings.Cut(line, "=")
		if !ok {
			return nil, errs.Invalid("invalid_line", "line %d is not of the form word = status", i+1).At("body.status_map")
		}
		words[strings.TrimSpace(word)] = strings.TrimSpace(status)
	}
	return words, nil
}

// advertiserFaults are those of a form.
func advertiserFaults(err error, in advertiserInput) (portal.Faults, bool) {
	x, ok := portal.FaultsOf(err)
	ips := strings.Fields(in.IPs)
	gather(x, "ip_allowlist", func(key string) string {
		for i, ip := range ips {
			if key == fmtID(i) {
				return ip
			}
		}
		return key
	})
	gather(x, "status_map", func(key string) string { return key })
	return x, ok
}

func advertiserSections(in advertiserInput, x portal.Faults) []formSection {
	sections := []formSection{{Title: "Basics", Fields: []formField{
		{Field: ui.Field{Name: "name", Label: "Name", Value: in.Name, Error: x["name"], MaxLength: 200, Autocomplete: "off"}, Control: "input"},
		{Field: ui.Field{Name: "email", Label: "Contact e-mail", Type: "email", Value: in.Email, Error: x["email"], Optional: true, Autocomplete: "off"}, Control: "input"},
		{Field: ui.Field{Name: "currency", Label: "Currency", Value: string(in.Currency), Error: x["currency"], Options: currencies(), Hint: "Of new offers, unless they say otherwise."}, Control: "select"},
		{Field: ui.Field{Name: "override_percent", Label: "Margin on top of the commission", Value: in.Override, Error: x["override_percent"], InputMode: "decimal", Unit: "%", Optional: true,
			Hint: "Where a postback names no revenue: revenue = commission + this percentage of it."}, Control: "input"},
	}}, {Title: "How its postbacks prove themselves", Fields: []formField{
		{Field: ui.Field{Name: "postback_auth", Label: "Proof", Value: string(in.Auth), Error: x["postback_auth"], Options: []ui.Option{
			{Value: "token", Label: "Token", Hint: "Each call carries a secret. The default."},
			{Value: "hmac", Label: "Signature (HMAC)", Hint: "Calls are signed with the token as the key: it never travels."},
			{Value: "ip", Label: "Address", Hint: "Calls count from the addresses below only."},
			{Value: "none", Label: "None", Hint: "Whoever knows a click id can report a sale. For tests only."}}}, Control: "radios"},
		{Field: ui.Field{Name: "postback_token", Label: "Own token", Error: x["postback_token"], Optional: true, Mono: true, Autocomplete: "off", MaxLength: 200,
			Hint: "Leave empty to keep the present one, or to get one made. For moves from another platform."}, Control: "input"},
		{Field: ui.Field{Name: "ip_allowlist", Label: "Addresses that postbacks may come from", Value: in.IPs, Error: x["ip_allowlist"], Optional: true, Mono: true, Rows: 3,
			Hint: "One address or network a line, such as 203.0.113.7 or 203.0.113.0/24. Empty means any."}, Control: "textarea"},
	}}, {Title: "What its postbacks say", Fields: []formField{
		{Field: ui.Field{Name: "status_map", Label: "Its words for a status", Value: in.StatusMap, Error: x["status_map"], Optional: true, Mono: true, Rows: 4,
			Hint: "One a line: its word = approved, pending, hold, rejected or trash. Words that everybody uses are known without."}, Control: "textarea"},
		{Field: ui.Field{Name: "always_200", Label: "Answer refused postbacks with HTTP 200 too", Value: "1", Error: x["always_200"],
			Hint: "For platforms that switch a postback off after other answers. The body still says what is wrong."}, Control: "checkbox", Checked: in.AlwaysOK},
	}}}
	return withStatus(sections, string(in.Status), "Only the offers of an active advertiser take clicks.", x)
}

func (a *admin) newAdvertiser(f *portal.Frame) error {
	return a.showNewAdvertiser(f, http.StatusOK, advertiserInput{Status: advertiser.StatusActive, Currency: f.Settings.Currency, Auth: advertiser.AuthToken}, nil)
}

func (a *admin) showNewAdvertiser(f *portal.Frame, status int, in advertiserInput, x portal.Faults) error {
	path := f.Path("/advertisers")
	return f.Render(status, "Add advertiser", "/advertisers", partnerFormPage(partnerForm{New: true,
		Head:   ui.Head{Crumbs: []ui.Crumb{{Label: "Advertisers", Href: path}, {Label: "Add advertiser"}}, Title: "Add advertiser", Lead: "A name is enough to begin with; all else has a default."},
		Action: path + "/new", CSRF: f.CSRF, Cancel: path, Verb: "Add advertiser", Sections: advertiserSections(in, x)}.form(x)))
}

func (a *admin) createAdvertiser(f *portal.Frame) error {
	in := advertiserInput{Status: advertiser.StatusActive}
	var made advertiser.Advertiser
	var warnings []errs.Warning
	err := f.Bind(&in)
	if err == nil {
		var apply func(*advertiser.Advertiser)
		if apply, err = in.read(); err == nil {
			apply(&made)
			made.Status = in.Status
			made, warnings, err = a.Advertisers.Create(f.Context(), f.Actor, made)
		}
	}
	if x, ok := advertiserFaults(err, in); ok {
		return a.showNewAdvertiser(f, http.StatusUnprocessableEntity, in, x)
	}
	if err != nil {
		return err
	}
	warn(f, fmt.Sprintf("%s is added.", made.Name), warnings)
	return f.Redirect(advertiserParty(made).base(f))
}
