package postback_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/conversion"
)

// BenchmarkDeliver is a thousand deliveries to one host: leased, sent and settled.
func BenchmarkDeliver(b *testing.B) {
	for name, takes := range map[string]time.Duration{"at once": 0, "after 20 ms": 20 * time.Millisecond} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b)
			rc := newReceiver(b, func(int, *http.Request) int { time.Sleep(takes); return 200 })
			w.postback(rc.URL + "/?c={click_id}&p={payout}")
			for b.Loop() {
				b.StopTimer()
				w.exec(`TRUNCATE deliveries CASCADE`)
				for range 5 {
					var changes []conversion.Change
					for range 200 {
						changes = append(changes, w.conversion())
					}
					w.announce(changes...)
				}
				b.StartTimer()
				w.deliver(rc.host)
			}
			b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "deliveries/s")
		})
	}
}
