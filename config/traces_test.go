package config

import (
	"maps"
	"strings"
	"testing"
)

func TestTraceSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		environ []string
		fault   string // empty = none
	}{
		"none":              {nil, ""},
		"all":               {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=https://user:hunter2@otel.example:4318/x", "OTEL_EXPORTER_OTLP_HEADERS=api-key=hunter2", "OTEL_TRACES_SAMPLER_ARG=0.1", "WAYPOST_TRACE_CLICKS=0.001"}, ""},
		"no scheme":         {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=hunter2:4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT"},
		"grpc":              {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=grpc://hunter2:4317"}, "OTEL_EXPORTER_OTLP_ENDPOINT"},
		"headers":           {[]string{"OTEL_EXPORTER_OTLP_HEADERS=hunter2"}, "OTEL_EXPORTER_OTLP_HEADERS"},
		"escaped badly":     {[]string{"OTEL_EXPORTER_OTLP_HEADERS=a=hunter2%"}, "OTEL_EXPORTER_OTLP_HEADERS"},
		"share":             {[]string{"OTEL_TRACES_SAMPLER_ARG=2"}, "OTEL_TRACES_SAMPLER_ARG"},
		"share of nothing":  {[]string{"WAYPOST_TRACE_CLICKS=NaN"}, "WAYPOST_TRACE_CLICKS"},
		"share in words":    {[]string{"WAYPOST_TRACE_CLICKS=all"}, "WAYPOST_TRACE_CLICKS"},
		"share below none":  {[]string{"WAYPOST_TRACE_CLICKS=-0.1"}, "WAYPOST_TRACE_CLICKS"},
		"percent of clicks": {[]string{"WAYPOST_TRACE_CLICKS=1%"}, "WAYPOST_TRACE_CLICKS"},
	} {
		_, err := Load(c.environ)
		switch {
		case c.fault == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault) || strings.Contains(err.Error(), "hunter2")):
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTraceHeaders(t *testing.T) {
	t.Parallel()
	got, err := Config{TraceHeaders: " api-key = a%2Cb , ,x=1=2"}.TraceHeaderMap()
	if want := map[string]string{"api-key": "a,b", "x": "1=2"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}
