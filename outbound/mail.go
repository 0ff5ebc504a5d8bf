package outbound

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"golang.org/x/net/idna"

	"github.com/waypost/waypost/domain/errs"
	domainmail "github.com/waypost/waypost/domain/mail"
)

// SMTP hands mails to a mail server. It implements mail.Sender with a connection per mail.
type SMTP struct {
	host     string
	port     int
	implicit bool // TLS from the first byte
	plain    bool // no TLS at all
	user     string
	password string
	from     sender
	tls      *tls.Config
	connect  time.Duration
}

// NewSMTP reads WAYPOST_SMTP_URL and WAYPOST_MAIL_FROM. smtp:// (port 587) insists on STARTTLS, except for a server on
// loopback, or with ?tls=none, which a password excludes; ?tls=starttls insists on it on loopback too. smtps:// (port
// 465) speaks TLS at once. Errors name the setting and never hold the password.
func NewSMTP(address, from string) (*SMTP, error) {
	s := &SMTP{connect: connectLimit}
	if err := s.read(address); err != nil {
		return nil, fmt.Errorf("WAYPOST_SMTP_URL: %w", err)
	}
	var err error
	if s.from, err = readSender(from); err != nil {
		return nil, err
	}
	s.tls = &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12}
	return s, nil
}

func (s *SMTP) read(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("is no URL such as smtp://user:password@mail.example.com:587; signs such as @ / # in a password are written %40 %2F %23")
	}
	s.host, s.implicit, s.port = u.Hostname(), u.Scheme == "smtps", 587
	s.user = u.User.Username()
	s.password, _ = u.User.Password()
	if s.implicit {
		s.port = 465
	}
	if text := u.Port(); text != "" {
		if s.port, err = strconv.Atoi(text); err != nil || s.port < 1 || s.port > 65535 {
			return fmt.Errorf("the port %q is not a number from 1 to 65535", text)
		}
	}
	mode := u.Query().Get("tls")
	for name := range u.Query() {
		if name != "tls" {
			return fmt.Errorf("%q is no option; there is tls=none and tls=starttls", name)
		}
	}
	local := isLoopback(s.host)
	switch {
	case u.Scheme != "smtp" && u.Scheme != "smtps":
		return fmt.Errorf("%q is no scheme of a mail server; use smtp:// or smtps://", u.Scheme)
	case s.host == "":
		return errors.New("names no host")
	case u.Path != "" && u.Path != "/" || u.Fragment != "":
		return errors.New("has a path or a fragment; it ends after the port, or is a # in the password meant as %23?")
	case mode != "" && (s.implicit || mode != "none" && mode != "starttls"):
		return fmt.Errorf("tls=%s is no option of %s://; smtp:// takes tls=none and tls=starttls", mode, u.Scheme)
	case mode == "none" && s.password != "" && !local:
		return errors.New("with tls=none the password would go over the network for all to read; leave tls=none out")
	}
	s.plain = !s.implicit && (mode == "none" || local && mode == "")
	return nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Send implements mail.Sender.
