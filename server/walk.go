package server

import (
	_ "embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// walkScript is the walk of the README: a network is made, a click converts, the delivery arrives, the trace shows it.
//
//go:embed walk.sh
var walkScript string

// printWalk writes the walk with this process's addresses and log-in to out, and into the data folder, where
// `sh data/walk.sh` runs it.
func printWalk(out io.Writer, dataDir, publicURL, sinkURL, email, password string) error {
	walk := strings.NewReplacer("@WAYPOST@", publicURL, "@SINK@", sinkURL, "@EMAIL@", email, "@PASSWORD@", password).Replace(walkScript)
	path := filepath.Join(dataDir, "walk.sh")
	if err := os.WriteFile(path, []byte(walk), 0o600); err != nil {
		return fmt.Errorf("write the walk: %w", err)
	}
	_, err := fmt.Fprintf(out, `
Waypost serves at %s

  API document   %s/api/docs
  demo operator  %s
  password       %s
  demo sink      %s/received   (receives the demo's postbacks)

The whole chain, to paste into a shell (or: sh %s):

%s
`, publicURL, publicURL, email, password, sinkURL, path, walk)
	return err
}
