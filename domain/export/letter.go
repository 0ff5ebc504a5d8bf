package export

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/mail"
)

// types are the media types of the formats.
var types = map[Format]string{CSV: "text/csv", XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}

// tell queues the mail that says what became of an export, unless its user is gone. The file is nil where there is none,
// and stays behind where its user lost the rights to it while it was made.
func (s *Service) tell(ctx context.Context, e Export, f *file) error {
	u, err := s.Users.GetUser(ctx, account.SystemActor("exports").Scope(), e.UserID)
	if err != nil || u.Status != account.UserStatusActive {
		return err
	}
	m := e.message(u, s.PublicURL)
	if f != nil && f.mailed && e.opensFor(u) {
		m.File = &mail.File{Name: e.FileName, Type: types[e.Format], Data: f.whole}
		if m.Check() != nil { // the link does, too
			m.File = nil
		}
	}
	return s.Outbox.Queue(ctx, m)
}

// message is the mail of an export that is over.
func (e Export) message(u account.User, publicURL string) mail.Message {
	var b strings.Builder
	subject := e.Title + ": your file is ready"
	if e.State == Failed {
		subject = e.Title + ": the file could not be made"
		fmt.Fprintf(&b, "The file %q that you asked for could not be made.\n\n%s\n\n", e.Title, e.Reason)
	} else {
		fmt.Fprintf(&b, "The file %q that you asked for is ready: %s, %s.\n\n", e.Title, e.FileName, SizeText(e.Size))
	}
	if page, err := url.Parse(e.Path); err == nil {
		if asked := asked(page.Query()); asked != "" {
			fmt.Fprintf(&b, "It was asked for with: %s\n", asked)
		}
		fmt.Fprintf(&b, "The same on your screen: %s%s\n", publicURL, e.Path)
	}
	if e.State == Ready {
		fmt.Fprintf(&b, "Fetch it until %s: ", day(e.ExpiresAt, u.TimeZone))
	} else {
		b.WriteString("Your files: ")
	}
	fmt.Fprintf(&b, "%s%s/account/files\n", publicURL, base(u.Role))
	return mail.Message{To: u.Email, Subject: subject, Text: b.String()}
}

// asked is what a query narrows to, such as "from 2026-11-01, status approved".
func asked(query url.Values) string {
	var words []string
	for name, values := range query {
		for _, v := range values {
			if v != "" && name != "columns" && name != "sort" {
				words = append(words, strings.ReplaceAll(name, "_", " ")+" "+plain(v))
			}
		}
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}

// plain is a text on one line.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// day is the day of a time in a zone.
func day(t time.Time, zone string) string {
	if z, err := time.LoadLocation(zone); err == nil {
		t = t.In(z)
	}
	return t.Format("2 January 2006")
}

// SizeText is a number of bytes for people.
func SizeText(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KB", (n+1023)>>10)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
}
