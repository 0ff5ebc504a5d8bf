package outbound

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Check connects to the mail server and reads its greeting; nothing is sent and nobody is logged in.
func (s *SMTP) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.connect)
	defer cancel()
	conn, err := s.dial(ctx)(ctx, "tcp", net.JoinHostPort(s.host, strconv.Itoa(s.port)))
	if err != nil {
		return mailFault(ctx, err)
	}
	defer conn.Close()
	greeting, err := bufio.NewReaderSize(conn, 1024).ReadSlice('\n')
	if err != nil {
		return mailFault(ctx, err)
	}
	if line := strings.TrimSpace(string(greeting)); !strings.HasPrefix(line, "220") {
		return fmt.Errorf("what answers is no mail server: %q", line)
	}
	return nil
}
