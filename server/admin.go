package server

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/api"
	"github.com/waypost/waypost/config"
	"github.com/waypost/waypost/domain/application"
	"github.com/waypost/waypost/domain/history"
	"github.com/waypost/waypost/domain/note"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/domain/work"
	"github.com/waypost/waypost/jobs"
	portaladmin "github.com/waypost/waypost/portal-admin"
	"github.com/waypost/waypost/store/pgstore"
	"github.com/waypost/waypost/web"
)

// adminServices are the use cases of sign-up and of what operators look after.
type adminServices struct {
	applications *application.Service
	notes        *note.Service
	history      *history.Service
	search       *search.Service
	work         *work.Service
}

func newAdminServices(cfg config.Config, st *stores, db *pgstore.DB, s *services) adminServices {
	return adminServices{
		applications: application.NewService(application.Deps{Tx: db, Store: db.Applications(), Network: db.Network(), Users: db.Accounts(),
			Accounts: s.accounts, Affiliates: s.affiliates, Advertisers: s.advertisers, Notices: s.notices, Mail: db.Mails(), Audit: db.Audit(),
			Limiter: st.limiter, Clock: now, Random: rand.Reader, PublicURL: cfg.PublicURL}),
		notes: note.NewService(note.Deps{Tx: db, Store: db.Notes(), Affiliates: db.Affiliates(), Advertisers: db.Advertisers(),
			Audit: db.Audit(), Clock: now}),
		history: history.NewService(db.History()),
		search: search.NewService(search.Deps{Store: db.Search(), Clicks: db.Clicks(), Conversions: db.Conversions(), Signer: s.signer,
			Clock: now}),
		work: work.NewService(db.Work()),
	}
}

// signUpJobs are the periodic jobs of sign-up.
func (s *Server) signUpJobs() []jobs.Periodic {
	return []jobs.Periodic{{Name: "prune_applications", Every: time.Hour, Run: func(ctx context.Context) error {
		_, err := s.services.applications.Prune(ctx)
		return err
	}}}
}

// bodyLimit bounds what a request may send: 1 MiB, and more where a file of changes is imported, by the API or a form.
func bodyLimit() echo.MiddlewareFunc {
	common, file := web.BodyLimit(1<<20), web.BodyLimit(api.MaxImport)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		usual, large := common(next), file(next)
		return func(c echo.Context) error {
			if path := c.Request().URL.Path; path == api.ImportPath || path == portaladmin.ImportPath {
				return large(c)
			}
			return usual(c)
		}
	}
}
