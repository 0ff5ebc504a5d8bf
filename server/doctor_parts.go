package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/waypost/waypost/jobs"
	"github.com/waypost/waypost/outbound"
	"github.com/waypost/waypost/spool"
)

const (
	freeWarn = 2 << 30
	freeFail = 200 << 20
)

// dataFolder tries to write there, and asks how much room there is.
func (d *doctor) dataFolder() {
	const check = "data folder"
	dir := d.cfg.DataDir
	exists := dir
	for {
		if _, err := os.Stat(exists); err == nil || exists == filepath.Dir(exists) {
			break
		}
		exists = filepath.Dir(exists)
	}
	f, err := os.CreateTemp(exists, ".waypost-doctor-*")
	if err == nil {
		err = errors.Join(f.Sync(), f.Close(), os.Remove(f.Name()))
	}
	if err != nil {
		d.fail(check, fmt.Sprintf("%s cannot be written by user id %d: %v", exists, os.Geteuid(), err), "give the folder to the user that waypost runs as, or set WAYPOST_DATA_DIR")
		return
	}
	var disk syscall.Statfs_t
	if err := syscall.Statfs(exists, &disk); err != nil {
		d.warn(check, "its free space cannot be told: "+err.Error(), "see that there are some GB")
		return
	}
	free := uint64(disk.Bavail) * uint64(disk.Bsize)
	text := fmt.Sprintf("%s is writable, %.1f GB are free", dir, float64(free)/(1<<30))
	switch {
	case free < freeFail:
		d.fail(check, text, "make room: a full disk means clicks that are redirected but not recorded")
	case free < freeWarn:
		d.warn(check, text, "make room")
	default:
		d.ok(check, "%s", text)
	}
}

// addresses judges what people and advertisers are told to use.
func (d *doctor) addresses() {
	const check = "addresses"
	sound := len(d.findings)
	for _, a := range [][2]string{{"WAYPOST_PUBLIC_URL", d.cfg.PublicURL}, {"WAYPOST_TRACKING_URL", d.cfg.TrackingURL}} {
		setting, address := a[0], a[1]
		u, err := url.Parse(address)
		if err != nil { // checked by config
			continue
		}
		if u.Scheme == "http" && !local(u.Hostname()) {
			d.warn(check, setting+" "+address+" is not https: log-ins and tokens travel in the open", "put a TLS proxy in front (see OPERATION.md) and set the https address")
		}
		if u.Path != "" {
			d.warn(check, setting+" "+address+" has a path", "use the bare address: waypost answers at its root")
		}
	}
	host, _, _ := net.SplitHostPort(d.cfg.Addr)
	switch behind := strings.HasPrefix(d.cfg.PublicURL, "https://"); {
	case behind && len(d.cfg.TrustedProxies) == 0:
		d.warn(check, "a proxy ends TLS, but none is trusted: every click and log-in carries the proxy's address", "set WAYPOST_TRUSTED_PROXIES to the proxy's address, such as 127.0.0.1/32")
	case !behind && !local(host) && local(hostOf(d.cfg.PublicURL)):
		d.warn(check, fmt.Sprintf("WAYPOST_ADDR %s is open to the network, and links name %s", d.cfg.Addr, d.cfg.PublicURL), "set WAYPOST_PUBLIC_URL to the address that visitors reach")
	}
	for _, proxy := range d.cfg.TrustedProxies {
		if proxy.Bits() == 0 {
			d.warn(check, "WAYPOST_TRUSTED_PROXIES "+proxy.String()+" trusts everybody: any client can forge its address", "name the proxies only")
		}
	}
	if len(d.findings) == sound {
		d.ok(check, "%s, tracking %s", d.cfg.PublicURL, d.cfg.TrackingURL)
	}
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func local(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// redis asks a given Redis for a sign of life, and whether it keeps what it is given.
func (d *doctor) redis(ctx context.Context) {
	const check = "redis"
	if d.cfg.RedisURL == "" {
		d.ok(check, "embedded in waypost serve; it may be lost at any time")
		return
	}
	options, err := jobs.ParseRedis(d.cfg.RedisURL)
	if err != nil {
		d.fail(check, err.Error(), "correct REDIS_URL")
		return
	}
	redis.SetLogger(redisLog{d.log})
	client := options.MakeRedisClient().(redis.UniversalClient)
	defer func() { _ = client.Close() }()
	ctx, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	info, err := client.Info(ctx).Result()
	if err != nil {
		d.fail(check, "it does not answer: "+err.Error(), "start it, and check host, port and password of REDIS_URL. Until then the sweeper alone finds due deliveries")
		return
	}
	facts := map[string]string{}
	for line := range strings.Lines(info) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			facts[name] = value
		}
	}
	version := facts["redis_version"]
	if v := facts["valkey_version"]; v != "" {
		version = "Valkey " + v
	}
	if policy := facts["maxmemory_policy"]; policy != "" && policy != "noeviction" {
		d.warn(check, fmt.Sprintf("%s answers, but its maxmemory-policy is %s: tasks may vanish when memory is short", version, policy), "set maxmemory-policy noeviction (CONFIG SET, and in redis.conf)")
		return
	}
	d.ok(check, "%s answers", version)
}

