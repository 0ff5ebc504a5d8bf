package server

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// sqlSpans gives statements and batches that belong to a recorded span one of their own, by name: never their text,
// nor their values.
type sqlSpans struct{ tracer trace.Tracer }

// queries is nil where nothing is recorded.
func (t *telemetry) queries() pgx.QueryTracer {
	if t == nil {
		return nil
	}
	return sqlSpans{t.tracer}
}

type sqlSpanKey struct{}

func (s sqlSpans) start(ctx context.Context, name func() (string, []string)) context.Context {
	if !trace.SpanFromContext(ctx).IsRecording() && !trace.SpanContextFromContext(ctx).IsSampled() {
		return ctx
	}
	summary, statements := name()
	started, span := s.tracer.Start(ctx, summary, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("db.system.name", "postgresql"), attribute.String("db.query.summary", summary)))
	if len(statements) > 0 {
		span.SetAttributes(attribute.StringSlice("waypost.statements", statements))
	}
	return context.WithValue(started, sqlSpanKey{}, span)
}

func (s sqlSpans) end(ctx context.Context, err error) {
	span, _ := ctx.Value(sqlSpanKey{}).(trace.Span)
	if span == nil {
		return
	}
	if err != nil {
		span.SetStatus(codes.Error, "failed") // the text may hold values
	}
	span.End()
}

// TraceQueryStart implements pgx.QueryTracer.
func (s sqlSpans) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return s.start(ctx, func() (string, []string) { return nameSQL(data.SQL), nil })
}

// TraceQueryEnd implements pgx.QueryTracer.
func (s sqlSpans) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	s.end(ctx, data.Err)
}

// TraceBatchStart implements pgx.BatchTracer.
func (s sqlSpans) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	return s.start(ctx, func() (string, []string) {
		var names []string
		for _, q := range data.Batch.QueuedQueries {
			if name := nameSQL(q.SQL); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		if len(names) == 0 {
			return "batch", nil
		}
		return "batch " + names[0], names
	})
}

// TraceBatchQuery implements pgx.BatchTracer.
func (s sqlSpans) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements pgx.BatchTracer.
func (s sqlSpans) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchEndData) {
	s.end(ctx, data.Err)
}

var (
	sqlTable = regexp.MustCompile(`(?i)\b(insert\s+into|delete\s+from|update|from)\s+"?([a-z_][a-z0-9_]*)`)
	// notTables follow "update" in FOR UPDATE and ON CONFLICT DO UPDATE.
	notTables = []string{"set", "skip", "of", "nowait"}
)

// nameSQL is what a statement does first of all, and to which table: INSERT conversions. A table that is written comes
// before those that are read.
func nameSQL(sql string) string {
	name, rank := "", len(sqlVerbs)
	for _, m := range sqlTable.FindAllStringSubmatch(sql, -1) {
		table := strings.ToLower(m[2])
		if slices.Contains(notTables, table) {
			continue
		}
		verb, _, _ := strings.Cut(strings.ToUpper(strings.Join(strings.Fields(m[1]), " ")), " ")
		if at := slices.Index(sqlVerbs, verb); at < rank {
			rank, name = at, sqlWords[at]+" "+table
		}
	}
	if name != "" {
		return name
	}
	verb, _, _ := strings.Cut(strings.TrimSpace(sql), " ")
	return strings.ToUpper(verb[:min(len(verb), 20)]) // begin, commit
}

var (
	sqlVerbs = []string{"INSERT", "UPDATE", "DELETE", "FROM"}
	sqlWords = []string{"INSERT", "UPDATE", "DELETE", "SELECT"}
)
