package api_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/waypost/waypost/api"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/notice"
	"github.com/waypost/waypost/domain/offer"
)

// who asks: a role's letter, and for a party the pair of the network that it belongs to.
type who struct {
	name, token string
	role        byte // A M F V: admin, manager, finance, viewer; a d: affiliate, advertiser; 0: nobody
	pair        int
	key         bool // an API key
	user        account.User
}

// party is true for users of an affiliate or advertiser.
func (w who) party() bool { return w.role == 'a' || w.role == 'd' }

// matrix is a network of two pairs, advertiser and affiliate, that have nothing in common, with one of everything each.
// Every text and amount of pair i holds marks[i], so that it is known wherever it turns up.
type matrix struct {
	*network
	whos  []who
	ids   [2]map[string]string // placeholder → id of the pair's thing
	marks [2][]string
}

func newMatrix(t testing.TB) *matrix {
	t.Helper()
	m := &matrix{network: newNetwork(t)}
	for i := range 2 {
		m.plant(i)
	}
	operator := func(name string, role account.Role, letter byte) {
		u, token := m.user(account.User{Role: role})
		m.whos = append(m.whos, who{name: name, token: token, role: letter, user: u})
	}
	operator("admin", account.RoleAdmin, 'A')
	operator("manager", account.RoleManager, 'M')
	operator("finance", account.RoleFinance, 'F')
	operator("viewer", account.RoleViewer, 'V')
	narrow := m.must(201, m.admin, "POST", "/api-keys", fields{"name": "narrow", "role": "viewer"})
	m.whos = append(m.whos, who{name: "an admin's key of role viewer", token: narrow["secret"].(string), role: 'V', key: true})
	for i := range 2 {
		for letter, u := range map[byte]account.User{'a': {Role: account.RoleAffiliate, AffiliateID: id(m.affiliates[i])},
			'd': {Role: account.RoleAdvertiser, AdvertiserID: id(m.advertisers[i])}} {
			u.Name = fmt.Sprintf("mark%dmark user", i)
			u, token := m.user(u)
			k := m.must(201, token, "POST", "/api-keys", fields{"name": fmt.Sprintf("mark%dmark key", i)})
			kind := string(letter)
			v := m.must(201, token, "POST", "/views", fields{"page": "/conversions", "name": fmt.Sprintf("mark%dmark view", i), "shared": true})
			m.ids[i]["exports/"+kind] = m.export(int64(u.ID), fmt.Sprintf("mark%dmark file", i))
			m.ids[i]["views/"+kind] = fmt.Sprint(id(v))
			m.ids[i]["users/"+kind], m.ids[i]["api-keys/"+kind] = fmt.Sprint(u.ID), fmt.Sprint(id(k))
			m.ids[i]["sessions/"+kind] = items(m.must(200, token, "GET", "/me/sessions", nil))[0]["id"].(string)
			m.ids[i]["notices/"+kind] = items(m.must(200, token, "GET", "/notices", nil))[0]["id"].(string)
			m.ids[i]["trace-links/"+kind] = m.must(201, token, "POST", "/clicks/"+m.ids[i]["clicks"]+"/trace-links", fields{"note": fmt.Sprintf("mark%dmark", i)})["id"].(string)
			m.marks[i] = append(m.marks[i], m.ids[i]["trace-links/"+kind], u.Email, k["prefix"].(string), m.ids[i]["sessions/"+kind], m.ids[i]["notices/"+kind])
			name := fmt.Sprintf("%s %d", u.Role, i)
			m.whos = append(m.whos, who{name: name, token: token, role: letter, pair: i, user: u},
				who{name: name + "'s key", token: k["secret"].(string), role: letter, pair: i, key: true, user: u})
			gone, goneToken := m.user(account.User{Role: u.Role, AffiliateID: u.AffiliateID, AdvertiserID: u.AdvertiserID})
			goneKey := m.must(201, goneToken, "POST", "/api-keys", fields{"name": "gone"})["secret"].(string)
			m.must(200, m.admin, "PATCH", path("/users/%d", gone.ID), fields{"status": "disabled"})
			m.whos = append(m.whos, who{name: "disabled " + name, token: goneToken, pair: i}, who{name: "key of disabled " + name, token: goneKey, pair: i})
		}
	}
	m.whos = append(m.whos, who{name: "anonymous"}, who{name: "forger", token: "wp_0123456789abcdef0123456789abcdef0123456789abcdef"})
	return m
}

