package main

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

func TestPercentile(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		values []time.Duration
		p      float64
		want   time.Duration
	}{
		{nil, 0.5, 0}, {[]time.Duration{7}, 0.99, 7}, {[]time.Duration{1, 2}, 0.5, 1}, {[]time.Duration{1, 2, 3}, 0.5, 2},
		{[]time.Duration{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 0.99, 10}, {[]time.Duration{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 0.9, 9},
	} {
		if got := percentile(tc.values, tc.p); got != tc.want {
			t.Errorf("percentile(%v, %v) = %d, want %d", tc.values, tc.p, got, tc.want)
		}
	}
}

func TestOnlyTheMeasuredStretchCounts(t *testing.T) {
	t.Parallel()
	l := closedLoop{warmUp: time.Second, length: 2 * time.Second}
	o := l.summarise([]sample{{time.Second, 900}, {1500 * time.Millisecond, 1}, {3 * time.Second, 2}, {3*time.Second + 1, 900}},
		[]map[string]int{{"a": 1}, {"a": 2, "b": 1}}, true)
	if o.acknowledged != 4 || o.perSecond != 1 || o.p50 != 1 || o.p99 != 2 {
		t.Errorf("%+v", o)
	}
	if err := o.err(); err == nil || err.Error() != "4 acknowledged, but: 1 × b, 3 × a" {
		t.Errorf("err: %v", err)
	}
}

func TestALoopThatEndsEarlyIsNotSlow(t *testing.T) {
	t.Parallel()
	l := closedLoop{length: 10 * time.Second}
	if o := l.summarise([]sample{{time.Second, 1}, {2 * time.Second, 1}}, nil, false); o.perSecond != 1 {
		t.Errorf("%v per second, want 2 in 2 s", o.perSecond)
	}
}

func TestCountedLoopEnds(t *testing.T) {
	t.Parallel()
	var next, done atomic.Int64
	o := closedLoop{workers: 7, step: func(int) (string, bool) {
		n := next.Add(1)
		if n > 1000 {
			return "", false
		}
		done.Add(1)
		if n%10 == 0 {
			return "no", true
		}
		return "", true
	}}.run(t.Context())
	if done.Load() != 1000 || o.acknowledged != 900 || o.faults["no"] != 100 || o.perSecond <= 0 {
		t.Errorf("did %d, %+v", done.Load(), o)
	}
}

func TestCancelledLoopEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	closedLoop{workers: 2, step: func(int) (string, bool) { cancel(); return "", true }}.run(ctx)
}

func TestMedianAndWhatCouldNotBeMeasured(t *testing.T) {
	t.Parallel()
	nan := figure(math.NaN())
	m := median([]figures{{PerSecond: 3, Server: nan}, {PerSecond: 1, Server: nan}, {PerSecond: 9, Server: nan}})
	if m.PerSecond != 3 || !math.IsNaN(float64(m.Server)) {
		t.Errorf("%+v", m)
	}
	if m = median([]figures{{P99: 1}, {P99: 4}}); m.P99 != 2.5 {
		t.Errorf("%+v", m)
	}
	b, err := json.Marshal(figures{Server: nan, P50: 1.5})
	if err != nil || string(b) != `{"per_second":0,"p50_ms":1.5,"p99_ms":0,"server_cpu_us":null,"postgresql_cpu_us":0,"generator_cpu_us":0,"server_peak_mb":0,"server_end_mb":0,"settle_s":0,"other_load":0}` {
		t.Errorf("%s, %v", b, err)
	}
	if nan.text(1) != "-" || figure(1.25).text(1) != "1.2" {
		t.Error(nan.text(1), figure(1.25).text(1))
	}
}

func TestStatOfAProcessWithAWildName(t *testing.T) {
	t.Parallel()
	got, ok := parseStat([]byte("42 (a) b (c) S 7 1 1 0 -1 4194304 100 0 0 0 150 50 30 20 20 0 1 0 294615 3133440 393"))
	if !ok || got != (spentTime{parent: 7, own: 2, ofDead: 0.5}) {
		t.Errorf("%+v", got)
	}
	for _, broken := range []string{"", "42 (x) S", "42 (x) S p 1 1 0 -1 4194304 100 0 0 0 150 50 30 20 20 0 1"} {
		if got, ok := parseStat([]byte(broken)); ok {
			t.Errorf("%q: %+v", broken, got)
		}
	}
}

func TestOtherLoad(t *testing.T) {
	t.Parallel()
	start := time.Now()
	before := usage{at: start, machine: 10, self: 1, server: 2, database: 3, others: 5}
	after := usage{at: start.Add(2 * time.Second), machine: 14, self: 2, server: 3, database: 4, others: 5.5}
	if got := otherLoad(before, after, 2); got != 0.25 {
		t.Errorf("other load %v, want 1 of 4 seconds", got)
	}
	if after.others = 7; otherLoad(before, after, 2) != 0.5 {
		t.Errorf("other load %v, want 2 of 4 seconds", otherLoad(before, after, 2))
	}
	if after.self = math.NaN(); !math.IsNaN(otherLoad(before, after, 2)) {
		t.Error("other load of an unknown share")
	}
}

func TestUsageOfThisProcess(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("no /proc here")
	}
	before := (processes{}).usage()
	for began := time.Now(); time.Since(began) < 20*time.Millisecond || (processes{}).usage().self == before.self; {
		if time.Since(began) > 30*time.Second {
			t.Fatal("work that costs no time")
		}
	}
	if u := spent(before, (processes{}).usage()); !(u.self > 0) || u.server != 0 || u.database != 0 || !(u.machine >= 0) {
		t.Errorf("%+v", u)
	}
}
