package config

import (
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of settings into OPERATION.md")

const (
	tableBegin = "<!-- settings: go test ./config -update -->\n"
	tableEnd   = "<!-- end of settings -->\n"
)

// TestOperationListsEverySetting: the operator's page tells what the program reads.
func TestOperationListsEverySetting(t *testing.T) {
	t.Parallel()
	const page = "../OPERATION.md"
	content, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(content), tableBegin)
	table, after, ended := strings.Cut(rest, tableEnd)
	if !found || !ended {
		t.Fatalf("%s has no place for the table between %q and %q", page, tableBegin, tableEnd)
	}
	want, err := SettingsTable()
	if err != nil {
		t.Fatal(err)
	}
	if table == want {
		return
	}
	if !*update {
		t.Fatalf("the table of %s is not that of config.go; write it with: go test ./config -update", page)
	}
	if err := os.WriteFile(page, []byte(before+tableBegin+want+tableEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestSettingsAreDocumented(t *testing.T) {
	t.Parallel()
	all, err := Settings()
	if err != nil {
		t.Fatal(err)
	}
	if n := reflect.TypeFor[Config]().NumField(); len(all) != n {
		t.Errorf("%d settings of %d fields", len(all), n)
	}
	for _, s := range all {
		if s.Doc == "" || !strings.HasPrefix(s.Name, "WAYPOST_") && !strings.HasSuffix(s.Name, "_URL") && !strings.HasPrefix(s.Name, "OTEL_") {
			t.Errorf("%+v", s)
		}
		if strings.Contains(s.Doc, "DataDir") || strings.Contains(s.Doc, "AdminEmail") {
			t.Errorf("%s speaks of a field: %s", s.Name, s.Doc)
		}
	}
}

// TestFaultsShowNoPassword: what a setting's error says may end up in a log.
func TestFaultsShowNoPassword(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"DATABASE_URL", "DATABASE_DIRECT_URL", "REDIS_URL", "WAYPOST_SMTP_URL"} {
		for _, value := range []string{"postgres://u:hunter2 @h/d", "mysql://u:hunter2@h", "u:hunter2@h:5432", "redis://:hunter2%zz@h", "redis://:hunter2@[::1", "smtp://u:hunter2@h:x y"} {
			_, err := Load([]string{name + "=" + value})
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s=%s: %v", name, value, err)
			}
			if err != nil && !strings.Contains(err.Error(), name) {
				t.Errorf("%s=%s: the error names another variable: %v", name, value, err)
			}
		}
	}
}

// TestEveryFaultIsNamedAtOnce: also where one variable cannot even be read, and only the variable at fault.
func TestEveryFaultIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := Load([]string{"WAYPOST_TRUSTED_PROXIES=10.0.0.0/99", "WAYPOST_PUBLIC_URL=foo", "WAYPOST_DEMO=maybe", "WAYPOST_LOG_FORMAT=xml", "REDIS_URL=localhost:6379"})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"WAYPOST_TRUSTED_PROXIES", "10.0.0.0/8", "WAYPOST_PUBLIC_URL", "https://", "WAYPOST_DEMO", "true or false", "WAYPOST_LOG_FORMAT", "REDIS_URL", "redis://:password@host"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
	for _, not := range []string{"WAYPOST_TRACKING_URL", "WAYPOST_ADDR"} {
		if strings.Contains(err.Error(), not) {
			t.Errorf("%s is not at fault: %v", not, err)
		}
	}
}

func TestRedisAddresses(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"redis://h:6379/0", "rediss://:p@h:6379", "redis-sentinel://:p@h1:1,h2:2?master=m", "redis-cluster://:p@h1:1,h2:2", "rediss-cluster://h:1"} {
		if _, err := Load([]string{"REDIS_URL=" + good}); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}
