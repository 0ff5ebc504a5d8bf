package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// The network of the targets. Every offer has three goals and a fallback; three in five are public, the others
// have approved partners.
const (
	advertisers = 100
	offers      = 1000
	affiliates  = 500
	partners    = 25 // of an offer that is not public
)

// coldOffers is how many offers the catalogue has when a start is measured.
const coldOffers = 10_000

// network is what clicks and postbacks are about.
type network struct {
	advertisers []sender
	offers      []offer
	affiliates  []int64
}

type sender struct {
	id    int64
	token string
}

type offer struct {
	id         int64
	advertiser int // index
	public     bool
}

// way is an affiliate's link to an offer.
type way struct {
	offer      *offer
	affiliate  int64
	advertiser sender
}

// way gives the n-th of very many ways: the offers take turns, and each's partners do.
func (n *network) way(i int) way {
	of := i % len(n.offers)
	o := &n.offers[of]
	return way{offer: o, affiliate: n.partner(of, i/len(n.offers)%partners), advertiser: n.advertisers[o.advertiser]}
}

// partner is the k-th affiliate, of partners, that may run an offer.
func (n *network) partner(of, k int) int64 { return n.affiliates[(of*7+k*13)%len(n.affiliates)] }

func (n *network) ways(most int) []way {
	ways := make([]way, most)
	for i := range ways {
		ways[i] = n.way(i)
	}
	return ways
}

// waysOf are an affiliate's ways to the public offers, for one that was approved nowhere.
func (n *network) waysOf(affiliate int64) (ways []way) {
	for i := range n.offers {
		if o := &n.offers[i]; o.public {
			ways = append(ways, way{offer: o, affiliate: affiliate, advertiser: n.advertisers[o.advertiser]})
		}
	}
	return ways
}

// makeNetwork makes the advertisers, whose tokens are secrets of the program, through the API, and likewise one offer with
// its goals and one affiliate; the others are copies of their rows.
func (p *product) makeNetwork(ctx context.Context) (*network, error) {
	n := &network{}
	for i := range advertisers {
		a, err := p.api(ctx, "POST", "/advertisers", object{"name": fmt.Sprintf("Shop %d", i+1), "override_percent": "20"}, http.StatusCreated)
		if err != nil {
			return nil, err
		}
		id, err := a.number("id")
		if err != nil {
			return nil, err
		}
		n.advertisers = append(n.advertisers, sender{id, a.text("postback_token")})
	}
	fixed := func(amount string) object { return object{"model": "fixed", "amount": amount} }
	percent := func(percent string) object { return object{"model": "percent", "percent": percent} }
	first, err := p.api(ctx, "POST", "/offers", object{"advertiser_id": n.advertisers[0].id, "name": "Offer", "status": "active",
		"destination_url": "https://shop.example/land?cid={click_id}&s={sub1}&src={source}&c={country}&d={device}",
		"fallback_url":    "https://fallback.example/",
		"goals": []object{
			{"alias": "sale", "is_default": true},
			{"alias": "lead", "payout": fixed("2.50"), "revenue": fixed("3.10"), "initial_status": "pending"},
			{"alias": "deposit", "payout": percent("7.5"), "revenue": percent("10")},
		}}, http.StatusCreated)
	if err != nil {
		return nil, err
	}
	offerID, err := first.number("id")
	if err != nil {
		return nil, err
	}
	affiliateID, err := p.makeAffiliate(ctx, "Buyer")
	if err != nil {
		return nil, err
	}
	conn, err := pgx.Connect(ctx, p.database)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		ids, err := cloneRows(ctx, tx, "affiliates", affiliateID, affiliates-1, nil)
		if err != nil {
			return err
		}
		n.affiliates = append([]int64{affiliateID}, ids...)
		return n.cloneOffers(ctx, tx, offerID, offers-1)
	})
	if err != nil {
		return nil, err
	}
	return n, p.reachable(ctx, n.way(len(n.offers)-1))
}

