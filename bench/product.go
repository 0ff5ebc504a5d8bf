package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// product is the running program with its embedded database, on a folder and port of its own.
type product struct {
	binary     string
	addr       string
	dir        string
	processes  processes
	database   string // connection string
	secret     string
	password   string // of the operator
	token      string // likewise
	cmd        *exec.Cmd
	log        *os.File
	ended      chan struct{} // closed when the process has ended
	httpClient *http.Client
}

const (
	startLimit = time.Minute
	stopLimit  = 30 * time.Second
	adminEmail = "bench@network.example"
)

// startProduct starts the program on a new folder and waits until it is ready. That the server which answers is the one
// just started is proved by its operator: it knows a password that was made a moment ago.
func startProduct(ctx context.Context, binary string) (_ *product, err error) {
	if binary, err = filepath.Abs(binary); err != nil {
		return nil, err
	}
	p := &product{binary: binary, secret: rand.Text() + rand.Text(), password: rand.Text(), ended: make(chan struct{}),
		httpClient: &http.Client{Timeout: 30 * time.Second}}
	if p.dir, err = os.MkdirTemp("/tmp", "wpbench-"); err != nil { // a short path: a socket may stand below it
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.stop())
		}
	}()
	if err := os.Chmod(p.dir, 0o711); err != nil { // the database's user passes through
		return nil, err
	}
	if p.addr, err = freeAddr(); err != nil {
		return nil, err
	}
	if err := writeGeoDB(filepath.Join(p.dir, "geo.mmdb")); err != nil {
		return nil, fmt.Errorf("make a database of countries: %w", err)
	}
	if p.log, err = os.Create(filepath.Join(p.dir, "log")); err != nil {
		return nil, err
	}
	if err := p.launch(); err != nil {
		return nil, err
	}
	if err := p.ready(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

// environment is that of the program; database is the URL of one that is not embedded, empty for the embedded one.
func (p *product) environment(database string) []string {
	geo := os.Getenv("WAYPOST_GEOIP_DB") // a real one is deeper than ours
	if geo == "" {
		geo = filepath.Join(p.dir, "geo.mmdb")
	}
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.Getenv("TMPDIR"),
		"WAYPOST_ADDR=" + p.addr, "WAYPOST_DATA_DIR=" + p.data(), "WAYPOST_SECRET=" + p.secret,
		"WAYPOST_ADMIN_EMAIL=" + adminEmail, "WAYPOST_ADMIN_PASSWORD=" + p.password, "WAYPOST_GEOIP_DB=" + geo,
		"WAYPOST_TRUSTED_PROXIES=127.0.0.1/32", "WAYPOST_OUTBOUND_ALLOW=127.0.0.1/32", "WAYPOST_DEBUG_ADDR=" + os.Getenv("WAYPOST_DEBUG_ADDR"),
	}
	if database != "" {
		env = append(env, "DATABASE_URL="+database)
	}
	return env
}

func (p *product) data() string { return filepath.Join(p.dir, "data") }

// launch starts the program's process.
func (p *product) launch(database ...string) error {
	p.cmd = exec.Command(p.binary, "serve")
	p.cmd.Env = p.environment(strings.Join(database, ""))
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt is ours to pass on
	if err := p.cmd.Start(); err != nil {
		return err
	}
	cmd, ended := p.cmd, make(chan struct{})
	p.ended, p.processes = ended, processes{server: cmd.Process.Pid}
	go func() { _ = cmd.Wait(); close(ended) }()
	return nil
}

// ready waits until the program that was launched is, and logs in.
func (p *product) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := p.await(ctx, "it is ready", func() (bool, error) {
		response, err := p.httpClient.Get("http://" + p.addr + "/readyz")
		if err != nil {
			return false, nil
		}
		defer response.Body.Close()
		return response.StatusCode == http.StatusOK, nil
	}); err != nil {
		return err
	}
	answer, err := p.api(ctx, "POST", "/auth/login", object{"email": adminEmail, "password": p.password}, http.StatusOK)
	if err != nil {
		return fmt.Errorf("is another server answering? %w", err)
	}
	p.token = answer.text("access_token")
	note, err := p.note()
	if err != nil {
		return err
	}
	p.database = fmt.Sprintf("host=%s port=5432 user=waypost dbname=waypost", note.Socket)
	p.processes.postmaster, err = p.postmaster()
	return err
}

// clusterNote is what the data folder says of the embedded database.
type clusterNote struct{ Cluster, Socket string }