// spool looks at the local log from outside: a running server has it open.
func (d *doctor) spool() {
	const check = "spool"
	dir := filepath.Join(d.cfg.DataDir, spoolFolder)
	segments, err := spool.Inspect(dir)
	if err != nil {
		d.fail(check, err.Error(), "give the folder to the user that waypost runs as")
		return
	}
	var bytes, records, damaged int64
	var oldest time.Time
	for i, s := range segments {
		if s.Damaged {
			damaged++
			continue
		}
		n, err := s.Records()
		if errors.Is(err, fs.ErrNotExist) {
			continue // loaded since
		}
		if err != nil {
			d.fail(check, err.Error(), "see the log of waypost serve")
		}
		bytes, records = bytes+s.Bytes, records+n
		if i < len(segments)-1 && oldest.IsZero() { // the last one is in use: what it holds may long have been loaded
			oldest = s.Begun
		}
	}
	bad, _ := filepath.Glob(filepath.Join(dir, badFolder, "*.record")) // the only error is a bad pattern
	if damaged > 0 || len(bad) > 0 {
		d.warn(check, fmt.Sprintf("%d damaged segments and %d records that nobody can read were set aside in %s", damaged, len(bad), dir),
			"keep the files; the log of waypost serve names the cause of each")
	}
	text := fmt.Sprintf("%d records in %.1f MB", records, float64(bytes)/(1<<20))
	switch age := now().Sub(oldest).Round(time.Second); {
	case records > 0 && !serves(d.cfg.DataDir):
		d.warn(check, text+" wait, and nobody serves from this folder", "start waypost serve, or load them with waypost spool load "+dir)
	case !oldest.IsZero() && age > waitsTooLong:
		d.warn(check, fmt.Sprintf("%s, the oldest for %s: the database does not take them", text, age), "see that the database answers; the log of waypost serve says what it refuses")
	default:
		d.ok(check, "%s", text)
	}
}

// serves tells whether a process serves from the folder.
func serves(dataDir string) bool {
	f, err := os.Open(filepath.Join(dataDir, serveLock))
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

func (d *doctor) mail(ctx context.Context) {
	const check = "mail"
	if d.cfg.SMTPURL == "" {
		d.warn(check, "no mail server is set: invitations and notices are written to "+filepath.Join(d.cfg.DataDir, mailFolder), "set WAYPOST_SMTP_URL and WAYPOST_MAIL_FROM")
		return
	}
	server, err := outbound.NewSMTP(d.cfg.SMTPURL, d.cfg.MailFrom)
	if err != nil {
		d.fail(check, err.Error(), "correct the variable")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	if err := server.Check(ctx); err != nil {
		d.fail(check, err.Error(), "check host and port of WAYPOST_SMTP_URL, and whether this machine may connect out to them")
		return
	}
	d.ok(check, "the mail server answers")
}

func (d *doctor) countries() {
	const check = "countries"
	if d.cfg.GeoIPDB == "" {
		d.ok(check, "no file is set: countries stay unknown (WAYPOST_GEOIP_DB)")
		return
	}
	if _, err := outbound.OpenGeoIP(d.cfg.GeoIPDB); err != nil {
		d.fail(check, err.Error(), "name a readable mmdb file of countries, such as GeoLite2-Country.mmdb")
		return
	}
	if info, err := os.Stat(d.cfg.GeoIPDB); err == nil && now().Sub(info.ModTime()) > 90*24*time.Hour {
		d.warn(check, d.cfg.GeoIPDB+" is from "+info.ModTime().Format(time.DateOnly), "fetch a newer one; it is taken up without a restart")
		return
	}
	d.ok(check, "%s can be read", d.cfg.GeoIPDB)
}

// guard shows what outgoing postbacks may reach that they should not.
func (d *doctor) guard(ctx context.Context) {
	const check = "outgoing"
	open := ""
	guard := outbound.NewGuard(d.cfg.OutboundAllow)
	for _, address := range []string{"http://169.254.169.254/", "http://[fd00:ec2::254]/", "http://168.63.129.16/"} {
		if _, err := guard.CheckURL(ctx, address); err == nil {
			open = address
		}
	}
	switch {
	case open != "":
		d.fail(check, "WAYPOST_OUTBOUND_ALLOW lets affiliates' postbacks reach the cloud's metadata service at "+open, "name only the networks that trackers of yours are in")
	case len(d.cfg.OutboundAllow) > 0:
		d.ok(check, "postbacks reach public addresses and %v", d.cfg.OutboundAllow)
	default:
		d.ok(check, "postbacks reach public addresses only")
	}
}
