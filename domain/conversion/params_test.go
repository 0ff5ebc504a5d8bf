package conversion

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func form(query, contentType, body string) Call {
	return Call{RawQuery: query, ContentType: contentType, Body: []byte(body)}
}

const urlencoded = "application/x-www-form-urlencoded"

func TestParamsAliases(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		names []string
		get   func(Sent) string
	}{
		{contractNames[paramClickID], func(s Sent) string { return s.ClickID }}, {contractNames[paramToken], func(s Sent) string { return s.Token }},
		{contractNames[paramVal], func(s Sent) string { return s.Val }}, {contractNames[paramCom], func(s Sent) string { return s.Com }},
		{contractNames[paramComPerc], func(s Sent) string { return s.ComPerc }}, {contractNames[paramPayout], func(s Sent) string { return s.Payout }},
		{contractNames[paramTxID], func(s Sent) string { return s.TxID }}, {contractNames[paramGoal], func(s Sent) string { return s.Goal }},
		{contractNames[paramStatus], func(s Sent) string { return s.Status }}, {contractNames[paramCurrency], func(s Sent) string { return s.Currency }},
		{contractNames[paramCoupon], func(s Sent) string { return s.Params.Coupon }},
	} {
		for i, name := range c.names {
			query := name + "=first&" + name + "=second"
			for _, later := range c.names[i+1:] {
				query = later + "=later&" + query // the order in the query does not matter
			}
			for _, call := range []Call{
				form(query, "", ""), form("", urlencoded, query), form(name+"=first", urlencoded, name+"=second"),
				form("", "application/json", fmt.Sprintf(`{%q:"first",%q:"second"}`, name, name)),
			} {
				if s, err := ParseSent(call); err != nil || c.get(s) != "first" {
					t.Errorf("%s %s: %q, %v", call.RawQuery, call.Body, c.get(s), err)
				}
			}
		}
	}
}

