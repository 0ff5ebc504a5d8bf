package portal_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/portal/portaltest"
)

// bare is a network with a portal of operators that has one page, one stream and one part that is polled.
func bare(t *testing.T) *portaltest.Network {
	t.Helper()
	n := portaltest.New(t)
	g := n.Portal.Door(n.Echo, portal.Door{Kind: portal.Admin, Name: "Admin portal"})
	ok := func(f *portal.Frame) error { return f.Echo.NoContent(http.StatusNoContent) }
	g.GET("/page", ok)
	g.Poll("/poll", ok)
	g.Stream("/stream", func(ctx context.Context, _ *portal.Frame, _ *portal.Stream) error {
		<-ctx.Done()
		return nil
	})
	return n
}

// Streams poll for as long as they are open: a session has four, a user sixteen, and one that ended makes room.
func TestStreamsAreCounted(t *testing.T) {
	t.Parallel()
	n := bare(t)
	server := httptest.NewServer(n.Echo)
	t.Cleanup(server.Close)
	t.Cleanup(n.Portal.EndStreams)
	user := n.Operator(account.RoleViewer).User
	session := func() string {
		token, err := n.Accounts.StartBrowser(t.Context(), user, "192.0.2.1", "test")
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	open := func(token string) (status int, end func()) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/admin/stream", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.AddCookie(&http.Cookie{Name: "waypost_session", Value: token})
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cancel(); answer.Body.Close() })
		return answer.StatusCode, cancel
	}
	first := session()
	var end func()
	for i := range 4 {
		status, cancel := open(first)
		if end = cancel; status != http.StatusOK {
			t.Fatalf("stream %d: %d", i, status)
		}
	}
	if status, _ := open(first); status != http.StatusTooManyRequests {
		t.Errorf("the fifth of a session: %d", status)
	}
	end()
	for deadline := time.Now().Add(10 * time.Second); ; { // until the server has seen it go
		status, _ := open(first)
		if status == http.StatusOK {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("a stream that ended makes no room: %d", status)
		}
	}
	for range 3 {
		another := session()
		for range 4 {
			if status, _ := open(another); status != http.StatusOK {
				t.Fatalf("another session's: %d", status)
			}
		}
	}
	if status, _ := open(session()); status != http.StatusTooManyRequests {
		t.Errorf("the seventeenth of a user: %d", status)
	}
}

// A tab that only polls does not keep its session going; a page that is opened does.
func TestPollsAreNoUse(t *testing.T) {
	t.Parallel()
	n := bare(t)
	b := n.Operator(account.RoleViewer)
	until := func() time.Time {
		t.Helper()
		var at time.Time
		if err := n.DB.Pool().QueryRow(t.Context(), `SELECT max(expires_at) FROM browser_sessions WHERE user_id = $1`, b.User.ID).Scan(&at); err != nil {
			t.Fatal(err)
		}
		return at
	}
	b.Get("/admin/page").Is(204)
	before := until()
	n.Now = n.Now.Add(time.Hour)
	b.Get("/admin/poll").Is(204)
	if got := until(); !got.Equal(before) {
		t.Errorf("a poll moved the end from %s to %s", before, got)
	}
	b.Get("/admin/page").Is(204)
	if !until().After(before) {
		t.Error("a page did not move the end")
	}
	n.Now = n.Now.Add(account.BrowserIdle + time.Minute)
	b.Get("/admin/poll").To("/login?next=%2Fadmin%2Fpoll")
}