func (p *product) note() (clusterNote, error) {
	note := clusterNote{Cluster: filepath.Join(p.data(), "postgres")}
	b, err := os.ReadFile(filepath.Join(p.data(), "postgres.json"))
	if err != nil {
		return note, err
	}
	return note, json.Unmarshal(b, &note)
}

// postmaster is the process of the embedded database, which outlives a program that was killed. An error says that there
// is none.
func (p *product) postmaster() (pid int, err error) {
	note, err := p.note()
	if err != nil {
		return 0, err
	}
	b, err := os.ReadFile(filepath.Join(note.Cluster, "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(b), "\n")
	if pid, err = strconv.Atoi(line); err != nil {
		return 0, err
	}
	if command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil && !bytes.Contains(command, []byte(note.Cluster)) {
		return 0, errors.New("its number is another process's by now")
	}
	return pid, syscall.Kill(pid, 0)
}

// kill ends the program at once; its database goes on.
func (p *product) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// stopDatabase ends a database whose program was killed.
func (p *product) stopDatabase(ctx context.Context, signal syscall.Signal) error {
	pid, err := p.postmaster()
	if err != nil {
		return nil
	}
	if err := syscall.Kill(pid, signal); err != nil {
		return err
	}
	for deadline := time.Now().Add(stopLimit); ; {
		if _, err := p.postmaster(); err != nil {
			return nil
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return fmt.Errorf("the database, process %d, does not end", pid)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// shutdown ends the program in order.
func (p *product) shutdown() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopLimit):
		p.kill()
		return fmt.Errorf("SIGTERM did not end it in %s", stopLimit)
	}
}

// stop ends the program and its database and removes its folder.
func (p *product) stop() error {
	var fault error
	if p.cmd != nil && p.cmd.Process != nil {
		fault = p.shutdown()
		if note, err := p.note(); err == nil { // what is left when the program was killed
			fault = errors.Join(fault, p.stopDatabase(context.Background(), syscall.SIGQUIT), os.RemoveAll(note.Socket))
		}
	}
	if p.log != nil {
		p.log.Close()
	}
	return errors.Join(fault, os.RemoveAll(p.dir))
}

// await polls until it is done, the program ends, or ctx does.
func (p *product) await(ctx context.Context, what string, done func() (bool, error)) error {
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		select {
		case <-p.ended:
			return errors.Join(fmt.Errorf("the program ended: %v", p.cmd.ProcessState), p.lastLog())
		case <-ctx.Done():
			return fmt.Errorf("wait until %s: %w", what, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// lastLog is the end of what the program printed; nil if nothing.
func (p *product) lastLog() error {
	b, _ := os.ReadFile(filepath.Join(p.dir, "log"))
	if len(b) == 0 {
		return nil
	}
	return fmt.Errorf("it printed: %s", b[max(0, len(b)-2000):])
}

// settled waits until the database has everything that was acknowledged.
func (p *product) settled(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return p.await(ctx, "the spool is in the database", func() (bool, error) {
		response, err := p.httpClient.Get("http://" + p.addr + "/metrics")
		if err != nil {
			return false, err
		}
		defer response.Body.Close()
		b, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			return false, fmt.Errorf("GET /metrics: %s, %v", response.Status, err)
		}
		return bytes.Contains(b, []byte("\nwaypost_spool_unreleased_records 0\n")), nil
	})
}

// object is a decoded JSON object; numbers stay as written.
type object map[string]any

func (o object) text(name string) string {
	if o[name] == nil {
		return ""
	}
	return fmt.Sprint(o[name])
}

// api calls the JSON API; another status than the one given is an error.
func (p *product) api(ctx context.Context, method, path string, body any, status int) (object, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+p.addr+"/api/v1"+path, bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if p.token != "" {
		request.Header.Set("Authorization", "Bearer "+p.token)
	}
	response, err := p.httpClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if b, err = io.ReadAll(response.Body); err != nil {
		return nil, err
	}
	if response.StatusCode != status {
		return nil, fmt.Errorf("%s %s: %s: %.300s", method, path, response.Status, b)
	}
	var answer object
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return answer, d.Decode(&answer)
}

// count asks the program's database for one number.
func (p *product) count(ctx context.Context, query string, args ...any) (n int64, err error) {
	return countIn(ctx, p.database, query, args...)
}

func countIn(ctx context.Context, database, query string, args ...any) (n int64, err error) {
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return 0, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return n, conn.QueryRow(ctx, query, args...).Scan(&n)
}

func (p *product) databaseVersion(ctx context.Context) (string, error) {
	n, err := p.count(ctx, "SELECT current_setting('server_version_num')::bigint")
	return fmt.Sprintf("%d.%d", n/10000, n%10000), err
}

func freeAddr() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}
