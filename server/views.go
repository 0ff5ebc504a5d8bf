package server

import (
	"context"
	"log/slog"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/export"
	"github.com/waypost/waypost/domain/view"
	"github.com/waypost/waypost/jobs"
	"github.com/waypost/waypost/store/pgstore"
)

func newViews(db *pgstore.DB, exports *export.Service, log *slog.Logger) *view.Service {
	return view.NewService(view.Deps{Tx: db, Store: db.Views(), Users: db.Accounts(), Files: mailedFiles{exports}, Clock: now, Log: componentLog(log, "views")})
}

// mailedFiles orders the files of views; it implements view.Files.
type mailedFiles struct{ exports *export.Service }

// OrderMailed implements view.Files.
func (m mailedFiles) OrderMailed(ctx context.Context, actor account.Actor, path string, format view.Format, title string) error {
	_, err := m.exports.Order(ctx, actor, export.Order{Path: path, Format: export.Format(format), Title: title, ByMail: true})
	return err
}

// viewJobs are the periodic jobs of saved views.
func (s *Server) viewJobs() []jobs.Periodic {
	return []jobs.Periodic{{Name: "views", Every: time.Minute, Run: func(ctx context.Context) error { _, err := s.services.views.Due(ctx); return err }}}
}
