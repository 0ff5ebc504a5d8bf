// Command bench measures the built program: clicks, postbacks, deliveries and starts, each beside its ceiling or its rival
// in the same run, and judges the targets.
//
// It starts bin/waypost with its embedded database on a folder of its own, drives it over loopback, prints a table for each
// part and leaves nothing behind. Rounds of the program and of the others alternate and the tables show medians, so that what
// else the machine does meets all. A ceiling answers alike and records nothing; a rival does the same work as one would
// write it without thinking of speed. Load is a closed loop, each connection sending its next request when it has its
// answer, so p99 is that of a saturated server; where a pace is named, the loop is open. CPU per request is that of the whole
// process, the work after the last answer included. What the database holds is compared with what was acknowledged; a
// difference is an error. docs/performance.md explains the figures.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	binary     string
	rounds     int
	length     time.Duration // of a round, after its warm-up
	warmUp     time.Duration
	clickConns []int
	conns      int           // of postbacks
	deliveries int           // of a round
	stored     int           // clicks, before the postbacks
	paced      time.Duration // of all rounds together
	nginx      string
	only       []string
	json       string
	markdown   string
	limit      time.Duration // of everything
}

type scenario struct {
	name string
	run  func(context.Context, *run) error
}

var scenarios = []scenario{
	{"click", benchClicks},
	{"postback", benchPostbacks},
	{"delivery", benchDeliveries},
	{"rollup", benchRollups},
	{"hanging", benchHanging},
	{"cold", benchCold}, // last, as it makes the catalogue ten times as large
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == ceilingArg {
		if err := serveCeiling(os.Args[2:]...); err != nil {
			fmt.Fprintln(os.Stderr, "ceiling:", err)
			os.Exit(1)
		}
		return
	}
	o, err := parseOptions(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		ctx, cancel := context.WithTimeout(ctx, o.limit)
		err = measure(ctx, o, os.Stdout)
		cancel()
		stop()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parseOptions(args []string) (options, error) {
	o := options{warmUp: 500 * time.Millisecond}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.binary, "bin", "bin/waypost", "the program to measure")
	flags.IntVar(&o.rounds, "rounds", 3, "rounds of each target; the table shows medians")
	seconds := flags.Float64("seconds", 2.5, "length of a round")
	clickConns := flags.String("click-conns", "64,256", "numbers of connections for clicks")
	flags.IntVar(&o.conns, "conns", 64, "connections for postbacks")
	flags.IntVar(&o.deliveries, "deliveries", 20000, "deliveries of a round")
	flags.IntVar(&o.stored, "stored", 1_000_000, "clicks in the database before the postbacks")
	flags.DurationVar(&o.paced, "paced", 20*time.Second, "length of the paced run of deliveries, all rounds together")
	flags.StringVar(&o.nginx, "nginx", "nginx", "the nginx to compare with")
	only := flags.String("only", "", "comma list of "+strings.Join(names(nil), ", ")+"; empty = all")
	flags.DurationVar(&o.limit, "limit", 8*time.Minute, "give up after this time")
	flags.StringVar(&o.markdown, "markdown", "", "also write the tables into this document, between its comment lines")
	flags.StringVar(&o.json, "json", "", "also write the figures, every round of them, to this file")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.length = time.Duration(*seconds * float64(time.Second))
	for _, text := range strings.Split(*clickConns, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1 {
			return o, fmt.Errorf("-click-conns: %q is no number of connections", text)
		}
		o.clickConns = append(o.clickConns, n)
	}
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	for _, name := range o.only {
		if !slices.Contains(names(nil), name) {
			return o, fmt.Errorf("-only: there is no %q", name)
		}
	}
	if flags.NArg() > 0 || o.rounds < 1 || o.length <= 0 || o.conns < 1 || o.deliveries < 1 || o.stored < storedDays ||
		o.paced < time.Duration(o.rounds)*time.Second/pace {
		return o, errors.New("numbers have to be positive, and nothing follows the flags")
	}
	if o.markdown != "" {
		return o, checkMarkdown(o.markdown, names(o.only))
	}
	return o, nil
}

// names are the parts in their order: of those that are given, or all.
func names(only []string) (list []string) {
	for _, s := range scenarios {
		if len(only) == 0 || slices.Contains(only, s.name) {
			list = append(list, s.name)
		}
	}
	return list
}

// run is one run of the benchmark.
type run struct {
	options
	product *product
	ceiling *ceiling
	network *network
	report  *report
}

func measure(ctx context.Context, o options, out io.Writer) (err error) {
	debug.SetGCPercent(400) // the generator's own collections would be taken from what it measures
	r := &run{options: o, report: newReport(o)}
	if r.ceiling, err = startCeiling(); err != nil {
		return fmt.Errorf("start the ceiling: %w", err)
	}
	defer r.ceiling.stop()
	if r.product, err = startProduct(ctx, o.binary); err != nil {
		return fmt.Errorf("start %s: %w", o.binary, err)
	}
	defer func() {
		if stopErr := r.product.stop(); stopErr != nil && err == nil {
			err = fmt.Errorf("stop %s: %w", o.binary, stopErr)
		}
	}()
	if r.network, err = r.product.makeNetwork(ctx); err != nil {
		return fmt.Errorf("make the network: %w", err)
	}
	if r.report.PostgreSQL, err = r.product.databaseVersion(ctx); err != nil {
		return err
	}
	fmt.Fprintln(out, r.report.head())
	var faults []error
	for _, s := range scenarios {
		if !slices.Contains(names(o.only), s.name) {
			continue
		}
		if err := s.run(ctx, r); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", s.name, err))
		}
		r.report.print(out, s.name)
		if ctx.Err() != nil {
			break
		}
	}
	fmt.Fprintln(out, r.report.foot())
	if o.json != "" {
		faults = append(faults, r.report.write(o.json))
	}
	if o.markdown != "" && ctx.Err() == nil {
		faults = append(faults, r.report.writeMarkdown(o.markdown, names(o.only)))
	}
	return errors.Join(faults...)
}
