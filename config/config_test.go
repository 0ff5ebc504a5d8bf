package config

import (
	"strings"
	"testing"
)

func TestLoadDefaults(t *testing.T) {
	t.Parallel()
	c, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Addr != "127.0.0.1:8080" || c.PublicURL != "http://127.0.0.1:8080" || c.TrackingURL != c.PublicURL || !c.All() {
		t.Errorf("defaults: %+v", c)
	}
	for _, role := range []string{RoleTrack, RoleAPI, RoleWorker} {
		if !c.Has(role) {
			t.Errorf("role all lacks %s", role)
		}
	}
}

func TestLoadNamesEveryFault(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 32)
	for name, tc := range map[string]struct {
		env  []string
		want []string // each must stand in the error; none = no error
	}{
		"split role without its needs":  {[]string{"WAYPOST_ROLE=track,api"}, []string{"DATABASE_URL", "REDIS_URL", "WAYPOST_SECRET"}},
		"split role with its needs":     {[]string{"WAYPOST_ROLE=worker", "DATABASE_URL=postgres://x", "REDIS_URL=redis://x", "WAYPOST_SECRET=" + long}, nil},
		"unknown role":                  {[]string{"WAYPOST_ROLE=tracker"}, []string{`"tracker" is no role`}},
		"short secret":                  {[]string{"WAYPOST_SECRET=short"}, []string{"WAYPOST_SECRET needs"}},
		"short previous secret":         {[]string{"WAYPOST_SECRET_PREVIOUS=" + long + ",short"}, []string{"WAYPOST_SECRET_PREVIOUS needs"}},
		"half an operator":              {[]string{"WAYPOST_ADMIN_EMAIL=a@b.example"}, []string{"WAYPOST_ADMIN_PASSWORD"}},
		"public URL without a scheme":   {[]string{"WAYPOST_PUBLIC_URL=net.example"}, []string{"WAYPOST_PUBLIC_URL"}},
		"CIDR that is none":             {[]string{"WAYPOST_TRUSTED_PROXIES=10.0.0.0/99"}, []string{"WAYPOST_TRUSTED_PROXIES"}},
		"clicks kept for a week":        {[]string{"WAYPOST_RETENTION_DAYS=7"}, []string{"WAYPOST_RETENTION_DAYS: 7 is fewer than 30"}},
		"clicks kept for ever":          {[]string{"WAYPOST_RETENTION_DAYS=0"}, nil},
		"sink for everybody":            {[]string{"WAYPOST_SINK_ADDR=0.0.0.0:8090"}, []string{"WAYPOST_SINK_ADDR"}},
		"address without a port":        {[]string{"WAYPOST_ADDR=localhost"}, []string{"WAYPOST_ADDR"}},
		"every address, reachable here": {[]string{"WAYPOST_ADDR=:9000"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(tc.env)
			if len(tc.want) == 0 && err != nil {
				t.Fatalf("unexpected: %v", err)
			}
			for _, want := range tc.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
		})
	}
}
