package server

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waypost/waypost/config"
	"github.com/waypost/waypost/domain/export"
	"github.com/waypost/waypost/jobs"
	"github.com/waypost/waypost/store/pgstore"
)

const (
	// askForFiles is how often a process with the portals looks for files to be made.
	askForFiles = time.Second
	// queueLimit bounds the counting of those that wait, for /metrics.
	queueLimit = 2 * time.Second
)

func newExports(cfg config.Config, db *pgstore.DB, log *slog.Logger) *export.Service {
	return export.NewService(export.Deps{Tx: db, Store: db.Exports(), Users: db.Accounts(), Outbox: db.Mails(), Clock: now, Random: rand.Reader,
		PublicURL: cfg.PublicURL, Log: componentLog(log, "exports")})
}

// exportJobs are the periodic jobs of files that are made in the background.
func (s *Server) exportJobs() []jobs.Periodic {
	return []jobs.Periodic{{Name: "prune_exports", Every: time.Hour, Run: func(ctx context.Context) error { _, err := s.services.exports.Prune(ctx); return err }}}
}

// startMaker starts what makes files in the background, one at a time, where the portals are, whose lists it asks.
func (s *Server) startMaker(g *group) {
	if s.makeFile == nil {
		return
	}
	s.registry.MustRegister(newExportGauges(s.services.exports))
	g.workers.start(func(ctx context.Context) error {
		tick := time.NewTicker(askForFiles)
		defer tick.Stop()
		for {
			if _, err := s.services.exports.MakeDue(ctx, s.makeFile); err != nil && ctx.Err() == nil {
				componentLog(s.log, "exports").WarnContext(ctx, "files are not made", "error", err)
			}
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
		}
	})
}

// lateFile is how long a file may wait or be made before the doctor speaks of it.
const lateFile = 15 * time.Minute

func (d *doctor) stageExports(n stageNumbers) {
	const check = "files in the background"
	waiting, told := n.sum("waypost_exports_waiting", "")
	if !told {
		return
	}
	oldest, _ := n.sum("waypost_exports_oldest_seconds", "")
	if age := time.Duration(oldest) * time.Second; age > lateFile {
		d.warn(check, fmt.Sprintf("%.0f files are not made yet, the oldest for %s", waiting, age), "processes with the role api make them, one at a time each: see their log for exports")
		return
	}
	d.ok(check, "%.0f are waiting", waiting)
}

// exportGauges tell what waits to be made. Without the database they tell nothing.
type exportGauges struct {
	exports         *export.Service
	waiting, oldest *prometheus.Desc
}

func newExportGauges(s *export.Service) exportGauges {
	return exportGauges{s, prometheus.NewDesc("waypost_exports_waiting", "Files ordered and not made yet.", nil, nil),
		prometheus.NewDesc("waypost_exports_oldest_seconds", "How long the oldest file that is not made yet has waited; 0 = none does.", nil, nil)}
}

// Describe implements prometheus.Collector.
func (e exportGauges) Describe(to chan<- *prometheus.Desc) { to <- e.waiting; to <- e.oldest }

// Collect implements prometheus.Collector.
func (e exportGauges) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), queueLimit)
	defer cancel()
	q, err := e.exports.Queue(ctx)
	if err != nil {
		return
	}
	age := 0.0
	if q.Waiting > 0 {
		age = max(now().Sub(q.Oldest).Seconds(), 0)
	}
	to <- prometheus.MustNewConstMetric(e.waiting, prometheus.GaugeValue, float64(q.Waiting))
	to <- prometheus.MustNewConstMetric(e.oldest, prometheus.GaugeValue, age)
}
