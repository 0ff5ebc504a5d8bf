package server

import (
	"log/slog"

	"github.com/waypost/waypost/domain/view"
	"github.com/waypost/waypost/store/pgstore"
)

func newViews(db *pgstore.DB, log *slog.Logger) *view.Service {
	return view.NewService(view.Deps{Tx: db, Store: db.Views(), Users: db.Accounts(), Clock: now, Log: componentLog(log, "views")})
}
