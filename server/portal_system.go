package server

import (
	"context"
	"fmt"

	portaladmin "github.com/waypost/waypost/portal-admin"
)

// doctor looks at the system for the admin portal, as waypost doctor does.
func (s *Server) doctor(ctx context.Context) (portaladmin.Health, error) {
	h := portaladmin.Health{Version: Version().String(), Roles: fmt.Sprint(s.cfg.Roles())}
	for _, f := range Doctor(ctx, s.cfg, nil, s.log) {
		h.Parts = append(h.Parts, portaladmin.HealthPart{Name: f.Check, State: string(f.Verdict), Found: f.Found, Mend: f.Mend})
	}
	return h, ctx.Err()
}
