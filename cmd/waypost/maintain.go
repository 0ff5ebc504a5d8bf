package main

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/waypost/waypost/server"
)

type migrateCmd struct{}

// Run applies the migrations that the database lacks.
func (c *migrateCmd) Run(e *environment) error {
	cfg, log, err := e.settings()
	if err != nil {
		return err
	}
	applied, err := server.Migrate(e.ctx, cfg, log)
	if err != nil {
		return err
	}
	fmt.Printf("%d migrations applied; the database is up to date\n", applied)
	return nil
}

type adminCreateCmd struct {
	Email         string `required:"" help:"The operator's e-mail address, its log-in."`
	PasswordStdin bool   `help:"Read the password from the first line of standard input; without it one is generated and printed."`
}

// Run makes the account.
func (c *adminCreateCmd) Run(e *environment) error {
	cfg, log, err := e.settings()
	if err != nil {
		return err
	}
	password := rand.Text()
	if c.PasswordStdin {
		line := bufio.NewScanner(os.Stdin)
		if !line.Scan() {
			return errors.New("--password-stdin: standard input holds no line")
		}
		if password = strings.TrimRight(line.Text(), "\r"); password == "" {
			return errors.New("--password-stdin: the first line of standard input is empty; send a password of 12 or more characters")
		}
	}
	if err := server.CreateAdmin(e.ctx, cfg, log, c.Email, password); err != nil {
		return err
	}
	where := "the database of DATABASE_URL"
	if cfg.DatabaseURL == "" {
		where = "the data folder " + cfg.DataDir
	}
	fmt.Printf("operator %s made in %s\n", c.Email, where)
	if !c.PasswordStdin {
		fmt.Printf("password: %s (shown once)\n", password)
	}
	return nil
}

type spoolLoadCmd struct {
	Dir string `arg:"" type:"existingdir" help:"The data folder of the lost node, or its spool folder."`
}

// Run loads the folder into the database; its segments go as they are loaded.
func (c *spoolLoadCmd) Run(e *environment) error {
	cfg, log, err := e.settings()
	if err != nil {
		return err
	}
	records, err := server.LoadSpool(e.ctx, cfg, log, c.Dir)
	if err != nil {
		return err
	}
	fmt.Printf("%d records loaded from %s\n", records, c.Dir)
	return nil
}