// plant gives pair i one of everything, marked.
func (m *matrix) plant(i int) {
	m.Helper()
	mark := fmt.Sprintf("mark%dmark", i)
	adv, aff, off := id(m.advertisers[i]), id(m.affiliates[i]), id(m.offers[i])
	m.must(200, m.admin, "PATCH", path("/advertisers/%d", adv), fields{"name": mark + " shop", "email": mark + "@shop.example", "status_map": fields{mark: "approved"}})
	m.must(200, m.admin, "PATCH", path("/affiliates/%d", aff), fields{"name": mark + " blog", "email": mark + "@blog.example"})
	m.must(200, m.admin, "PATCH", path("/offers/%d", off), fields{"name": mark + " offer", "destination_url": "https://" + mark + ".example/?c={click_id}", "preview_url": "https://" + mark + ".example/"})
	goal := m.must(201, m.admin, "POST", path("/offers/%d/goals", off), fields{"alias": mark, "name": mark + " goal"})
	coupon := m.must(201, m.admin, "POST", "/coupons", fields{"code": mark, "offer_id": off, "affiliate_id": aff})
	pb := m.must(201, m.affUser[i], "POST", "/postbacks", fields{"url": "https://" + mark + ".example/?p={payout}", "offer_id": off})
	clickID, err := click.Mint(now(), rand.Reader)
	if err != nil {
		m.Fatal(err)
	}
	c := click.Click{ID: clickID, OfferID: offer.ID(off), AffiliateID: affiliate.ID(aff), AdvertiserID: advertiser.ID(adv),
		Facts: click.Facts{IP: fmt.Sprintf("198.51.100.%d", 77+i), Subs: [10]string{mark + " sub"}, Source: mark, AffClickID: mark, Country: "DE"}}
	if err := m.loadClicks(context.Background(), []click.Click{c}); err != nil {
		m.Fatal(err)
	}
	text := m.signer.Text(clickID)
	r := m.postback(i, text, "val", fmt.Sprintf("7%d1.37", i), "com", fmt.Sprintf("6%d2.46", i), "payout", fmt.Sprintf("8%d3.59", i), "txid", mark, "param", mark)
	note := m.must(201, m.admin, "POST", path("/affiliates/%d/notes", aff), fields{"text": mark})
	m.must(201, m.admin, "POST", path("/advertisers/%d/notes", adv), fields{"text": mark})
	m.tell(notice.Notice{AffiliateID: affiliate.ID(aff), Text: mark}, notice.Notice{AdvertiserID: advertiser.ID(adv), Text: mark})
	logID := items(m.must(200, m.admin, "GET", "/postback-log?click_id="+text, nil))[0]["id"].(string)
	delivery := items(m.must(200, m.admin, "GET", "/deliveries?click_id="+text, nil))[0]["id"].(string)
	m.ids[i] = map[string]string{"advertisers": fmt.Sprint(adv), "affiliates": fmt.Sprint(aff), "offers": fmt.Sprint(off), "goals": fmt.Sprint(id(goal)), "coupons": fmt.Sprint(id(coupon)),
		"postbacks": fmt.Sprint(id(pb)), "clicks": text, "conversions": r.ConversionID.String(), "postback-log": logID, "deliveries": delivery, "presets": "voluum",
		"notes": fmt.Sprint(id(note)), "applications": m.applied()}
	m.marks[i] = []string{mark, text, r.ConversionID.String(), logID, delivery, c.Facts.IP, m.advertisers[i]["postback_token"].(string), pb["signing_secret"].(string),
		fmt.Sprintf("7%d1.37", i), fmt.Sprintf("6%d2.46", i), fmt.Sprintf("8%d3.59", i)}
}

// target fills a route's placeholders with the things of a pair; "" where it has none.
func (m *matrix) target(route string, w who, pair int) string {
	m.Helper()
	kind := "a"
	if w.party() {
		kind = string(w.role)
	}
	parts := strings.Split(route, "/")
	for j, part := range parts {
		if !strings.HasPrefix(part, ":") {
			continue
		}
		things := parts[j-1]
		value, ok := m.ids[pair][things]
		if !ok {
			value, ok = m.ids[pair][things+"/"+kind]
		}
		if !ok {
			m.Fatalf("%s: the matrix has no %s", route, things)
		}
		parts[j] = value
	}
	return strings.Join(parts, "/")
}

// missing fills a route's placeholders with ids that were never given. A click id that proves itself is waited for, so only
// the first of whos sends such a one.
func (m *matrix) missing(route string, w who) string {
	parts := strings.Split(route, "/")
	never, err := click.Mint(now(), rand.Reader)
	if err != nil {
		m.Fatal(err)
	}
	for j, part := range parts {
		if !strings.HasPrefix(part, ":") {
			continue
		}
		switch parts[j-1] {
		case "clicks":
			parts[j] = m.signer.Text(never)
			if w.token != m.whos[0].token {
				parts[j] = strings.Repeat("0", len(parts[j]))
			}
		case "conversions", "deliveries", "postback-log", "sessions", "notices", "trace-links":
			parts[j] = "0199b0a2-7c1e-7000-8000-000000000001"
		case "presets":
			parts[j] = "no-such-preset"
		default:
			parts[j] = "999999"
		}
	}
	return strings.Join(parts, "/")
}

