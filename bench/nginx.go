package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// nginx is a web server that redirects by its configuration alone: what the machine can do at all.
type nginx struct {
	addr  string
	pid   int // its workers are its children
	cmd   *exec.Cmd
	ended chan struct{}
	dir   string
}

const nginxConf = `worker_processes auto;
daemon off;
pid %[1]s/pid;
error_log %[1]s/error.log crit;
events { worker_connections 1024; }
http {
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path %[1]s/body;
    proxy_temp_path %[1]s/proxy;
    fastcgi_temp_path %[1]s/fastcgi;
    uwsgi_temp_path %[1]s/uwsgi;
    scgi_temp_path %[1]s/scgi;
    server {
        listen %[2]s;
        location / { return 302 "%[3]s"; }
    }
}
`

// startNginx starts it on a folder below dir. An error says why there is none.
func startNginx(ctx context.Context, name, dir string) (*nginx, error) {
	path, err := exec.LookPath(name)
	if err != nil && name == "nginx" {
		path, err = exec.LookPath("/usr/sbin/nginx") // which is not in everybody's path
	}
	if err != nil {
		return nil, errors.New("nginx is not installed")
	}
	n := &nginx{ended: make(chan struct{}), dir: filepath.Join(dir, "nginx")}
	if n.addr, err = freeAddr(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(n.dir, 0o755); err != nil {
		return nil, err
	}
	conf := filepath.Join(n.dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, nginxConf, n.dir, n.addr, ceilingRedirect), 0o644); err != nil {
		return nil, err
	}
	n.cmd = exec.Command(path, "-e", filepath.Join(n.dir, "error.log"), "-p", n.dir, "-c", conf)
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt is ours to pass on
	if err := n.cmd.Start(); err != nil {
		return nil, err
	}
	n.pid = n.cmd.Process.Pid
	go func() { _ = n.cmd.Wait(); close(n.ended) }()
	for deadline := time.Now().Add(dialTimeout); ; {
		conn, err := net.DialTimeout("tcp", n.addr, dialTimeout)
		if err == nil {
			conn.Close()
			return n, nil
		}
		select {
		case <-n.ended:
			b, _ := os.ReadFile(filepath.Join(n.dir, "error.log"))
			return nil, fmt.Errorf("nginx ended at once: %.300s", b)
		case <-ctx.Done():
			n.stop()
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			n.stop()
			return nil, fmt.Errorf("nginx does not answer: %w", err)
		}
	}
}

func (n *nginx) stop() {
	_ = n.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-n.ended:
	case <-time.After(stopLimit):
		_ = syscall.Kill(-n.pid, syscall.SIGKILL)
		<-n.ended
	}
	_ = os.RemoveAll(n.dir)
}
