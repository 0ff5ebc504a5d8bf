package server

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/waypost/waypost/config"
)

// lockDataDir makes the data folder and holds it for this process's life: only a second serve on one folder is
// refused. The kernel lets go of the lock when the process dies, however it dies.
func lockDataDir(dir string) (*os.File, error) {
	if err := makeDataDir(dir); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, serveLock), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock of the data folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("another waypost serves from %s: stop it, or set WAYPOST_DATA_DIR to another folder", dir)
		}
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	return f, nil
}

const (
	serveLock           = "serve.lock"
	secretFile          = "secret"          // the generated one
	previousSecretsFile = "secret.previous" // older ones, a line each, put there by a restore
)

func hasSecret(dataDir string) bool {
	_, err := os.Stat(filepath.Join(dataDir, secretFile))
	return err == nil
}

// loadSecret gives WAYPOST_SECRET, or for role all the one generated into the data folder at the first start. Previous
// ones are those of the settings and of the data folder.
func loadSecret(cfg config.Config) (secret []byte, previous [][]byte, err error) {
	for _, s := range cfg.SecretPrevious {
		previous = append(previous, []byte(s))
	}
	if b, err := os.ReadFile(filepath.Join(cfg.DataDir, previousSecretsFile)); err == nil {
		for _, s := range strings.Fields(string(b)) {
			previous = append(previous, []byte(s))
		}
	}
	if cfg.Secret != "" {
		return []byte(cfg.Secret), previous, nil
	}
	text, err := generatedOnce(filepath.Join(cfg.DataDir, secretFile), func() string {
		b := make([]byte, 32)
		_, _ = rand.Read(b)
		return hex.EncodeToString(b)
	})
	if err != nil {
		return nil, nil, fmt.Errorf("generated secret: %w", err)
	}
	if len(text) < 32 {
		return nil, nil, fmt.Errorf("the file secret in %s holds fewer than 32 characters: restore it from a backup; without it click ids and sealed columns are lost", cfg.DataDir)
	}
	return []byte(text), previous, nil
}

// generatedOnce reads a private file, or makes it durably with what make gives.
func generatedOnce(path string, make func() string) (string, error) {
	if b, err := os.ReadFile(path); err == nil {
		return strings.TrimSpace(string(b)), nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	text := make()
	temp := path + ".new"
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(text + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", err
	}
	if err := os.Rename(temp, path); err != nil {
		return "", err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	return text, errors.Join(dir.Sync(), dir.Close())
}
