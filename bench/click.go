package main

import (
	"context"
	"fmt"
)

// benchClicks loads GET /click of the program and of a bare redirect, then compares rows with redirects.
func benchClicks(ctx context.Context, r *run) error {
	acknowledged := 0
	for _, conns := range r.clickConns {
		for range r.rounds {
			for _, target := range []struct {
				name, addr string
				processes  processes
				settled    func(context.Context) error
			}{
				{"waypost", r.product.addr, r.product.processes, r.product.settled},
				{"bare echo redirect, records nothing", r.ceiling.addr, processes{server: r.ceiling.pid}, nil},
			} {
				c, err := dial(target.addr, conns, r.warmUp+r.length)
				if err != nil {
					return err
				}
				requests := clickRequests(c, r.network.offer, r.network.affiliates)
				f, o, err := round(ctx, target.processes, func() (outcome, error) {
					return closedLoop{workers: conns, warmUp: r.warmUp, length: r.length, step: func(worker int) (string, bool) {
						return clickFault(c.call(worker, requests[worker].next())), true
					}}.run(ctx), nil
				}, target.settled)
				c.close()
				if err != nil {
					return fmt.Errorf("%s: %w", target.name, err)
				}
				r.report.add("click", target.name, conns, f)
				r.report.note("click", o.err())
				if target.settled != nil {
					acknowledged += o.acknowledged
				}
			}
		}
	}
	stored, err := r.product.count(ctx, "SELECT count(*) FROM clicks")
	if err != nil {
		return err
	}
	return r.report.check("click", "rows in the database", stored, "redirects acknowledged", int64(acknowledged))
}
