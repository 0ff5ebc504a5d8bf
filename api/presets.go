package api

import (
	"context"
	"net/http"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/preset"
)

const tagPresets = "Presets and macros"

func (s *service) presetRoutes() {
	register(s, op{"list-presets", http.MethodGet, "/presets", "List the parameter sets of trackers and platforms", tagPresets, 0, nil}, s.listPresets)
	register(s, op{"get-preset", http.MethodGet, "/presets/{name}", "Read the parameter set of a tracker or platform", tagPresets, 0, nil}, s.getPreset)
	register(s, op{"lint-url", http.MethodPost, "/lint", "Judge the macros of a destination or postback URL before it is saved", tagPresets, 0, nil}, s.lintURL)
}

// presetBody is one system's parameter set. Every text that is a template holds placeholders in capitals.
type presetBody struct {
	Name  string   `json:"name" example:"everflow" doc:"What a call names: preset=everflow"`
	Title string   `json:"title" example:"Everflow" doc:"The system's name"`
	Kinds []string `json:"kinds" enum:"tracker,advertiser,network" doc:"What the system can be: an affiliate's tracker, an advertiser's platform, a network that you migrate from"`

	LinkParameters     []presetParameter `json:"link_parameters" doc:"Names that /click reads besides its own, and before them, in a link with this preset; the first present wins"`
	PostbackParameters []presetParameter `json:"postback_parameters" doc:"The same for /postback"`

	PostbackURL           *string `json:"postback_url" nullable:"true" example:"https://YOUR-TRACKER-DOMAIN/postback?cid={aff_click_id}&payout={payout}&txid={txid}" doc:"For the affiliate whose tracker it is: the url of its postback here. Replace YOUR-…"`
	TrackingLinkParameter *string `json:"tracking_link_parameter" nullable:"true" example:"aff_click_id={clickid}" doc:"For the affiliate: what to append to the tracking link inside the tracker"`
	DestinationParameter  *string `json:"destination_parameter" nullable:"true" example:"sub1={click_id}" doc:"For the advertiser whose platform it is: what carries the click id in the offer's destination_url"`
	AdvertiserPostbackURL *string `json:"advertiser_postback_url" nullable:"true" example:"https://NETWORK/postback?token=TOKEN&clickid={sub1}&val={sale_amount}" doc:"For the advertiser: the postback to paste into the platform. Replace NETWORK by this host, TOKEN by the advertiser's postback_token, YOUR-… by what the platform shows"`

	Notes   []string       `json:"notes" doc:"Where to paste what, and what to mind"`
	Sources []presetSource `json:"sources" doc:"The documentation that this set was taken from"`
}

type presetParameter struct {
	Name string `json:"name" example:"amount" doc:"The other system's name"`
	As   string `json:"as" example:"val" doc:"Our name"`
}

type presetSource struct {
	Title string `json:"title" doc:"Title of the page"`
	URL   string `json:"url" doc:"Address of the page"`
}

func newPresetBody(p preset.Preset) presetBody {
	b := presetBody{Name: p.Name, Title: p.Title, LinkParameters: newPresetParameters(p.Link), PostbackParameters: newPresetParameters(p.Postback),
		PostbackURL: optionalText(p.PostbackURL), TrackingLinkParameter: optionalText(p.TrackingLinkParameter),
		DestinationParameter: optionalText(p.DestinationParameter), AdvertiserPostbackURL: optionalText(p.AdvertiserPostbackURL),
		Notes: p.Notes, Sources: make([]presetSource, 0, len(p.Sources))}
	for _, k := range p.Kinds {
		b.Kinds = append(b.Kinds, string(k))
	}
	for _, source := range p.Sources {
		b.Sources = append(b.Sources, presetSource{source.Title, source.Address})
	}
	return b
}

func newPresetParameters(parameters []preset.Parameter) []presetParameter {
	out := make([]presetParameter, 0, len(parameters))
	for _, p := range parameters {
		out = append(out, presetParameter(p))
	}
	return out
}

type presetList struct {
	Kind string `query:"kind" enum:"tracker,advertiser,network" doc:"Only systems that can be this"`
}

// listPresets answers all of them at once: they are few and never change while the program runs.
func (s *service) listPresets(_ context.Context, _ account.Actor, in *presetList) (*list[presetBody], error) {
	var found domain.Slice[preset.Preset]
	for _, p := range preset.All() {
		if in.Kind == "" || p.Is(preset.Kind(in.Kind)) {
			found.Items = append(found.Items, p)
		}
	}
	return newList(found, newPresetBody), nil
}

type presetGet struct {
	Name string `path:"name" example:"everflow" doc:"Name of the preset"`
}

func (s *service) getPreset(_ context.Context, _ account.Actor, in *presetGet) (*one[presetBody], error) {
	p, ok := preset.Find(in.Name)
	if !ok {
		return nil, errs.NotFound("preset_not_found", "there is no preset of this name; GET /presets lists them")
	}
	return &one[presetBody]{newPresetBody(p)}, nil
}
