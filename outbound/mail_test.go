package outbound

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/mail"
)

// smtpServer is a mail server on loopback that keeps what it was told.
type smtpServer struct {
	addr     string
	secure   *tls.Config // for STARTTLS; nil = not offered
	implicit bool
	answer   map[string]string // command → reply; "hang" = none, "greeting" is the first line

	mu       sync.Mutex
	commands []string
	data     []string
	open     int
}

func startSMTP(t *testing.T, s *smtpServer) *smtpServer {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = ln.Addr().String()
	var wg sync.WaitGroup
	ended := make(chan struct{})
	t.Cleanup(func() { close(ended); ln.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			s.count(1)
			wg.Go(func() {
				defer s.count(-1)
				raw := conn
				go func() { <-ended; raw.Close() }()
				if s.implicit {
					conn = tls.Server(conn, s.secure)
				}
				s.serve(conn)
				conn.Close()
			})
		}
	})
	return s
}

func (s *smtpServer) count(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open += n
}

func (s *smtpServer) told() (commands, data []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.commands...), append([]string(nil), s.data...)
}

func (s *smtpServer) serve(conn net.Conn) {
	r := bufio.NewReader(conn)
	say := func(command, usual string) bool {
		reply, set := s.answer[command]
		if !set {
			reply = usual
		}
		if reply == "hang" {
			_, _ = io.Copy(io.Discard, r)
			return false
		}
		_, err := io.WriteString(conn, reply+"\r\n")
		return err == nil
	}
	if !say("greeting", "220 mx.test ESMTP") {
		return
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		s.mu.Lock()
		s.commands = append(s.commands, line)
		s.mu.Unlock()
		verb := strings.ToUpper(strings.Fields(line + " ?")[0])
		ok := true
		switch verb {
		case "EHLO":
			extensions := "250-mx.test\r\n250-ENHANCEDSTATUSCODES\r\n"
			if _, isTLS := conn.(*tls.Conn); s.secure != nil && !isTLS {
				extensions += "250-STARTTLS\r\n"
			}
			ok = say(verb, extensions+"250 AUTH PLAIN LOGIN")
		case "STARTTLS":
			ok = say(verb, "220 go on")
			secure := tls.Server(conn, s.secure)
			if secure.Handshake() != nil {
				return
			}
			conn, r = secure, bufio.NewReader(secure)
		case "AUTH":
			ok = say(verb, "235 2.7.0 welcome")
		case "DATA":
			if !say(verb, "354 go on") {
				return
			}
			if s.answer[verb] != "" {
				continue
			}
			var text strings.Builder
			for {
				line, err := r.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				text.WriteString(strings.TrimPrefix(line, "."))
			}
			s.mu.Lock()
			s.data = append(s.data, text.String())
			s.mu.Unlock()
			ok = say("END", "250 2.0.0 taken")
		case "QUIT":
			say(verb, "221 bye")
			return
		default:
			ok = say(verb, "250 2.1.0 fine")
		}
		if !ok {
			return
		}
	}
}

func due(t testing.TB, to, subject, text string) mail.Due {
	t.Helper()
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	id, err := domain.NewUUID(at, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return mail.Due{ID: mail.ID{UUID: id}, CreatedAt: at, Message: mail.Message{To: to, Subject: subject, Text: text}}
}

const mailFrom = "Example Network <network@example.com>"

// newTestSMTP is a client that trusts the server's certificate.
func newTestSMTP(t testing.TB, address string) *SMTP {
	t.Helper()
	s, err := NewSMTP(address, mailFrom)
	if err != nil {
		t.Fatal(err)
	}
	s.tls.RootCAs = trusted
	s.tls.ServerName = "example.com"
	return s
}

// certificate is that of net/http/httptest, for example.com and loopback.
var certificate, trusted = func() (tls.Certificate, *x509.CertPool) {
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	defer server.Close()
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	return server.TLS.Certificates[0], pool
}()

func serverTLS() *tls.Config { return &tls.Config{Certificates: []tls.Certificate{certificate}} }

func TestSMTP(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		server *smtpServer
		url    string
		tls    bool
	}{
		"loopback, plain":         {&smtpServer{}, "smtp://%s", false},
		"loopback, password":      {&smtpServer{}, "smtp://us%%40er:pa%%2Fss@%s", false},
		"asked for, STARTTLS":     {&smtpServer{secure: serverTLS()}, "smtp://us%%40er:pa%%2Fss@%s?tls=starttls", true},
		"TLS from the first byte": {&smtpServer{secure: serverTLS(), implicit: true}, "smtps://us%%40er:pa%%2Fss@%s", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startSMTP(t, c.server)
			client := newTestSMTP(t, fmt.Sprintf(c.url, server.addr))
			d := due(t, "ann@bücher.example", "Grüße", "line 1\n.\nline 3 – ünïcode "+strings.Repeat("long ", 400)+"\n")
			if err := client.Send(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			commands, data := server.told()
			all := strings.Join(commands, "\n")
			if !strings.Contains(all, "EHLO example.com\n") || !strings.Contains(all, "MAIL FROM:<network@example.com>") ||
				!strings.Contains(all, "RCPT TO:<ann@xn--bcher-kva.example>") || strings.Contains(all, "STARTTLS") != (c.tls && !c.server.implicit) {
				t.Errorf("commands:\n%s", all)
			}
			if strings.Contains(c.url, "us%%40er") && !strings.Contains(all, "AUTH PLAIN AHVzQGVyAHBhL3Nz") { // NUL us@er NUL pa/ss
				t.Errorf("not logged in:\n%s", all)
			}
			if len(data) != 1 {
				t.Fatalf("%d mails", len(data))
			}
			checkMail(t, data[0], d)
		})
	}
}

