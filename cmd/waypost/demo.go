package main

import (
	"os"

	"github.com/waypost/waypost/server"
)

type demoCmd struct {
	Seed uint64 `default:"1" help:"The same seed gives the same data up to the same moment."`
	Days int    `default:"30" help:"How many days of history, 1 to 90."`
}

// Run loads demo data into an empty database. The server may be running.
func (c *demoCmd) Run(e *environment) error {
	cfg, log, err := e.settings()
	if err != nil {
		return err
	}
	return server.Demo(e.ctx, cfg, log, c.Seed, c.Days, os.Stdout)
}
