package e2e

import (
	"fmt"
	"testing"
	"time"
)

// TestFaultQueue: Redis is emptied, killed, and away for a while, with deliveries under way. It hastens them and decides
// nothing.
func TestFaultQueue(t *testing.T) {
	p := prove(t, "Redis kill -9, FLUSHALL, off")
	times, deliveries := scaled[int]{2, 20, 20}.pick(), scaled[int]{200, 4_000, 100_000}.pick()
	off := scaled[time.Duration]{3 * time.Second, 30 * time.Second, 10 * time.Minute}.pick()
	q := mustQueue(p)
	w := mustFresh(p, "REDIS_URL="+q.url(), debugAddr(p))
	l := newLoad(p, w, 10*time.Millisecond, 1)
	p.load, p.faults = "8 connections, a conversion of each click, sent 1 to 5 times", fmt.Sprintf("%d kills, %d FLUSHALL, off %s", times, times, off)
	stop := l.start(8, 2*time.Millisecond)
	steps := 2*times + 2
	progress := func(step int) {
		p.Helper()
		eventually(p, 10*time.Minute, "deliveries go on", func() bool { distinct, _ := l.box.received(); return distinct >= deliveries*step/steps })
	}
	progress(1)
	stop()
	before := p.level(l, w.database())
	stop = l.start(8, 2*time.Millisecond)
	for i, order := 0, p.rand.Perm(2*times); i < 2*times; i++ {
		progress(i + 1)
		p.moment(300 * time.Millisecond)
		if order[i]%2 == 0 {
			q.flush()
			continue
		}
		q.kill()
		p.moment(500 * time.Millisecond)
		q.start()
	}
	q.kill()
	was, _ := l.box.received()
	time.Sleep(off)
	if now, _ := l.box.received(); now == was {
		p.Errorf("nothing was delivered in %s without Redis", off)
	} else {
		p.figure("%d delivered without Redis", now-was)
	}
	q.start()
	progress(steps)
	stop()
	l.compare(w.database(), time.Minute)
	p.atMost("delivered after", l.box.compare(p, w.database(), 10*time.Minute), 60*time.Second)
	p.settled(l, w.database(), before)
}