func TestParams(t *testing.T) {
	t.Parallel()
	multi := "--x\r\nContent-Disposition: form-data; name=\"txid\"\r\n\r\nm1\r\n--x\r\nContent-Disposition: form-data; name=\"com\"; filename=\"f\"\r\n\r\nno\r\n--x--\r\n"
	for _, c := range []struct {
		name     string
		call     Call
		get      func(Sent) string
		want     string
		warnings string
	}{
		{"empty is missing", form("clickid=&cid=a", "", ""), func(s Sent) string { return s.ClickID }, "a", ""},
		{"empty in the query, body", form("txid=", urlencoded, "txid=b"), func(s Sent) string { return s.TxID }, "b", ""},
		{"macro {}", form("txid={tid}&tid=x", "", ""), func(s Sent) string { return s.TxID }, "x", "unfilled_macro"},
		{"macro ${}", form("txid=${tid}", "", ""), func(s Sent) string { return s.TxID }, "", "unfilled_macro"},
		{"macro {{}}", form("txid={{order.id}}", "", ""), func(s Sent) string { return s.TxID }, "", "unfilled_macro"},
		{"macro ##", form("txid=%23tid%23", "", ""), func(s Sent) string { return s.TxID }, "", "unfilled_macro"},
		{"macro []", form("val=%5Bsum%5D&val=[sum]", "", ""), func(s Sent) string { return s.Val }, "", "unfilled_macro"},
		{"no macro", form(`param={"a":1}`, "", ""), func(s Sent) string { return s.Params.Param[0] }, `{"a":1}`, ""},
		{"half a macro", form("txid={tid", "", ""), func(s Sent) string { return s.TxID }, "{tid", ""},
		{"two macros", form("txid={a}-{b}", "", ""), func(s Sent) string { return s.TxID }, "{a}-{b}", ""},
		{"semicolons are text", form("txid=a;b&val=1", "", ""), func(s Sent) string { return s.TxID + " " + s.Val }, "a;b 1", ""},
		{"plus is a space", form("txid=a+b%2B", "", ""), func(s Sent) string { return s.TxID }, "a b+", ""},
		{"broken percent", form("txid=50%&val=1", "", ""), func(s Sent) string { return s.TxID }, "50%", "invalid_encoding"},
		{"broken percent elsewhere", form("x=%zz&txid=1", "", ""), func(s Sent) string { return s.TxID }, "1", ""},
		{"latin 1", form("txid=caf%E9", "", ""), func(s Sent) string { return s.TxID }, "café", "invalid_encoding"},
		{"control characters", form("txid=a%00b%0A%7F", "", ""), func(s Sent) string { return s.TxID }, "ab", "control_characters"},
		{"only control characters", form("txid=%00", "", ""), func(s Sent) string { return s.TxID }, "", "control_characters"},
		{"json numbers as written", form("", "application/json", `{"val":1e3,"com":10.50,"payout":12345678901234567890}`),
			func(s Sent) string { return s.Val + " " + s.Com + " " + s.Payout }, "1e3 10.50 12345678901234567890", ""},
		{"json null and bool", form("", "application/json; charset=utf-8", `{"val":null,"test":true,"txid":""}`),
			func(s Sent) string { return fmt.Sprintf("%q %v %q", s.Val, s.Test, s.TxID) }, `"" true ""`, ""},
		{"json by another name", form("", urlencoded, "\xef\xbb\xbf {\"txid\":\"1\"}\n"), func(s Sent) string { return s.TxID }, "1", ""},
		{"form without a name", form("", "", "txid=1&val=2"), func(s Sent) string { return s.TxID + s.Val }, "12", ""},
		{"multipart", form("", "multipart/form-data; boundary=x", multi), func(s Sent) string { return s.TxID + s.Com }, "m1", ""},
		{"query before body", form("val=1", "application/json", `{"val":2,"com":3}`), func(s Sent) string { return s.Val + s.Com }, "13", ""},
		{"name before place", form("cid=q", "application/json", `{"clickid":"b"}`), func(s Sent) string { return s.ClickID }, "b", ""},
		{"test", form("test=2", "", ""), func(s Sent) string { return fmt.Sprint(s.Test) }, "false", ""},
		{"param", form("param=a;;b%3Bc", "", ""), func(s Sent) string { return strings.Join(s.Params.Param, "|") }, "a|b|c", ""},
		{"events", form("event1=1,50&event2=x&event10=07", "", ""), func(s Sent) string { return fmt.Sprint(s.Params.Values) },
			"map[event1:1.5 event10:7]", "invalid_event"},
		{"free values", form("adv10=a&param3=b&conversion_id=c&param11=no", "", ""), func(s Sent) string { return fmt.Sprint(s.Params.Values) },
			"map[adv10:a conversion_id:c param3:b]", ""},
		{"long free value", form("adv1="+strings.Repeat("ü", 200), "", ""), func(s Sent) string { return s.Params.Values["adv1"] },
			strings.Repeat("ü", 127), "value_too_long"},
		{"event is a goal", form("event=sale", "", ""), func(s Sent) string { return s.Goal }, "sale", ""},
		{"case matters", form("ClickID=a", "", ""), func(s Sent) string { return s.ClickID }, "", ""},
		{"status lists", form("approved_status=Ok,Paid;x&rejected_status=x;+no", "", ""),
			func(s Sent) string { return fmt.Sprint(s.StatusLists) }, "map[no:rejected ok:approved paid:approved x:approved]", ""},
	} {
		s, err := ParseSent(c.call)
		if got := c.get(s); err != nil || got != c.want || strings.Join(s.Warnings, ",") != c.warnings {
			t.Errorf("%s: %q, warnings %v, %v; want %q", c.name, got, s.Warnings, err, c.want)
		}
	}
	cookie := form("val=1", "", "")
	cookie.Cookie = "fromcookie"
	if s, _ := ParseSent(cookie); s.ClickID != "fromcookie" {
		t.Errorf("cookie: %q", s.ClickID)
	}
}

func TestInvalidBodies(t *testing.T) {
	t.Parallel()
	for _, c := range []Call{
		form("clickid=a", "application/json", `{"clickid":`), form("clickid=a", "application/json", `{"a":{"b":1}}`),
		form("clickid=a", "application/json", `{"a":[1]}`), form("clickid=a", "application/json", `[1]`),
		form("clickid=a", "application/json", `{"a":1} {"b":2}`), form("clickid=a", "application/json", `{"a":1}x`),
		form("clickid=a", "application/json", `{"a":1,}`), form("clickid=a", "application/json", `{"a":"`+"\xff"+`"}`),
		form("clickid=a", "application/json", `"text"`), form("clickid=a", "text/xml", `<a token="x"/>`),
		form("clickid=a", "multipart/form-data", "--x"), form("clickid=a", "multipart/form-data; boundary=x", "--y"),
		form("clickid=a", "text/plain", "nothing"),
	} {
		s, err := ParseSent(c)
		if err == nil || err.Code != "invalid_body" || s.ClickID != "a" {
			t.Errorf("%s %s: %+v, %v", c.ContentType, c.Body, s, err)
		}
		if strings.Contains(s.Masked, string(c.Body)) {
			t.Errorf("a body that cannot be read may hold secrets: %s", s.Masked)
		}
	}
}

