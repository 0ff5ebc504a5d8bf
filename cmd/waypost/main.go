// Command waypost runs the affiliate network platform and its maintenance commands.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // the image has no zone files

	"github.com/alecthomas/kong"

	"github.com/waypost/waypost/config"
	"github.com/waypost/waypost/server"
)

// Exit codes: 0 done, 1 failed, 2 wrong call or settings, 3 a part of the machine is missing.
const (
	exitFailed   = 1
	exitSettings = 2
	exitMissing  = 3
)

type commands struct {
	Version kong.VersionFlag `help:"Print the version and end."`

	Serve   serveCmd   `cmd:"" help:"Serve everything, or the roles of --role. waypost settings lists the settings."`
	Migrate migrateCmd `cmd:"" help:"Bring the database to this program's version."`
	Demo    demoCmd    `cmd:"" help:"Fill an empty database with demo data: a network with a month of history."`
	Admin   struct {
		Create adminCreateCmd `cmd:"" help:"Make an operator account with the role admin."`
	} `cmd:"" help:"Operator accounts."`
	Settings settingsCmd `cmd:"" help:"List every setting with its default and its meaning."`
	Health   healthCmd   `cmd:"" help:"Ask the server of these settings whether it is ready; for health checks of containers."`
	Doctor   doctorCmd   `cmd:"" help:"Check configuration and every dependency, and say what to mend."`
	Backup   backupCmd   `cmd:"" help:"Write database, spool and secret into one file; the server may go on running."`
	Restore  restoreCmd  `cmd:"" help:"Put a backup into an empty database and data folder."`
	Spool    struct {
		Load spoolLoadCmd `cmd:"" help:"Load what a lost tracking node left in its spool folder."`
	} `cmd:"" help:"The local log of clicks and postbacks."`
}

// environment is what every command gets.
type environment struct {
	ctx context.Context
	cfg func() (config.Config, error) // read late, so that flags can stand in for variables
	log func(config.Config) *slog.Logger
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	signal.Ignore(syscall.SIGPIPE) // a closed terminal or pipe must not end the process without its database
	context.AfterFunc(ctx, stop)   // a second signal ends the process at once
	var cli commands
	parsed := kong.Parse(&cli, kong.Name("waypost"), kong.ShortUsageOnError(), kong.Exit(func(code int) {
		if code != 0 { // kong found the call wrong, and said how
			code = exitSettings
		}
		os.Exit(code)
	}),
		kong.Description("Waypost is a self-hosted affiliate network platform. Settings come from the environment: waypost settings."),
		kong.Vars{"version": server.Version().String()})
	err := parsed.Run(&environment{
		ctx: ctx,
		cfg: func() (config.Config, error) { return config.Load(os.Environ()) },
		log: func(cfg config.Config) *slog.Logger { return server.NewLogger(cfg, os.Stderr) },
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "waypost:", err)
		os.Exit(exitCode(err))
	}
}

// settingsError marks a fault in the settings, which has an exit code of its own.
type settingsError struct{ error }

func (e settingsError) Unwrap() error { return e.error }

func (e *environment) settings() (config.Config, *slog.Logger, error) {
	cfg, err := e.cfg()
	if err != nil {
		return config.Config{}, nil, settingsError{err}
	}
	return cfg, e.log(cfg), nil
}

func exitCode(err error) int {
	var settings settingsError
	switch {
	case errors.As(err, &settings):
		return exitSettings
	case errors.Is(err, server.ErrMissingPart):
		return exitMissing
	}
	return exitFailed
}