// cloneOffers makes more copies of an offer.
func (n *network) cloneOffers(ctx context.Context, tx pgx.Tx, first int64, copies int) error {
	if len(n.offers) == 0 {
		n.offers = append(n.offers, offer{id: first, public: true})
	}
	ids := make([]int64, len(n.advertisers))
	for i, a := range n.advertisers {
		ids[i] = a.id
	}
	clones, err := cloneRows(ctx, tx, "offers", first, copies, map[string]string{
		"name":          "name || ' ' || n",
		"advertiser_id": fmt.Sprintf("(ARRAY[%s]::bigint[])[1 + n %% %d]", joined(ids), len(ids)),
		"visibility":    "(ARRAY['public', 'public', 'public', 'approval', 'private'])[1 + n % 5]",
	})
	if err != nil {
		return err
	}
	var access struct{ offers, affiliates []int64 }
	for i, id := range clones {
		o := offer{id: id, advertiser: (i + 1) % len(ids), public: (i+1)%5 < 3} // n is i + 1
		of := len(n.offers)
		n.offers = append(n.offers, o)
		for k := 0; k < partners && !o.public; k++ {
			access.offers, access.affiliates = append(access.offers, id), append(access.affiliates, n.partner(of, k))
		}
	}
	columns, err := columnsOf(ctx, tx, "goals", "id", "offer_id")
	if err != nil {
		return err
	}
	list := strings.Join(columns, ", ")
	if _, err := tx.Exec(ctx, fmt.Sprintf(`INSERT INTO goals (offer_id, %s) SELECT o.id, %s FROM goals, unnest($1::bigint[]) AS o (id) WHERE offer_id = $2`,
		list, list), clones, first); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO offer_access (offer_id, affiliate_id, status, created_at, updated_at)
		SELECT o, a, 'approved', now(), now() FROM unnest($1::bigint[], $2::bigint[]) AS x (o, a)`, access.offers, access.affiliates); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE catalogue_version SET version = version + 1`)
	return err
}

// cloneRows copies a row; columns that differ are expressions over the row and n, the number of the copy from 1. The ids
// come in the order of n.
func cloneRows(ctx context.Context, tx pgx.Tx, table string, id int64, copies int, differ map[string]string) ([]int64, error) {
	columns, err := columnsOf(ctx, tx, table, "id")
	if err != nil {
		return nil, err
	}
	values := slices.Clone(columns)
	for i, c := range columns {
		if expression, ok := differ[c]; ok {
			values[i] = expression
		}
	}
	rows, err := tx.Query(ctx, fmt.Sprintf(`INSERT INTO %s (%s) SELECT %s FROM %s, generate_series(1, $1) AS s (n) WHERE id = $2 ORDER BY n RETURNING id`,
		table, strings.Join(columns, ", "), strings.Join(values, ", "), table), copies, id)
	if err != nil {
		return nil, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	slices.Sort(ids)
	return ids, err
}

func columnsOf(ctx context.Context, tx pgx.Tx, table string, except ...string) ([]string, error) {
	rows, err := tx.Query(ctx, `SELECT column_name::text FROM information_schema.columns WHERE table_schema = current_schema()
		AND table_name = $1 AND column_name <> ALL($2) ORDER BY ordinal_position`, table, except)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func joined(numbers []int64) string {
	var texts []string
	for _, n := range numbers {
		texts = append(texts, strconv.FormatInt(n, 10))
	}
	return strings.Join(texts, ",")
}

// reachable proves that a way which was made a moment ago is in force.
func (p *product) reachable(ctx context.Context, w way) error {
	c, err := dial(p.addr, 1, startLimit)
	if err != nil {
		return err
	}
	defer c.close()
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	var fault string
	if err := p.await(ctx, "it redirects to the newest offer", func() (bool, error) {
		fault = clickFault(c.call(0, newClickRequest(c.addr, w, 0).next()))
		return fault == "", nil
	}); err != nil {
		return fmt.Errorf("%w; it answers: %s", err, fault)
	}
	return nil
}

func (p *product) makeAffiliate(ctx context.Context, name string) (int64, error) {
	affiliate, err := p.api(ctx, "POST", "/affiliates", object{"name": name}, http.StatusCreated)
	if err != nil {
		return 0, err
	}
	return affiliate.number("id")
}

// makeBuyer makes an affiliate whose conversions are told to a URL, and clicks of it.
func (r *run) makeBuyer(ctx context.Context, name, url string, clicks int) (affiliate int64, made []clicked, err error) {
	if affiliate, err = r.product.makeAffiliate(ctx, name); err != nil {
		return 0, nil, err
	}
	if _, err = r.product.api(ctx, "POST", "/postbacks", object{"affiliate_id": affiliate, "url": url}, http.StatusCreated); err != nil {
		return 0, nil, err
	}
	if made, err = r.makeClicks(ctx, r.network.waysOf(affiliate), clicks); err != nil {
		return 0, nil, fmt.Errorf("make clicks: %w", err)
	}
	return affiliate, made, nil
}

// approved is what the affiliates are owed, in cents.
func (p *product) approved(ctx context.Context, affiliates []int64) (cents int64, err error) {
	for _, id := range affiliates {
		answer, err := p.api(ctx, "GET", fmt.Sprintf("/affiliates/%d/balance", id), nil, http.StatusOK)
		if err != nil {
			return 0, err
		}
		items, _ := answer["items"].([]any)
		for _, item := range items {
			text := object(item.(map[string]any)).text("approved")
			n, err := strconv.ParseInt(strings.Replace(text, ".", "", 1), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("balance of affiliate %d: %w", id, err)
			}
			cents += n
		}
	}
	return cents, nil
}

// number is an id.
func (o object) number(name string) (int64, error) {
	n, ok := o[name].(json.Number)
	if !ok {
		return 0, fmt.Errorf("the answer has no number %q", name)
	}
	return n.Int64()
}
