package server

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/waypost/waypost/config"
	"github.com/waypost/waypost/web"
)

// NewLogger writes to out as the settings say: text for a person at a terminal, JSON lines for a collector. What looks
// like a secret is masked in every line, whoever writes it.
func NewLogger(cfg config.Config, out *os.File) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.LogLevel)) // checked by config; info until it is read
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: maskAttr}
	if cfg.LogFormat == "text" || cfg.LogFormat != "json" && isTerminal(out) {
		return slog.New(slog.NewTextHandler(out, options))
	}
	return slog.New(slog.NewJSONHandler(out, options))
}

// componentLog is the log of one part, whose lines say so.
func componentLog(log *slog.Logger, name string) *slog.Logger {
	return log.With(slog.String("component", name))
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func maskAttr(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(web.MaskText(v))
	case error:
		a.Value = slog.StringValue(web.MaskText(v.Error()))
	}
	return a
}

// redisLog takes the lines of the Redis client, which would go to standard error as they are.
type redisLog struct{ log *slog.Logger }

// Printf implements the client's logger.
func (l redisLog) Printf(ctx context.Context, format string, v ...any) {
	l.log.WarnContext(ctx, "redis client", "message", fmt.Sprintf(format, v...))
}
