package postback

import (
	"math/rand/v2"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// tried is a request that ended at a time after noon.
func tried(ended, took time.Duration, r Response) try {
	return try{began: noon.Add(ended - took), ended: noon.Add(ended), response: r}
}

func TestThrottle(t *testing.T) {
	t.Parallel()
	ok, missing, busy := Response{StatusCode: 200}, Response{StatusCode: 404}, Response{StatusCode: 429}
	down, timeout, refused := Response{StatusCode: 500}, Response{Error: ErrorTimeout}, Response{Error: ErrorConnect}
	const ms = time.Millisecond
	many := func(n int, y try) (ys []try) {
		for range n {
			ys = append(ys, y)
		}
		return ys
	}
	all := func(lists ...[]try) (ys []try) {
		for _, l := range lists {
			ys = append(ys, l...)
		}
		return ys
	}
	for name, c := range map[string]struct {
		tries []try
		want  int
	}{
		"nothing":         {nil, 8},
		"not yet a round": {many(7, tried(0, ms, ok)), 8},
		"a round":         {many(8, tried(0, ms, ok)), 9},
		"two rounds":      {many(17, tried(0, ms, ok)), 10},
		"a round with an answer that took a second": {all(many(7, tried(0, ms, ok)), many(1, tried(0, time.Second, ok)), many(7, tried(0, ms, ok))), 8},
		"a round with a 404":                        {all(many(7, tried(0, ms, ok)), many(1, tried(0, ms, missing)), many(7, tried(0, ms, ok))), 8},
		"as far as it goes":                         {many(5000, tried(0, ms, ok)), 64},
		"429":                                       {many(1, tried(0, ms, busy)), 4},
		"500":                                       {many(1, tried(0, ms, down)), 4},
		"timeout":                                   {many(1, tried(0, ms, timeout)), 4},
		"refused connections":                       {many(9, tried(0, ms, refused)), 8},
		"a whole round of failures":                 {many(8, tried(0, ms, down)), 4},
		"failures one after the other":              {[]try{tried(1*ms, ms, down), tried(2*ms, ms, down), tried(3*ms, ms, down)}, 1},
		"never below one":                           {[]try{tried(1*ms, ms, down), tried(2*ms, ms, down), tried(3*ms, ms, down), tried(4*ms, ms, down), tried(5*ms, ms, down)}, 1},
		"a failure undoes half the round":           {all(many(7, tried(0, ms, ok)), many(1, tried(ms, ms, down)), many(3, tried(2*ms, ms, ok))), 4},
		"from four on it takes four":                {all(many(1, tried(ms, ms, down)), many(4, tried(2*ms, ms, ok))), 5},
		"after the clock was set back":              {[]try{tried(time.Hour, ms, down), tried(0, ms, down)}, 2},
	} {
		throttle := throttle{limit: firstLimit}
		for _, y := range c.tries {
			throttle.note(y)
		}
		if throttle.limit != c.want {
			t.Errorf("%s: %d, want %d", name, throttle.limit, c.want)
		}
	}
}

// Whatever comes, the limit stays within its bounds, grows by one at most and never sinks below half.
func TestThrottleProperty(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	responses := []Response{{StatusCode: 200}, {StatusCode: 204}, {StatusCode: 302}, {StatusCode: 410}, {StatusCode: 429}, {StatusCode: 503}, {Error: ErrorTimeout}, {Error: ErrorDNS}}
	for range 300 {
		throttle, at := throttle{limit: firstLimit}, time.Duration(0)
		good := r.IntN(100)
		for range 2000 {
			at += time.Duration(r.IntN(100)) * time.Millisecond
			answer := responses[0]
			if r.IntN(100) > good {
				answer = responses[r.IntN(len(responses))]
			}
			y, before := tried(at, time.Duration(r.IntN(1500))*time.Millisecond, answer), throttle.limit
			throttle.note(y)
			after := throttle.limit
			switch {
			case after < 1 || after > mostLimit:
				t.Fatalf("limit %d", after)
			case after > before && (after != before+1 || !y.quick()):
				t.Fatalf("from %d to %d by %+v", before, after, y)
			case after < before && (after != max(before/2, 1) || !y.overloads()):
				t.Fatalf("from %d to %d by %+v", before, after, y)
			}
		}
	}
}

func TestBreaker(t *testing.T) {
	t.Parallel()
	ok, missing, down, refused := Response{StatusCode: 200}, Response{StatusCode: 404}, Response{StatusCode: 500}, Response{Error: ErrorConnect}
	type step struct {
		n  int
		at time.Duration
		r  Response
	}
	for name, c := range map[string]struct {
		steps []step
		at    time.Duration
		open  bool
		wait  time.Duration
	}{
		"nothing":                      {nil, 0, false, 0},
		"nine failures":                {[]step{{9, 0, down}}, 0, false, 0},
		"ten failures":                 {[]step{{10, 0, refused}}, time.Second, true, 29 * time.Second},
		"the rest is over":             {[]step{{10, 0, down}}, 30 * time.Second, true, 0},
		"69 of 100":                    {[]step{{31, 0, ok}, {69, 0, down}}, 0, false, 0},
		"70 of 100":                    {[]step{{30, 0, ok}, {70, 0, down}}, 0, true, 30 * time.Second},
		"a host that answers 404":      {[]step{{50, 0, missing}}, 0, false, 0},
		"failures of six minutes ago":  {[]step{{9, 0, down}, {9, 6 * time.Minute, down}}, 6 * time.Minute, false, 0},
		"failures within four minutes": {[]step{{9, 0, down}, {1, 4 * time.Minute, down}}, 4 * time.Minute, true, 30 * time.Second},
		"a probe that fails":           {[]step{{10, 0, down}, {1, 35 * time.Second, down}}, 40 * time.Second, true, 25 * time.Second},
		"a probe that succeeds":        {[]step{{10, 0, down}, {1, 35 * time.Second, ok}}, 35 * time.Second, false, 0},
		"a probe that is answered 404": {[]step{{10, 0, down}, {1, 35 * time.Second, missing}}, 35 * time.Second, false, 0},
		"then it starts anew":          {[]step{{10, 0, down}, {1, 35 * time.Second, ok}, {9, 36 * time.Second, down}}, 36 * time.Second, false, 0},
		"stragglers":                   {[]step{{10, 10 * time.Millisecond, down}, {5, 10 * time.Millisecond, ok}}, 10 * time.Millisecond, true, 30 * time.Second},
		"the clock is set back":        {[]step{{10, time.Hour, down}}, 0, true, 0},
		"before 1970":                  {[]step{{10, -100 * 365 * 24 * time.Hour, down}}, -100 * 365 * 24 * time.Hour, true, 30 * time.Second},
	} {
		var b breaker
		for _, s := range c.steps {
			for range s.n {
				b.note(tried(s.at, 5*time.Millisecond, s.r))
			}
		}
		if b.open() != c.open || b.wait(noon.Add(c.at)) != c.wait {
			t.Errorf("%s: open %t, wait %s, want %t, %s", name, b.open(), b.wait(noon.Add(c.at)), c.open, c.wait)
		}
	}
}

// Against a list of all tries: it opens exactly when the rule says so, to the breadth of a slot at the window's far end.
func TestBreakerProperty(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var b breaker
		var seen []try // since it last closed
		at, share := time.Duration(0), r.IntN(101)
		for range 500 {
			at += time.Duration(r.IntN(20_000)) * time.Millisecond
			if r.IntN(20) == 0 {
				at += time.Duration(r.IntN(300)) * time.Second
			}
			y := tried(at, time.Millisecond, Response{StatusCode: 200})
			if r.IntN(100) < share {
				y.response.StatusCode = 500
			}
			was := b.open()
			b.note(y)
			if was {
				if b.open() != y.fails() || b.wait(y.ended) > breakerRest {
					t.Fatalf("after a probe: open %t, wait %s", b.open(), b.wait(y.ended))
				}
				if !b.open() {
					seen = nil
				}
				continue
			}
			seen = append(seen, y)
			verdict := func(window time.Duration) bool {
				tries, failures := 0, 0
				for _, s := range seen {
					if y.ended.Sub(s.ended) < window {
						tries++
						if s.fails() {
							failures++
						}
					}
				}
				return tries >= 10 && failures*10 >= tries*7
			}
			widest, narrowest := verdict(breakerWindow), verdict(breakerWindow-breakerWindow/breakerSlots)
			if widest == narrowest && b.open() != widest {
				// What lies between both ends may tip the balance to either side, so only a disagreement of all is a fault.
				agree := true
				for w := breakerWindow - breakerWindow/breakerSlots; w <= breakerWindow; w += 250 * time.Millisecond {
					agree = agree && verdict(w) == widest
				}
				if agree {
					t.Fatalf("open %t, want %t", b.open(), widest)
				}
			}
		}
	}
}
