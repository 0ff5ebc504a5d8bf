// Package config reads Waypost's settings from the environment. The struct is loader, default and reference at once:
// the comment on a field is its documentation.
package config

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"
)

// The roles a process may take (contract section 1).
const (
	RoleTrack  = "track"  // /click, /postback, pixels and the loader of its own spool
	RoleAPI    = "api"    // JSON API and portals
	RoleWorker = "worker" // asynq, sweeper, periodic jobs
)

// Config is every setting. Zero configuration serves everything on an embedded PostgreSQL and Redis.
type Config struct {
	// Addr is the address that HTTP is served on.
	Addr string `env:"WAYPOST_ADDR" envDefault:"127.0.0.1:8080"`
	// DataDir holds the spool, the routing snapshot, the generated secret and the embedded database. A tracking
	// node's folder must outlive the process.
	DataDir string `env:"WAYPOST_DATA_DIR" envDefault:"./data"`
	// Role is "all" or a comma list of track, api, worker.
	Role string `env:"WAYPOST_ROLE" envDefault:"all"`

	// DatabaseURL is PostgreSQL 15 or newer; unset = an embedded one in the data folder.
	DatabaseURL string `env:"DATABASE_URL"`
	// DatabaseDirectURL serves the listener and migrations where DatabaseURL is a pooler; unset = DatabaseURL.
	DatabaseDirectURL string `env:"DATABASE_DIRECT_URL"`
	// RedisURL is redis://, rediss://, redis-sentinel:// or redis-cluster:// (TLS: rediss-cluster://; several nodes as
	// host:port,host:port); unset = an embedded one that may be lost at any time.
	RedisURL string `env:"REDIS_URL"`

	// PublicURL is where people and advertisers reach Waypost; unset = http:// and Addr.
	PublicURL string `env:"WAYPOST_PUBLIC_URL"`
	// TrackingURL is the base of tracking links; unset = PublicURL.
	TrackingURL string `env:"WAYPOST_TRACKING_URL"`

	// Secret, 32 characters or more, keys click ids, tokens and sealed columns. A process that does all generates
	// one into the data folder; other roles need it set, the same on every node.
	Secret string `env:"WAYPOST_SECRET"`
	// SecretPrevious is a comma list of older secrets, still accepted for click ids, signed links and sealed columns.
	SecretPrevious []string `env:"WAYPOST_SECRET_PREVIOUS"`

	// AdminEmail and AdminPassword make the first operator at the first start. They never change an existing one.
	AdminEmail    string `env:"WAYPOST_ADMIN_EMAIL"`
	AdminPassword string `env:"WAYPOST_ADMIN_PASSWORD"`

	// Demo fills an empty database with demo data, starts sinks on loopback that receive the demo's postbacks, and prints
	// log-ins with a generated password and a walk.
	Demo bool `env:"WAYPOST_DEMO"`
	// SinkAddr is where the demo's sink listens, loopback only; that of trackers with troubles takes the next port.
	SinkAddr string `env:"WAYPOST_SINK_ADDR" envDefault:"127.0.0.1:8090"`

	// OutboundAllow is a comma list of CIDRs that outgoing postbacks may reach although they are private, on any port.
	OutboundAllow []netip.Prefix `env:"WAYPOST_OUTBOUND_ALLOW"`
	// TrustedProxies is a comma list of CIDRs whose X-Forwarded-For counts.
	TrustedProxies []netip.Prefix `env:"WAYPOST_TRUSTED_PROXIES"`
	// GeoIPDB is a MaxMind DB file (mmdb) with countries, such as GeoLite2-Country or DB-IP; unset = countries unknown.
	GeoIPDB string `env:"WAYPOST_GEOIP_DB"`
	// SMTPURL is the mail server, smtp://user:password@host:587 (STARTTLS) or smtps://…:465; unset = mail is written to
	// the folder mail in the data folder.
	SMTPURL string `env:"WAYPOST_SMTP_URL"`
	// MailFrom is the sender of mail, such as "Example Network <network@example.com>"; needed with SMTPURL.
	MailFrom string `env:"WAYPOST_MAIL_FROM"`
	// FallbackURL receives clicks that do not qualify and whose offer names no fallback; unset = a plain 404 page.
	FallbackURL string `env:"WAYPOST_FALLBACK_URL"`
	// RetentionDays is how many days single clicks and incoming calls are kept; what they add up to stays in reports. 0 = for
	// ever, otherwise 30 or more, and no less than the longest conversion window: a call for an older click is refused.
	RetentionDays int `env:"WAYPOST_RETENTION_DAYS" envDefault:"400"`
	// MetricsToken is the bearer token that /metrics asks for; unset = it answers loopback and private addresses only.
	MetricsToken string `env:"WAYPOST_METRICS_TOKEN"`
	// DebugAddr serves pprof; unset = off. Keep it on loopback.
	DebugAddr string `env:"WAYPOST_DEBUG_ADDR"`
	// TraceEndpoint is where traces go by OTLP over HTTP, such as http://127.0.0.1:4318; unset = none are made.
	TraceEndpoint string `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`
	// TraceHeaders go with traces: name=value,name=value, such as an API key.
	TraceHeaders string `env:"OTEL_EXPORTER_OTLP_HEADERS"`
	// TraceService is the name that traces carry.
	TraceService string `env:"OTEL_SERVICE_NAME" envDefault:"waypost"`
	// TraceRatio is the share of requests and deliveries that traces are made of, from 0 to 1.
	TraceRatio float64 `env:"OTEL_TRACES_SAMPLER_ARG" envDefault:"1"`
	// TraceClicks is the share of clicks that traces are made of, from 0 to 1.
	TraceClicks float64 `env:"WAYPOST_TRACE_CLICKS" envDefault:"0"`
	// LogLevel is debug, info, warn or error.
	LogLevel string `env:"WAYPOST_LOG_LEVEL" envDefault:"info"`
	// LogFormat is json, text, or auto: text on a terminal, JSON lines otherwise. Logs go to standard error.
	LogFormat string `env:"WAYPOST_LOG_FORMAT" envDefault:"auto"`
}

