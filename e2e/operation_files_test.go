package e2e

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// TestComposeFileIsSound: it parses, every variable is required or has a default, every setting exists, and no container
// keeps what it does not need.
func TestComposeFileIsSound(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]struct {
			Image       string
			User        string
			Environment map[string]string
			Command     []string
			ReadOnly    bool     `yaml:"read_only"`
			CapDrop     []string `yaml:"cap_drop"`
			SecurityOpt []string `yaml:"security_opt"`
			Volumes     []string
			Healthcheck map[string]any
			DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
		}
		Volumes map[string]any
	}
	if err := yaml.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	required := map[string]bool{}
	variable := regexp.MustCompile(`\$\{(\w+)(:[?-])?`)
	for _, m := range variable.FindAllStringSubmatch(string(content), -1) {
		if m[2] == ":?" {
			required[m[1]] = true
		}
	}
	for _, m := range variable.FindAllStringSubmatch(string(content), -1) {
		if m[2] == "" && !required[m[1]] {
			t.Errorf("${%s} is neither required nor has it a default", m[1])
		}
	}
	page, err := os.ReadFile("../OPERATION.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range required {
		if !strings.Contains(string(page), "\n"+name+"=") {
			t.Errorf("OPERATION.md does not make %s", name)
		}
	}
	settings := mustRun(t, nil, "settings")
	for _, name := range []string{"postgres", "valkey", "migrate", "web", "worker", "caddy"} {
		s, ok := file.Services[name]
		if !ok {
			t.Fatalf("there is no service %s", name)
		}
		if !s.ReadOnly || !slices.Contains(s.CapDrop, "ALL") || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s may do too much: %+v", name, s)
		}
		for setting := range s.Environment {
			if strings.HasPrefix(s.Image, "waypost:") && !strings.Contains(settings, "\n"+setting) {
				t.Errorf("%s: there is no setting %s", name, setting)
			}
		}
		for _, v := range s.Volumes {
			volume, _, _ := strings.Cut(v, ":")
			if _, known := file.Volumes[volume]; !known && !strings.HasPrefix(volume, "./") {
				t.Errorf("%s: there is no volume %s", name, volume)
			}
			if _, err := os.Stat("../" + volume); strings.HasPrefix(volume, "./") && err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for other := range s.DependsOn {
			if _, known := file.Services[other]; !known {
				t.Errorf("%s waits for %s, which is none", name, other)
			}
		}
		if strings.HasPrefix(s.Image, "waypost:") && s.User != "65532:65532" {
			t.Errorf("%s runs as %q", name, s.User)
		}
	}
	// The image makes POSTGRES_USER a superuser, and the entry points drop root only for the server itself.
	if env := file.Services["postgres"].Environment; env["POSTGRES_USER"] != "" {
		t.Errorf("Waypost's role is the superuser: %v", env)
	}
	for name, server := range map[string]string{"postgres": "postgres", "valkey": "valkey-server"} {
		if c := file.Services[name].Command; len(c) == 0 || c[0] != server {
			t.Errorf("%s runs %v as root", name, c)
		}
	}
	if !strings.HasPrefix(file.Services["postgres"].Image, "postgres:17") {
		t.Error("the database is not PostgreSQL 17")
	}
}

// TestDockerfileBuildsTheProgram runs the line that the image is built with.
func TestDockerfileBuildsTheProgram(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`CGO_ENABLED=0 go build [^\n]*`).FindString(string(content))
	line = strings.TrimSuffix(strings.ReplaceAll(line, "-o /out/waypost", "-o "+t.TempDir()+"/waypost"), " \\")
	build := exec.Command("sh", "-ec", line+` && "`+regexp.MustCompile(`-o (\S+)`).FindStringSubmatch(line)[1]+`" --version`)
	build.Dir = ".."
	build.Env = append(os.Environ(), "VERSION=1.2.3-test")
	out, err := build.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "waypost 1.2.3-test") {
		t.Errorf("%s: %v\n%s", line, err, out)
	}
	for _, want := range []string{"USER 65532:65532", "WAYPOST_ADDR=:8080", "WAYPOST_DATA_DIR=/data", "VOLUME /data", `"health", "--live"`, "FROM scratch", "ca-certificates.crt"} {
		if !strings.Contains(string(content), want) {
			t.Errorf("the Dockerfile lacks %q", want)
		}
	}
}
