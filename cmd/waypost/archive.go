package main

import (
	"fmt"

	"github.com/waypost/waypost/server"
)

type backupCmd struct {
	File string `arg:"" type:"path" help:"Where to write it, such as waypost-2026-11-21.tar.gz. Keep it private: it holds the secret."`
}

// Run writes the backup. The server may go on running.
func (c *backupCmd) Run(e *environment) error {
	cfg, log, err := e.settings()
	if err != nil {
		return err
	}
	sum, err := server.Backup(e.ctx, cfg, log, c.File)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d rows of %d tables (schema version %d), %d spool files, the secret; %d bytes. Keep it private.\n",
		c.File, sum.Rows, sum.Tables, sum.Migration, sum.Spool, sum.Bytes)
	return nil
}

type restoreCmd struct {
	File string `arg:"" type:"existingfile" help:"What waypost backup wrote."`
}

// Run restores the backup into an empty database and data folder.
func (c *restoreCmd) Run(e *environment) error {
	cfg, log, err := e.settings()
	if err != nil {
		return err
	}
	sum, err := server.Restore(e.ctx, cfg, log, c.File)
	if err != nil {
		return err
	}
	where := "secret and spool are in " + cfg.DataDir
	if cfg.Secret != "" {
		where = "the spool is in " + cfg.DataDir + ", the secret is that of WAYPOST_SECRET"
	}
	fmt.Printf("restored the state of %s: %d rows of %d tables; %s. Balances equal the ledger.\n",
		sum.CreatedAt.Format("2006-01-02 15:04:05 MST"), sum.Rows, sum.Tables, where)
	fmt.Println("Start it with: waypost serve. Deliveries that were waiting are sent then, also if the old installation has sent them since.")
	return nil
}
