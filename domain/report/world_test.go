package report_test

import (
	"context"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/store/storetest"
)

var (
	today = time.Date(2026, 11, 21, 10, 30, 0, 0, time.UTC)
	admin = account.Actor{Role: account.RoleAdmin}
)

// deal is a conversion as the test knows it.
type deal struct {
	click               click.Click
	at                  time.Time
	goal                int64
	status              string
	currency            money.Currency
	commission, revenue int64
	test                bool
}

// world is a small network's traffic, known in memory too. Offers 1 to 3 are in USD, EUR and JPY and belong to
// advertisers 1 to 3; offer o has the goals 10o and 10o+1.
type world struct {
	testing.TB
	service *report.Service
	exec    func(sql string, args ...any)
	load    func(context.Context, []click.Click) error
	db      *storetest.DB
	clicks  []click.Click
	deals   []deal
	random  *rand.Rand
}

var currencies = [4]money.Currency{"", "USD", "EUR", "JPY"}

func newWorld(t testing.TB) *world {
	t.Helper()
	db := storetest.New(t)
	ctx := context.Background()
	w := &world{TB: t, db: db, load: db.Clicks().LoadClicks, random: rand.New(rand.NewPCG(7, 11)),
		service: report.NewService(db.Reports(), func() time.Time { return today })}
	w.exec = func(sql string, args ...any) {
		t.Helper()
		if _, err := db.Pool().Exec(ctx, sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	for i := 1; i <= 3; i++ {
		w.exec(`INSERT INTO advertisers (id, name, status, currency, postback_auth, postback_token, created_at, updated_at)
			VALUES ($1, 'Shop ' || $1::bigint, 'active', $2, 'token', '', now(), now())`, i, currencies[i])
		w.exec(`INSERT INTO affiliates (id, name, status, currency, fire, created_at, updated_at)
			VALUES ($1, 'Blog ' || $1::bigint, 'active', 'USD', 'specific', now(), now())`, i)
		w.exec(`INSERT INTO offers (id, advertiser_id, name, destination_url, currency, status, visibility, created_at, updated_at)
			VALUES ($1, $1, 'Offer ' || $1::bigint, 'https://x.example/', $2, 'active', 'public', now(), now())`, i, currencies[i])
		for g := range 2 {
			w.exec(`INSERT INTO goals (id, offer_id, alias, is_default, payout_model, revenue_model, initial_status, dedupe)
				VALUES ($1, $2, $3, $4, 'postback', 'postback', 'approved', 'txid')`, 10*i+g, i, fmt.Sprintf("goal%d", g), g == 0)
		}
	}
	if err := db.EnsurePartitions(ctx, today.AddDate(0, 0, -25), today.AddDate(0, 0, 1)); err != nil {
		t.Fatal(err)
	}
	return w
}

// Read makes the world the random source of its ids.
func (w *world) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(w.random.Uint32())
	}
	return len(p), nil
}

func pick[T any](w *world, values ...T) T { return values[w.random.IntN(len(values))] }

// visit makes a click of the time before today.
func (w *world) visit(within time.Duration) click.Click {
	w.Helper()
	at := today.Add(-time.Duration(w.random.Int64N(int64(within)))).Truncate(time.Millisecond)
	id, err := click.Mint(at, w)
	if err != nil {
		w.Fatal(err)
	}
	c := click.Click{ID: id, OfferID: offer.ID(pick(w, 1, 1, 1, 2, 3, 99)), AffiliateID: affiliate.ID(1 + w.random.IntN(3))}
	if c.OfferID == 99 {
		c.Reason = click.ReasonOfferNotFound
	} else {
		c.AdvertiserID = advertiser.ID(c.OfferID)
		c.Reason = pick(w, click.ReasonNone, click.ReasonNone, click.ReasonNone, click.ReasonCap)
	}
	c.IP, c.UserAgent = pick(w, "192.0.2.1", "192.0.2.2", "2001:db8::1"), pick(w, "Safari", "Firefox")
	c.Country, c.Device, c.Source = pick(w, "DE", "US", ""), pick(w, "mobile", "desktop"), pick(w, "", "mail")
	c.Subs[0], c.Subs[9] = pick(w, "", "red", "=blue"), pick(w, "", "ten")
	return c
}

