package main

import (
	"context"
	"fmt"
	"math"
)

// rival is one of the servers that take turns under the same load.
type rival struct {
	name, addr string
	processes  processes
	settled    func(context.Context) error // nil: it records nothing that counts
}

const (
	echoRedirect  = "bare echo redirect, records nothing"
	nginxRedirect = "nginx return 302, records nothing"
)

// benchClicks loads GET /click of the program, of a bare redirect and of nginx, then compares rows with redirects.
func benchClicks(ctx context.Context, r *run) error {
	rivals := []rival{
		{ours, r.product.addr, r.product.processes, r.product.settled},
		{echoRedirect, r.ceiling.addr, processes{server: r.ceiling.pid}, nil},
	}
	if nginx, err := startNginx(ctx, r.nginx, r.product.dir); err == nil {
		defer nginx.stop()
		rivals = append(rivals, rival{nginxRedirect, nginx.addr, processes{server: nginx.pid, children: true}, nil})
	} else {
		r.report.note("click", fmt.Errorf("%s: not measured: %w", nginxRedirect, err))
	}
	before, err := r.product.storedClicks(ctx)
	if err != nil {
		return err
	}
	acknowledged := 0
	for _, conns := range r.clickConns {
		for range r.rounds {
			for _, rival := range rivals {
				f, o, err := r.clickRound(ctx, rival, conns)
				if err != nil {
					return fmt.Errorf("%s: %w", rival.name, err)
				}
				r.report.add("click", rival.name, conns, f)
				r.report.note("click", o.err())
				if rival.settled != nil {
					acknowledged += o.acknowledged
				}
			}
		}
	}
	r.judgeClicks()
	after, err := r.product.storedClicks(ctx)
	if err != nil {
		return err
	}
	return r.report.check("click", "rows in the database", after-before, "redirects acknowledged", int64(acknowledged))
}

func (r *run) clickRound(ctx context.Context, rival rival, conns int) (figures, outcome, error) {
	c, err := dial(rival.addr, conns, r.warmUp+r.length)
	if err != nil {
		return figures{}, outcome{}, err
	}
	defer c.close()
	traffic := newVisitors(c, r.network.ways(conns*perConnection))
	return round(ctx, rival.processes, func() (outcome, error) {
		return closedLoop{workers: conns, warmUp: r.warmUp, length: r.length, step: func(worker int) (string, bool) {
			request, _ := traffic[worker].next()
			return clickFault(c.call(worker, request)), true
		}}.run(ctx), nil
	}, rival.settled)
}

func (r *run) judgeClicks() {
	const conns = 64 // of the targets
	mine := r.report.median("click", ours, conns)
	r.report.atLeast("click", "redirects per second ÷ bare echo redirect, 64 connections", 0.55, "", 2, r.report.ratio("click", echoRedirect, conns))
	r.report.atLeast("click", "redirects per second ÷ nginx return 302, 64 connections", 0.35, "", 2, r.report.ratio("click", nginxRedirect, conns))
	r.report.atMost("click", "p99, 64 connections", 8, " ms", 1, mine.P99)
	r.report.atMost("click", "CPU per recorded click, server and PostgreSQL, 64 connections", 40, " µs", 1, mine.Server+mine.Database)
	peak, growth := figure(0), figure(0)
	for _, conns := range r.clickConns {
		if row := r.report.row("click", ours, conns); row != nil {
			for _, f := range row.Rounds {
				peak = max(peak, f.Peak)
			}
			growth = max(growth, row.growth())
		}
	}
	r.report.atMost("click", "memory of the server, the most in any round", 300, " MB", 0, peak)
	r.report.atMost("click", "growth of that memory from the end of the second round to the end of the last", 10, " %", 1, growth)
}

// growth is how many percent more memory the server had at the end of the last round than at the end of the second; NaN
// if there are no more than two.
func (row *row) growth() figure {
	last := len(row.Rounds) - 1
	if last < 2 {
		return figure(math.NaN())
	}
	return 100 * (row.Rounds[last].End/row.Rounds[1].End - 1)
}

// storedClicks counts the clicks in the database, all of those that were acknowledged.
func (p *product) storedClicks(ctx context.Context) (int64, error) {
	if err := p.settled(ctx); err != nil {
		return 0, err
	}
	return p.count(ctx, "SELECT count(*) FROM clicks")
}
