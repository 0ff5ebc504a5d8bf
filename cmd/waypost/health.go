package main

import (
	"fmt"

	"github.com/waypost/waypost/server"
)

type healthCmd struct {
	Live bool `help:"Only whether the process lives, not whether all it needs answers."`
}

// Run fails unless the server answers that all is well.
func (c *healthCmd) Run(e *environment) error {
	cfg, _, err := e.settings()
	if err != nil {
		return err
	}
	path := "/readyz"
	if c.Live {
		path = "/healthz"
	}
	answer, err := server.Health(e.ctx, cfg, path)
	if err != nil {
		return err
	}
	fmt.Println(answer)
	return nil
}
