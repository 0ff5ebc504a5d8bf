// Package preset holds the parameter sets of the systems in the field, chosen by name: how an affiliate's tracker, an
// advertiser's platform or a network that one migrates from names what Waypost calls a click id, an order, an amount.
//
// What stands here is documented by the system's makers, or by one who integrated with it; each set names its sources.
// What could not be confirmed is left out. A set widens what contract sections 2 and 3 read only for the call that
// names it (preset=everflow).
package preset

import (
	"slices"
	"strings"
)

// Kind is a role that a system plays for Waypost.
type Kind string

// The roles.
const (
	KindTracker    Kind = "tracker"    // an affiliate measures with it
	KindAdvertiser Kind = "advertiser" // an advertiser runs on it
	KindNetwork    Kind = "network"    // its links and postbacks are in the wild, for one migrates from it
)

// Kinds lists the roles.
func Kinds() []Kind { return []Kind{KindTracker, KindAdvertiser, KindNetwork} }

// Preset is one system's parameter set. Words in capitals inside its texts are to be replaced: NETWORK is the host of
// this Waypost, TOKEN the advertiser's postback_token, YOUR-… what only the user of the other system knows.
type Preset struct {
	Name  string // in calls and paths
	Title string
	Kinds []Kind

	// For the affiliate whose tracker it is: the postback URL to save here, and what to append to the tracking link.
	PostbackURL           string
	TrackingLinkParameter string

	// For the advertiser whose platform it is: what carries the click id in the offer's destination_url, and the postback
	// URL to paste into that platform.
	DestinationParameter  string
	AdvertiserPostbackURL string

	// For a network that one migrates from, each in the order in which the first present wins.
	Link     []Parameter
	Postback []Parameter
	Words    map[string]string // words for statuses beyond the built-in ones, in lower case → status

	Notes   []string
	Sources []Source
}

// Parameter is a name of the other system and Waypost's name for the same.
type Parameter struct {
	Name, As string
}

// Source is where the other system's names are documented.
type Source struct {
	Title, Address string
}

// Is tells whether the system plays a role.
func (p *Preset) Is(k Kind) bool { return slices.Contains(p.Kinds, k) }

// Find gives the preset with this name, case ignored.
func Find(name string) (Preset, bool) {
	i := slices.IndexFunc(presets, func(p Preset) bool { return strings.EqualFold(p.Name, name) })
	if i < 0 {
		return Preset{}, false
	}
	return presets[i], true
}

// All lists the presets by name.
func All() []Preset { return slices.Clone(presets) }

// Names merges the names of one side (Link or Postback) into those that are read without a preset: for a field that
// parameters redefine their names come first, and a name that they give another meaning is no alias any more.
// contract's entries begin with the canonical name; the result has the same order.
func Names(contract [][]string, parameters []Parameter) [][]string {
	merged := make([][]string, len(contract))
	for i, names := range contract {
		for _, p := range parameters {
			if p.As == names[0] {
				merged[i] = append(merged[i], p.Name)
			}
		}
		for _, name := range names {
			if !slices.ContainsFunc(parameters, func(p Parameter) bool { return p.Name == name }) {
				merged[i] = append(merged[i], name)
			}
		}
	}
	return merged
}

var presets = func() []Preset {
	all := slices.Concat(trackers(), networks())
	slices.SortFunc(all, func(a, b Preset) int { return strings.Compare(a.Name, b.Name) })
	return all
}()
