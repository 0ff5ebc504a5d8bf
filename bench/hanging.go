package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
)

// hangingQueue is how many deliveries wait for the host that never answers.
const hangingQueue = 10_000

const (
	othersAlone = "other host, nothing hangs"
	othersWith  = "other host, 10,000 wait for one that hangs"
)

// benchHanging measures how soon conversions are delivered to a fast host, without and with ten thousand deliveries that
// wait for one which accepts and never answers.
func benchHanging(ctx context.Context, r *run) error {
	s, err := newSink()
	if err != nil {
		return err
	}
	defer s.close()
	_, clicks, err := r.makeBuyer(ctx, "Quick buyer", s.url()+"{txid}", hangingQueue)
	if err != nil {
		return err
	}
	for n := range r.rounds {
		if err := r.hangingRound(ctx, s, clicks, n); err != nil {
			return err
		}
	}
	alone, with := r.report.median("hanging", othersAlone, 0).P99, r.report.median("hanging", othersWith, 0).P99
	r.report.atMost("hanging", "p99 of other hosts with 10,000 waiting ÷ without", 1.2, "", 2, with/alone)
	return nil
}

func (r *run) hangingRound(ctx context.Context, s *sink, clicks []clicked, n int) error {
	measure := func(name, prefix string) error {
		_, f, err := r.pacedRound(ctx, "hanging", s, prefix, clicks, r.length)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r.report.add("hanging", name, 0, f)
		return nil
	}
	if err := measure(othersAlone, fmt.Sprintf("h%d-", n)); err != nil {
		return err
	}
	silent, err := newSilent()
	if err != nil {
		return err
	}
	defer silent.close()
	affiliate, stuck, err := r.makeBuyer(ctx, fmt.Sprintf("Hanging buyer %d", n+1), silent.url(), hangingQueue)
	if err != nil {
		return err
	}
	c, err := dial(r.product.addr, r.conns, makeLimit)
	if err != nil {
		return err
	}
	defer c.close()
	calls := newPostbacks(c, fmt.Sprintf("s%d-", n), stuck)
	calls.most = hangingQueue
	o := closedLoop{workers: r.conns, step: calls.step}.run(ctx)
	if err := o.err(); err != nil {
		return fmt.Errorf("queue deliveries: %w", err)
	}
	if err := measure(othersWith, fmt.Sprintf("w%d-", n)); err != nil {
		return err
	}
	waiting, err := r.product.count(ctx, "SELECT count(*) FROM deliveries WHERE affiliate_id = $1 AND status IN ('pending', 'retrying')", affiliate)
	if err != nil {
		return err
	}
	if err := r.report.check("hanging", "deliveries that wait", waiting, "postbacks acknowledged", int64(o.acknowledged)); err != nil {
		return err
	}
	return r.giveUp(ctx, affiliate, silent)
}

// giveUp pauses what waits for an affiliate's host, and ends that host, so that the next round begins without it.
func (r *run) giveUp(ctx context.Context, affiliate int64, host *silent) error {
	list, err := r.product.api(ctx, "GET", fmt.Sprintf("/postbacks?affiliate_id=%d", affiliate), nil, http.StatusOK)
	if err != nil {
		return err
	}
	items, _ := list["items"].([]any)
	for _, item := range items {
		id := object(item.(map[string]any)).text("id")
		if _, err := r.product.api(ctx, "PATCH", "/postbacks/"+id, object{"active": false}, http.StatusOK); err != nil {
			return err
		}
	}
	host.close()
	ctx, cancel := context.WithTimeout(ctx, deliveryLimit)
	defer cancel()
	return r.product.await(ctx, "what waits for the silent host is paused", func() (bool, error) {
		waiting, err := r.product.count(ctx, "SELECT count(*) FROM deliveries WHERE affiliate_id = $1 AND status IN ('pending', 'retrying')", affiliate)
		return waiting == 0, err
	})
}

// silent is a host that takes connections and requests, and answers nothing.
type silent struct {
	ln    net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

func newSilent() (*silent, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &silent{ln: ln}
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, conn)
			s.mu.Unlock()
			go func() { _, _ = io.Copy(io.Discard, conn) }()
		}
	}()
	return s, nil
}

func (s *silent) url() string { return "http://" + s.ln.Addr().String() + "/postback?d={delivery_id}" }

func (s *silent) close() {
	s.ln.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range s.conns {
		conn.Close()
	}
}