// Load reads the environment (as "NAME=value" lines, such as os.Environ gives) and checks every setting. The error
// names each faulty one, and shows the value of none that may hold a password.
func Load(environ []string) (Config, error) {
	var c Config
	var faults []error
	if err := env.ParseWithOptions(&c, env.Options{Environment: env.ToMap(environ)}); err != nil {
		faults = parseFaults(err)
	}
	faults = append(faults, c.check()...)
	if c.PublicURL == "" {
		c.PublicURL = "http://" + reachable(c.Addr)
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	if c.TrackingURL == "" {
		c.TrackingURL = c.PublicURL
	}
	c.TrackingURL = strings.TrimRight(c.TrackingURL, "/")
	if c.DatabaseDirectURL == "" {
		c.DatabaseDirectURL = c.DatabaseURL
	}
	dir, err := filepath.Abs(c.DataDir)
	if err != nil {
		faults = append(faults, fmt.Errorf("WAYPOST_DATA_DIR: %w", err))
	}
	c.DataDir = dir
	return c, errors.Join(faults...)
}

// expected says how a value is written that its type refused.
var expected = map[reflect.Type]string{
	reflect.TypeFor[bool]():           "use true or false",
	reflect.TypeFor[float64]():        "use a share such as 0.01",
	reflect.TypeFor[int]():            "use a whole number",
	reflect.TypeFor[[]netip.Prefix](): "use a comma list of networks such as 10.0.0.0/8,192.0.2.7/32",
}

// parseFaults name the variables instead of the struct's fields.
func parseFaults(err error) []error {
	var all env.AggregateError
	if !errors.As(err, &all) {
		return []error{fmt.Errorf("settings: %w", err)}
	}
	var faults []error
	for _, fault := range all.Errors {
		var parse env.ParseError
		if errors.As(fault, &parse) {
			if f, ok := reflect.TypeFor[Config]().FieldByName(parse.Name); ok {
				fault = fmt.Errorf("%s cannot be read (%w); %s", f.Tag.Get("env"), parse.Err, expected[f.Type])
			}
		}
		faults = append(faults, fault)
	}
	return faults
}

// check judges what was set, before defaults that follow from other settings are filled in.
func (c Config) check() []error {
	var faults []error
	known := true
	for _, r := range c.Roles() {
		if r != RoleTrack && r != RoleAPI && r != RoleWorker {
			faults = append(faults, fmt.Errorf("WAYPOST_ROLE: %q is no role; use all, or a comma list of track, api, worker", r))
			known = false
		}
	}
	if known && !c.All() {
		for _, need := range []struct{ name, value string }{
			{"DATABASE_URL", c.DatabaseURL}, {"REDIS_URL", c.RedisURL}, {"WAYPOST_SECRET", c.Secret}} {
			if need.value == "" {
				faults = append(faults, fmt.Errorf("%s must be set for role %q: only role all has embedded parts of its own", need.name, c.Role))
			}
		}
	}
	for i, secret := range append([]string{c.Secret}, c.SecretPrevious...) {
		if secret != "" && len(secret) < 32 {
			name := "WAYPOST_SECRET"
			if i > 0 {
				name = "WAYPOST_SECRET_PREVIOUS"
			}
			faults = append(faults, fmt.Errorf("%s needs at least 32 characters; make one with: openssl rand -hex 32", name))
		}
	}
	if (c.AdminEmail == "") != (c.AdminPassword == "") {
		faults = append(faults, errors.New("WAYPOST_ADMIN_EMAIL and WAYPOST_ADMIN_PASSWORD go together: set both or neither"))
	}
	for _, u := range []struct{ name, value string }{
		{"WAYPOST_PUBLIC_URL", c.PublicURL}, {"WAYPOST_TRACKING_URL", c.TrackingURL}, {"WAYPOST_FALLBACK_URL", c.FallbackURL}} {
		if u.value == "" {
			continue
		}
		if p, err := url.Parse(u.value); err != nil || p.Host == "" || (p.Scheme != "http" && p.Scheme != "https") {
			faults = append(faults, fmt.Errorf("%s: %q is no address such as https://track.example.com", u.name, u.value))
		}
	}
	for _, a := range []struct{ name, value string }{{"WAYPOST_ADDR", c.Addr}, {"WAYPOST_SINK_ADDR", c.SinkAddr}, {"WAYPOST_DEBUG_ADDR", c.DebugAddr}} {
		if _, _, err := net.SplitHostPort(a.value); err != nil && a.value != "" {
			faults = append(faults, fmt.Errorf("%s: %q is no address to listen on such as 127.0.0.1:8080 or :8080", a.name, a.value))
		}
	}
	if host, _, err := net.SplitHostPort(c.SinkAddr); err == nil {
		if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
			faults = append(faults, fmt.Errorf("WAYPOST_SINK_ADDR: %q is no loopback address such as 127.0.0.1:8090", c.SinkAddr))
		}
	}
	if c.RetentionDays != 0 && c.RetentionDays < 30 {
		faults = append(faults, fmt.Errorf("WAYPOST_RETENTION_DAYS: %d is fewer than 30 days; use 0 to keep clicks for ever", c.RetentionDays))
	}
	faults = append(faults, c.checkMail()...)
	faults = append(faults, c.checkTraces()...)
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.LogLevel) {
		faults = append(faults, fmt.Errorf("WAYPOST_LOG_LEVEL: %q is none of debug, info, warn, error", c.LogLevel))
	}
	if !slices.Contains([]string{"auto", "json", "text"}, c.LogFormat) {
		faults = append(faults, fmt.Errorf("WAYPOST_LOG_FORMAT: %q is none of auto, json, text", c.LogFormat))
	}
	return append(faults, c.checkServers()...)
}

