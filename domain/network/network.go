// Package network is what holds for the whole network: its name, and what its parties may decide by themselves.
package network

import (
	"context"
	"fmt"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/audit"
	"github.com/waypost/waypost/domain/field"
)

// Settings of the network. There is one of them.
type Settings struct {
	Name              string // as its parties know it
	AdvertisersDecide bool   // advertisers approve and reject their own conversions
	UpdatedAt         time.Time
}

// Store keeps the settings.
type Store interface {
	Get(ctx context.Context) (Settings, error)
	GetForUpdate(ctx context.Context) (Settings, error) // locked until the transaction ends
	Update(ctx context.Context, s Settings) error
}

// Deps is what a Service works with.
type Deps struct {
	Tx    domain.Transactor
	Store Store
	Audit audit.Recorder
	Clock domain.Clock
}

// Service is what can be done with the settings.
type Service struct{ Deps }

// NewService makes the service.
func NewService(d Deps) *Service { return &Service{d} }

// Get reads the settings; every role may. What parties see of them is the door's affair.
func (s *Service) Get(ctx context.Context, actor account.Actor) (Settings, error) {
	if err := actor.Scope().Check(); err != nil {
		return Settings{}, err
	}
	settings, err := s.Store.Get(ctx)
	if err != nil {
		return Settings{}, fmt.Errorf("get network settings: %w", err)
	}
	return settings, nil
}

// Update changes the settings.
func (s *Service) Update(ctx context.Context, actor account.Actor, change func(*Settings)) (Settings, error) {
	if err := actor.Require(account.PermissionManageNetwork); err != nil {
		return Settings{}, err
	}
	var after Settings
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		before, err := s.Store.GetForUpdate(ctx)
		if err != nil {
			return err
		}
		after = before
		change(&after)
		var c field.Checks
		after.Name, err = field.Required(after.Name)
		c.Add("body.name", err)
		if err := c.Err(); err != nil {
			return err
		}
		after.UpdatedAt = s.Clock.Now()
		if err := s.Store.Update(ctx, after); err != nil {
			return err
		}
		e, err := actor.Audit(after.UpdatedAt, "network.update", "network", "settings", before, after)
		if err != nil {
			return err
		}
		return s.Audit.Record(ctx, e)
	})
	if err != nil {
		return Settings{}, fmt.Errorf("update network settings: %w", err)
	}
	return after, nil
}