func TestMasked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		call Call
		want string
	}{
		{form("clickid=a&token=s3cret&val=1%2C5", "", ""), "clickid=a&token=***&val=1%2C5"},
		{form("%74oken=s3cret&SECURE=s3cret&security_token=s3cret&verification_token=s3cret&ts=1&sig=s3cret", "", ""),
			"%74oken=***&SECURE=***&security_token=***&verification_token=***&ts=1&sig=***"},
		{form("a=1", urlencoded, "token=s3cret&x=%C3%A9"), "a=1\ntoken=***&x=%C3%A9"},
		{form("", "application/json", `{"token":"s3cret","val":1.50}`), "\ntoken=***&val=1.50"},
		{form("a=\xff\x00", "", ""), "a=\uFFFD"},
		{form("token", "", ""), "token"},
		{form("token=s3cret", "text/xml", "<s3cret>"), "token=***\n(a body that cannot be read)"},
	} {
		if s, _ := ParseSent(c.call); s.Masked != c.want {
			t.Errorf("%s %s: %q, want %q", c.call.RawQuery, c.call.Body, s.Masked, c.want)
		}
	}
}

// Whatever is sent gives values that can be stored or an error, and never a secret in the log.
func FuzzParams(f *testing.F) {
	f.Add("clickid=a&val=1,5&token=x", "", []byte(nil))
	f.Add("%zz=%&;;&&=&a", urlencoded, []byte("clickid=%ff&param=a;b"))
	f.Add("preset=scaleo&transaction_id=a&payout=1&sale_status=x;y", "application/json", []byte(`{"preset":"cake","r":"a"}`))
	f.Add("txid={a}", "application/json", []byte(`{"val":1.5,"token":"x","b":{"c":[]}}`))
	f.Add("", "multipart/form-data; boundary=x", []byte("--x\r\nContent-Disposition: form-data; name=\"txid\"\r\n\r\n1\r\n--x--"))
	f.Fuzz(func(t *testing.T, query, contentType string, body []byte) {
		const marker = "S3CRETS3CRET"
		call := Call{RawQuery: query + "&token=" + marker, ContentType: contentType, Body: body}
		s, err := ParseSent(call)
		if err != nil && (err.Code != "invalid_body" || refusals[err.Code] == 0) {
			t.Fatalf("error %v", err)
		}
		if strings.Contains(s.Masked, marker) && !strings.Contains(query+string(body), marker[:4]) {
			t.Fatalf("the log shows the token: %q", s.Masked)
		}
		if len(s.Unknown) > maxUnknown || len(strings.Join(s.Unknown, "")) > maxUnknown*maxName {
			t.Fatalf("too many unknown names: %q", s.Unknown)
		}
		texts := append([]string{s.ClickID, s.Token, s.TxID, s.Goal, s.Status, s.Currency, s.Val, s.Com, s.ComPerc, s.Payout, s.Params.Coupon}, s.Params.Param...)
		for _, v := range s.Params.Values {
			texts = append(texts, v)
		}
		for _, v := range slices.Concat(texts, s.Unknown, s.ReadAs) {
			if !utf8.ValidString(v) || strings.ContainsFunc(v, unicode.IsControl) {
				t.Fatalf("%q cannot be stored", v)
			}
		}
		if !utf8.ValidString(s.Masked) || strings.ContainsRune(s.Masked, 0) || len(s.Masked) > maxMasked {
			t.Fatalf("%q cannot be stored", s.Masked)
		}
		if a, err := parseAmounts(s); err != nil && refusals[err.Code] != 400 {
			t.Fatalf("amounts %+v: %v", a, err)
		}
		if again, _ := ParseSent(call); again.Masked != s.Masked || !slices.Equal(again.Warnings, s.Warnings) {
			t.Fatal("the same call reads differently")
		}
		// What the standard library reads the same way must be read the same way here.
		if values, err := url.ParseQuery(query); err == nil && utf8.ValidString(values.Get("txid")) && values.Get("txid") != "" &&
			!strings.ContainsFunc(values.Get("txid"), unicode.IsControl) && !unfilled(values.Get("txid")) && s.Preset == "" && s.TxID != values.Get("txid") {
			t.Fatalf("txid %q, want %q", s.TxID, values.Get("txid"))
		}
	})
}
