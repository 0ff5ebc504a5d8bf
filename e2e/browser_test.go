package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	devtools "github.com/chromedp/cdproto/network" // a network is something else in these tests
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// screenshots is where pictures of the pages go when WAYPOST_SCREENSHOTS names a folder.
var screenshots = os.Getenv("WAYPOST_SCREENSHOTS")

// browser is the run's Chromium for one test, whose pages share no cookies with those of others.
type browser struct {
	t   testing.TB
	ctx context.Context
}

func mustBrowser(t testing.TB) *browser {
	t.Helper()
	return &browser{t: t, ctx: chromium(t)}
}

// chromium is the one process that all tests open their pages in.
var chromium = once(func(t testing.TB) context.Context {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatal("no Chromium: make parts installs it")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("force-color-profile", "srgb"))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return ctx
})

// tab is one page with cookies of its own, and what went wrong in it.
type tab struct {
	t    testing.TB
	ctx  context.Context
	base string

	mu     sync.Mutex
	errors []string
	bytes  float64
}

// observe counts layout shifts from the first moment of each document and notes what moved, and marks a document that is
// about to be left.
const observe = `window.cls = 0; window.moved = [];
new PerformanceObserver(l => l.getEntries().forEach(e => {
	if (e.hadRecentInput) return;
	window.cls += e.value;
	const at = r => [r.x, r.y, r.width, r.height].map(Math.round).join(' ');
	for (const s of e.sources) window.moved.push(((s.node?.outerHTML ?? s.node?.textContent) ?? 'what is gone').slice(0, 120) + ' from ' + at(s.previousRect) + ' to ' + at(s.currentRect) + ' after ' + Math.round(e.startTime) + ' ms');
})).observe({ type: 'layout-shift', buffered: true });
navigation.addEventListener('navigate', e => { if (!e.destination.sameDocument && e.downloadRequest === null) window.leaving = true; });
addEventListener('submit', e => { if (!e.defaultPrevented && e.target.method !== 'dialog') window.leaving = true; });
addEventListener('pageshow', () => { window.leaving = false; });`

// mustTab opens a page of that size; base begins the addresses that it visits.
func (b *browser) mustTab(base string, width, height int64) *tab {
	b.t.Helper()
	return mustTabIn(b.t, b.ctx, base, width, height, chromedp.WithNewBrowserContext())
}

func mustTabIn(t testing.TB, parent context.Context, base string, width, height int64, options ...chromedp.ContextOption) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent, options...)
	t.Cleanup(cancel)
	p := &tab{t: t, ctx: ctx, base: base}
	if err := chromedp.Do(ctx); err != nil { // opens it; a later limit ends one action only
		t.Fatalf("open a tab: %v", err)
	}
	if err := chromedp.Listen(ctx, p.hear); err != nil {
		t.Fatal(err)
	}
	var view []chromedp.EmulateViewportOption
	if width < 600 {
		view = append(view, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	p.do(chromedp.EmulateViewport(width, height, view...), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		// Each of several pages acts as the one in front.
		_, err := cdp.Call(ctx, t, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
		if err == nil {
			_, err = cdp.Call(ctx, t, devtools.Enable, devtools.EnableParams{})
		}
		if err == nil {
			_, err = cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: observe})
		}
		return err
	}))
	return p
}

func (p *tab) hear(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		p.errors = append(p.errors, fmt.Sprintf("exception: %+v", e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			var text []string
			for _, a := range e.Args {
				text = append(text, string(a.Value)+a.Description)
			}
			p.errors = append(p.errors, "console: "+strings.Join(text, " "))
		}
	case *devtools.EventLoadingFailed:
		if !e.Canceled {
			p.errors = append(p.errors, "not loaded: "+string(e.BlockedReason)+" "+e.ErrorText)
		}
	case *devtools.EventLoadingFinished:
		p.bytes += e.EncodedDataLength
	case *devtools.EventResponseReceived:
		if e.Response.Status >= 400 && e.Type != devtools.ResourceTypeDocument {
			p.errors = append(p.errors, fmt.Sprintf("%d for %s", e.Response.Status, e.Response.URL))
		}
	}
}

// troubles gives what went wrong since the last call.
func (p *tab) troubles() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := p.errors
	p.errors = nil
	return found
}

// do takes steps; one that cannot be done ends the test.
func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.fail("%v", err)
	}
}

// ask evaluates an expression in the page, and waits for a promise.
func ask[T any](p *tab, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%v\nat %s\nof %.200s", err, p.address(), expression)
	}
	return value
}

