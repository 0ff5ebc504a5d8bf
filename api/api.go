package api

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/application"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/export"
	"github.com/waypost/waypost/domain/history"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/domain/live"
	"github.com/waypost/waypost/domain/network"
	remark "github.com/waypost/waypost/domain/note" // note is what the document tells of an operation
	"github.com/waypost/waypost/domain/notice"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/domain/trace"
	saved "github.com/waypost/waypost/domain/view" // view is a row as a list shows it
	"github.com/waypost/waypost/domain/work"
	"github.com/waypost/waypost/web"
)

// Base is the path that all routes begin with.
const Base = "/api/v1"

// Deps is what the API needs: the use cases, and how callers prove who they are.
type Deps struct {
	Tokens      *web.Tokens
	Accounts    *account.Service
	Advertisers *advertiser.Service
	Affiliates  *affiliate.Service
	Offers      *offer.Service
	Coupons     *offer.CouponService
	Postbacks   *postback.Service
	Clicks      *click.Service
	Conversions *conversion.Service
	Ledger      *ledger.Service
	Reports     *report.Service
	Network     *network.Service
	Traces      *trace.Service
	TraceLinks  *trace.Links
	Live        *live.Service
	Notices     *notice.Service

	Applications *application.Service
	Notes        *remark.Service
	History      *history.Service
	Search       *search.Service
	Work         *work.Service
	Views        *saved.Service
	Exports      *export.Service

	Clock domain.Clock
	Log   *slog.Logger
}

// Mount adds the API, its OpenAPI document and its documentation page to e. Without an IPExtractor of its own, e gets
// one that believes no header.
func Mount(e *echo.Echo, d Deps) error {
	openAPI := newService(e, d).api.OpenAPI()
	describeDoors(openAPI)
	openResponses(openAPI)
	if err := describe(openAPI); err != nil {
		return fmt.Errorf("describe the API: %w", err)
	}
	document, err := json.Marshal(openAPI)
	if err != nil {
		return fmt.Errorf("render OpenAPI document: %w", err)
	}
	e.GET("/api/openapi.json", func(c echo.Context) error {
		return c.Blob(http.StatusOK, "application/json", document)
	})
	mountDocs(e)
	mountLogo(e, d)
	return nil
}

// service is the API with its use cases; its methods are the routes and handlers of the resources.
type service struct {
	Deps
	api huma.API
}

// newService adds the routes to e.
func newService(e *echo.Echo, d Deps) *service {
	if e.IPExtractor == nil {
		e.IPExtractor = web.ClientIP(nil)
	}
	s := &service{Deps: d, api: humaecho.NewWithGroup(e, e.Group(Base), newConfig())}
	s.authRoutes()
	s.meRoutes()
	s.secondFactorRoutes()
	s.userRoutes()
	s.keyRoutes()
	s.advertiserRoutes()
	s.affiliateRoutes()
	s.offerRoutes()
	s.goalRoutes()
	s.accessRoutes()
	s.linkRoutes()
	s.presetRoutes()
	s.postbackRoutes()
	s.clickRoutes()
	s.traceLinkRoutes()
	s.liveRoutes()
	s.conversionRoutes()
	s.logRoutes()
	s.deliveryRoutes()
	s.balanceRoutes()
	s.reportRoutes()
	s.rateRoutes()
	s.networkRoutes()
	s.noticeRoutes()
	s.couponRoutes()
	s.bulkRoutes()
	s.applicationRoutes()
	s.noteRoutes()
	s.historyRoutes()
	s.searchRoutes()
	s.workRoutes()
	s.viewRoutes()
	s.exportRoutes()
	return s
}

// version is that of the contract, not of the program.
const version = "1"

var humaOnce sync.Once

// newConfig is huma without its extras: no $schema in bodies, no documentation page from a CDN.
func newConfig() huma.Config {
	humaOnce.Do(func() { // settings that huma keeps in its package
		huma.NewError = newHumaError
		huma.ValidateStrictCasing = true // a field in another case is an unknown field
		huma.DefaultArrayNullable = false
	})
	config := huma.DefaultConfig("Waypost", version)
	config.CreateHooks = nil
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.Formats = map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat, csvType: csvFormat}
	config.Servers = []*huma.Server{{URL: Base}}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		bearer: {Type: "http", Scheme: "bearer", Description: "The access token of a log-in (POST /auth/login), or an API key (POST /api-keys, wp_…)."},
	}
	return config
}
