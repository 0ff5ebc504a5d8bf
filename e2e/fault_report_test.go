package e2e

import (
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"
)

// The proofs of what survives a fault come in three sizes: short is a part of make test, minutes is make faults, full is
// that of the requirements. All choices of load and of moments come from the seed; when what answers is the machine's.
var (
	faultSize = flag.String("faults", "short", "size of the proofs of faults: short, minutes or full")
	faultSeed = flag.Uint64("faults-seed", 1, "seed of the load and of the faults")
)

// scaled is a number or a time of a proof at each size.
type scaled[T any] struct{ short, minutes, full T }

func (s scaled[T]) pick() T {
	switch *faultSize {
	case "minutes":
		return s.minutes
	case "full":
		return s.full
	}
	return s.short
}

// short tells that the proofs share the machine with other tests: times are reported then, and not judged.
func short() bool { return *faultSize == "short" }

// proof is one row of the table: a claim, and what became of it.
type proof struct {
	testing.TB
	claim        string
	load, faults string
	acknowledged []string
	lost         int // acknowledged, and absent
	doubled      int // conversions of one key beyond the first, and postings of one conversion likewise
	figures      []string
	rand         *rand.Rand // for the test's own goroutine
}

var proofs struct {
	sync.Mutex
	all []*proof
}

// prove begins a row. The short form runs beside other tests; the others have the machine to themselves.
func prove(t *testing.T, claim string) *proof {
	t.Helper()
	switch *faultSize {
	case "short":
		t.Parallel()
	case "minutes", "full":
	default:
		t.Fatalf("-faults=%s is none of short, minutes, full", *faultSize)
	}
	p := &proof{TB: t, claim: claim}
	p.rand = p.random(0)
	t.Cleanup(func() {
		if p.lost != 0 || p.doubled != 0 {
			t.Errorf("%s: %d lost, %d doubled", claim, p.lost, p.doubled)
		}
		t.Log(strings.ReplaceAll(p.row(), "\t", "; "))
		proofs.Lock()
		defer proofs.Unlock()
		proofs.all = append(proofs.all, p)
	})
	return p
}

// random is a source of this proof and of one of its parts.
func (p *proof) random(part uint64) *rand.Rand {
	h := fnv.New64a()
	_, _ = io.WriteString(h, p.claim)
	return rand.New(rand.NewPCG(*faultSeed, h.Sum64()+part))
}

// moment waits for a random part of a time.
func (p *proof) moment(most time.Duration) { time.Sleep(time.Duration(p.rand.Int64N(int64(most)))) }

func (p *proof) acknowledge(n int, what string) {
	p.acknowledged = append(p.acknowledged, fmt.Sprintf("%d %s", n, what))
}

func (p *proof) figure(format string, args ...any) {
	p.figures = append(p.figures, fmt.Sprintf(format, args...))
}

// atMost reports a time, and judges it where the proof has the machine to itself.
func (p *proof) atMost(what string, got, most time.Duration) {
	p.Helper()
	p.figure("%s %s", what, got.Round(time.Millisecond))
	p.judge(what, got, most)
}

func (p *proof) judge(what string, got, most time.Duration) {
	p.Helper()
	if got > most && !short() {
		p.Errorf("%s: %s, want at most %s", what, got, most)
	}
}

func (p *proof) row() string {
	result := "ok"
	if p.Failed() {
		result = "FAILED"
	}
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s", p.claim, p.load, p.faults, strings.Join(p.acknowledged, ", "), p.lost, p.doubled, result, strings.Join(p.figures, ", "))
}

// printProofs prints the table of all rows.
func printProofs(w io.Writer) {
	proofs.Lock()
	defer proofs.Unlock()
	if len(proofs.all) == 0 {
		return
	}
	fmt.Fprintf(w, "\nFaults, size %s, seed %d\n\n", *faultSize, *faultSeed)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "claim\tload\tfaults\tacknowledged\tlost\tdoubled\tresult\tother figures")
	for _, p := range proofs.all {
		fmt.Fprintln(table, p.row())
	}
	_ = table.Flush()
}
