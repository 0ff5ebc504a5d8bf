package portaladvertiser_test

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/portal/portaltest"
)

// A tab in the background has its stream cut and connects again when it is looked at: what happened meanwhile is told,
// and nothing that was told before.
func TestDebuggerGoesOnAfterAPause(t *testing.T) {
	t.Parallel()
	n := mounted(t)
	a, click := n.Advertiser(0), n.ClickIDs[portaltest.ClickBare]
	page := a.Get("/advertiser/debugger?kind=postback_in&click=" + click).Is(200)
	stream, _ := portaltest.Attr(page.All("tbody", "id", "live-rows")[0], "hx-sse:connect")

	n.Call(0, n.Now, "clickid", click, "txid", "P-1", "token", "wrong")
	told, mark := watch(t, n, a, stream, "", "P-1")
	if strings.Count(told, "txid=P-1<") != 1 || mark == "" {
		t.Fatalf("told with the mark %q: %s", mark, told)
	}
	n.Now = n.Now.Add(2 * time.Minute)
	n.Call(0, n.Now, "clickid", click, "txid", "P-2", "token", "wrong")
	n.Now = n.Now.Add(5 * time.Minute)
	n.Call(0, n.Now, "clickid", click, "txid", "P-3", "token", "wrong")
	told, _ = watch(t, n, a, stream, mark, "P-3")
	if strings.Contains(told, "P-1") || strings.Count(told, "txid=P-2<") != 1 || strings.Count(told, "txid=P-3<") != 1 {
		t.Errorf("after the pause: %s", told)
	}
}

// watch connects to a stream as a browser that got mark last, and reads on until a message holds the text.
func watch(t *testing.T, n *portaltest.Network, b *portaltest.Browser, path, mark, text string) (told, last string) {
	t.Helper()
	server := httptest.NewServer(n.Echo)
	defer server.Close() // waits until the stream has ended
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := n.Accounts.StartBrowser(t.Context(), b.User, "192.0.2.1", "test")
	if err != nil {
		t.Fatal(err)
	}
	request.AddCookie(&http.Cookie{Name: "waypost_session", Value: token})
	if mark != "" {
		request.Header.Set("Last-Event-ID", mark)
	}
	client := &http.Client{Timeout: 30 * time.Second}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		told += lines.Text() + "\n"
		if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			last = id
		}
		if lines.Text() == "" && strings.Contains(told, text) {
			return told, last
		}
	}
	t.Fatalf("the stream ended before %s: %v\n%s", text, lines.Err(), told)
	return "", ""
}