// ask sends a request and fails where the answer shows what is the other pair's. What the request itself names is no news.
func (m *matrix) ask(w who, method, target string, body any, header ...string) (status int, answer string) {
	m.Helper()
	text := ""
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			m.Fatal(err)
		}
		text = string(b)
	}
	r := httptest.NewRequest(method, api.Base+target, strings.NewReader(text))
	if w.token != "" {
		r.Header.Set("Authorization", "Bearer "+w.token)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for j := 0; j < len(header); j += 2 {
		r.Header.Set(header[j], header[j+1])
	}
	rec := httptest.NewRecorder()
	m.e.ServeHTTP(rec, r)
	answer = rec.Body.String()
	if w.party() || w.role == 0 {
		named, _ := url.QueryUnescape(target)
		for i, marks := range m.marks {
			for _, mark := range marks {
				if (w.role == 0 || i != w.pair) && strings.Contains(answer, mark) && !strings.Contains(named+text, mark) {
					m.Errorf("%s: %s %s %s shows %q: %s", w.name, method, target, text, mark, answer)
				}
			}
		}
	}
	if rec.Code >= 500 {
		m.Errorf("%s: %s %s %s: %d %s", w.name, method, target, text, rec.Code, answer)
	}
	return rec.Code, answer
}

// rows is a fingerprint of the whole database, each table its own; what only tells when a token was used is left out.
func (m *matrix) rows(where string) map[string]string {
	m.Helper()
	ctx := context.Background()
	tables, err := m.pool.Query(ctx, `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = current_schema() AND c.relkind IN ('r','p') AND NOT c.relispartition AND c.relname NOT LIKE 'goose%' ORDER BY 1`)
	if err != nil {
		m.Fatal(err)
	}
	var parts []string
	for tables.Next() {
		var name string
		if err := tables.Scan(&name); err != nil {
			m.Fatal(err)
		}
		parts = append(parts, fmt.Sprintf(`SELECT '%[1]s', md5(coalesce(string_agg(j::text, E'\n' ORDER BY j::text), ''))
			FROM (SELECT to_jsonb(x) - 'last_used_at' AS j FROM %[1]s x) y WHERE %[2]s`, name, strings.ReplaceAll(where, "TABLE", "'"+name+"'")))
	}
	all, err := m.pool.Query(ctx, strings.Join(parts, " UNION ALL "))
	if err != nil {
		m.Fatal(err)
	}
	found := map[string]string{}
	for all.Next() {
		var name, sum string
		if err := all.Scan(&name, &sum); err != nil {
			m.Fatal(err)
		}
		found[name] = sum
	}
	if all.Err() != nil || len(found) < 20 {
		m.Fatalf("%d tables, %v", len(found), all.Err())
	}
	return found
}

// rowsOf is the fingerprint of what belongs to a pair.
func (m *matrix) rowsOf(pair int) map[string]string {
	m.Helper()
	ids := m.ids[pair]
	return m.rows(fmt.Sprintf(`j->>'advertiser_id' = '%[1]s' OR j->>'affiliate_id' = '%[2]s' OR j->>'offer_id' = '%[3]s'
		OR j->>'postback_id' = '%[4]s' OR j->>'account_id' IN ('d%[1]s', 'a%[2]s') OR j->>'user_id' IN ('%[5]s', '%[6]s')
		OR TABLE = 'advertisers' AND j->>'id' = '%[1]s' OR TABLE = 'affiliates' AND j->>'id' = '%[2]s' OR TABLE = 'offers' AND j->>'id' = '%[3]s'
		OR j::text LIKE '%%mark%[7]dmark%%'`,
		ids["advertisers"], ids["affiliates"], ids["offers"], ids["postbacks"], ids["users/a"], ids["users/d"], pair))
}

// unchanged compares two fingerprints.
func (m *matrix) unchanged(before, after map[string]string, what string) {
	m.Helper()
	for table, sum := range after {
		if before[table] != sum {
			m.Errorf("%s changed rows of %s", what, table)
		}
	}
}

// routes are those of the router itself, as "METHOD /path" below Base.
func (m *matrix) routes() (all []string) {
	for _, r := range m.e.Routes() {
		if below, ok := strings.CutPrefix(r.Path, api.Base); ok && below != "" && below != "/*" {
			all = append(all, r.Method+" "+below)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// export gives a user a file that was made in the background.
func (m *matrix) export(user int64, title string) (id string) {
	m.Helper()
	err := m.pool.QueryRow(context.Background(), `WITH made AS (INSERT INTO exports (id, user_id, role, affiliate_id, advertiser_id, path, format, title, by_mail, state, file_name, size, created_at, ready_at, expires_at)
			SELECT gen_random_uuid(), id, CASE WHEN affiliate_id IS NULL AND advertiser_id IS NULL THEN 'viewer' ELSE role END, affiliate_id, advertiser_id, '/admin/conversions', 'csv', $2, false, 'ready', 'conversions.csv', octet_length($2), now(), now(), now() + interval '7 days' FROM users WHERE id = $1
			RETURNING id)
		INSERT INTO export_parts (export_id, n, data) SELECT id, 0, convert_to($2, 'UTF8') FROM made RETURNING export_id::text`, user, title).Scan(&id)
	if err != nil {
		m.Fatal(err)
	}
	return id
}
