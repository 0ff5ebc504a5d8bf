package main

import (
	"context"
	"errors"
	"os"
	"runtime/debug"

	"github.com/waypost/waypost/server"
)

type serveCmd struct {
	Role string `help:"all, or a comma list of track, api, worker. Also WAYPOST_ROLE." placeholder:"all"`
}

// Help is shown below the flags.
func (c *serveCmd) Help() string {
	return "Without settings it serves everything on an embedded PostgreSQL and Redis, from ./data at http://127.0.0.1:8080. " +
		"Settings come from environment variables: waypost settings explains each, waypost doctor checks them."
}

// Run serves until SIGTERM or Ctrl-C.
func (c *serveCmd) Run(e *environment) error {
	if c.Role != "" {
		if err := os.Setenv("WAYPOST_ROLE", c.Role); err != nil {
			return err
		}
	}
	collectLess()
	cfg, log, err := e.settings()
	if err != nil {
		return err
	}
	s, err := server.New(e.ctx, cfg, log, os.Stdout)
	if err == nil {
		err = s.Run(e.ctx)
	}
	if e.ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil // told to stop while it was starting
	}
	return err
}

// memoryTarget is where collecting garbage becomes frequent again. GOMEMLIMIT overrules it.
const memoryTarget = 1 << 30

// collectLess trades memory for the time of the click path: the heap is small, so collections can be few. GOGC and
// GOMEMLIMIT overrule it.
func collectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryTarget)
	}
}