// checkMail reads a mail as its recipient does.
func checkMail(t *testing.T, raw string, d mail.Due) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatalf("%v:\n%s", err, raw)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != d.Message.Subject {
		t.Errorf("subject %q, %v", subject, err)
	}
	date, err := m.Header.Date()
	if err != nil || !date.Equal(d.CreatedAt) {
		t.Errorf("date %v, %v", date, err)
	}
	if id := m.Header.Get("Message-ID"); id != "<"+d.ID.String()+"@example.com>" {
		t.Errorf("Message-ID %s", id)
	}
	from, err := netmail.ParseAddress(m.Header.Get("From"))
	if err != nil || from.String() != `"Example Network" <network@example.com>` {
		t.Errorf("from %v, %v", from, err)
	}
	if m.Header.Get("Auto-Submitted") != "auto-generated" || len(m.Header["Bcc"]) != 0 {
		t.Errorf("header %v", m.Header)
	}
	body := io.Reader(m.Body)
	if m.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	if got := strings.ReplaceAll(string(text), "\r\n", "\n"); err != nil || strings.TrimRight(got, "\n") != strings.TrimRight(d.Message.Text, "\n") {
		t.Errorf("text %q, %v", got, err)
	}
}

func TestSMTPRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		server *smtpServer
		url    string
		want   string
		final  bool
	}{
		"no such user":          {&smtpServer{answer: map[string]string{"RCPT": "550 5.1.1 no such user"}}, "smtp://%s", "no such user", true},
		"not now":               {&smtpServer{answer: map[string]string{"RCPT": "451 4.7.1 greylisted"}}, "smtp://%s", "greylisted", false},
		"no relay":              {&smtpServer{answer: map[string]string{"RCPT": "550 5.7.1 relay denied"}}, "smtp://%s", "relay denied", false},
		"wrong sender":          {&smtpServer{answer: map[string]string{"MAIL": "553 5.1.8 sender unknown"}}, "smtp://%s", "sender unknown", false},
		"refused after data":    {&smtpServer{answer: map[string]string{"END": "554 5.6.0 too odd"}}, "smtp://%s", "too odd", false},
		"wrong password":        {&smtpServer{answer: map[string]string{"AUTH": "535 5.7.8 wrong"}}, "smtp://u:topsecret@%s", "535", false},
		"busy":                  {&smtpServer{answer: map[string]string{"greeting": "421 busy"}}, "smtp://%s", "busy", false},
		"no STARTTLS":           {&smtpServer{}, "smtp://%s?tls=starttls", "STARTTLS", false},
		"no TLS":                {&smtpServer{}, "smtps://%s", "secure connection", false},
		"no mail server at all": {&smtpServer{answer: map[string]string{"greeting": "HTTP/1.1 400 Bad Request"}}, "smtp://%s", "HTTP/1.1", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startSMTP(t, c.server)
			err := newTestSMTP(t, fmt.Sprintf(c.url, server.addr)).Send(t.Context(), due(t, "ann@example.com", "s", "t"))
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "topsecret") {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if errs.Is(err, errs.KindInvalid) != c.final {
				t.Errorf("for good: %v", err)
			}
			if commands, _ := server.told(); strings.HasPrefix(name, "no STARTTLS") && strings.Contains(strings.Join(commands, "\n"), "MAIL") {
				t.Errorf("went on in the clear: %q", commands)
			}
		})
	}
}