// checkServers judges the addresses of other servers. They hold passwords, so no error shows one.
func (c Config) checkServers() []error {
	var faults []error
	for _, s := range []struct {
		name, value, example string
		schemes              []string
	}{
		{"DATABASE_URL", c.DatabaseURL, "postgres://user:password@host:5432/name", []string{"postgres", "postgresql"}},
		{"DATABASE_DIRECT_URL", c.DatabaseDirectURL, "postgres://user:password@host:5432/name", []string{"postgres", "postgresql"}},
		{"REDIS_URL", c.RedisURL, "redis://:password@host:6379/0", []string{"redis", "rediss", "redis-socket", "redis-sentinel", "redis-cluster", "rediss-cluster"}},
		{"WAYPOST_SMTP_URL", c.SMTPURL, "smtp://user:password@host:587", []string{"smtp", "smtps"}},
	} {
		scheme, _, isURL := strings.Cut(s.value, "://")
		switch {
		case s.value == "", !isURL && strings.HasPrefix(s.name, "DATABASE") && strings.Contains(s.value, "="): // libpq's key=value form
		case !slices.Contains(s.schemes, scheme):
			faults = append(faults, fmt.Errorf("%s begins with none of %s://; write it as %s (signs such as @ / # in a password as %%40 %%2F %%23)", s.name, strings.Join(s.schemes, "://, "), s.example))
		case strings.HasPrefix(s.name, "REDIS") && strings.Contains(s.value, ","): // several hosts: no URL of net/url
		default:
			if _, err := url.Parse(s.value); err != nil {
				faults = append(faults, fmt.Errorf("%s cannot be read; write it as %s (signs such as @ / # in a password as %%40 %%2F %%23)", s.name, s.example))
			}
		}
	}
	return faults
}

// checkMail never shows the URL, which may hold a password.
func (c Config) checkMail() (faults []error) {
	if c.SMTPURL != "" {
		if u, err := url.Parse(c.SMTPURL); err != nil || u.Host == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
			faults = append(faults, errors.New("WAYPOST_SMTP_URL: is no mail server such as smtp://user:password@mail.example.com:587 or smtps://…:465; write signs such as @ / # in a password as %40 %2F %23"))
		}
		if c.MailFrom == "" {
			faults = append(faults, errors.New("WAYPOST_MAIL_FROM must be set with WAYPOST_SMTP_URL: the sender of mail, such as Example Network <network@example.com>"))
		}
	}
	if c.MailFrom != "" {
		if _, err := mail.ParseAddress(c.MailFrom); err != nil {
			faults = append(faults, fmt.Errorf("WAYPOST_MAIL_FROM: %q is no sender such as: Example Network <network@example.com>", c.MailFrom))
		}
	}
	return faults
}

// Roles are the roles of this process.
func (c Config) Roles() []string {
	if strings.TrimSpace(c.Role) == "all" {
		return []string{RoleTrack, RoleAPI, RoleWorker}
	}
	var roles []string
	for r := range strings.SplitSeq(c.Role, ",") {
		roles = append(roles, strings.TrimSpace(r))
	}
	return roles
}

// All tells the one process that does everything and may use embedded parts.
func (c Config) All() bool { return strings.TrimSpace(c.Role) == "all" }

// Has tells whether this process takes a role.
func (c Config) Has(role string) bool { return slices.Contains(c.Roles(), role) }

// reachable turns a listening address into one that a browser on this machine can open.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
