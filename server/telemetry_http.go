package server

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/waypost/waypost/api"
	"github.com/waypost/waypost/ui"
	"github.com/waypost/waypost/web"
)

// requests gives each request a span, named by its route. What a client says of a trace of its own is never followed: a
// stranger could have anything recorded, under any name. The API's clients find theirs linked.
func (t *telemetry) requests(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if path := r.URL.Path; path == clickSpan && !t.wantsClick() || isProbe(path) {
			return next(c)
		}
		options := []trace.SpanStartOption{trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindServer)}
		if strings.HasPrefix(r.URL.Path, api.Base) {
			theirs := trace.SpanContextFromContext(propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header)))
			if theirs.IsValid() {
				options = append(options, trace.WithLinks(trace.Link{SpanContext: theirs}))
			}
		}
		method := methodOf(c)
		ctx, span := t.tracer.Start(r.Context(), method+" "+routeOf(c, 0), options...)
		defer span.End()
		c.SetRequest(r.WithContext(ctx))
		err := next(c)
		status := c.Response().Status
		if err != nil { // answered by echo's error handler after us
			status = web.ProblemOf(ctx, err).Status
		}
		if !span.IsRecording() {
			return err
		}
		span.SetAttributes(attribute.String("http.request.method", method), attribute.String("http.route", routeOf(c, status)), attribute.Int("http.response.status_code", status))
		if id := c.Response().Header().Get(web.HeaderRequestID); id != "" {
			span.SetAttributes(attribute.String("waypost.request_id", id))
		}
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, http.StatusText(status))
		}
		return err
	}
}

// isProbe tells what is asked by machines all the time.
func isProbe(path string) bool {
	switch path {
	case "/healthz", "/readyz", "/readyz/track", "/metrics":
		return true
	}
	return strings.HasPrefix(path, ui.StaticPath)
}
