package portal

import (
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/ui"
)

// NameIDs are the ids whose names a page shows: of its rows, and of what its filters have chosen.
type NameIDs struct {
	Offers      []offer.ID
	Goals       []offer.GoalID // those that stand without their offer
	Affiliates  []affiliate.ID
	Advertisers []advertiser.ID
}

// Names are what things are called. What the viewer may not know by name has its number: "Offer #12".
type Names struct {
	offers      map[offer.ID]offer.Title
	affiliates  map[affiliate.ID]string
	advertisers map[advertiser.ID]string
}

// Names reads them, each kind at once.
func (f *Frame) Names(ids NameIDs) (n Names, err error) {
	if n.offers, err = f.portal.Offers.Titles(f.Context(), f.Actor, ids.Offers, ids.Goals...); err != nil {
		return n, err
	}
	if n.affiliates, err = f.portal.Affiliates.Names(f.Context(), f.Actor, ids.Affiliates); err != nil {
		return n, err
	}
	n.advertisers, err = f.portal.Advertisers.Names(f.Context(), f.Actor, ids.Advertisers)
	return n, err
}

// Offer is an offer's name.
func (n Names) Offer(id offer.ID) string { return called("Offer", id, n.offers[id].Name) }

// Title is what is known of an offer; zero where the viewer knows nothing of it.
func (n Names) Title(id offer.ID) offer.Title { return n.offers[id] }

// Goal is the name of a goal; of is its offer, 0 where that is not known.
func (n Names) Goal(of offer.ID, id offer.GoalID) string {
	name := n.offers[of].Goals[id]
	if of == 0 {
		for _, t := range n.offers {
			if t.Goals[id] != "" {
				name = t.Goals[id]
			}
		}
	}
	return called("Goal", id, name)
}

// Affiliate is an affiliate's name.
func (n Names) Affiliate(id affiliate.ID) string { return called("Affiliate", id, n.affiliates[id]) }

// Advertiser is an advertiser's name.
func (n Names) Advertiser(id advertiser.ID) string {
	return called("Advertiser", id, n.advertisers[id])
}

func called[ID ~int64](what string, id ID, name string) string {
	switch {
	case name != "":
		return name
	case id == 0:
		return None
	}
	return Unnamed(what, id)
}

// named is the name of a thing of a kind; empty where the viewer does not know it.
func (n Names) named(kind search.Kind, id Pick) string {
	switch kind {
	case search.KindOffer:
		return n.offers[offer.ID(id)].Name
	case search.KindAffiliate:
		return n.affiliates[affiliate.ID(id)]
	case search.KindAdvertiser:
		return n.advertisers[advertiser.ID(id)]
	}
	return ""
}

// kindWords are what the things that can be picked are called.
var kindWords = map[search.Kind]string{search.KindOffer: "Offer", search.KindAffiliate: "Affiliate", search.KindAdvertiser: "Advertiser"}

// IsPicked is what a chip says of a picked thing; empty where none is.
func (n Names) IsPicked(kind search.Kind, chosen Pick) string {
	if chosen == 0 {
		return ""
	}
	return Is(kindWords[kind], called("", chosen, n.named(kind, chosen)))
}

// Finding makes a field offer the things of a kind that the viewer may choose now, by their names while one types.
func (f *Frame) Finding(kind search.Kind, field ui.Field) ui.Field {
	field.Find = f.Path("/pick/" + string(kind))
	if field.Placeholder == "" {
		field.Placeholder = "Number or name"
	}
	return field
}

// FilterPick is a filter's field that offers the things of a kind, also those of the past. Its name is the kind's.
func (f *Frame) FilterPick(kind search.Kind, chosen Pick, n Names) ui.Field {
	return ui.Field{Name: string(kind), ID: "filter-" + string(kind), Label: kindWords[kind], Value: Picked(chosen, n.named(kind, chosen)),
		Placeholder: "Any " + string(kind), Find: f.Path("/pick/" + string(kind) + "?past=1")}
}