// traffic makes clicks and conversions of the 20 days before today.
func (w *world) traffic(clicks int) {
	w.Helper()
	for range clicks {
		c := w.visit(20 * 24 * time.Hour)
		at := c.CreatedAt()
		w.clicks = append(w.clicks, c)
		for c.Valid() && w.random.IntN(3) == 0 {
			w.deals = append(w.deals, deal{click: c, goal: 10*int64(c.OfferID) + int64(w.random.IntN(2)),
				at:     at.Add(time.Duration(w.random.Int64N(int64(today.Sub(at))))).Truncate(time.Microsecond),
				status: pick(w, "approved", "approved", "pending", "hold", "rejected", "trash"), currency: currencies[c.OfferID],
				commission: w.random.Int64N(5000), revenue: w.random.Int64N(9000), test: w.random.IntN(10) == 0})
		}
	}
	if err := w.load(context.Background(), w.clicks); err != nil {
		w.Fatal(err)
	}
	for _, d := range w.deals {
		id, err := domain.NewUUID(d.at, w)
		if err != nil {
			w.Fatal(err)
		}
		w.exec(`INSERT INTO conversions (click_id, id, dedupe_key, txid, offer_id, goal_id, affiliate_id, advertiser_id, status, val,
			commission, revenue, currency, original_val, original_currency, exchange_rate, test, params, clicked_at, created_at, updated_at)
			VALUES ($1, $2, $2::uuid::text, '', $3, $4, $5, $6, $7, 0, $8, $9, $10, 0, $10, 1, $11, '{}', $12, $13, $13)`,
			d.click.ID.UUID(), id.String(), int64(d.click.OfferID), d.goal, int64(d.click.AffiliateID), int64(d.click.AdvertiserID), d.status,
			d.commission, d.revenue, string(d.currency), d.test, d.click.CreatedAt(), d.at)
	}
}

// view is a report as the oracle makes it.
type view struct {
	groupBy  []string
	zone     *time.Location
	from, to time.Time
	actor    account.Actor
	filter   report.Filter
	convert  func(d deal) (currency money.Currency, commission, revenue int64)
	into     money.Currency
}

