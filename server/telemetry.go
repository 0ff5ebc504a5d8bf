package server

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/waypost/waypost/config"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/web"
)

// telemetry records spans of OpenTelemetry and sends them to the endpoint of the settings. A nil *telemetry records
// nothing and costs nothing: nothing is wrapped then. No span holds a secret: no query of a request, no value of a
// statement, and addresses only masked.
type telemetry struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	clicks   float64 // share of the clicks that are recorded
}

const (
	clickSpan      = "/click"
	telemetryClose = time.Second // of a stop, for the last spans
	idsShown       = 64          // of the conversions of a batch
)

// newTelemetry is nil without an endpoint. It does not connect: an endpoint that is away shows in the log.
func newTelemetry(cfg config.Config, log *slog.Logger) (*telemetry, error) {
	if cfg.TraceEndpoint == "" {
		return nil, nil
	}
	headers, err := cfg.TraceHeaderMap()
	if err != nil {
		return nil, err
	}
	exporter, err := otlptracehttp.New(context.Background(), otlptracehttp.WithHeaders(headers),
		otlptracehttp.WithEndpointURL(strings.TrimRight(cfg.TraceEndpoint, "/")+"/v1/traces"))
	if err != nil {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("spans are lost", "error", err) }))
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithSampler(sampler{sdktrace.ParentBased(sdktrace.TraceIDRatioBased(cfg.TraceRatio))}),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", cfg.TraceService), attribute.String("service.version", Version().Version))))
	return &telemetry{provider: provider, tracer: provider.Tracer("waypost"), clicks: cfg.TraceClicks}, nil
}

// close sends what is left, if the endpoint takes it at once.
func (t *telemetry) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, telemetryClose)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // what does not arrive is in the log
}

// sampler takes a click whose share was decided before its span.
type sampler struct{ sdktrace.Sampler }

// ShouldSample implements sdktrace.Sampler.
func (s sampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	if strings.HasSuffix(p.Name, " "+clickSpan) {
		return sdktrace.AlwaysSample().ShouldSample(p)
	}
	return s.Sampler.ShouldSample(p)
}

// wantsClick decides for one click whether it is recorded.
func (t *telemetry) wantsClick() bool { return t.clicks > 0 && rand.Float64() < t.clicks }

// recordBatch decides calls: conversion.Service.RecordBatch.
type recordBatch func(context.Context, []conversion.Call) []conversion.Result

type linksKey struct{}

// batchContext makes the batch a child of the first of its calls that is recorded, and remembers the others.
func (t *telemetry) batchContext(calls []context.Context) context.Context {
	ctx := context.Background()
	var links []trace.Link
	found := false
	for _, c := range calls {
		switch span := trace.SpanContextFromContext(c); {
		case !span.IsSampled():
		case !found:
			ctx, found = trace.ContextWithSpanContext(ctx, span), true
		default:
			links = append(links, trace.Link{SpanContext: span})
		}
	}
	return context.WithValue(ctx, linksKey{}, links)
}

// record gives each batch a span that names its conversions.
func (t *telemetry) record(next recordBatch) recordBatch {
	if t == nil {
		return next
	}
	return func(ctx context.Context, calls []conversion.Call) []conversion.Result {
		links, _ := ctx.Value(linksKey{}).([]trace.Link)
		ctx, span := t.tracer.Start(ctx, "RecordBatch", trace.WithLinks(links...), trace.WithAttributes(attribute.Int("waypost.calls", len(calls))))
		defer span.End()
		results := next(ctx, calls)
		if !span.IsRecording() {
			return results
		}
		var ids []string
		for _, r := range results {
			if !r.ConversionID.IsZero() && len(ids) < idsShown {
				ids = append(ids, r.ConversionID.String())
			}
			if r.Err != nil {
				span.SetStatus(codes.Error, web.MaskText(r.Err.Error()))
			}
		}
		span.SetAttributes(attribute.StringSlice("waypost.conversion_ids", ids))
		return results
	}
}

// sender gives each try of a delivery a trace of its own; the id of its conversion leads to the batch that made it. The
// receiver is told nothing of it.
func (t *telemetry) sender(next postback.Sender) postback.Sender {
	if t == nil {
		return next
	}
	return tracedSender{next, t.tracer}
}

type tracedSender struct {
	postback.Sender
	tracer trace.Tracer
}

// Send implements postback.Sender.
func (s tracedSender) Send(ctx context.Context, r postback.Request) postback.Response {
	ctx, span := s.tracer.Start(ctx, r.Method+" delivery", trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()
	response := s.Sender.Send(ctx, r)
	if !span.IsRecording() {
		return response
	}
	span.SetAttributes(attribute.String("http.request.method", r.Method), attribute.String("url.full", web.MaskText(postback.MaskURL(r.URL))),
		attribute.String("waypost.delivery_id", r.Header[postback.HeaderID]))
	if !r.ConversionID.IsZero() {
		span.SetAttributes(attribute.String("waypost.conversion_id", r.ConversionID.String()))
	}
	if response.StatusCode != 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", response.StatusCode))
	}
	if class := response.Class(); class != "" {
		span.SetAttributes(attribute.String("error.type", string(class)))
		span.SetStatus(codes.Error, string(class))
	}
	return response
}
