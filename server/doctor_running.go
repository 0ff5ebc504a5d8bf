package server

import (
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// maxNumbers is more than a server's numbers take.
const maxNumbers = 8 << 20

// running asks the server that runs on this machine how its stages fare, and puts it into words.
func (d *doctor) running(ctx context.Context) {
	const check = "server"
	if !serves(d.cfg.DataDir) { // who answers at the address may be another
		d.ok(check, "none runs on this data folder now; what only a running one knows is not looked at")
		return
	}
	numbers, err := d.askNumbers(ctx)
	if err != nil {
		d.warn(check, "it runs, but its numbers cannot be read: "+err.Error(), "run the doctor with the server's own settings: WAYPOST_ADDR and WAYPOST_METRICS_TOKEN")
		return
	}
	d.ok(check, "it answers at %s; the counts of what follows are since its start", d.cfg.Addr)
	d.stages(numbers)
}

// askNumbers reads /metrics at the settings' address on this machine.
func (d *doctor) askNumbers(ctx context.Context) (stageNumbers, error) {
	host, port, err := net.SplitHostPort(d.cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("WAYPOST_ADDR: %w", err)
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/metrics", nil)
	if err != nil {
		return nil, fmt.Errorf("WAYPOST_ADDR: %w", err)
	}
	if d.cfg.MetricsToken != "" {
		r.Header.Set("Authorization", "Bearer "+d.cfg.MetricsToken)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // no proxy of the environment
	answer, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("nobody answers at %s", d.cfg.Addr)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", d.cfg.Addr, answer.Status)
	}
	return readNumbers(io.LimitReader(answer.Body, maxNumbers))
}

// stageNumbers are a server's metrics by name.
type stageNumbers map[string]*dto.MetricFamily

func readNumbers(text io.Reader) (stageNumbers, error) {
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(text)
	if err != nil {
		return nil, fmt.Errorf("what it answers are no numbers: %w", err)
	}
	return families, nil
}

// sum adds up what a metric tells, of the series with this label if one is named (as name=value); false where nobody
// tells it.
func (n stageNumbers) sum(name, label string) (total float64, told bool) {
	for _, m := range n[name].GetMetric() {
		if label != "" && !hasLabel(m, label) {
			continue
		}
		told = true
		total += valueOf(m)
	}
	return total, told
}

func valueOf(m *dto.Metric) float64 {
	return m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue() // two are not there
}

func hasLabel(m *dto.Metric, label string) bool {
	name, value, _ := strings.Cut(label, "=")
	for _, pair := range m.GetLabel() {
		if pair.GetName() == name && pair.GetValue() == value {
			return true
		}
	}
	return false
}

// above is a bound that so many of a histogram's observations lie below, and how many there are.
func (n stageNumbers) above(name string, share float64) (bound time.Duration, count uint64) {
	for _, m := range n[name].GetMetric() {
		h := m.GetHistogram()
		count = h.GetSampleCount()
		for _, b := range h.GetBucket() {
			if limit := b.GetUpperBound(); !math.IsInf(limit, 1) && float64(b.GetCumulativeCount()) >= share*float64(count) {
				return time.Duration(limit * float64(time.Second)), count
			}
		}
	}
	return time.Duration(math.MaxInt64), count
}

func labelOf(m *dto.Metric, name string) string {
	for _, pair := range m.GetLabel() {
		if pair.GetName() == name {
			return pair.GetValue()
		}
	}
	return ""
}