// A mail that the server took counts, whatever comes after.
func TestSMTPTakenIsTaken(t *testing.T) {
	t.Parallel()
	server := startSMTP(t, &smtpServer{answer: map[string]string{"RSET": "500 what", "QUIT": "500 what", "NOOP": "500 what"}})
	if err := newTestSMTP(t, "smtp://"+server.addr).Send(t.Context(), due(t, "ann@example.com", "s", "t")); err != nil {
		t.Error(err)
	}
}

func TestSMTPHangs(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"greeting", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "END"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			server := startSMTP(t, &smtpServer{answer: map[string]string{at: "hang"}})
			client := newTestSMTP(t, "smtp://u:p@"+server.addr)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			began := time.Now()
			err := client.Send(ctx, due(t, "ann@example.com", "s", "t"))
			if err == nil || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 20*time.Second {
				t.Errorf("%v after %v", err, time.Since(began))
			}
			for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
				server.mu.Lock()
				open := server.open
				server.mu.Unlock()
				if open == 0 {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("the connection stays open")
				}
			}
		})
	}
}

func TestSMTPUntrustedCertificate(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"smtp://u:p@%s?tls=starttls", "smtps://u:p@%s"} {
		server := startSMTP(t, &smtpServer{secure: serverTLS(), implicit: strings.HasPrefix(url, "smtps")})
		client, err := NewSMTP(fmt.Sprintf(url, server.addr), mailFrom)
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Send(t.Context(), due(t, "ann@example.com", "s", "t")); err == nil || !strings.Contains(err.Error(), "secure connection") {
			t.Errorf("%s: %v", url, err)
		}
		if commands, _ := server.told(); strings.Contains(strings.Join(commands, "\n"), "AUTH") {
			t.Errorf("the password went out: %q", commands)
		}
	}
}

