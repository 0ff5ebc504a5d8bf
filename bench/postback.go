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

// mostCommitConns is what the embedded cluster's 100 connections leave beside the program's own. Those of the GORM rival
// are closed by then.
const mostCommitConns = 64

// commission of each postback, as sent and in cents.
const (
	commission      = "1.25"
	commissionCents = 125
)

// postbacks sends each call with a txid of its own.
type postbacks struct {
	c      *client
	clicks []clicked
	prefix string // of txid, unique to these calls
	most   int64  // 0 = no end
	next   atomic.Int64
	bufs   [][]byte
}

func newPostbacks(c *client, prefix string, clicks []clicked) *postbacks {
	return &postbacks{c: c, prefix: prefix, clicks: clicks, bufs: make([][]byte, len(c.conns))}
}

func (p *postbacks) step(worker int) (fault string, more bool) {
	n := p.next.Add(1)
	if p.most > 0 && n > p.most {
		return "", false
	}
	return p.call(worker, n), true
}

// call sends the n-th postback and tells why it was not recorded.
func (p *postbacks) call(worker int, n int64) (fault string) {
	of := p.clicks[n%int64(len(p.clicks))]
	b := append(p.bufs[worker][:0], "GET /postback?clickid="...)
	b = append(append(append(b, of.id...), "&token="...), of.token...)
	b = append(b, "&val=25.00&com="+commission+"&txid="...)
	b = strconv.AppendInt(append(b, p.prefix...), n, 10)
	b = append(append(b, " HTTP/1.1\r\nHost: "...), p.c.addr...)
	b = append(b, "\r\nUser-Agent: shop/1.0\r\nAccept: */*\r\n\r\n"...)
	p.bufs[worker] = b
	a, err := p.c.call(worker, b)
	switch {
	case err != nil:
		return err.Error()
	case a.status == 202:
		return faultQueued
	case a.status != 200 || !bytes.Contains(a.body, []byte(`"status":"recorded"`)):
		return fmt.Sprintf("status %d, code %s", a.status, code(a.body))
	}
	return ""
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

const (
	gormAnswer  = "echo and GORM, a transaction each"
	echoAnswer  = "bare echo answer, records nothing"
	bareCommits = "one-row INSERT and commit, no HTTP"
)

// benchPostbacks loads /postback, a server that records each call in a GORM transaction, one that answers alike and
// records nothing, and single commits in the same database; then compares conversions and balances with what was
// acknowledged. The clicks are of the last thirty days, as many as the flag says.
func benchPostbacks(ctx context.Context, r *run) error {
	dsn, err := r.product.gormDatabase(ctx)
	if err != nil {
		return fmt.Errorf("make the rival's database: %w", err)
	}
	defer r.product.dropDatabase()
	clicks, err := r.storeClicks(ctx, r.stored, r.product.database, dsn)
	if err != nil {
		return fmt.Errorf("store %d clicks: %w", r.stored, err)
	}
	order := rand.Perm(len(clicks.sample))
	sample, uuids := shuffled(clicks.sample, order), shuffled(clicks.uuids, order)
	gorm, err := startCeiling(dsn)
	if err != nil {
		return fmt.Errorf("start the rival: %w", err)
	}
	defer gorm.stop()
	postmaster := r.product.processes.postmaster
	before, err := r.product.count(ctx, "SELECT count(*) FROM conversions")
	if err != nil {
		return err
	}
	owed, err := r.product.approved(ctx, r.network.affiliates)
	if err != nil {
		return err
	}
	var acknowledged, ofRival int64
	for n := range r.rounds {
		for _, rival := range []rival{
			{ours, r.product.addr, r.product.processes, r.product.settled},
			{echoAnswer, r.ceiling.addr, processes{server: r.ceiling.pid}, nil},
			{bareCommits, dsn, processes{postmaster: postmaster}, nil},
			{gormAnswer, gorm.addr, processes{server: gorm.pid, postmaster: postmaster}, nil},
		} {
			of := sample
			if rival.name == gormAnswer {
				of = uuids
			}
			f, o, conns, err := r.postbackRound(ctx, rival, fmt.Sprintf("r%d-", n), of)
			if err != nil {
				return fmt.Errorf("%s: %w", rival.name, err)
			}
			r.report.add("postback", rival.name, conns, f)
			if o.err() != nil {
				r.report.note("postback", fmt.Errorf("%s: %w", rival.name, o.err()))
			}
			switch rival.name {
			case ours:
				acknowledged += int64(o.acknowledged + o.faults[faultQueued])
			case gormAnswer:
				ofRival += int64(o.acknowledged)
			}
		}
	}
	r.report.atLeast("postback", fmt.Sprintf("conversions per second ÷ GORM transaction each, %d connections", r.conns), 6, "", 1, r.report.ratio("postback", gormAnswer, r.conns))
	r.report.atMost("postback", fmt.Sprintf("p99, %d connections", r.conns), 15, " ms", 1, r.report.median("postback", ours, r.conns).P99)
	conversions, err := r.product.count(ctx, "SELECT count(*) FROM conversions")
	if err != nil {
		return err
	}
	cents, err := r.product.approved(ctx, r.network.affiliates)
	if err != nil {
		return err
	}
	rows, err := countIn(ctx, dsn, "SELECT count(*) FROM conversions")
	if err != nil {
		return err
	}
	return errors.Join(
		r.report.check("postback", "conversions in the database", conversions-before, "postbacks acknowledged", acknowledged),
		r.report.check("postback", "cents in the affiliates' balances", cents-owed, "cents acknowledged", acknowledged*commissionCents),
		r.report.check("postback", "conversions in the rival's database", rows, "postbacks that it acknowledged", ofRival))
}

func shuffled(list []clicked, order []int) []clicked {
	mixed := make([]clicked, len(list))
	for i, from := range order {
		mixed[i] = list[from]
	}
	return mixed
}

// postbackRound also gives the number of connections. The address of commits is a database.
func (r *run) postbackRound(ctx context.Context, rival rival, prefix string, clicks []clicked) (f figures, o outcome, conns int, err error) {
	loop := closedLoop{workers: r.conns, warmUp: r.warmUp, length: r.length}
	if rival.name == bareCommits {
		loop.workers = min(r.conns, mostCommitConns)
		commits, err := newCommits(ctx, rival.addr, loop.workers)
		if err != nil {
			return f, o, 0, err
		}
		defer commits.close(context.WithoutCancel(ctx))
		loop.step = commits.step
	} else {
		c, err := dial(rival.addr, r.conns, r.warmUp+r.length)
		if err != nil {
			return f, o, 0, err
		}
		defer c.close()
		loop.step = newPostbacks(c, prefix, clicks).step
	}
	f, o, err = round(ctx, rival.processes, func() (outcome, error) { return loop.run(ctx), nil }, rival.settled)
	return f, o, loop.workers, err
}

// commits is what the database alone can do: one row and one durable commit at a time on each connection.
type commits struct {
	conns []*pgx.Conn
	next  atomic.Int64
}

// newCommits makes a table in the rival's database, which is in the program's cluster.
func newCommits(ctx context.Context, database string, conns int) (c *commits, err error) {
	c = &commits{}
	defer func() {
		if err != nil {
			c.close(ctx)
		}
	}()
	for range conns {
		conn, err := pgx.Connect(ctx, database)
		if err != nil {
			return nil, err
		}
		c.conns = append(c.conns, conn)
	}
	_, err = c.conns[0].Exec(ctx, "DROP TABLE IF EXISTS commits; CREATE TABLE commits (id bigint PRIMARY KEY, txid text NOT NULL, amount bigint NOT NULL)")
	return c, err
}

func (c *commits) close(ctx context.Context) {
	for _, conn := range c.conns {
		conn.Close(ctx)
	}
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
