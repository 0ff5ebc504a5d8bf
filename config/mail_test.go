package config

import (
	"strings"
	"testing"
)

func TestMailSettings(t *testing.T) {
	t.Parallel()
	const from = "WAYPOST_MAIL_FROM=Example Network <network@example.com>"
	for _, good := range [][]string{{}, {from}, {from, "WAYPOST_SMTP_URL=smtp://u:p%40ss@mail.example.com:587"}, {from, "WAYPOST_SMTP_URL=smtps://mail.example.com"},
		{"WAYPOST_MAIL_FROM=network@example.com", "WAYPOST_SMTP_URL=smtp://localhost:1025?tls=none"}} {
		if _, err := Load(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, c := range []struct {
		environ []string
		names   string
	}{
		{[]string{"WAYPOST_SMTP_URL=smtp://u:topsecret@mail.example.com"}, "WAYPOST_MAIL_FROM must be set"},
		{[]string{from, "WAYPOST_SMTP_URL=mail.example.com:587"}, "WAYPOST_SMTP_URL"},
		{[]string{from, "WAYPOST_SMTP_URL=https://u:topsecret@mail.example.com"}, "WAYPOST_SMTP_URL"},
		{[]string{from, "WAYPOST_SMTP_URL=smtp://u:topsecret%zz@mail.example.com"}, "WAYPOST_SMTP_URL"},
		{[]string{"WAYPOST_MAIL_FROM=nobody"}, "WAYPOST_MAIL_FROM"},
		{[]string{"WAYPOST_MAIL_FROM=a@example.com, b@example.com"}, "WAYPOST_MAIL_FROM"},
	} {
		_, err := Load(c.environ)
		if err == nil || !strings.Contains(err.Error(), c.names) || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%q: %v", c.environ, err)
		}
	}
}
