package storetest

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

func TestMain(m *testing.M) { Main(m) }

// A machine that is too busy to open the first connection in time fails no test.
func TestFirstConnectionIsWaitedFor(t *testing.T) {
	t.Parallel()
	direct := URL(t)
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	to := q.Get("host") + "/.s.PGSQL." + q.Get("port")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var passing sync.WaitGroup
	passing.Go(func() {
		for first := true; ; first = false {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			if first {
				time.AfterFunc(2*time.Second, func() { _ = from.Close() }) // which the store does not wait for
				continue
			}
			passing.Go(func() { pass(from, to) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); passing.Wait() }) // after the pool is closed
	q.Del("host")
	q.Del("port")
	u.Host, u.RawQuery = listener.Addr().String(), q.Encode()
	if err := open(t, u.String()).EnsurePartitions(t.Context(), time.Now(), time.Now()); err != nil {
		t.Error(err)
	}
}

// pass hands a connection through to a socket.
func pass(from net.Conn, to string) {
	defer from.Close()
	socket, err := net.Dial("unix", to)
	if err != nil {
		return
	}
	defer socket.Close()
	var back sync.WaitGroup
	back.Go(func() { _, _ = io.Copy(from, socket); _ = from.Close() })
	_, _ = io.Copy(socket, from)
	_ = socket.Close()
	back.Wait()
}
