package server

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"go.yaml.in/yaml/v4"
)

// expression is a PromQL query of the files in deploy, and where it stands.
type expression struct{ where, text string }

// alertRule is a rule of deploy/prometheus-alerts.yml.
type alertRule struct {
	Alert, Expr, For    string
	Labels, Annotations map[string]string
}

func alertRules(t *testing.T) (rules []alertRule) {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string
			Rules []alertRule
		}
	}
	source, err := os.ReadFile("../deploy/prometheus-alerts.yml")
	if err == nil {
		err = yaml.Unmarshal(source, &file)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		rules = append(rules, g.Rules...)
	}
	return rules
}

// dashboardQueries are the queries of deploy/grafana-dashboard.json. Every panel asks the data source that is chosen.
func dashboardQueries(t *testing.T) (all []expression) {
	t.Helper()
	type source struct{ Type, UID string }
	var board struct {
		Panels []struct {
			ID         int
			Type       string
			Title      string
			GridPos    struct{ X, Y, W, H int }
			Datasource source
			Targets    []struct {
				Expr       string
				Datasource source
			}
		}
		Templating struct{ List []struct{ Name, Type string } }
	}
	text, err := os.ReadFile("../deploy/grafana-dashboard.json")
	if err == nil {
		err = json.Unmarshal(text, &board)
	}
	if err != nil {
		t.Fatal(err)
	}
	if v := board.Templating.List; len(v) == 0 || v[0].Name != "datasource" || v[0].Type != "datasource" {
		t.Errorf("variables %+v: none is for the data source", v)
	}
	rows, ids := []string{}, map[int]bool{}
	for i, p := range board.Panels {
		if ids[p.ID] {
			t.Errorf("%s: its id is another's", p.Title)
		}
		ids[p.ID] = true
		for _, other := range board.Panels[:i] {
			if a, b := p.GridPos, other.GridPos; a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H || a.X+a.W > 24 {
				t.Errorf("%s lies over %s", p.Title, other.Title)
			}
		}
		if p.Type == "row" {
			stage, _, _ := strings.Cut(p.Title, ":")
			rows = append(rows, stage)
			continue
		}
		for _, target := range append(p.Targets[:0:0], p.Targets...) {
			if target.Datasource.UID != "${datasource}" || p.Datasource.UID != "${datasource}" {
				t.Errorf("%s asks a data source of its own", p.Title)
			}
			all = append(all, expression{p.Title, target.Expr})
		}
	}
	if want := []string{"Clicks", "Spool", "Routing", "Postbacks", "Conversions", "Deliveries", "Database", "Process"}; !slices.Equal(rows, want) {
		t.Errorf("rows %q, want %q", rows, want)
	}
	return all
}

var (
	metricName = regexp.MustCompile(`\b(?:waypost|go|process)_[a-z0-9_]+`)
	selector   = regexp.MustCompile(`\b((?:waypost|go|process)_[a-z0-9_]+)\{([^}]*)\}`)
	matcher    = regexp.MustCompile(`(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"`)
)

