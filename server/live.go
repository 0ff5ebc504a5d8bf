package server

import (
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/live"
)

// newLive watches what just happened.
func newLive(clicks *click.Service, s *services) *live.Service {
	return live.NewService(clicks, s.conversions, s.postbacks, now)
}
