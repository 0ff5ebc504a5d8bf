package server

import (
	_ "embed"
	"encoding/json"
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
// `sh data/walk.sh` runs it. A password that the operator chose is not shown.
func printWalk(out io.Writer, dataDir, publicURL, sinkURL, email, password string, show bool) error {
	login, err := json.Marshal(map[string]string{"email": email, "password": password})
	if err != nil {
		return fmt.Errorf("render the walk: %w", err)
	}
	fill := func(login string) string {
		return strings.NewReplacer("@WAYPOST@", shellQuote(publicURL), "@SINK@", shellQuote(sinkURL), "@LOGIN@", shellQuote(login)).Replace(walkScript)
	}
	path := filepath.Join(dataDir, "walk.sh")
	if err := os.WriteFile(path, []byte(fill(string(login))), 0o600); err != nil {
		return fmt.Errorf("write the walk: %w", err)
	}
	printed := fill(string(login))
	if !show {
		printed = fill(`{"email":"` + email + `","password":"your password"}`)
	}
	_, err = fmt.Fprintf(out, "\nThe whole chain, to paste into a shell that has curl (or: sh %s):\n\n%s\n", path, printed)
	return err
}

// shellQuote makes one word of a POSIX shell.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
