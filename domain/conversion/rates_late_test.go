package conversion_test

import (
	"context"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/conversion"
)

// A rate that is entered after midnight settles what the evening before waited for; one of a day to come does not.
func TestRateOfTheNextDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.at(time.Date(2026, 11, 21, 23, 59, 0, 0, time.UTC))
	id := w.post("clickid", w.click(1, w.clock().Add(-time.Hour), ""), "com", "10", "currency", "CHF").ConversionID
	w.putRate("2026-11-22", "CHF", "USD", "1.1")
	if c := w.conversion(id); c.AwaitingRate != "approved" {
		t.Errorf("by tomorrow's rate, today: %+v", c)
	}
	w.at(time.Date(2026, 11, 22, 0, 1, 0, 0, time.UTC))
	if n, err := w.s.ApplyRates(context.Background()); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if c := w.conversion(id); c.Status != "approved" || c.Commission.String() != "11.00" {
		t.Errorf("%+v", c)
	}
	// Not of later than 7 days after it; the first of several; one before it wins.
	late := w.post("clickid", w.click(1, w.clock().Add(-time.Hour), ""), "com", "10", "currency", "SEK").ConversionID
	w.at(w.clock().Add(20 * 24 * time.Hour))
	w.putRate("2026-11-30", "SEK", "USD", "9")
	if c := w.conversion(late); c.AwaitingRate == "" {
		t.Errorf("by a rate of 8 days after: %+v", c)
	}
	w.putRate("2026-11-29", "SEK", "USD", "2")
	if c := w.conversion(late); c.Commission.String() != "20.00" {
		t.Errorf("by that of 7 days after: %+v", c)
	}
	w.checkSums()
}

// What is in the trash waits for no rate; what was too large is computed by a corrected rate.
func TestWhatWaitsForNoRate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	post := func() conversion.ID {
		return w.post("clickid", w.click(1, noon.Add(-time.Hour), ""), "com", "999999999999", "currency", "KWD").ConversionID
	}
	trash, tooLarge := post(), post()
	if _, err := w.s.ChangeStatus(ctx, operator, trash, conversion.StatusTrash, "", true); err != nil {
		t.Fatal(err)
	}
	w.putRate("2026-11-21", "KWD", "USD", "999999")
	for range 2 {
		if n, err := w.s.ApplyRates(ctx); n != 0 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
	w.putRate("2026-11-21", "KWD", "USD", "2")
	if c := w.conversion(tooLarge); c.Status != "approved" || c.Commission.String() != "1999999999998.00" {
		t.Errorf("%+v", c)
	}
	if c := w.conversion(trash); !c.Commission.IsZero() || c.Status != "trash" {
		t.Errorf("%+v", c)
	}
	if n, err := w.s.ApplyRates(ctx); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	w.checkSums()
}

// One conversion has a bound that leaves room for thousands of them in a balance.
func TestLargestAmountOfOneConversion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`INSERT INTO exchange_rates VALUES ('2026-11-21', 'SEK', 'USD', 10, 'manual')`)
	id := w.click(1, noon.Add(-time.Hour), "")
	for _, c := range []struct{ com, payout, code string }{
		{"1000000000000", "", "invalid_com"}, {"999999999999.9", "1", "ok"}, {"1", "999999999999.99", "ok"}} {
		pairs := []string{"clickid", id, "txid", c.com, "com", c.com, "currency", "SEK"}
		if c.payout != "" {
			pairs = append(pairs, "payout", c.payout)
		}
		if r := w.post(pairs...); r.Code != c.code {
			t.Errorf("%+v: %+v", c, r)
		}
	}
	w.exec(`UPDATE exchange_rates SET rate = 10.1 WHERE base = 'SEK'`)
	for _, pairs := range [][]string{{"com", "999999999999", "payout", "1"}, {"com", "1", "payout", "999999999999"}} {
		if r := w.post(append(pairs, "clickid", id, "txid", "x", "currency", "SEK")...); r.Code != "amount_overflow" || r.HTTPStatus != 400 {
			t.Errorf("%v: %+v", pairs, r)
		}
	}
	w.verify()
}
