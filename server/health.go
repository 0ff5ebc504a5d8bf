package server

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// healthRoutes are the probes of contract section 1.
func (s *Server) healthRoutes(e *echo.Echo) {
	e.GET("/healthz", func(c echo.Context) error { return c.JSON(http.StatusOK, map[string]string{"status": "ok"}) })
	e.GET("/readyz", func(c echo.Context) error { return s.answerReadiness(c, s.checks()) })
	if s.track != nil {
		e.GET("/readyz/track", func(c echo.Context) error {
			return s.answerReadiness(c, []check{{name: "routing", ask: func(context.Context) error { return s.track.doors.Ready() }}})
		})
	}
}

// check is one part that the process needs.
type check struct {
	name string
	ask  func(context.Context) error
	mild bool // shown, but no reason to send requests elsewhere
}

func (s *Server) checks() []check {
	checks := []check{
		{name: "database", ask: s.db.Ping},
		{name: "schema", ask: func(context.Context) error {
			if !s.prepared.Load() {
				return errors.New("migrations have not run yet")
			}
			return nil
		}},
		{name: "redis", ask: func(ctx context.Context) error { return s.queue.Ping(ctx).Err() }},
		{name: "partitions", ask: func(ctx context.Context) error { return checkPartitions(ctx, s.db) }, mild: true},
	}
	if s.track != nil {
		checks = append(checks,
			check{name: "routing", ask: func(context.Context) error { return s.track.doors.Ready() }},
			check{name: "spool", ask: func(context.Context) error {
				_, err := s.track.spool.Err()
				return err
			}})
	}
	return checks
}

// checkWithin is how long a part may take to answer. A part that ignores its deadline is not waited for either.
const checkWithin = time.Second

// answerReadiness names every failing part; 503 while any fails that requests need. A part's error text may name hosts, so it goes to the
// log and the answer only says which part it is.
func (s *Server) answerReadiness(c echo.Context, checks []check) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), checkWithin)
	defer cancel()
	answers := make([]chan error, len(checks))
	for i, check := range checks {
		answers[i] = make(chan error, 1)
		go func() { answers[i] <- check.ask(ctx) }()
	}
	parts := map[string]string{}
	status, word := http.StatusOK, "ok"
	for i, check := range checks {
		var err error
		select {
		case err = <-answers[i]:
		case <-ctx.Done():
			select { // it may have answered at the last moment
			case err = <-answers[i]:
			default:
				err = ctx.Err()
			}
		}
		parts[check.name] = "ok"
		if err != nil {
			s.log.WarnContext(ctx, "not ready", "part", check.name, "error", err)
			parts[check.name] = "failing"
			if check.mild {
				continue
			}
			status, word = http.StatusServiceUnavailable, "failing"
		}
	}
	return c.JSON(status, map[string]any{"status": word, "parts": parts})
}

// watchSpool raises the alarm within seconds when clicks are redirected unrecorded, and says when it is over.
func (s *Server) watchSpool(ctx context.Context) {
	failing := false
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		since, err := s.track.spool.Err()
		switch {
		case err != nil && !failing:
			s.log.ErrorContext(ctx, "ALARM: the spool cannot be written; redirects go on unrecorded", "since", since, "error", err)
		case err == nil && failing:
			s.log.WarnContext(ctx, "the spool can be written again")
		}
		failing = err != nil
	}
}
