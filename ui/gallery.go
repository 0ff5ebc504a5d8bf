package ui

import "math"

// The gallery's samples: an affiliate of an invented network. Its sums agree with each other.

func galleryShell(theme Theme, nonce, brandCSS string) Shell {
	return Shell{
		Title: "Kit", Product: "Halyard", PortalName: "Partner portal", Theme: theme, Base: "/_kit", CSRF: "sample",
		Nonce: nonce, BrandCSS: brandCSS,
		SearchURL: "/_kit/search", SearchHint: "Search offers, links, conversions…",
		Nav: []NavGroup{
			{Items: []NavItem{{Label: "Dashboard", Icon: "layout-dashboard", Href: "#kpi", Current: true, Key: "g d"}}},
			{Label: "Promote", Items: []NavItem{
				{Label: "Offers", Icon: "building-store", Href: "#table", Count: "12 new", Key: "g o"},
				{Label: "Links", Icon: "link", Href: "#copy"},
			}},
			{Label: "Measure", Items: []NavItem{
				{Label: "Reports", Icon: "chart-bar", Href: "#chart", Key: "g r"},
				{Label: "Conversions", Icon: "arrows-exchange", Href: "#feed", Key: "g c"},
			}},
			{Label: "Tracking", Items: []NavItem{
				{Label: "Postbacks", Icon: "webhook", Href: "#tokens"}, {Label: "API keys", Icon: "key", Href: "#code"},
			}},
		},
		User: ShellUser{Name: "Clara Voss", Detail: "Voss Media · #2087", Initials: "CV"},
		AccountMenu: []NavItem{
			{Label: "Profile", Icon: "user", Href: "#form"}, {Label: "Security", Icon: "shield", Href: "#form"},
			{Label: "Log out", Icon: "logout", Href: "#form", Post: true},
		},
		ThemeAction: "/_kit/theme", BalanceLabel: "Available", Balance: "€3,482.60", BalanceHref: "#balance",
		Unread: 3, NoticesHref: "#banner", ViewingAs: "Clara Voss", StopViewHref: "/_kit/stop",
		Foot: Person("Jonas Reiter", "Partner manager", "#form"),
	}
}

func wave(n int, base, swing float64) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = math.Round(base + swing*math.Sin(float64(i)/1.7) + swing*math.Cos(float64(i)*1.3)/2)
	}
	return values
}

func galleryKPIs() []KPI {
	return []KPI{
		{ID: "kpi-commission", Label: "Commission", Value: "€13,679.41", Previous: "€11,668.45", Change: Change{"17.2%", true, true}, Spark: wave(30, 400, 80), Href: "?metric=commission", Chosen: true},
		{ID: "kpi-clicks", Label: "Clicks", Value: "48,289", Previous: "40,820", Change: Change{"18.3%", true, true}, Spark: wave(30, 1500, 200), Href: "?metric=clicks"},
		{ID: "kpi-conversions", Label: "Conversions", Value: "1,256", Previous: "1,075", Change: Change{"16.8%", true, true}, Spark: wave(30, 40, 9), Href: "?metric=conversions"},
		{ID: "kpi-cr", Label: "Conversion rate", Value: "2.60%", Previous: "2.63%", Change: Change{"1.2%", false, false}, Spark: wave(30, 2.6, 2), Href: "?metric=cr"},
		{ID: "kpi-rejected", Label: "Rejected", Value: "3.1%", Previous: "3.9%", Change: Change{"20.5%", false, true}, Spark: wave(30, 3, 2), Href: "?metric=rejected"},
	}
}

