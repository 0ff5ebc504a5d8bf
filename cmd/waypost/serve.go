package main

import (
	"os"

	"github.com/waypost/waypost/server"
)

type serveCmd struct {
	Role string `help:"all, or a comma list of track, api, worker. Also WAYPOST_ROLE." placeholder:"all"`
}

// Run serves until SIGTERM or Ctrl-C.
func (c *serveCmd) Run(e *environment) error {
	if c.Role != "" {
		if err := os.Setenv("WAYPOST_ROLE", c.Role); err != nil {
			return err
		}
	}
	cfg, log, err := e.settings()
	if err != nil {
		return err
	}
	s, err := server.New(e.ctx, cfg, log, os.Stdout)
	if err != nil {
		return err
	}
	return s.Run(e.ctx)
}
