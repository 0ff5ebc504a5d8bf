package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/domain"
)

// HeaderRequestID carries the id under which a request stands in the log.
const HeaderRequestID = "X-Request-Id"

type requestIDKey struct{}

// RequestID is the id of the request that ctx belongs to; empty outside one.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// AccessLog gives each request an id and writes one line about it when it is answered. Secrets in the query are
// masked. It handles the error itself, so that the line tells the status the client saw. An id that the client
// brought is not used: it could forge another's lines.
func AccessLog(log *slog.Logger, now domain.Clock) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			start := now()
			var random [16]byte
			_, _ = rand.Read(random[:]) // never fails (Go 1.24)
			id := hex.EncodeToString(random[:])
			c.Response().Header().Set(HeaderRequestID, id)
			ctx := context.WithValue(c.Request().Context(), requestIDKey{}, id)
			c.SetRequest(c.Request().WithContext(ctx))
			if err := next(c); err != nil {
				c.Error(err)
			}
			r := c.Request()
			log.InfoContext(ctx, "request",
				"request_id", id,
				"method", r.Method,
				"path", MaskText(r.URL.Path),
				"query", MaskQuery(r.URL.RawQuery),
				"status", c.Response().Status,
				"bytes", c.Response().Size,
				"duration_ms", now().Sub(start).Milliseconds(),
				"ip", c.RealIP(),
				"user_agent", MaskText(cut(r.UserAgent(), 256)),
			)
			return nil
		}
	}
}

func cut(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return s
}