func galleryChart(bars bool) Chart {
	labels := []string{"7 Nov", "8 Nov", "9 Nov", "10 Nov", "11 Nov", "12 Nov", "13 Nov", "14 Nov", "15 Nov", "16 Nov", "17 Nov", "18 Nov", "19 Nov", "20 Nov"}
	if bars {
		return Chart{
			ID: "chart-bars", Title: "Conversions by status", Bars: true, Labels: labels,
			Series: []Series{
				{Label: "Approved", Colour: "ok", Values: wave(14, 40, 9), Stack: "s"},
				{Label: "Pending", Colour: "warn", Values: wave(14, 12, 4), Stack: "s"},
				{Label: "Rejected", Colour: "bad", Values: wave(14, 5, 2), Stack: "s"},
			},
		}
	}
	return Chart{
		ID: "chart-lines", Title: "Commission per day", Description: "Commission per day, 7 to 20 November 2026, with the 14 days before.", Prefix: "€", Labels: labels,
		Series: []Series{
			{Label: "7 – 20 Nov", Colour: "brand", Values: wave(14, 460, 90)},
			{Label: "Previous 14 days", Colour: "previous", Values: wave(14, 390, 70), Dashed: true},
		},
		Intervals: []Tab{{Label: "Hour", Href: "?by=hour"}, {Label: "Day", Href: "?by=day", Current: true}, {Label: "Week", Href: "?by=week"}},
	}
}

func galleryOffers() Table {
	row := func(letter, name, sub, clicks, conversions, rate, sum string, share int) Row {
		return Row{
			Cells: []Cell{
				{Text: name, Href: "#table", Square: letter, Sub: sub, Narrow: clicks + " clicks · " + rate + " CR"},
				{Text: clicks}, {Text: conversions}, {Text: rate}, {Text: sum, Strong: true, Share: share}, {Spark: wave(14, 20, 6)},
			},
			Actions: CopyText("https://go.halyard.example/click?o=1&a=2087", "Copy tracking link for "+name),
		}
	}
	rows := []Row{
		row("L", "Lumio Sleep – 7-day trial", "CPA €18.00 · Health · DE, AT, CH", "14,969", "358", "2.39%", "€4,308.44", 80),
		row("K", "Kettlebay Coffee – first order", "RevShare 12% · E-commerce · EU", "10,623", "361", "3.40%", "€2,627.30", 49),
		row("F", "Finora Prepaid Card – approved", "CPA €32.50 · Finance · DE", "6,760", "107", "1.58%", "€1,993.93", 37),
		row("N", "Nordwind Energieversorgungsgesellschaft – unterzeichneter Vertrag", "CPL €41.00 · Energy · DE", "3,380", "48", "1.42%", "€1,030.01", 19),
	}
	rows[2].Cells[0].Badge = Badge(Warn, "Cap 92%")
	rows[3].Cells[0].Badge = StatusBadge(Offers, "paused")
	return Table{
		ID: "offers", Name: "Top offers", Actions: true, Rows: rows,
		Columns: []Column{
			{Label: "Offer", Wide: true}, {Label: "Clicks", Number: true, Hide: true, SortHref: "?sort=clicks"},
			{Label: "Conv.", Number: true, Hide: true}, {Label: "CR", Number: true, Hide: true},
			{Label: "Commission", Number: true, SortHref: "?sort=commission", Sorted: "descending"}, {Label: "14 days", Hide: true},
		},
		Totals: []Cell{{Text: "All 4 offers"}, {Text: "35,732"}, {Text: "874"}, {Text: "2.45%"}, {Text: "€9,959.68", Strong: true}, {}},
	}
}

func galleryConversions() Table {
	row := func(id, at, offer, status, sum string) Row {
		return Row{ID: "row-" + id, Value: id, Name: "conversion " + id, Cells: []Cell{
			{Text: "cnv_" + id, Href: "#table", Sheet: "Conversion " + id, Mono: true, Narrow: at + " · " + offer},
			{Text: at, Title: "20 Nov 2026, " + at + " CET"}, {Text: offer}, {Badge: StatusBadge(Conversions, status)}, {Text: sum, Strong: true},
		}, Actions: Btn(Button{Label: "Reject", Name: "Reject conversion " + id, Small: true, Dialog: "reject", Action: "/_kit/reject", Fill: `{"conversion":"` + id + `"}`})}
	}
	return Table{
		ID: "conversions", Name: "Conversions", Actions: true, Select: "conversion", BulkAction: "/_kit/bulk",
		Bulk: Btn(Button{Label: "Approve", Small: true, Submit: true, Field: "status", Value: "approved"}),
		Columns: []Column{
			{Label: "Conversion"}, {Label: "Time", Hide: true}, {Label: "Offer", Hide: true, Wide: true}, {Label: "Status"},
			{Label: "Commission", Number: true, Hide: true},
		},
		Rows: []Row{
			row("8f2k1qd", "12:41:07", "Lumio Sleep – 7-day trial", "approved", "€18.00"),
			row("8f2jx0v", "12:38:52", "Kettlebay Coffee – first order", "pending", "€6.84"),
			row("8f2jm4c", "12:29:40", "Lumio Sleep – 7-day trial", "hold", "€18.00"),
			row("8f2jb9t", "12:21:03", "Arcanum Quest – install", "rejected", "€0.00"),
		},
	}
}

