package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// TraceHeaderMap reads OTEL_EXPORTER_OTLP_HEADERS, name=value,name=value with values as in an address. Its error shows
// no value.
func (c Config) TraceHeaderMap() (map[string]string, error) {
	headers := map[string]string{}
	for pair := range strings.SplitSeq(c.TraceHeaders, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if name = strings.TrimSpace(name); !ok || err != nil || name == "" {
			return nil, errors.New("OTEL_EXPORTER_OTLP_HEADERS cannot be read; write it as name=value,name=value (signs such as , = % in a value as %2C %3D %25)")
		}
		headers[name] = value
	}
	return headers, nil
}

// checkTraces judges the settings of traces. The endpoint may hold a password, so no error shows it.
func (c Config) checkTraces() (faults []error) {
	if c.TraceEndpoint != "" {
		if u, err := url.Parse(c.TraceEndpoint); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			faults = append(faults, errors.New("OTEL_EXPORTER_OTLP_ENDPOINT is no address such as http://127.0.0.1:4318; /v1/traces is added to it"))
		}
	}
	if _, err := c.TraceHeaderMap(); err != nil {
		faults = append(faults, err)
	}
	for _, share := range []struct {
		name  string
		value float64
	}{{"OTEL_TRACES_SAMPLER_ARG", c.TraceRatio}, {"WAYPOST_TRACE_CLICKS", c.TraceClicks}} {
		if !(share.value >= 0 && share.value <= 1) { // NaN too
			faults = append(faults, fmt.Errorf("%s: %v is no share from 0 to 1", share.name, share.value))
		}
	}
	return faults
}
