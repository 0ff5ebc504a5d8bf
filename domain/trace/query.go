package trace

import (
	"net/url"
	"strings"
)

// revenueNames are the parameters of a postback that tell what the advertiser pays (contract section 3).
var revenueNames = map[string]bool{"payout": true, "revenue": true}

// WithoutRevenue is the text of a logged call without the parameters that tell what the advertiser pays, for the eyes
// of an affiliate. The text is a query and, after a line break, the body in the same form.
func WithoutRevenue(query string) string {
	parts := strings.Split(query, "\n")
	for i, part := range parts {
		var kept []string
		for _, pair := range strings.Split(part, "&") {
			name, _, _ := strings.Cut(pair, "=")
			plain, err := url.QueryUnescape(name)
			if err != nil || !revenueNames[strings.ToLower(strings.TrimSpace(plain))] {
				kept = append(kept, pair)
			}
		}
		parts[i] = strings.Join(kept, "&")
	}
	return strings.Join(parts, "\n")
}
