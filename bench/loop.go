package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// closedLoop is work that a number of workers repeat, each beginning anew when it has finished.
type closedLoop struct {
	workers int
	warmUp  time.Duration // done, but not measured
	length  time.Duration // at most; 0 = until every worker says that there is no more
	// step does one piece of work. fault is empty if it was acknowledged; more is false when there is nothing left to
	// do, in which case the call is not counted.
	step func(worker int) (fault string, more bool)
}

// outcome is what a loop did.
type outcome struct {
	acknowledged int            // in all, warm-up included
	faults       map[string]int // what was not acknowledged, by reason
	perSecond    float64        // acknowledged in the measured stretch
	p50, p99     time.Duration  // likewise
}

type sample struct{ end, took time.Duration } // end since the loop's start

func (l closedLoop) run(ctx context.Context) outcome {
	var stop atomic.Bool
	defer context.AfterFunc(ctx, func() { stop.Store(true) })()
	if l.length > 0 {
		timer := time.AfterFunc(l.warmUp+l.length, func() { stop.Store(true) })
		defer timer.Stop()
	}
	start := time.Now()
	samples := make([][]sample, l.workers)
	faults := make([]map[string]int, l.workers)
	var workers sync.WaitGroup
	for w := range l.workers {
		workers.Go(func() {
			mine, failed := make([]sample, 0, 1<<13), map[string]int{}
			began := time.Since(start)
			for !stop.Load() {
				fault, more := l.step(w)
				if !more {
					break
				}
				ended := time.Since(start)
				if fault == "" {
					mine = append(mine, sample{ended, ended - began})
				} else {
					failed[fault]++
				}
				began = ended
			}
			samples[w], faults[w] = mine, failed
		})
	}
	workers.Wait()
	return l.summarise(slices.Concat(samples...), faults, stop.Load())
}

// summarise counts what ended in the measured stretch, which ends with the last sample unless the loop was stopped.
func (l closedLoop) summarise(samples []sample, faults []map[string]int, stopped bool) outcome {
	o := outcome{acknowledged: len(samples), faults: map[string]int{}}
	for _, m := range faults {
		for reason, n := range m {
			o.faults[reason] += n
		}
	}
	end := l.warmUp + l.length
	if !stopped {
		end = 0
		for _, s := range samples {
			end = max(end, s.end)
		}
	}
	took := make([]time.Duration, 0, len(samples))
	for _, s := range samples {
		if s.end > l.warmUp && s.end <= end {
			took = append(took, s.took)
		}
	}
	slices.Sort(took)
	o.p50, o.p99 = percentile(took, 0.50), percentile(took, 0.99)
	if end > l.warmUp {
		o.perSecond = float64(len(took)) / (end - l.warmUp).Seconds()
	}
	return o
}

// percentile is the smallest of the sorted values that at least the share p of them does not exceed; 0 if there are none.
func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max(0, int(math.Ceil(p*float64(len(sorted))))-1)]
}

// err is nil if everything was acknowledged.
func (o outcome) err() error {
	if len(o.faults) == 0 {
		return nil
	}
	var reasons []string
	for reason, n := range o.faults {
		reasons = append(reasons, fmt.Sprintf("%d × %s", n, reason))
	}
	sort.Strings(reasons)
	return fmt.Errorf("%d acknowledged, but: %s", o.acknowledged, strings.Join(reasons, ", "))
}
