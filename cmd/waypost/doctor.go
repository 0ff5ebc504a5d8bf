package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/waypost/waypost/server"
)

type doctorCmd struct {
	JSON bool `name:"json" help:"Print the findings as JSON."`
}

// errFindings ends the program with a failure whose findings are printed already.
var errFindings = errors.New("there is something to mend")

// Run checks configuration and dependencies. It fails only if a finding is a failure.
func (c *doctorCmd) Run(e *environment) error {
	cfg, fault := e.cfg()
	findings := server.Doctor(e.ctx, cfg, fault, e.log(cfg))
	if c.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		if err := out.Encode(map[string]any{"ok": !server.Failed(findings), "findings": findings}); err != nil {
			return err
		}
	} else {
		for _, f := range findings {
			fmt.Printf("%-5s %-12s %s\n", f.Verdict, f.Check, f.Found)
			if f.Mend != "" {
				fmt.Printf("%18s → %s\n", "", f.Mend)
			}
		}
	}
	if server.Failed(findings) {
		return errFindings
	}
	return nil
}