func (s *SMTP) Send(ctx context.Context, d domainmail.Due) error {
	message, err := compose(s.from, d)
	if err != nil {
		return err
	}
	options := []gomail.Option{gomail.WithPort(s.port), gomail.WithTimeout(d.Message.Limit()), gomail.WithTLSConfig(s.tls),
		gomail.WithHELO(s.from.domain()), gomail.WithTLSPolicy(gomail.TLSMandatory), gomail.WithDialContextFunc(s.dial(ctx)),
		gomail.WithoutNoop(), gomail.WithoutRset()} // a mail that was taken must not fail for what comes after it
	switch {
	case s.implicit:
		options = append(options, gomail.WithSSL())
	case s.plain:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if s.user != "" {
		options = append(options, gomail.WithUsername(s.user), gomail.WithPassword(s.password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	client, err := gomail.NewClient(s.host, options...)
	if err != nil {
		return fmt.Errorf("WAYPOST_SMTP_URL: %w", err)
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return mailFault(ctx, err)
	}
	defer func() { _ = client.CloseWithSMTPClient(conn) }()
	return mailFault(ctx, client.SendWithSMTPClient(conn, message))
}

// dial makes a connection that ends with ctx, whatever state it is in: the library's own time limit begins anew with
// every step, and it leaves a connection open whose greeting fails.
func (s *SMTP) dial(ctx context.Context) gomail.DialContextFunc {
	return func(dialing context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{Timeout: s.connect}).DialContext(dialing, network, address)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { _ = conn.Close() })
		if !s.implicit {
			return conn, nil
		}
		secure := tls.Client(conn, s.tls)
		if err := secure.HandshakeContext(dialing); err != nil {
			_ = conn.Close()
			return nil, err
		}
		return secure, nil
	}
}

// mailFault says what went wrong in a sentence, with the server's own words. An address that the server knows to be
// wrong (RFC 3463, 5.1.x for the recipient) is Invalid: no later try will fare better.
func mailFault(ctx context.Context, err error) error {
	var refused *gomail.SendError
	var dns *net.DNSError
	var operation *net.OpError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("the mail server did not finish in time: %w", context.Cause(ctx))
	case errors.As(err, &refused) && refused.Reason == gomail.ErrSMTPRcptTo && strings.HasPrefix(refused.EnhancedStatusCode(), "5.1."):
		return errs.Invalid("recipient_refused", "the mail server knows no such recipient").Because(err)
	case errors.As(err, &dns):
		return fmt.Errorf("the name of the mail server does not resolve: %w", err)
	case errors.As(err, &operation) && operation.Op == "dial":
		return fmt.Errorf("the mail server cannot be reached: %w", err)
	case isTLS(err):
		return fmt.Errorf("no secure connection to the mail server: %w", err)
	}
	return fmt.Errorf("the mail server refused: %w", err)
}

// sender is WAYPOST_MAIL_FROM.
type sender struct{ address *mail.Address }

func readSender(from string) (sender, error) {
	a, err := mail.ParseAddress(from)
	if err != nil || strings.ContainsAny(from, "\r\n") {
		return sender{}, fmt.Errorf("WAYPOST_MAIL_FROM: %q is no sender such as: Example Network <network@example.com>", from)
	}
	return sender{a}, nil
}

// domain is the part after the @.
func (s sender) domain() string {
	return s.address.Address[strings.LastIndexByte(s.address.Address, '@')+1:]
}

// compose makes the mail. Its date and id stay the same on every try, so that a receiver can tell a repetition.
func compose(from sender, d domainmail.Due, options ...gomail.MsgOption) (*gomail.Msg, error) {
	if err := d.Message.Check(); err != nil {
		return nil, err
	}
	local, host, _ := strings.Cut(d.Message.To, "@")
	host, err := idna.Lookup.ToASCII(host)
	if err != nil {
		return nil, errs.Invalid("invalid_email", "the address's domain is no name of a host").Because(err)
	}
	m := gomail.NewMsg(append(options, gomail.WithNoDefaultUserAgent())...)
	m.FromMailAddress(from.address)
	if err := m.EnvelopeFrom(from.address.Address); err != nil {
		return nil, fmt.Errorf("WAYPOST_MAIL_FROM: %w", err)
	}
	if err := m.To(local + "@" + host); err != nil {
		return nil, errs.Invalid("invalid_email", "the address is not one that mail can be sent to").Because(err)
	}
	m.Subject(d.Message.Subject)
	m.SetDateWithValue(d.CreatedAt)
	m.SetMessageIDWithValue(d.ID.String() + "@" + from.domain())
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers
	m.SetBodyString(gomail.TypeTextPlain, d.Message.Text)
	if f := d.Message.File; f != nil {
		// Base64 whatever the text's coding: a file arrives byte by byte as it was.
		err = m.AttachReader(f.Name, bytes.NewReader(f.Data), gomail.WithFileContentType(gomail.ContentType(f.Type)), gomail.WithFileEncoding(gomail.EncodingB64))
		if err != nil {
			return nil, fmt.Errorf("add the mail's file: %w", err)
		}
	}
	return m, nil
}
