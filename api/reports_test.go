package api_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain/account"
)

// figures are the fields of a row that every role sees, of so many clicks and conversions.
func figures(clicks, invalid, conversions, approved, pending, rejected int, cr string) fields {
	return fields{"currency": "USD", "clicks": float64(clicks), "unique_clicks": float64(min(clicks, 1)), "invalid_clicks": float64(invalid),
		"conversions": float64(conversions), "approved": float64(approved), "pending": float64(pending), "rejected": float64(rejected), "cr": cr}
}

func with(f fields, more fields) fields {
	for name, value := range more {
		f[name] = value
	}
	return f
}

func TestReports(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	traffic(n) // both pairs: a click, a conversion of 12.34 for 56.78
	c := n.click(0)
	n.postback(0, c, "com", "1", "payout", "2", "txid", "P", "status", "pending")
	n.postback(0, c, "com", "3", "payout", "4", "txid", "R", "status", "rejected")
	n.postback(0, c, "com", "5", "payout", "6", "txid", "T", "test", "1")
	today := now().Format(time.DateOnly)
	offer := func(i int) fields { return fields{"offer_id": n.offers[i]["id"], "offer_name": n.offers[i]["name"]} }
	money := fields{"commission": "13.34", "revenue": "58.78", "profit": "45.44", "epc": "6.6700"}
	other := fields{"commission": "12.34", "revenue": "56.78", "profit": "44.44", "epc": "12.3400"}
	mine := figures(2, 0, 3, 1, 1, 1, "150.00")
	theirs := figures(1, 0, 1, 1, 0, 0, "100.00")

	got := n.must(200, n.admin, "GET", "/reports?group_by=offer,day&from="+today, nil)
	want := []fields{with(with(with(mine, money), offer(0)), fields{"day": today}), with(with(with(theirs, other), offer(1)), fields{"day": today})}
	if diff := cmp.Diff(want, items(got)); diff != "" {
		t.Errorf("an operator's:\n%s", diff)
	}
	total := with(figures(3, 0, 4, 2, 1, 1, "133.33"), fields{"commission": "25.68", "revenue": "115.56", "profit": "89.88", "epc": "8.5600", "unique_clicks": 2.0})
	if diff := cmp.Diff([]any{map[string]any(total)}, got["totals"]); diff != "" {
		t.Errorf("totals:\n%s", diff)
	}
	if got["next_cursor"] != nil || got["to"] == nil || len(got["missing_rates"].([]any)) != 0 {
		t.Errorf("the rest: %v", got)
	}

	// What the roles see.
	got = n.must(200, n.affUser[0], "GET", "/reports?group_by=affiliate,goal", nil)
	for _, row := range items(got) {
		if row["affiliate_id"] != n.affiliates[0]["id"] || row["affiliate_name"] != "Blog 0" || row["commission"] == nil || row["epc"] == nil {
			t.Errorf("an affiliate's: %v", row)
		}
		if clicks, _ := row["clicks"].(float64); (row["goal_id"] == nil) != (clicks > 0) {
			t.Errorf("clicks have no goal: %v", row)
		}
	}
	if all := names(got, map[string]bool{}); all["revenue"] || all["profit"] || len(items(got)) != 2 {
		t.Errorf("an affiliate's: %v", got)
	}
	n.refused(422, "invalid_group_by", n.affUser[0], "GET", "/reports?group_by=advertiser", nil)
	got = n.must(200, n.advUser[1], "GET", "/reports?group_by=affiliate,advertiser,status", nil)
	for _, row := range items(got) {
		_, named := row["affiliate_name"]
		if row["affiliate_id"] != n.affiliates[1]["id"] || named || row["advertiser_name"] != "Shop 1" || row["revenue"] == nil {
			t.Errorf("an advertiser's: %v", row)
		}
	}
	if all := names(got, map[string]bool{}); all["commission"] || all["profit"] || all["epc"] || len(items(got)) != 2 {
		t.Errorf("an advertiser's: %v", got)
	}
	for _, role := range []account.Role{account.RoleManager, account.RoleFinance, account.RoleViewer} {
		_, token := n.user(account.User{Role: role})
		if got := n.must(200, token, "GET", "/reports", nil); items(got)[0]["profit"] != "89.88" {
			t.Errorf("%s: %v", role, got)
		}
	}

	// Another's id narrows to nothing, in every filter, for every party.
	for token, foreign := range map[string][]string{
		n.affUser[0]: {path("offer_id=%d", id(n.offers[1])), path("affiliate_id=%d", id(n.affiliates[1])), path("advertiser_id=%d", id(n.advertisers[1]))},
		n.advUser[0]: {path("offer_id=%d", id(n.offers[1])), path("affiliate_id=%d", id(n.affiliates[1])), path("advertiser_id=%d", id(n.advertisers[1]))},
	} {
		for _, filter := range append(foreign, "offer_id=999999", "sub1=nobody", "country=XX") {
			if got := n.must(200, token, "GET", "/reports?"+filter, nil); len(items(got)) != 0 || len(got["totals"].([]any)) != 0 {
				t.Errorf("%s: %v", filter, got)
			}
		}
	}
	if got := n.must(200, n.admin, "GET", "/reports?sub1=red&country=de&group_by=sub1,country,device,os,browser,source,sub10", nil); len(items(got)) != 1 ||
		items(got)[0]["country"] != "DE" || items(got)[0]["sub1"] != "red" || items(got)[0]["device"] != "" {
		t.Errorf("facts of the click: %v", got)
	}
	for _, query := range []string{"group_by=planet", "tz=Mars/Base", "currency=ZZZ", "from=x", "limit=0", "limit=10001", "cursor=x", "offer_id=x", "from=2020-01-01"} {
		if a := n.call(n.admin, "GET", "/reports?"+query, nil); a.status != 422 || a.body["errors"] == nil {
			t.Errorf("%s: %d %s", query, a.status, a.raw)
		}
	}
	n.must(401, "", "GET", "/reports", nil)
}

