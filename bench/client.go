package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// client is HTTP/1.1 over keep-alive connections, one for each worker, in as few instructions as can be: on a small
// machine the generator's work is taken from the server's.
type client struct {
	addr     string
	deadline time.Time
	conns    []*connection
}

type connection struct {
	net net.Conn
	buf []byte
}

// response is valid until the connection's next request.
type response struct {
	status       int
	header, body []byte // header without the status line's end, names as sent
}

const (
	dialTimeout = 5 * time.Second
	lateLimit   = 30 * time.Second // for the last answers, after the time that a client is used for
)

// dial opens connections that can be used for a time.
func dial(addr string, conns int, length time.Duration) (*client, error) {
	c := &client{addr: addr, deadline: time.Now().Add(length + lateLimit)}
	for range conns {
		conn, err := c.dialOne()
		if err != nil {
			c.close()
			return nil, err
		}
		c.conns = append(c.conns, conn)
	}
	return c, nil
}

func (c *client) dialOne() (*connection, error) {
	conn, err := net.DialTimeout("tcp", c.addr, dialTimeout)
	if err != nil {
		return nil, err
	}
	return &connection{net: conn, buf: make([]byte, 4<<10)}, conn.SetDeadline(c.deadline)
}

func (c *client) close() {
	for _, conn := range c.conns {
		conn.net.Close()
	}
}

// call sends a request on a worker's connection. After an error the worker has a new connection.
func (c *client) call(worker int, request []byte) (response, error) {
	r, err := c.conns[worker].call(request)
	if err != nil {
		c.conns[worker].net.Close()
		if fresh, dialErr := c.dialOne(); dialErr == nil {
			c.conns[worker] = fresh
		} else {
			time.Sleep(10 * time.Millisecond) // a server that is gone is not worth a core
		}
	}
	return r, err
}

var endOfHead = []byte("\r\n\r\n")

func (c *connection) call(request []byte) (response, error) {
	if _, err := c.net.Write(request); err != nil {
		return response{}, err
	}
	var r response
	read, whole := 0, -1
	for {
		if read == len(c.buf) {
			c.buf = append(c.buf, make([]byte, len(c.buf))...) // r.header keeps the old array, which nobody overwrites
		}
		n, err := c.net.Read(c.buf[read:])
		read += n
		if whole < 0 {
			if end := bytes.Index(c.buf[:read], endOfHead); end >= 0 {
				status, length, err := parseHead(c.buf[:end])
				if err != nil {
					return response{}, err
				}
				r = response{status: status, header: c.buf[:end]}
				whole = end + len(endOfHead) + length
			}
		}
		switch {
		case whole >= 0 && read > whole:
			return response{}, errors.New("more than one answer to a request")
		case read == whole:
			r.body = c.buf[len(r.header)+len(endOfHead) : whole]
			return r, nil
		case err != nil:
			return response{}, err
		case max(read, whole) > maxResponse:
			return response{}, errors.New("a response that is too long")
		}
	}
}

const maxResponse = 1 << 20

// parseHead reads the status and the body's length from a response's head.
func parseHead(head []byte) (status, length int, err error) {
	line, rest, _ := bytes.Cut(head, []byte("\r\n"))
	if len(line) < len("HTTP/1.1 200") || string(line[:len("HTTP/1.1 ")]) != "HTTP/1.1 " {
		return 0, 0, fmt.Errorf("no HTTP/1.1 status line: %.40q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil || status < 200 || len(line) > 12 && line[12] != ' ' {
		return 0, 0, fmt.Errorf("no final status: %.40q", line)
	}
	length = -1
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		const name = "content-length:"
		if len(line) < len(name) || line[len("content")] != '-' || !bytes.EqualFold(line[:len(name)], []byte(name)) {
			continue
		}
		n, err := strconv.ParseUint(string(bytes.TrimSpace(line[len(name):])), 10, 31)
		if err != nil || length >= 0 {
			return 0, 0, fmt.Errorf("no length: %.40q", line)
		}
		length = int(n)
	}
	switch {
	case length >= 0:
	case status == 204 || status == 304:
		length = 0
	default:
		return 0, 0, errors.New("a response without Content-Length")
	}
	return status, length, nil
}
