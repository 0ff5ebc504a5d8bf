package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// coldClicks are sent after each start, to see that none of them gets lost.
const coldClicks = 100

const (
	withDatabase = "killed, database there: first redirect"
	withBoth     = "stopped with its database: first redirect"
	databaseGone = "killed, database away: first redirect"
	databaseHung = "killed, database hangs: first redirect"
)

// benchCold measures how long a start takes until the first redirect, with ten thousand offers in the catalogue: with the
// database there, with the embedded database to be started too, and with a database that refuses connections or takes them
// and never answers, when the routing comes from the copy on disk. Each round is one start of each kind.
func benchCold(ctx context.Context, r *run) error {
	p := r.product
	if err := r.growCatalogue(ctx); err != nil {
		return fmt.Errorf("make %d offers: %w", coldOffers, err)
	}
	before, err := p.storedClicks(ctx)
	if err != nil {
		return err
	}
	hung, err := newSilent()
	if err != nil {
		return err
	}
	defer hung.close()
	refused, err := freeAddr()
	if err != nil {
		return err
	}
	url := func(addr string) string { return "postgres://waypost@" + addr + "/waypost?sslmode=disable" }
	acknowledged := 0
	for range r.rounds {
		for _, start := range []struct {
			name     string
			prepare  func() error
			database string
		}{
			{withDatabase, func() error { p.kill(); return nil }, ""},
			{withBoth, p.shutdown, ""},
			{databaseGone, r.killBoth(ctx), url(refused)},
			{databaseHung, r.killBoth(ctx), url(hung.ln.Addr().String())},
		} {
			if err := start.prepare(); err != nil {
				return fmt.Errorf("%s: %w", start.name, err)
			}
			took, clicks, err := r.coldStart(ctx, start.database)
			acknowledged += clicks
			if err != nil {
				return fmt.Errorf("%s: %w", start.name, errors.Join(err, p.lastLog()))
			}
			r.report.add("cold", start.name, 0, took)
		}
	}
	p.kill()
	if err := p.stopDatabase(ctx, syscall.SIGINT); err != nil {
		return err
	}
	if err := errors.Join(p.launch(), p.ready(ctx)); err != nil {
		return fmt.Errorf("start again: %w", err)
	}
	for _, name := range []string{withDatabase, withBoth, databaseGone, databaseHung} {
		r.report.atMost("cold", name, 2000, " ms", 0, r.report.median("cold", name, 0).P50)
	}
	after, err := p.storedClicks(ctx)
	if err != nil {
		return err
	}
	return r.report.check("cold", "rows in the database", after-before, "redirects acknowledged", int64(acknowledged))
}

// growCatalogue brings the offers to coldOffers, and waits until the program has its copy of them on disk.
func (r *run) growCatalogue(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, r.product.database)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		return r.network.cloneOffers(ctx, tx, r.network.offers[0].id, coldOffers-len(r.network.offers))
	}); err != nil {
		return err
	}
	if err := r.product.reachable(ctx, r.network.way(coldOffers-1)); err != nil {
		return err
	}
	return errors.Join(r.product.shutdown(), r.product.launch(), r.product.ready(ctx)) // a stop in order writes the copy
}

// killBoth ends the program and its database.
func (r *run) killBoth(ctx context.Context) func() error {
	return func() error {
		r.product.kill()
		return r.product.stopDatabase(ctx, syscall.SIGINT)
	}
}

// coldStart starts the program and waits for the first redirect, of the newest offer, then sends some more clicks. The
// time is P50 of the figures.
func (r *run) coldStart(ctx context.Context, database string) (took figures, acknowledged int, err error) {
	p := r.product
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	there, _ := p.postmaster() // 0 = it is not
	before, began := processes{postmaster: there}.usage(), time.Now()
	if err := p.launch(database); err != nil {
		return took, 0, err
	}
	request := newClickRequest(p.addr, r.network.way(coldOffers-1), 1)
	for fault := "-"; fault != ""; {
		select {
		case <-p.ended:
			return took, 0, fmt.Errorf("the program ended: %v", p.cmd.ProcessState)
		case <-ctx.Done():
			return took, 0, fmt.Errorf("no redirect within %s: %s", startLimit, fault)
		default:
		}
		if fault = tryClick(p.addr, request); fault != "" {
			time.Sleep(time.Millisecond)
		}
	}
	first := time.Since(began)
	there, _ = p.postmaster()
	after := processes{server: p.processes.server, postmaster: there}.usage()
	took = unmeasured(func(f *figures) {
		f.P50, f.OtherLoad = exactly(first), figure(otherLoad(before, after, runtime.NumCPU()))
		_, f.End = memory(p.processes.server)
	})
	c, err := dial(p.addr, 1, startLimit)
	if err != nil {
		return took, 1, err
	}
	defer c.close()
	for acknowledged = 1; acknowledged < coldClicks; acknowledged++ {
		if fault := clickFault(c.call(0, request.next())); fault != "" {
			return took, acknowledged, errors.New(fault)
		}
	}
	return took, acknowledged, nil
}

// tryClick sends a click on a connection of its own.
func tryClick(addr string, request *clickRequest) (fault string) {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(startLimit)); err != nil {
		return err.Error()
	}
	c := connection{net: conn, buf: make([]byte, 4<<10)}
	return clickFault(c.call(request.next()))
}
