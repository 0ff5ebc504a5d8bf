package portal

import (
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Country is the name of a country by its ISO 3166-1 code: "Germany". An unknown code stays as it is.
func Country(code string) string {
	if code == "" {
		return "Unknown country"
	}
	region, err := language.ParseRegion(code)
	if err != nil || !region.IsCountry() {
		return code
	}
	return display.English.Regions().Name(region)
}
