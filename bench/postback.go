package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// postbackClicks is how many clicks are made for the postbacks, which take them in random order; a fast server meets
// each more than once, with another txid.
const postbackClicks = 60_000

// mostCommitConns is what the embedded cluster's 100 connections leave beside the program's own.
const mostCommitConns = 64

// commission of each postback, as sent and in cents.
const (
	commission      = "1.25"
	commissionCents = 125
)

// postbacks sends each call with a txid of its own.
type postbacks struct {
	c      *client
	token  string
	clicks []string
	prefix string // of txid, unique to these calls
	most   int64  // 0 = no end
	next   atomic.Int64
	bufs   [][]byte
}

func newPostbacks(c *client, token, prefix string, clicks []string) *postbacks {
	return &postbacks{c: c, token: token, prefix: prefix, clicks: clicks, bufs: make([][]byte, len(c.conns))}
}

func (p *postbacks) step(worker int) (fault string, more bool) {
	n := p.next.Add(1)
	if p.most > 0 && n > p.most {
		return "", false
	}
	b := append(p.bufs[worker][:0], "GET /postback?clickid="...)
	b = append(b, p.clicks[n%int64(len(p.clicks))]...)
	b = append(append(b, "&token="...), p.token...)
	b = append(b, "&val=25.00&com="+commission+"&txid="...)
	b = strconv.AppendInt(append(b, p.prefix...), n, 10)
	b = append(append(b, " HTTP/1.1\r\nHost: "...), p.c.addr...)
	b = append(b, "\r\nUser-Agent: shop/1.0\r\nAccept: */*\r\n\r\n"...)
	p.bufs[worker] = b
	a, err := p.c.call(worker, b)
	switch {
	case err != nil:
		return err.Error(), true
	case a.status == 202:
		return faultQueued, true
	case a.status != 200 || !bytes.Contains(a.body, []byte(`"status":"recorded"`)):
		return fmt.Sprintf("status %d, code %s", a.status, code(a.body)), true
	}
	return "", true
}

// faultQueued is an answer that promises a conversion for later: not the quick yes that is measured, but counted as
// one that has to exist in the end.
const faultQueued = "queued (202)"

// code is the answer's code; answers of one kind are counted together.
func code(body []byte) string {
	_, rest, _ := bytes.Cut(body, []byte(`"code":"`))
	word, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(word)
}

// benchPostbacks loads /postback, a server that answers alike, and single commits in the same database; then compares
// conversions and balances with what was acknowledged.
func benchPostbacks(ctx context.Context, r *run) error {
	clicks, err := r.makeClicks(ctx, r.network.affiliates, postbackClicks)
	if err != nil {
		return fmt.Errorf("make clicks: %w", err)
	}
	rand.Shuffle(len(clicks), func(i, j int) { clicks[i], clicks[j] = clicks[j], clicks[i] })
	commits, err := newCommits(ctx, r.product.database, min(r.conns, mostCommitConns))
	if err != nil {
		return fmt.Errorf("prepare the commit ceiling: %w", err)
	}
	defer commits.close(context.WithoutCancel(ctx))
	var acknowledged int64
	for n := range r.rounds {
		for _, target := range []struct {
			name, addr string
			processes  processes
			settled    func(context.Context) error
		}{
			{"waypost", r.product.addr, r.product.processes, r.product.settled},
			{"bare echo answer, records nothing", r.ceiling.addr, processes{server: r.ceiling.pid}, nil},
			{"one-row INSERT and commit, no HTTP", "", processes{postmaster: r.product.processes.postmaster}, nil},
		} {
			loop := closedLoop{workers: len(commits.conns), warmUp: r.warmUp, length: r.length, step: commits.step}
			c := &client{}
			if target.addr != "" {
				if c, err = dial(target.addr, r.conns, r.warmUp+r.length); err != nil {
					return err
				}
				loop.workers, loop.step = r.conns, newPostbacks(c, r.network.token, fmt.Sprintf("r%d-", n), clicks).step
			}
			f, o, err := round(ctx, target.processes, func() (outcome, error) { return loop.run(ctx), nil }, target.settled)
			c.close()
			if err != nil {
				return fmt.Errorf("%s: %w", target.name, err)
			}
			r.report.add("postback", target.name, loop.workers, f)
			r.report.note("postback", o.err())
			if target.settled != nil {
				acknowledged += int64(o.acknowledged + o.faults[faultQueued])
			}
		}
	}
	conversions, err := r.product.count(ctx, "SELECT count(*) FROM conversions")
	if err != nil {
		return err
	}
	cents, err := r.product.approved(ctx, r.network.affiliates)
	if err != nil {
		return err
	}
	return errors.Join(
		r.report.check("postback", "conversions in the database", conversions, "postbacks acknowledged", acknowledged),
		r.report.check("postback", "cents in the affiliates' balances", cents, "cents acknowledged", acknowledged*commissionCents))
}

// commits is what the database alone can do: one row and one durable commit at a time on each connection.
type commits struct {
	admin *pgx.Conn
	conns []*pgx.Conn
	next  atomic.Int64
}

// newCommits makes a database beside the program's in the same cluster.
func newCommits(ctx context.Context, database string, conns int) (c *commits, err error) {
	c = &commits{}
	if c.admin, err = pgx.Connect(ctx, database); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			c.close(ctx)
		}
	}()
	if _, err := c.admin.Exec(ctx, "CREATE DATABASE bench"); err != nil {
		return nil, err
	}
	for range conns {
		conn, err := pgx.Connect(ctx, database+" database=bench")
		if err != nil {
			return nil, err
		}
		c.conns = append(c.conns, conn)
	}
	_, err = c.conns[0].Exec(ctx, "CREATE TABLE commits (id bigint PRIMARY KEY, txid text NOT NULL, amount bigint NOT NULL)")
	return c, err
}

func (c *commits) close(ctx context.Context) {
	for _, conn := range c.conns {
		conn.Close(ctx)
	}
	c.admin.Close(ctx)
}

func (c *commits) step(worker int) (fault string, more bool) {
	n := c.next.Add(1)
	_, err := c.conns[worker].Exec(context.Background(), "INSERT INTO commits VALUES ($1, $2, $3)", n, "order", int64(commissionCents))
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &refused):
		return "SQLSTATE " + refused.Code, true
	case err != nil:
		return err.Error(), true
	}
	return "", true
}
