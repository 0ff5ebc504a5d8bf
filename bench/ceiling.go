package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/labstack/echo/v4"
)

// ceilingArg makes this program the ceiling instead of the benchmark.
const ceilingArg = "serve-ceiling"

// ceiling is a server of the program's kind that decides and records nothing, in a process of its own. Started with a
// database it is the rival of postbacks, which records them one by one.
type ceiling struct {
	addr  string
	pid   int
	cmd   *exec.Cmd
	stdin io.Closer
}

func startCeiling(database ...string) (*ceiling, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, append([]string{ceilingArg}, database...)...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it ends when we do, not before
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &ceiling{pid: cmd.Process.Pid, cmd: cmd, stdin: stdin}
	addr, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		c.stop()
		return nil, fmt.Errorf("it did not say its address: %w", err)
	}
	c.addr = strings.TrimSpace(addr)
	return c, nil
}

func (c *ceiling) stop() {
	c.stdin.Close()
	_ = c.cmd.Wait()
}

// The ceiling's answers have about the size of the program's.
const (
	ceilingRedirect = "https://shop.example/land?cid=06fn3k2v8c7s9q4t1z5x0w6y2mabcdef&s=campaign-1"
	ceilingAnswer   = `{"status":"recorded","code":"ok","message":"recorded","conversion_id":"0199d8a7-2c1f-7a3e-9a55-0123456789ab",` +
		`"click_id":"06fn3k2v8c7s9q4t1z5x0w6y2mabcdef","conversion_status":"approved","warnings":[]}`
)

// serveCeiling serves until its standard input ends, as it does when the benchmark is gone.
func serveCeiling(database ...string) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	e := echo.New()
	e.GET("/click", func(c echo.Context) error {
		c.Response().Header().Set("Cache-Control", "no-store")
		return c.Redirect(http.StatusFound, ceilingRedirect)
	})
	if len(database) > 0 {
		rival, err := newGormRival(database[0])
		if err != nil {
			return err
		}
		e.GET("/postback", rival.postback)
	} else {
		e.GET("/postback", func(c echo.Context) error {
			return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, []byte(ceilingAnswer))
		})
	}
	e.GET("/fire", func(c echo.Context) error {
		n, _ := strconv.Atoi(c.QueryParam("n"))
		conns, _ := strconv.Atoi(c.QueryParam("conns"))
		if err := fire(c.Request().Context(), c.QueryParam("url"), n, conns); err != nil {
			return c.String(http.StatusBadGateway, err.Error())
		}
		return c.NoContent(http.StatusNoContent)
	})
	tasks, err := newTasks()
	if err != nil {
		return err
	}
	e.GET("/tasks/queue", tasks.queue)
	e.GET("/tasks/run", tasks.run)
	if _, err := fmt.Println(ln.Addr()); err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	return http.Serve(ln, e)
}

// fire gets a URL n times, each with another number at its end: what sending deliveries costs where nothing is leased
// and no result kept.
func fire(ctx context.Context, url string, n, conns int) error {
	transport := &http.Transport{MaxIdleConnsPerHost: conns}
	defer transport.CloseIdleConnections()
	var next atomic.Int64
	var workers sync.WaitGroup
	failed := make(chan error, conns)
	for range conns {
		workers.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				if err := get(ctx, &http.Client{Transport: transport}, url+strconv.FormatInt(i, 10)); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	workers.Wait()
	close(failed)
	return <-failed // nil if there is none
}

func get(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("GET %s: %s", url, response.Status)
	}
	return nil
}