// await asks until the expression is true. A page that goes while it is asked is asked again.
func (p *tab) await(what, expression string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	for {
		yes, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`!!(`+expression+`)`))
		if yes && err == nil {
			return
		}
		select {
		case <-ctx.Done():
			p.fail("%s: %v", what, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// fail ends the test and shows where the page stands.
func (p *tab) fail(format string, args ...any) {
	p.t.Helper()
	p.t.Fatalf(format+"\nat %s\n%s\n%s\n%s", append(args, p.address(), p.text("main"), p.text("dialog[open]"), p.text("#toasts"))...)
}

// address is where the page is now.
func (p *tab) address() string {
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	at, _ := chromedp.Run(ctx, chromedp.Location())
	return at
}

// text is what a reader sees of an element; empty where there is none.
func (p *tab) text(selector string) string {
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector(%s)?.innerText ?? ""`, quoted(selector))))
	return text
}

func quoted(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}

// open loads a page and waits until its scripts have run.
func (p *tab) open(path string) {
	p.t.Helper()
	p.do(chromedp.Navigate(p.base + path))
	p.settle()
}

// settle waits until a page that was left has gone, fonts are there and no request of htmx is under way.
func (p *tab) settle() {
	p.t.Helper()
	p.await("the page settles", `!window.leaving && document.readyState === 'complete' && document.fonts.status === 'loaded' && !document.querySelector('.htmx-request')`)
}

// sees waits until the page shows a text.
func (p *tab) sees(text string) {
	p.t.Helper()
	p.await(text+" is to be seen", fmt.Sprintf(`!!document.body?.innerText.includes(%s)`, quoted(text)))
}

// click presses what a reader would call by that name: a button, link, menu item or label.
func (p *tab) click(name string) {
	p.t.Helper()
	p.await("there is "+name, fmt.Sprintf(findByName, quoted(name)))
	p.do(chromedp.Click(chromedp.CSS(`[data-e2e]`)))
	p.settle()
}

// findByName marks the visible thing with that accessible name, the innermost open dialog first.
const findByName = `(() => {
	const name = %s, norm = s => (s ?? '').replace(/\s+/g, ' ').trim();
	const roots = [...document.querySelectorAll('dialog[open], [popover]:popover-open')].reverse(); roots.push(document);
	document.querySelectorAll('[data-e2e]').forEach(e => e.removeAttribute('data-e2e'));
	for (const exact of [true, false]) for (const root of roots) for (const e of root.querySelectorAll('button, a[href], summary, label, [role=option], [role=menuitem], input[type=submit]')) {
		if (!e.checkVisibility({visibilityProperty: true}) || e.disabled) continue;
		const called = [norm(e.getAttribute('aria-label')), norm(e.innerText), norm(e.value)];
		if (called.some(c => exact ? c === name : c.startsWith(name))) { e.setAttribute('data-e2e', ''); e.scrollIntoView({block: 'center'}); return true; }
	}
	return false;
})()`

// fill types into the field with that label, in place of what stood there; in a select it chooses.
func (p *tab) fill(label, value string) {
	p.t.Helper()
	p.fillIn("", label, value)
}

// fillIn is fill within the card or group of that title.
func (p *tab) fillIn(title, label, value string) {
	p.t.Helper()
	p.await("there is a field "+label, fmt.Sprintf(selectField, quoted(title), quoted(label), quoted(value)))
	if ask[bool](p, `document.activeElement?.tagName !== 'SELECT'`) {
		p.do(insert(value))
	}
}

// selectField focuses the field with that label and marks its text, or chooses of a select.
const selectField = `(() => {
	const title = %s, name = %s, value = %s, norm = s => (s ?? '').replace(/\s+/g, ' ').trim();
	const inside = e => !title || [...document.querySelectorAll('h2, legend')].some(h => norm(h.innerText) === title && h.closest('.card, fieldset').contains(e));
	const called = e => [norm(e.ariaLabel), ...[...e.labels ?? []].map(l => norm(l.innerText))];
	const roots = [...document.querySelectorAll('dialog[open]')].reverse(); roots.push(document);
	for (const exact of [true, false]) for (const root of roots) for (const e of root.querySelectorAll('input:not([type=hidden], [type=checkbox], [type=radio]), textarea, select')) {
		if (!e.checkVisibility() || !inside(e) || !called(e).some(c => c && (exact ? c === name : c.startsWith(name)))) continue;
		e.focus();
		if (e.tagName === 'SELECT') {
			const o = [...e.options].find(o => o.value === value || norm(o.text).startsWith(value));
			if (!o) return false;
			e.value = o.value;
			e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true}));
		} else e.select();
		return true;
	}
	return false;
})()`

// mustLogIn logs in by the form and lands on a portal.
func (p *tab) mustLogIn(email, password string) {
	p.t.Helper()
	p.open("/login")
	p.fill("E-mail", email)
	p.fill("Password", password)
	p.click("Log in")
	if at, _ := url.Parse(p.address()); at.Path == "/login" {
		p.t.Fatalf("no log-in as %s: %s", email, p.text("main"))
	}
}

// picture keeps a screenshot of the whole page where WAYPOST_SCREENSHOTS asks for it.
func (p *tab) picture(name string) {
	p.t.Helper()
	if screenshots == "" {
		return
	}
	ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	var png []byte
	for range 2 { // the first may show a canvas as it was before its last drawing, which is nothing
		var err error
		if png, err = chromedp.Run(ctx, chromedp.FullScreenshot(100)); err != nil {
			p.t.Fatal(err)
		}
	}
	if err := os.MkdirAll(screenshots, 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(screenshots, name+".png"), png, 0o644); err != nil {
		p.t.Fatal(err)
	}
}