func TestReportsInOneCurrency(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	traffic(n)
	got := n.must(200, n.admin, "GET", "/reports?currency=EUR", nil)
	if missing := fmt.Sprint(got["missing_rates"]); missing != fmt.Sprintf("[map[currency:USD days:[%s]]]", now().Format(time.DateOnly)) {
		t.Errorf("missing rates: %v", missing)
	}
	totals := got["totals"].([]any)
	if eur := totals[0].(map[string]any); len(totals) != 2 || eur["currency"] != "EUR" || eur["clicks"] != 2.0 || eur["commission"] != "0.00" {
		t.Errorf("without a rate: %v", totals)
	}
	if err := n.exec(`INSERT INTO exchange_rates SELECT (now() AT TIME ZONE 'UTC')::date - 3, 'USD', 'EUR', 0.9, 'manual'`); err != nil {
		t.Fatal(err)
	}
	got = n.must(200, n.admin, "GET", "/reports?currency=eur", nil)
	if total := got["totals"].([]any)[0].(map[string]any); len(got["totals"].([]any)) != 1 || total["commission"] != "22.22" || // 2 × 11.106
		total["currency"] != "EUR" || total["revenue"] != "102.20" || total["clicks"] != 2.0 || len(got["missing_rates"].([]any)) != 0 {
		t.Errorf("converted: %v", got)
	}
}

func TestReportsAreFiles(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	traffic(n)
	f := n.mustCSV(n.admin, "/reports?group_by=day,offer")
	common := []string{"currency", "clicks", "unique_clicks", "invalid_clicks", "conversions", "approved", "pending", "rejected", "cr"}
	if diff := cmp.Diff(append(append([]string{"day", "offer_id", "offer_name"}, common...), "epc", "revenue", "commission", "profit"), f.names); diff != "" {
		t.Errorf("columns:\n%s", diff)
	}
	if len(f.rows) != 2 || f.rows[0]["offer_name"] != "Offer 0" || f.rows[0]["commission"] != "12.34" || f.rows[1]["profit"] != "44.44" ||
		!strings.HasPrefix(f.header.Get("Content-Disposition"), `attachment; filename="reports-20`) {
		t.Errorf("%v\n%s", f.header, f.raw)
	}
	if f := n.mustCSV(n.affUser[0], "/reports?group_by=goal&limit=1"); len(f.rows) != 2 || slices.Contains(f.names, "revenue") || slices.Contains(f.names, "profit") {
		t.Errorf("an affiliate's: %s", f.raw)
	}
	if f := n.mustCSV(n.advUser[0], "/reports?group_by=affiliate"); slices.Contains(f.names, "commission") || slices.Contains(f.names, "epc") ||
		slices.Contains(f.names, "affiliate_name") {
		t.Errorf("an advertiser's: %s", f.raw)
	}
	// Without rows the same columns.
	if empty := n.mustCSV(n.admin, "/reports?group_by=day,offer&offer_id=999999"); !slices.Equal(empty.names, f.names) || len(empty.rows) != 0 {
		t.Errorf("empty: %s", empty.raw)
	}
	// A loss is a number, a sub id that looks like one is a text.
	if err := n.exec(`UPDATE conversions SET revenue = 0; UPDATE clicks SET subs = '{=1+1}'`); err != nil {
		t.Fatal(err)
	}
	if f := n.mustCSV(n.admin, "/reports?group_by=sub1"); f.rows[0]["profit"] != "-24.68" || f.rows[0]["sub1"] != "'=1+1" {
		t.Errorf("%s", f.raw)
	}
}

// A client that asks for part after part has every row once.
func TestPartsOfReports(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	for i := range 7 {
		n.click(i % 2)
		if err := n.exec(fmt.Sprintf(`UPDATE clicks SET subs = '{s%d}' WHERE subs = '{red}'`, i)); err != nil {
			t.Fatal(err)
		}
	}
	var subs []string
	for cursor := ""; ; {
		got := n.must(200, n.admin, "GET", "/reports?group_by=sub1&limit=3&cursor="+url.QueryEscape(cursor), nil)
		for _, row := range items(got) {
			subs = append(subs, row["sub1"].(string))
		}
		if total := got["totals"].([]any)[0].(map[string]any); total["clicks"] != 7.0 {
			t.Errorf("totals of a part: %v", total)
		}
		next, more := got["next_cursor"].(string)
		if !more {
			break
		}
		cursor = next
	}
	if want := []string{"s0", "s1", "s2", "s3", "s4", "s5", "s6"}; !slices.Equal(subs, want) {
		t.Errorf("%v", subs)
	}
}
