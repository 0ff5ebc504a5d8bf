package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waypost/waypost/embedded"
)

// TestManyFailedDeliveries: 12,001 deliveries that failed for good, more than asynq's archive would keep, are all listed
// over HTTP and all arrive after one resend by filter, each under the id that it has in the list.
func TestManyFailedDeliveries(t *testing.T) {
	p := prove(t, "12,001 permanent failures are listed and resent")
	pg, err := embedded.StartPostgres(context.Background(), embedded.PostgresOptions{DataDir: mustDataDir(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pg.Stop(context.Background()) })
	w := mustServe(t, mustDataDir(t), "DATABASE_URL="+pg.DSN(), "REDIS_URL="+mustRedis(t), "WAYPOST_SECRET=0123456789abcdef0123456789abcdef")
	c := w.mustLogIn()
	n := w.mustNetwork(c, nil, nil)
	rc := mustReceiver(t)
	id := n.mustPostbackURL(rc.URL + "/pb")
	const count = 12_001
	db, err := pgx.Connect(context.Background(), pg.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close(context.Background()) }()
	_, err = db.Exec(context.Background(), `INSERT INTO deliveries (id, created_at, postback_id, affiliate_id, offer_id, conversion_id, click_id, event_status, method, url, body, host, status, reason, tries, attempts, updated_at)
		SELECT gen_random_uuid(), now() - i / 5 * interval '1 second', p.id, p.affiliate_id, (SELECT min(id) FROM offers), gen_random_uuid(), gen_random_uuid(), 'approved', 'GET', p.url, '', $2,
			'failed', 'http_5xx', 9, 9, now() FROM postbacks p, generate_series(1, $3) i WHERE p.id::text = $1`, id, strings.TrimPrefix(rc.URL, "http://"), count)
	if err != nil {
		t.Fatal(err)
	}

	list := func(status string) map[string]bool {
		t.Helper()
		ids, path := map[string]bool{}, "/deliveries?limit=500&status="+status
		for next := ""; ; {
			page := c.must("GET", path+next, nil, http.StatusOK)
			for _, d := range page.items(t) {
				ids[d.text("id")] = true
			}
			cursor := page.text("next_cursor")
			if cursor == "" {
				return ids
			}
			next = "&cursor=" + url.QueryEscape(cursor)
		}
	}
	listed := list("failed")
	if len(listed) != count {
		t.Errorf("%d listed", len(listed))
	}
	began := time.Now()
	if answer := c.must("POST", "/deliveries/resend", object{"status": "failed", "postback_id": json.Number(id)}, http.StatusOK); answer.text("count") != strconv.Itoa(count) {
		t.Errorf("resent: %v", answer)
	}
	eventually(t, 120*time.Second, "all are delivered", func() bool { return len(rc.all()) >= count && len(list("failed")) == 0 })
	p.load, p.faults = "a resend by filter", fmt.Sprintf("%d failed deliveries", count)
	p.acknowledge(len(listed), "listed")
	p.figure("all delivered after %s", time.Since(began).Round(time.Millisecond))
	arrived := map[string]bool{}
	for _, call := range rc.all() {
		arrived[call.header.Get("Webhook-Id")] = true
	}
	for id := range listed {
		if !arrived[id] {
			p.lost++
			t.Logf("%s did not arrive", id)
		}
	}
	if len(arrived) != count {
		t.Errorf("%d ids arrived", len(arrived))
	}
}