func TestNewSMTP(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"smtp://mail.example.com": "587 starttls", "smtp://mail.example.com:25": "25 starttls", "smtp://u:p@mail.example.com": "587 starttls",
		"smtps://u:p@mail.example.com": "465 implicit", "smtps://mail.example.com:2465/": "2465 implicit", "smtp://localhost:1025": "1025 plain",
		"smtp://127.0.0.1": "587 plain", "smtp://[::1]:25": "25 plain", "smtp://localhost?tls=starttls": "587 starttls",
		"smtp://relay.internal:25?tls=none": "25 plain", "smtp://u:p@localhost?tls=none": "587 plain",
	} {
		s, err := NewSMTP(address, mailFrom)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		mode := map[[2]bool]string{{false, false}: "starttls", {true, false}: "implicit", {false, true}: "plain"}[[2]bool{s.implicit, s.plain}]
		if got := fmt.Sprint(s.port, " ", mode); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
	for _, address := range []string{"", "mail.example.com:587", "http://mail.example.com", "smtp://", "smtp://:25", "smtp://h:0", "smtp://h:99999",
		"smtp://u:topsecret@h?tls=none", "smtp://h?tls=maybe", "smtps://h?tls=none", "smtp://h?ssl=1", "smtp://h/path", "smtp://u:topsecret#x@h", "smtp://u:top secret%@h"} {
		if _, err := NewSMTP(address, mailFrom); err == nil || !strings.Contains(err.Error(), "WAYPOST_SMTP_URL") || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, from := range []string{"", "nobody", "a@b, c@d", "X <a@b>\r\nBcc: c@d", "a@b\n"} {
		if _, err := NewSMTP("smtp://localhost", from); err == nil || !strings.Contains(err.Error(), "WAYPOST_MAIL_FROM") {
			t.Errorf("%q: %v", from, err)
		}
	}
}

// What would end a header line goes nowhere, for it could add recipients.
func TestHeaderInjection(t *testing.T) {
	t.Parallel()
	server := startSMTP(t, &smtpServer{})
	folder, err := NewMailFolder(t.TempDir(), mailFrom)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range [][2]string{{"ann@example.com\r\nBcc: eve@example.com", "s"}, {"ann@example.com>\r\nRCPT TO:<eve@example.com", "s"},
		{"ann@example.com\n", "s"}, {"ann@example.com", "s\r\nBcc: eve@example.com"}, {"ann@example.com", "s\n\nbody"}, {"ann@example.com", "s\rx"},
		{"ann@example.com,eve@example.com", "s"}, {"", "s"}, {"ann@-.example", "s"}} {
		for _, sender := range []mail.Sender{newTestSMTP(t, "smtp://"+server.addr), folder} {
			if err := sender.Send(t.Context(), due(t, m[0], m[1], "t")); !errs.Is(err, errs.KindInvalid) {
				t.Errorf("%q: %v", m, err)
			}
		}
	}
	if commands, data := server.told(); len(commands)+len(data) != 0 {
		t.Errorf("the server heard %q, %q", commands, data)
	}
	if files, _ := os.ReadDir(folder.dir); len(files) != 0 {
		t.Errorf("files %v", files)
	}
}

func TestMailFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data", "mail")
	folder, err := NewMailFolder(dir, mailFrom)
	if err != nil {
		t.Fatal(err)
	}
	d := due(t, "ann@example.com", "Grüße", "a link\n.\nend")
	for range 2 { // a repetition is the same file
		if err := folder.Send(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 || files[0].Name() != "20260304T050607.000Z-"+d.ID.String()+".eml" {
		t.Fatalf("files %v, %v", files, err)
	}
	info, err := files[0].Info()
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder's mode %v, %v", info.Mode(), err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, files[0].Name()))
	if err != nil {
		t.Fatal(err)
	}
	checkMail(t, string(raw), d)
	if _, err := NewMailFolder(dir, "nobody"); err == nil || !strings.Contains(err.Error(), "WAYPOST_MAIL_FROM") {
		t.Errorf("sender: %v", err)
	}
	if _, err := NewMailFolder(dir, ""); err != nil {
		t.Errorf("no sender: %v", err)
	}
}

// The folder keeps the newest mails that it has room for, and the newest even where that is too large.
func TestMailFolderHasRoom(t *testing.T) {
	t.Parallel()
	folder, err := NewMailFolder(t.TempDir(), mailFrom)
	if err != nil {
		t.Fatal(err)
	}
	folder.room = 10_000
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	var want []string
	for i, size := range []int{3000, 3000, 3000, 3000, 100_000, 100} {
		d := due(t, "ann@example.com", "Hello", strings.Repeat("text\n", size/5))
		d.CreatedAt = at.Add(time.Duration(i) * time.Hour)
		if err := folder.Send(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		want = append(want, d.ID.String())
		files, err := filepath.Glob(filepath.Join(folder.dir, "*.eml"))
		if err != nil {
			t.Fatal(err)
		}
		switch i {
		case 3, 4, 5: // the first makes room; a large one takes all, and goes itself when there is a newer one
			want = want[len(want)-[]int{3, 1, 1}[i-3]:]
		}
		if len(files) != len(want) {
			t.Fatalf("after %d: %d mails, want %d", i, len(files), len(want))
		}
		for j, id := range want {
			if !strings.Contains(files[j], id) {
				t.Errorf("after %d: %s is not %s", i, files[j], id)
			}
		}
	}
}

// A file arrives as it was, byte by byte, beside the text, by a server and in the folder.
func TestMailWithFile(t *testing.T) {
	t.Parallel()
	d := due(t, "ann@example.com", "Grüße", "line 1\n.\nline 3 – ünïcode\n")
	content := append([]byte("id,name\r\n.\r\n1,\"Grüße\"\n"), 0, 255, 13, 10)
	d.Message.File = &mail.File{Name: "conversions-2026-11-22.csv", Type: "text/csv", Data: bytes.Repeat(content, 5000)}
	server := startSMTP(t, &smtpServer{})
	if err := newTestSMTP(t, "smtp://"+server.addr).Send(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	_, sent := server.told()
	folder, err := NewMailFolder(t.TempDir(), mailFrom)
	if err != nil {
		t.Fatal(err)
	}
	if err := folder.Send(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder.dir, "*.eml"))
	if err != nil || len(files) != 1 || len(sent) != 1 {
		t.Fatal(files, len(sent), err)
	}
	kept, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range []string{sent[0], string(kept)} {
		m, err := netmail.ReadMessage(strings.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
		if err != nil || kind != "multipart/mixed" {
			t.Fatalf("%s %v", kind, err)
		}
		parts := multipart.NewReader(m.Body, params["boundary"])
		text, err := parts.NextPart() // which undoes quoted-printable
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(text); err != nil || strings.TrimSpace(strings.ReplaceAll(string(body), "\r\n", "\n")) != strings.TrimSpace(d.Message.Text) {
			t.Errorf("text %q, %v", body, err)
		}
		file, err := parts.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, file))
		if err != nil || !bytes.Equal(got, d.Message.File.Data) || file.FileName() != d.Message.File.Name || !strings.HasPrefix(file.Header.Get("Content-Type"), "text/csv") {
			t.Errorf("file %s %s of %d bytes, %v", file.FileName(), file.Header.Get("Content-Type"), len(got), err)
		}
		if _, err := parts.NextPart(); !errors.Is(err, io.EOF) {
			t.Errorf("more parts: %v", err)
		}
	}
	d.Message.File.Name = "a\"\r\nBcc: eve@example.com"
	if err := folder.Send(t.Context(), d); !errs.Is(err, errs.KindInvalid) {
		t.Errorf("a name that ends its line: %v", err)
	}
}
