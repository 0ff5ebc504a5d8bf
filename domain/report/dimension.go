package report

import (
	"slices"
	"strings"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
)

// Dimension is what rows are grouped by.
type Dimension string

// The dimensions. Those of time follow the report's time zone; country to sub10 are facts of the click, which its
// conversions share.
const (
	DimensionMonth      Dimension = "month"
	DimensionWeek       Dimension = "week" // from Monday on
	DimensionDay        Dimension = "day"
	DimensionHour       Dimension = "hour"
	DimensionOffer      Dimension = "offer"
	DimensionAffiliate  Dimension = "affiliate"
	DimensionAdvertiser Dimension = "advertiser"
	DimensionGoal       Dimension = "goal"   // clicks have none
	DimensionStatus     Dimension = "status" // of conversions; clicks have none
	DimensionCountry    Dimension = "country"
	DimensionDevice     Dimension = "device"
	DimensionOS         Dimension = "os"
	DimensionBrowser    Dimension = "browser"
	DimensionSource     Dimension = "source"
)

// Dimensions are all of them, sub1 to sub10 included.
func Dimensions() []Dimension {
	return []Dimension{DimensionMonth, DimensionWeek, DimensionDay, DimensionHour, DimensionOffer, DimensionAffiliate,
		DimensionAdvertiser, DimensionGoal, DimensionStatus, DimensionCountry, DimensionDevice, DimensionOS, DimensionBrowser,
		DimensionSource, "sub1", "sub2", "sub3", "sub4", "sub5", "sub6", "sub7", "sub8", "sub9", "sub10"}
}

// OfTime tells the dimensions that are spans of time.
func (d Dimension) OfTime() bool {
	return d == DimensionMonth || d == DimensionWeek || d == DimensionDay || d == DimensionHour
}

// dimensionsOf are those that a scope may group by: affiliates do not learn which advertisers there are.
func dimensionsOf(scope account.Scope) []Dimension {
	if _, affiliate := scope.Affiliate(); affiliate {
		return slices.DeleteFunc(Dimensions(), func(d Dimension) bool { return d == DimensionAdvertiser })
	}
	return Dimensions()
}

// parseGroupBy reads a comma list of dimensions; none means day.
func parseGroupBy(list string, scope account.Scope) ([]Dimension, error) {
	if strings.TrimSpace(list) == "" {
		return []Dimension{DimensionDay}, nil
	}
	allowed := dimensionsOf(scope)
	var dimensions []Dimension
	for word := range strings.SplitSeq(list, ",") {
		d := Dimension(strings.TrimSpace(word))
		if !slices.Contains(allowed, d) {
			words := make([]string, len(allowed))
			for i := range allowed {
				words[i] = string(allowed[i])
			}
			return nil, errs.Invalid("invalid_group_by", "each must be one of %s", strings.Join(words, ", "))
		}
		if !slices.Contains(dimensions, d) {
			dimensions = append(dimensions, d)
		}
	}
	return dimensions, nil
}
