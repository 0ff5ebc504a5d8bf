package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"
)

// figure is a measured number; NaN = it could not be measured here.
type figure float64

// figures are those of one round, or the medians of several.
type figures struct {
	PerSecond figure `json:"per_second"` // acknowledged
	P50       figure `json:"p50_ms"`
	P99       figure `json:"p99_ms"`
	// CPU time for each acknowledged request of the round, in microseconds.
	Server    figure `json:"server_cpu_us"`
	Database  figure `json:"postgresql_cpu_us"`
	Generator figure `json:"generator_cpu_us"`
	// Memory of the server in MB (10⁶ bytes): the most in the round, and at its end.
	Peak figure `json:"server_peak_mb"`
	End  figure `json:"server_end_mb"`
	// Settle is how long work went on after the last answer, in seconds.
	Settle figure `json:"settle_s"`
	// OtherLoad is the share of the machine that neither the target nor the generator took.
	OtherLoad figure `json:"other_load"`
}

// all are pointers to the fields, in order.
func (f *figures) all() []*figure {
	return []*figure{&f.PerSecond, &f.P50, &f.P99, &f.Server, &f.Database, &f.Generator, &f.Peak, &f.End, &f.Settle, &f.OtherLoad}
}

// unmeasured are figures of which those that are set were measured.
func unmeasured(set func(*figures)) figures {
	var f figures
	for _, field := range f.all() {
		*field = figure(math.NaN())
	}
	set(&f)
	return f
}

// maxOtherLoad is the other load from which on a round is marked.
const maxOtherLoad = 0.05

func median(rounds []figures) figures {
	var m figures
	for i, field := range m.all() {
		var values []float64
		for _, f := range rounds {
			values = append(values, float64(*f.all()[i]))
		}
		slices.Sort(values)
		n := len(values)
		*field = figure((values[(n-1)/2] + values[n/2]) / 2)
	}
	return m
}

// round measures work on the processes, and what goes on after its last answer until settled returns.
func round(ctx context.Context, p processes, work func() (outcome, error), settled func(context.Context) error) (figures, outcome, error) {
	awaitQuiet(ctx)
	resetPeak(p.server)
	before := p.usage()
	o, err := work()
	if err != nil {
		return figures{}, o, err
	}
	answered := time.Now()
	if settled != nil {
		if err := settled(ctx); err != nil {
			return figures{}, o, err
		}
	}
	after := p.usage()
	if err := ctx.Err(); err != nil {
		return figures{}, o, err
	}
	if o.acknowledged == 0 {
		return figures{}, o, fmt.Errorf("nothing was acknowledged: %w", o.err())
	}
	u := spent(before, after)
	each := func(counted bool, seconds float64) figure {
		if !counted {
			return figure(math.NaN())
		}
		return figure(seconds / float64(o.acknowledged) * 1e6)
	}
	peak, end := memory(p.server)
	return figures{
		Peak: peak, End: end,
		PerSecond: figure(o.perSecond), P50: milliseconds(o.p50), P99: milliseconds(o.p99),
		Server: each(p.server != 0, u.server), Database: each(p.postmaster != 0, u.database), Generator: each(true, u.self),
		Settle: figure(after.at.Sub(answered).Seconds()), OtherLoad: figure(otherLoad(before, after, runtime.NumCPU())),
	}, o, nil
}

func milliseconds(d time.Duration) figure {
	if d == 0 {
		return figure(math.NaN())
	}
	return figure(float64(d) / float64(time.Millisecond))
}

// awaitQuiet gives what the round before left behind, a vacuum or a checkpoint, a moment to end.
func awaitQuiet(ctx context.Context) {
	deadline := time.Now().Add(500 * time.Millisecond)
	for before := (processes{}).usage(); time.Now().Before(deadline) && ctx.Err() == nil; {
		time.Sleep(150 * time.Millisecond)
		after := (processes{}).usage()
		if !(otherLoad(before, after, runtime.NumCPU()) > maxOtherLoad) { // NaN where there is no /proc
			return
		}
		before = after
	}
}
