package network

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
)

// MaxLogo is the largest logo, in bytes.
const MaxLogo = 256 << 10

// Logo is the network's picture. Its kind is told by its first bytes, never by whoever sends it; SVG is none of them,
// for it can carry a script.
type Logo struct {
	ContentType string // image/png, image/jpeg or image/webp
	Content     []byte
	Version     string // of the content: another content has another one
}

// NewLogo judges a picture. Errors: too_large, unsupported_image.
func NewLogo(content []byte) (Logo, error) {
	if len(content) > MaxLogo {
		return Logo{}, errs.Invalid("too_large", "a logo has at most %d KiB", MaxLogo>>10)
	}
	l := Logo{Content: content}
	switch {
	case bytes.HasPrefix(content, []byte("\x89PNG\r\n\x1a\n")):
		l.ContentType = "image/png"
	case bytes.HasPrefix(content, []byte("\xff\xd8\xff")):
		l.ContentType = "image/jpeg"
	case len(content) > 12 && bytes.HasPrefix(content, []byte("RIFF")) && string(content[8:12]) == "WEBP":
		l.ContentType = "image/webp"
	default:
		return Logo{}, errs.Invalid("unsupported_image", "a logo is a PNG, JPEG or WebP picture")
	}
	sum := sha256.Sum256(content)
	l.Version = hex.EncodeToString(sum[:8])
	return l, nil
}

// Logo reads the picture, for everybody. Errors: not_found where there is none.
func (s *Service) Logo(ctx context.Context) (Logo, error) {
	l, err := s.Store.GetLogo(ctx)
	if err != nil {
		return Logo{}, fmt.Errorf("get logo: %w", err)
	}
	return l, nil
}

// SetLogo replaces the picture.
func (s *Service) SetLogo(ctx context.Context, actor account.Actor, content []byte) (Settings, error) {
	if err := actor.Require(account.PermissionManageNetwork); err != nil {
		return Settings{}, err
	}
	logo, err := NewLogo(content)
	if err != nil {
		return Settings{}, err
	}
	return s.changeLogo(ctx, actor, logo.Version, func(ctx context.Context) error { return s.Store.SetLogo(ctx, logo) })
}

// DeleteLogo takes the picture away; where there is none it does nothing.
func (s *Service) DeleteLogo(ctx context.Context, actor account.Actor) (Settings, error) {
	if err := actor.Require(account.PermissionManageNetwork); err != nil {
		return Settings{}, err
	}
	return s.changeLogo(ctx, actor, "", s.Store.DeleteLogo)
}

func (s *Service) changeLogo(ctx context.Context, actor account.Actor, version string, write func(context.Context) error) (Settings, error) {
	var after Settings
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		before, err := s.Store.GetForUpdate(ctx)
		if err != nil {
			return err
		}
		after = before
		if before.LogoVersion == version {
			return nil
		}
		after.LogoVersion, after.UpdatedAt = version, s.Clock.Now()
		if err := write(ctx); err != nil {
			return err
		}
		if err := s.Store.Update(ctx, after); err != nil {
			return err
		}
		return s.record(ctx, actor, before, after)
	})
	if err != nil {
		return Settings{}, fmt.Errorf("change logo: %w", err)
	}
	return after, nil
}
