package portaladmin

import (
	"context"

	"github.com/waypost/waypost/portal"
)

// HealthPart is a part of the system and how it fares.
type HealthPart struct {
	Name  string
	State string // "ok", "warn" or "fail"
	Found string
	Mend  string // what to do; empty where all is well
}

// Health tells how the parts of the system fare, and which version and roles this process has.
type Health struct {
	Version string
	Roles   string
	Parts   []HealthPart
}

// Doctor looks at the whole system.
type Doctor func(ctx context.Context) (Health, error)

// trafficRoutes are the pages of traffic and of the system.
func (a *admin) trafficRoutes(g *portal.Group) {
	g.Reports(a.Reports)

	g.List("/conversions", a.conversions)
	g.GET("/conversions/new", a.newConversion)
	g.POST("/conversions/new", a.makeConversion)
	g.GET("/conversions/import", a.importForm)
	g.POST("/conversions/import", a.importSheet)
	g.POST("/conversions/bulk", a.bulkPreview)
	g.POST("/conversions/bulk/apply", a.bulkApply)
	g.GET("/conversions/:id", a.conversion)
	g.POST("/conversions/:id", a.editConversion)

	g.List("/clicks", a.clicks)

	g.List("/postback-log", a.calls)
	g.POST("/postback-log/replay", a.replayCalls)
	g.GET("/postback-log/:id", a.call)
	g.POST("/postback-log/:id/replay", a.replayCall)

	g.List("/deliveries", a.deliveries)
	g.POST("/deliveries/resend", a.resendDeliveries)
	g.GET("/deliveries/:id", a.delivery)
	g.POST("/deliveries/:id/resend", a.resendDelivery)

	g.GET("/rates", a.rates)
	g.POST("/rates", a.putRate)

	g.GET("/people", a.people)
	g.POST("/people", a.invitePerson)
	g.GET("/people/roles", a.roles)
	g.GET("/people/:user", a.person)
	g.POST("/people/:user", a.changePerson)
	g.POST("/people/:user/invite", a.invitePersonAgain)
	g.POST("/people/:user/factor", a.resetFactor)
	g.POST("/people/:user/sessions/end", a.endSessions)

	g.GET("/settings", a.settings)
	g.POST("/settings", a.saveSettings)
	g.GET("/settings/sign-up", a.signUpSettings)
	g.POST("/settings/sign-up", a.saveSignUp)
	g.GET("/settings/brand", a.brandSample)
	g.POST("/settings/logo", a.saveLogo)
	g.POST("/settings/logo/delete", a.deleteLogo)

	g.GET("/audit", a.audit)
	g.GET("/system", a.system)
}
