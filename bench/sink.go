package main

import (
	"bytes"
	"errors"
	"net"
	"sync"
	"time"
)

// sink receives deliveries as fast as can be: GET requests whose query ends in d= and the delivery's id.
type sink struct {
	ln net.Listener

	mu       sync.Mutex
	seen     map[string]time.Time // when each delivery arrived first
	arrived  int                  // repeats included
	distinct int
	last     time.Time     // when a delivery arrived that had not arrived before
	open     chan struct{} // closed while answers go out
	conns    map[net.Conn]struct{}
}

func newSink() (*sink, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &sink{ln: ln, seen: map[string]time.Time{}, conns: map[net.Conn]struct{}{}, open: make(chan struct{})}
	close(s.open)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns[conn] = struct{}{}
			s.mu.Unlock()
			go s.serve(conn)
		}
	}()
	return s, nil
}

// url is where deliveries go; whoever sends puts the delivery's id behind it.
func (s *sink) url() string { return "http://" + s.ln.Addr().String() + "/postback?payout={payout}&d=" }

// hold makes the sink forget what arrived and answer nothing until release.
func (s *sink) hold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen, s.arrived, s.distinct = map[string]time.Time{}, 0, 0
	s.open = make(chan struct{})
}

// forget is hold without a pause.
func (s *sink) forget() {
	s.hold()
	s.release()
}

// arrival is when a delivery arrived for the first time.
func (s *sink) arrival(id string) (at time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok = s.seen[id]
	return at, ok
}

func (s *sink) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.open)
}

// counts are what arrived since hold, how much of it for the first time, and when the last of those came.
func (s *sink) counts() (arrived, distinct int, last time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.arrived, s.distinct, s.last
}

func (s *sink) close() {
	s.ln.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		conn.Close()
	}
}

func (s *sink) serve(conn net.Conn) {
	defer conn.Close()
	buf := make([]byte, 8<<10)
	read := 0
	for {
		n, err := conn.Read(buf[read:])
		read += n
		if end := bytes.Index(buf[:read], endOfHead); end >= 0 {
			id, err := deliveryID(buf[:end])
			if err != nil || read > end+len(endOfHead) {
				return // the sender sees a connection that breaks, and the count lacks one
			}
			s.take(id)
			if _, err := conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")); err != nil {
				return
			}
			read = 0
			continue
		}
		if err != nil || read == len(buf) {
			return
		}
	}
}

// take waits until the sink is open and counts.
func (s *sink) take(id string) {
	s.mu.Lock()
	open := s.open
	s.mu.Unlock()
	<-open
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arrived++
	if _, again := s.seen[id]; !again {
		s.last = time.Now()
		s.seen[id] = s.last
		s.distinct++
	}
}

func deliveryID(head []byte) (string, error) {
	line, _, _ := bytes.Cut(head, []byte("\r\n"))
	_, id, ok := bytes.Cut(line, []byte("&d="))
	id, _, end := bytes.Cut(id, []byte(" "))
	if !bytes.HasPrefix(line, []byte("GET ")) || !ok || !end || len(id) == 0 {
		return "", errors.New("no delivery")
	}
	return string(id), nil
}
