package server

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waypost/waypost/config"
	"github.com/waypost/waypost/domain/mail"
	"github.com/waypost/waypost/store/storetest"
)

// Without a mail server, a mail that was queued is a file in the data folder.
func TestMailGoesToTheDataFolder(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	cfg := config.Config{DataDir: t.TempDir()}
	service, err := newMail(cfg, &stores{db: db}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.InTx(t.Context(), func(ctx context.Context) error {
		return db.Mails().Queue(ctx, mail.Message{To: "ann@example.com", Subject: "Hello", Text: "https://network.example/invitation/x"})
	}); err != nil {
		t.Fatal(err)
	}
	if n, err := service.SendDue(t.Context()); n != 1 || err != nil {
		t.Fatalf("sent %d, %v", n, err)
	}
	files, err := filepath.Glob(filepath.Join(cfg.DataDir, "mail", "*.eml"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v, %v", files, err)
	}
	if raw, err := os.ReadFile(files[0]); err != nil || !strings.Contains(string(raw), "https://network.example/invitation/x") {
		t.Errorf("%s, %v", raw, err)
	}
	cfg.SMTPURL = "smtp://mail.example.com?tls=what"
	if _, err := newMail(cfg, &stores{db: db}, nil); err == nil || !strings.Contains(err.Error(), "WAYPOST_SMTP_URL") {
		t.Errorf("a wrong setting: %v", err)
	}
}

func TestCountries(t *testing.T) {
	t.Parallel()
	none, err := openCountries(config.Config{})
	if c := none.of(netip.MustParseAddr("8.8.8.8")); c != "" || err != nil {
		t.Errorf("without a file: %q, %v", c, err)
	}
	none.watch(t.Context(), nil) // returns at once
	if _, err := openCountries(config.Config{GeoIPDB: filepath.Join(t.TempDir(), "none.mmdb")}); err == nil || !strings.Contains(err.Error(), "WAYPOST_GEOIP_DB") {
		t.Errorf("a missing file: %v", err)
	}
}
