package portalaffiliate

import (
	"fmt"
	"slices"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

const linksPath = "/links"

// linkForm is what a link is built of; the builder's address holds it all.
type linkForm struct {
	Offer         portal.Pick `query:"offer"`
	AffClickID    string      `query:"aff_click_id"`
	Sub1          string      `query:"sub1"`
	Sub2          string      `query:"sub2"`
	Sub3          string      `query:"sub3"`
	Sub4          string      `query:"sub4"`
	Sub5          string      `query:"sub5"`
	Sub6          string      `query:"sub6"`
	Sub7          string      `query:"sub7"`
	Sub8          string      `query:"sub8"`
	Sub9          string      `query:"sub9"`
	Sub10         string      `query:"sub10"`
	Source        string      `query:"source"`
	LandingPageID string      `query:"landing_page_id"`
	CreativeID    string      `query:"creative_id"`
	DeepLink      string      `query:"deep_link"`
	Coupon        string      `query:"coupon"`
}

func (in linkForm) subs() [10]string {
	return [10]string{in.Sub1, in.Sub2, in.Sub3, in.Sub4, in.Sub5, in.Sub6, in.Sub7, in.Sub8, in.Sub9, in.Sub10}
}

type linksView struct {
	none    bool // there are no offers to link to
	offer   ui.Field
	fields  []ui.Field // below the offer
	subs    []ui.Field // sub3 to sub10
	subsSet bool
	more    []ui.Field
	moreSet bool
	result  linkResult
}

// linkResult is the link as it stands.
type linkResult struct {
	url      string // empty as long as no offer is chosen, or where there is a fault
	qr       string // data URI; empty where the link is too long for one
	verdicts []ui.Flash
	facts    []ui.Pair
}

// links is the link builder. It stores nothing, so it is a form that asks.
func (s *pages) links(f *portal.Frame) error {
	var in linkForm
	if err := f.Query(&in); err != nil {
		return err
	}
	result, faults, err := s.link(f, in)
	if err != nil {
		return err
	}
	if f.Part() && f.Target() == "link-result" {
		return f.RenderPart(ok, linkResultView(result))
	}
	any, err := s.Offers.List(f.Context(), f.Actor, offer.Filter{}, domain.Page{Limit: 1})
	if err != nil {
		return err
	}
	names, err := f.Names(portal.NameIDs{Offers: []offer.ID{offer.ID(in.Offer)}})
	if err != nil {
		return err
	}
	v := linksView{none: len(any.Items) == 0, result: result, offer: f.Finding(search.KindOffer, ui.Field{Name: "offer", Label: "Offer",
		Value: portal.Picked(in.Offer, names.Title(offer.ID(in.Offer)).Name), Error: faults["offer"], Placeholder: "Choose an offer"})}
	text := func(name, label, hint, value string) ui.Field {
		return ui.Field{Name: name, Label: label, Hint: hint, Value: value, Optional: true, Error: faults[name], Autocomplete: "off", MaxLength: 1024}
	}
	v.fields = []ui.Field{
		text("aff_click_id", "Your click id", "Your tracker's macro, such as {clickid}. Your postback gets it back as {aff_click_id}.", in.AffClickID),
		text("sub1", "Sub 1", "Where the visitor comes from: campaign, ad, placement. Reports can be grouped by it.", in.Sub1),
		text("sub2", "Sub 2", "", in.Sub2),
	}
	for i, value := range in.subs() {
		if i >= 2 {
			v.subs = append(v.subs, text(fmt.Sprintf("sub%d", i+1), fmt.Sprintf("Sub %d", i+1), "", value))
			v.subsSet = v.subsSet || value != ""
		}
	}
	deep := text("deep_link", "Deep link", "A page of the advertiser's to lead to, where the offer takes one.", in.DeepLink)
	deep.Type, deep.Placeholder = "url", "https://"
	v.more = []ui.Field{text("source", "Source", "Traffic source, such as a site or a network.", in.Source), deep,
		text("landing_page_id", "Landing page id", "", in.LandingPageID), text("creative_id", "Creative id", "", in.CreativeID), text("coupon", "Coupon code", "", in.Coupon)}
	v.moreSet = slices.ContainsFunc(v.more, func(field ui.Field) bool { return field.Value != "" })
	return f.Page("Link builder", linksPath, linksPageView(f, v))
}

func builderHref(f *portal.Frame, id offer.ID) string {
	return portal.URL(f.Path(linksPath), nil, "offer", idText(id))
}

// link builds the link that is asked for, with what is to be said about it.
func (s *pages) link(f *portal.Frame, in linkForm) (linkResult, portal.Faults, error) {
	if in.Offer == 0 {
		return linkResult{}, nil, nil
	}
	o, err := s.Offers.Get(f.Context(), f.Actor, offer.ID(in.Offer))
	if errs.Is(err, errs.KindNotFound) {
		fault := "There is no such offer, or it is not running now: choose another one."
		return linkResult{verdicts: []ui.Flash{{Kind: ui.Bad, Text: fault}}}, portal.Faults{"offer": fault}, nil
	}
	if err != nil {
		return linkResult{}, nil, err
	}
	link, warnings, err := s.Offers.Link(f.Context(), f.Actor, offer.LinkInput{OfferID: o.ID, AffClickID: in.AffClickID, Subs: in.subs(), Source: in.Source,
		LandingPageID: in.LandingPageID, CreativeID: in.CreativeID, DeepLink: in.DeepLink, Coupon: in.Coupon})
	if faults, mendable := portal.FaultsOf(err); mendable {
		result := linkResult{}
		for _, text := range faults {
			result.verdicts = append(result.verdicts, ui.Flash{Kind: ui.Bad, Text: text})
		}
		return result, faults.Rename("offer_id", "offer"), nil
	}
	if err != nil {
		return linkResult{}, nil, err
	}
	result := linkResult{url: link, qr: qrCode(link)}
	for _, w := range warnings {
		result.verdicts = append(result.verdicts, ui.Flash{Kind: ui.Warn, Text: portal.Sentence(w.Message)})
	}
	if in.DeepLink != "" && !takesDeepLink(o) {
		result.verdicts = append(result.verdicts, ui.Flash{Kind: ui.Warn, Text: "This offer takes no deep link: visitors come to its own page."})
	}
	if len(result.verdicts) == 0 {
		result.verdicts = []ui.Flash{{Kind: ui.OK, Text: "Clicks on this link count."}}
	}
	result.facts = []ui.Pair{{Label: "Offer", Text: o.Name}, {Label: "Commission", Text: commissionLine(o)}, {Label: "A click can convert for", Text: portal.Counted(o.WindowDays, "day")}}
	return result, nil, nil
}

// takesDeepLink tells an offer whose destination has a place for one.
func takesDeepLink(o offer.Offer) bool {
	return click.DestinationMacros.Parse(o.DestinationURL).Has("deep_link")
}
