package portal

import (
	"strconv"
	"strings"
	"time"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
)

// CallColumns are the columns of the postback log's file. clickID is a click's id as clients see it.
func CallColumns(clickID func(click.ID) string) []FileColumn[conversion.LogEntry] {
	type l = conversion.LogEntry
	number := func(id int64) string {
		if id == 0 {
			return ""
		}
		return strconv.FormatInt(id, 10)
	}
	return []FileColumn[l]{
		{Name: "id", Text: func(l l) string { return l.ID.String() }},
		{Name: "received_at", Text: func(l l) string { return l.ReceivedAt.UTC().Format(time.RFC3339) }},
		{Name: "method", Text: func(l l) string { return l.Method }},
		{Name: "query", Text: func(l l) string { return l.Query }},
		{Name: "ip", Text: func(l l) string { return l.IP }},
		{Name: "http_status", Number: true, Text: func(l l) string { return strconv.Itoa(l.HTTPStatus) }},
		{Name: "status", Text: func(l l) string { return string(l.Status) }},
		{Name: "code", Text: func(l l) string { return l.Code }},
		{Name: "message", Text: func(l l) string { return l.Message }},
		{Name: "warnings", Text: func(l l) string { return strings.Join(l.Warnings, " ") }},
		{Name: "rehearsed_by", Text: func(l l) string { return l.Rehearsal.Who() }},
		{Name: "click_id", Text: func(l l) string {
			if l.ClickID.IsZero() {
				return ""
			}
			return clickID(l.ClickID)
		}},
		{Name: "conversion_id", Text: func(l l) string {
			if l.ConversionID.IsZero() {
				return ""
			}
			return l.ConversionID.String()
		}},
		{Name: "conversion_status", Text: func(l l) string { return string(l.ConversionStatus) }},
		{Name: "offer_id", Number: true, Text: func(l l) string { return number(int64(l.OfferID)) }},
		{Name: "affiliate_id", Number: true, Text: func(l l) string { return number(int64(l.AffiliateID)) }},
	}
}
