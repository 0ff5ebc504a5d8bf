package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestFaultDatabaseKilled: PostgreSQL is killed again and again under clicks, postbacks and deliveries.
func TestFaultDatabaseKilled(t *testing.T) {
	p := prove(t, "PostgreSQL kill -9")
	killUnderLoad(p, func(w *waypost) string { killPostgres(p, w.Dir); return "PostgreSQL" })
}

// TestFaultServerKilled: the server is, and one time in four its database with it, as by a power cut.
func TestFaultServerKilled(t *testing.T) {
	p := prove(t, "server kill -9")
	killUnderLoad(p, func(w *waypost) string {
		what := "server"
		if p.rand.IntN(4) == 0 {
			w.killAll()
			what = "server and PostgreSQL"
		} else {
			_ = w.cmd.Process.Kill()
			<-w.done
		}
		p.moment(200 * time.Millisecond)
		w.start()
		return what
	})
}

func killUnderLoad(p *proof, kill func(*waypost) (what string)) {
	kills, clicks, every := scaled[int]{2, 20, 50}.pick(), scaled[int]{600, 30_000, 1_000_000}.pick(), scaled[int]{2, 3, 5}.pick()
	workers, pause := scaled[int]{8, 16, 32}.pick(), scaled[time.Duration]{5 * time.Millisecond, 5 * time.Millisecond, 0}.pick()
	w := mustFresh(p, debugAddr(p))
	l := newLoad(p, w, time.Millisecond, every)
	p.load = fmt.Sprintf("%d connections, a conversion of one click in %d, sent 1 to 5 times", workers, every)
	stop := l.start(workers, pause)
	progress := func(clicks, calls int) {
		p.Helper()
		eventually(p, 10*time.Minute, "the load goes on", func() bool { return l.acknowledgedClicks() >= clicks && l.acknowledgedCalls() >= calls })
	}
	progress(clicks/(kills+1), 20)
	stop()
	before := p.level(l, w.database())
	stop = l.start(workers, pause)
	killed := map[string]int{}
	for i := range kills {
		progress(clicks*(i+1)/(kills+1), l.acknowledgedCalls()+10)
		p.moment(500 * time.Millisecond)
		killed[kill(w)]++
		w.await("/readyz", http.StatusOK)
	}
	progress(clicks, l.acknowledgedCalls()+10)
	stop()
	var faults []string
	for _, what := range slices.Sorted(maps.Keys(killed)) {
		faults = append(faults, fmt.Sprintf("%d %s", killed[what], what))
	}
	p.faults = strings.Join(faults, ", ")
	p.atMost("loaded after", l.compare(w.database(), 2*time.Minute), 60*time.Second)
	p.atMost("delivered after", l.box.compare(p, w.database(), 2*time.Minute), 60*time.Second)
	p.settled(l, w.database(), before)
}