// expected adds everything up in memory: rows by their keys and currency.
func (w *world) expected(v view) map[string]*report.Row {
	rows := map[string]*report.Row{}
	row := func(c click.Click, at time.Time, d *deal, currency money.Currency) *report.Row {
		var keys []string
		for _, g := range v.groupBy {
			keys = append(keys, v.key(g, c, at, d))
		}
		key := strings.Join(append(keys, string(currency)), "|")
		if rows[key] == nil {
			rows[key] = &report.Row{Currency: currency, Commission: report.NewSum(new(big.Int), currency), Revenue: report.NewSum(new(big.Int), currency)}
		}
		return rows[key]
	}
	mine := func(c click.Click, at time.Time, goal int64) bool {
		f := v.filter
		return !at.Before(v.from) && at.Before(v.to) &&
			(v.actor.AffiliateID == 0 || int64(c.AffiliateID) == v.actor.AffiliateID) &&
			(v.actor.AdvertiserID == 0 || int64(c.AdvertiserID) == v.actor.AdvertiserID) &&
			(f.OfferID == 0 || c.OfferID == f.OfferID) && (f.AffiliateID == 0 || c.AffiliateID == f.AffiliateID) &&
			(f.AdvertiserID == 0 || c.AdvertiserID == f.AdvertiserID) && (f.GoalID == 0 || goal == int64(f.GoalID)) &&
			(f.Country == "" || c.Country == f.Country) && (f.Sub1 == "" || c.Subs[0] == f.Sub1)
	}
	seen := map[string]bool{}
	for _, c := range slices.SortedFunc(slices.Values(w.clicks), func(a, b click.Click) int { return strings.Compare(a.ID.UUID(), b.ID.UUID()) }) {
		visitor := fmt.Sprint(c.CreatedAt().UTC().Format(time.DateOnly), c.OfferID, c.AffiliateID, c.IP, c.UserAgent)
		first := c.Valid() && !seen[visitor]
		seen[visitor] = seen[visitor] || c.Valid()
		if !mine(c, c.CreatedAt(), 0) {
			continue
		}
		currency := v.into
		if currency == "" && c.OfferID != 99 {
			currency = currencies[c.OfferID]
		}
		r := row(c, c.CreatedAt(), nil, currency)
		if !c.Valid() {
			r.InvalidClicks++
			continue
		}
		r.Clicks++
		if first {
			r.UniqueClicks++
		}
	}
	for _, d := range w.deals {
		if d.test || d.status == "trash" || !mine(d.click, d.at, d.goal) {
			continue
		}
		currency, commission, revenue := d.currency, d.commission, d.revenue
		if v.convert != nil {
			currency, commission, revenue = v.convert(d)
		}
		r := row(d.click, d.at, &d, currency)
		r.Conversions++
		switch d.status {
		case "approved":
			r.Approved++
		case "rejected":
			r.Rejected++
			continue
		default:
			r.Pending++
		}
		r.Commission = report.NewSum(r.Commission.Minor().Add(r.Commission.Minor(), big.NewInt(commission)), currency)
		r.Revenue = report.NewSum(r.Revenue.Minor().Add(r.Revenue.Minor(), big.NewInt(revenue)), currency)
	}
	return rows
}

// key is the text of a dimension's value.
func (v view) key(dimension string, c click.Click, at time.Time, d *deal) string {
	local := at.In(v.zone)
	switch dimension {
	case "month":
		return local.Format("2006-01")
	case "week":
		return local.AddDate(0, 0, -(int(local.Weekday())+6)%7).Format(time.DateOnly)
	case "day":
		return local.Format(time.DateOnly)
	case "hour":
		return local.Add(-time.Duration(local.Minute())*time.Minute - time.Duration(local.Second())*time.Second).Truncate(time.Second).UTC().Format(time.RFC3339)
	case "offer":
		return fmt.Sprint(c.OfferID)
	case "affiliate":
		return fmt.Sprint(c.AffiliateID)
	case "advertiser":
		return fmt.Sprint(c.AdvertiserID)
	case "goal":
		if d == nil {
			return "none"
		}
		return fmt.Sprint(d.goal)
	case "status":
		if d == nil {
			return "none"
		}
		return d.status
	case "country":
		return c.Country
	case "device":
		return c.Device
	case "source":
		return c.Source
	case "sub1":
		return c.Subs[0]
	case "sub10":
		return c.Subs[9]
	}
	panic(dimension)
}

// got gives a report's rows by the keys that expected gives them.
func got(r report.Report, rows []report.Row) (map[string]*report.Row, error) {
	out := map[string]*report.Row{}
	for _, row := range rows {
		var keys []string
		for i, k := range row.Keys {
			text := k.Text
			switch d := r.GroupBy[i]; {
			case k.None:
				text = "none"
			case k.ID != 0 && !d.OfTime(), d == report.DimensionAdvertiser:
				text = fmt.Sprint(k.ID)
			}
			keys = append(keys, text)
		}
		key := strings.Join(append(keys, string(row.Currency)), "|")
		if out[key] != nil {
			return nil, fmt.Errorf("%s stands in two rows", key)
		}
		row.Keys = nil
		out[key] = &row
	}
	return out, nil
}