// judgeQuery tells what is wrong with a query, as far as it can be seen without a server: metrics that nobody tells,
// labels that they do not have, words that their labels never hold, brackets that do not close.
func judgeQuery(query string, families map[string]*dto.MetricFamily) (faults []string) {
	var open []rune
	pairs := map[rune]rune{')': '(', ']': '[', '}': '{'}
	for _, c := range query {
		switch c {
		case '(', '[', '{':
			open = append(open, c)
		case ')', ']', '}':
			if len(open) == 0 || open[len(open)-1] != pairs[c] {
				return []string{"its brackets do not match"}
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return []string{"its brackets do not match"}
	}
	family := func(name string) *dto.MetricFamily {
		if f := families[name]; f != nil && f.GetType() != dto.MetricType_HISTOGRAM {
			return f
		}
		for _, end := range []string{"_bucket", "_sum", "_count"} {
			if base, ok := strings.CutSuffix(name, end); ok && families[base] != nil && families[base].GetType() == dto.MetricType_HISTOGRAM {
				return families[base]
			}
		}
		return nil
	}
	names := metricName.FindAllString(query, -1)
	if len(names) == 0 {
		faults = append(faults, "it asks for no metric")
	}
	for _, name := range names {
		f := family(name)
		if f == nil {
			faults = append(faults, name+" is told by nobody")
			continue
		}
		if counter := f.GetType() == dto.MetricType_COUNTER; counter && !regexp.MustCompile(`(rate|increase)\(`+name).MatchString(query) {
			faults = append(faults, name+" is a counter: ask for its rate")
		}
	}
	for _, s := range selector.FindAllStringSubmatch(query, -1) {
		f := family(s[1])
		if f == nil {
			continue
		}
		for _, m := range matcher.FindAllStringSubmatch(s[2], -1) {
			label, exact, value := m[1], m[2] == "=" || m[2] == "!=", m[3]
			if label == "instance" { // Prometheus' own
				continue
			}
			known, fits := false, false
			for _, metric := range f.GetMetric() {
				for _, pair := range metric.GetLabel() {
					known = known || pair.GetName() == label
					fits = fits || pair.GetName() == label && pair.GetValue() == value
				}
			}
			if !known || exact && !fits {
				faults = append(faults, s[1]+" has no "+m[0])
			}
		}
	}
	return faults
}

// TestDashboardAndAlertsAskForWhatThereIs: every query of the files in deploy, against the numbers of a started server;
// and every alert says what it means, and has its place in OPERATION.md.
func TestDashboardAndAlertsAskForWhatThereIs(t *testing.T) {
	t.Parallel()
	s := mustStart(t, quietLog)
	for _, target := range []string{"/click?o=1&a=1", "/postback?clickid=x", "/login"} {
		s.ask(target)
	}
	gathered, err := s.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	families := map[string]*dto.MetricFamily{}
	for _, f := range gathered {
		families[f.GetName()] = f
	}
	queries := dashboardQueries(t)
	manual, err := os.ReadFile("../OPERATION.md")
	if err != nil {
		t.Fatal(err)
	}
	alerts := map[string]bool{}
	for _, r := range alertRules(t) {
		queries = append(queries, expression{r.Alert, r.Expr})
		if alerts[r.Alert] {
			t.Errorf("%s stands there twice", r.Alert)
		}
		alerts[r.Alert] = true
		if !strings.Contains(string(manual), "\n### "+r.Alert+"\n") {
			t.Errorf("OPERATION.md says nothing of %s", r.Alert)
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" || r.Annotations["runbook"] != "OPERATION.md#"+strings.ToLower(r.Alert) ||
			!slices.Contains([]string{"critical", "warning"}, r.Labels["severity"]) || r.For == "" {
			t.Errorf("%+v is not whole", r)
		}
	}
	for _, q := range queries {
		for _, fault := range judgeQuery(q.text, families) {
			t.Errorf("%s: %s in %s", q.where, fault, q.text)
		}
	}
	for _, section := range regexp.MustCompile(`(?m)^### (Waypost\w+)$`).FindAllStringSubmatch(string(manual), -1) {
		if !alerts[section[1]] {
			t.Errorf("OPERATION.md speaks of %s, which is no alert", section[1])
		}
	}
	// Everything of ours is shown somewhere: a number that nobody looks at is none.
	var asked strings.Builder
	for _, q := range queries {
		asked.WriteString(q.text + "\n")
	}
	for name := range families {
		if strings.HasPrefix(name, "waypost_") && !strings.Contains(asked.String(), name) {
			t.Errorf("%s is neither on the dashboard nor in an alert", name)
		}
	}
}

// TestQueriesAreJudged: the judge above finds what it is there for.
func TestQueriesAreJudged(t *testing.T) {
	t.Parallel()
	name, label, word := "waypost_x_total", "result", "valid"
	kind, gauge := dto.MetricType_COUNTER, dto.MetricType_GAUGE
	families := map[string]*dto.MetricFamily{
		name:        {Name: &name, Type: &kind, Metric: []*dto.Metric{{Label: []*dto.LabelPair{{Name: &label, Value: &word}}}}},
		"waypost_g": {Type: &gauge, Metric: []*dto.Metric{{}}},
	}
	for query, good := range map[string]bool{
		`rate(waypost_x_total{result="valid"}[5m])`: true, `rate(waypost_x_total{result=~"v.*",instance="a"}[5m])`: true, `waypost_g > 3`: true,
		`waypost_x_total`: false, `rate(waypost_y_total[5m])`: false, `rate(waypost_x_total{result="none"}[5m])`: false, `rate(waypost_x_total{kind="valid"}[5m])`: false,
		`rate(waypost_x_total[5m]`: false, `rate(waypost_g_bucket[5m])`: false, `up`: false,
	} {
		if faults := judgeQuery(query, families); (len(faults) == 0) != good {
			t.Errorf("%s: %v", query, faults)
		}
	}
}