func galleryFilter() Filter {
	return Filter{
		ID: "filter", Action: "/_kit", Search: "q", SearchLabel: "Search conversions",
		Selects: []FilterSelect{{Field: "status", Label: "Status", Any: "Any status", Options: StatusOptions(Conversions, "pending", "hold", "approved", "rejected", "trash"), Value: "approved"}},
		Range:   &DateRange{ID: "filter-dates", From: "2026-11-07", To: "2026-11-20", Today: "2026-11-20", Label: "7 – 20 Nov 2026", Compared: "vs previous 14 days", Zone: "Europe/Berlin", CompareField: "compare", Compare: "previous"},
		Fields:  galleryPicks(),
		Chips:   []Chip{{"Offer is Lumio Sleep – 7-day trial", "?"}, {"Status is Approved", "?"}}, ResetHref: "/_kit",
		Actions: Btn(Button{Label: "Export CSV", Icon: "download", Href: "/_kit?format=csv", Download: true}),
		Columns: &ColumnChoice{ID: "columns", Action: "/_kit", Hidden: []Option{{Label: "status", Value: "approved"}}, ResetHref: "/_kit",
			Items: []ColumnItem{{Key: "time", Label: "Time", On: true}, {Key: "offer", Label: "Offer", On: true}, {Key: "commission", Label: "Commission", On: true}, {Key: "txid", Label: "Txid", Detail: "As in the file"}}},
	}
}

func galleryToken() TokenField {
	return TokenField{
		Field: Field{Name: "url", Label: "Postback URL", Value: "https://track.vossmedia.example/postback?cid={click_id}&payout={payout}&cur={currency}&x={clik}", Hint: "Put the cursor in the URL and choose a token to insert it. Values are URL-encoded for you."},
		Groups: []TokenGroup{
			{"Click", []Token{{"click_id", "Your click ID"}, {"sub1", "Sub ID 1"}, {"sub2", "Sub ID 2"}}},
			{"Conversion", []Token{{"conversion_id", "Unique ID"}, {"payout", "Your commission, 18.00"}, {"currency", "ISO code"}, {"status", "approved, pending or rejected"}}},
		},
	}
}

func galleryTimeline() []Event {
	return []Event{
		{Icon: "activity", Kind: Brand, What: "Click", Text: "Berlin, iPhone, Safari, from newsletter", When: "20 Nov, 12:21:03", Exact: "20 Nov 2026, 12:21:03.412 CET", ISO: "2026-11-20T12:21:03+01:00"},
		{Icon: "webhook", Kind: OK, What: "Postback received", Text: "The advertiser reported a sale of €100.00.", When: "12:40:58", ISO: "2026-11-20T12:40:58+01:00", Badge: StatusBadge(Calls, "recorded"), Data: []Pair{{Label: "txid", Text: "A-10023", Mono: true}, {Label: "IP address", Text: "203.0.113.7", Mono: true}}},
		{Icon: "circle-check", Kind: OK, What: "Conversion approved", Text: "Fixed amount of the goal Sale.", When: "12:41:07", ISO: "2026-11-20T12:41:07+01:00"},
		{Icon: "alert-triangle", Kind: Bad, What: "Delivery failed", Text: "The tracker answered 404 eight times. Check the path, then resend.", When: "13:02:11", ISO: "2026-11-20T13:02:11+01:00", Badge: StatusBadge(Deliveries, "failed")},
	}
}

const gallerySVG = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'%3E%3Cpath d='M1 1h3v3H1zM5 1h3v3H5zM1 5h3v3H1zM6 6h1v1H6zM5 5h1v1H5zM7 7h1v1H7z'/%3E%3C/svg%3E"
