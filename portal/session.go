package portal

import (
	"net/http"
	"strconv"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/ui"
)

// sessionPath tells how long the log-in goes on (GET, which is no use of it), and makes it go on (POST).
const sessionPath = "/session"

func (g *Group) sessionRoutes() {
	g.Poll(sessionPath, sessionLeft)
	g.POST(sessionPath, sessionLeft)
}

// sessionLeft answers the page's warning. The frame has noted a POST as a use of the session, as any page is.
func sessionLeft(f *Frame) error {
	f.Echo.Response().Header().Set("Cache-Control", "no-store")
	return f.Echo.JSON(http.StatusOK, map[string]any{"left": f.secondsLeft(), "final": f.Session.Final()})
}

func (f *Frame) secondsLeft() int { return max(int(f.Session.ExpiresAt.Sub(f.Now)/time.Second), 0) }

// sessionEnd is what the page needs to warn before the log-in ends, and to come back to itself after another.
func (f *Frame) sessionEnd() *ui.Session {
	back := f.back() // of a form that came back with errors
	if f.Echo.Request().Method == http.MethodGet {
		back = f.Echo.Request().URL.RequestURI()
	}
	return &ui.Session{URL: f.Path(sessionPath), Left: f.secondsLeft(), Final: f.Session.Final(), Zone: f.Zone.String(), User: strconv.FormatInt(int64(f.User.ID), 10), Back: back,
		Again: URL("/login", loginInput{Next: back, Again: true}), Minutes: int(account.BrowserIdle / time.Minute), Days: int(account.BrowserLifetime / (24 * time.Hour))}
}
