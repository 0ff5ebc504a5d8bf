package ui

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-%s'; style-src-attr 'unsafe-inline'; img-src 'self' data:; " +
	"font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// gallerySite serves the gallery as a development build does: ?theme=…&brand=….
func gallerySite(t *testing.T) string {
	t.Helper()
	site := http.NewServeMux()
	site.Handle(StaticPath, Static())
	site.HandleFunc("GET /_kit", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", fmt.Sprintf(policy, "n0nce"))
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = Gallery(Theme(r.FormValue("theme")), "n0nce", BrandCSS(r.FormValue("brand"))).Render(r.Context(), w)
	})
	site.HandleFunc("GET /_kit/login", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", fmt.Sprintf(policy, "n0nce"))
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = galleryLogin(Theme(r.FormValue("theme"))).Render(r.Context(), w)
	})
	site.HandleFunc("GET /_kit/search", func(w http.ResponseWriter, r *http.Request) {
		_ = PaletteResults([]HitGroup{{Label: "Offers", Hits: []Hit{{Label: "Lumio Sleep", Detail: "Offer 12", Icon: "building-store", Href: "#one"}, {Label: "Kettlebay " + r.FormValue("q"), Detail: "Offer 13", Icon: "building-store", Href: "#two"}}}}).Render(r.Context(), w)
	})
	site.HandleFunc("GET /_kit/pick", func(w http.ResponseWriter, r *http.Request) {
		var found []Option
		for i, name := range []string{"Lumio Sleep", "Kettlebay", "Kettlebay Coffee"} {
			if strings.Contains(strings.ToLower(name), strings.ToLower(r.FormValue("q"))) {
				found = append(found, Option{Value: fmt.Sprintf("%d · %s", 12+i, name), Label: name, Hint: fmt.Sprint("#", 12+i)})
			}
		}
		_ = PickOptions(found).Render(r.Context(), w)
	})
	site.HandleFunc("GET /_kit/sheet", func(w http.ResponseWriter, r *http.Request) {
		_ = Pairs([]Pair{{Label: "Click ID", Text: "01HZX4T9QK", Copy: true}}).Render(r.Context(), w)
	})
	site.HandleFunc("POST /_kit/theme", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	server := httptest.NewServer(site)
	t.Cleanup(server.Close)
	return server.URL
}

// endChromium ends what chromium started.
var endChromium = func() {}

func TestMain(m *testing.M) {
	code := m.Run()
	endChromium()
	os.Exit(code)
}

// chromium is the one process that all tests of this package open their pages in.
var chromium = sync.OnceValues(func() (context.Context, error) {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		return nil, errors.New("no Chromium found: run make parts, which installs it, or install the package chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("hide-scrollbars", true))
	allocator, endProcess := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, end := chromedp.NewContext(allocator)
	endChromium = func() { end(); endProcess() }
	return ctx, chromedp.Do(ctx)
})

// browser opens a page that shares no cookies with those of other tests.
func browser(t *testing.T) context.Context {
	t.Helper()
	parent, err := chromium()
	if err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // opens it; the limit below ends no browser
		t.Fatalf("open a page: %v", err)
	}
	ctx, cancel = context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// complaints collects what the console and the page say.
type complaints struct {
	mu    sync.Mutex
	lines []string
}

func (c *complaints) add(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines = append(c.lines, line)
}

func (c *complaints) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	lines := c.lines
	c.lines = nil
	return lines
}

func listen(t *testing.T, ctx context.Context) *complaints {
	t.Helper()
	c := &complaints{}
	err := chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			text := e.ExceptionDetails.Text
			if e.ExceptionDetails.Exception != nil {
				text += " " + e.ExceptionDetails.Exception.Description
			}
			c.add(text)
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
				for _, arg := range e.Args {
					c.add(string(arg.Value) + arg.Description)
				}
			}
		case *log.EventEntryAdded:
			c.add(e.Entry.Text + " " + e.Entry.URL)
		}
	})
	if err == nil {
		_, err = chromedp.Call(ctx, log.Enable, cdp.Empty{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// run evaluates an expression and waits for what it promises.
func run[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%.200s: %v", expression, err)
	}
	return value
}

// happens waits up to 20 s for a condition of the page.
func happens(t *testing.T, ctx context.Context, condition string) bool {
	t.Helper()
	return run[bool](t, ctx, `new Promise(answer => { const end = performance.now() + 20000; (function look() { let ok = false; try { ok = `+condition+` } catch {} if (ok || performance.now() > end) answer(!!ok); else setTimeout(look, 20); })(); })`)
}

const watchShifts = `window.cls = 0;
new PerformanceObserver(l => l.getEntries().forEach(e => { if (!e.hadRecentInput) window.cls += e.value; })).observe({ type: 'layout-shift', buffered: true });`

const smallTargets = `[...document.querySelectorAll('a[href],button,input:not([type=hidden]),select,textarea,summary')].filter(e => {
	if (!e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || e.closest('.vh,.skip') || e.classList.contains('vh')) return false;
	const t = e.closest('label') || e, r = t.getBoundingClientRect();
	return r.width > 0 && (r.width < 23.9 || r.height < 23.9);
}).map(e => e.outerHTML.slice(0, 120))`

const axe = `axe.run(document, { runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice'] }).then(r => JSON.stringify(r.violations.map(v => v.id + ': ' + v.help + ' ' + v.nodes.slice(0, 4).map(n => n.target.join(' ') + ' ' + (n.any[0]?.message || '')).join(' | '))))`

func TestGalleryInABrowser(t *testing.T) {
	site, axeText := gallerySite(t), readAxe(t)
	ctx := browser(t)
	heard := listen(t, ctx)
	if _, err := chromedp.Call(ctx, page.SetBypassCSP, page.SetBypassCSPParams{Enabled: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watchShifts}); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"/_kit?theme=light", "/_kit?theme=dark", "/_kit?theme=light&brand=%23ffd400", "/_kit?theme=dark&brand=%23000000", "/_kit/login?theme=light", "/_kit/login?theme=dark"} {
		for _, width := range []int64{1440, 390, 320} {
			name := strings.NewReplacer("/", "", "?", "-", "=", "-", "&", "-", "%23", "").Replace(address) + fmt.Sprint("-", width)
			if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 900), chromedp.Navigate(site+address)); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			run[bool](t, ctx, `document.fonts.ready.then(() => true)`)
			if !happens(t, ctx, `[...document.querySelectorAll('x-chart')].every(c => c.chart)`) {
				t.Errorf("%s: a chart was not drawn", name)
			}
			run[int](t, ctx, axeText+";0")
			violations := run[string](t, ctx, axe)
			shift := run[float64](t, ctx, `window.cls`)
			over := run[float64](t, ctx, `document.documentElement.scrollWidth - innerWidth`)
			small := run[[]string](t, ctx, smallTargets)
			keepPicture(t, ctx, name)
			var found []string
			if err := json.Unmarshal([]byte(violations), &found); err != nil {
				t.Fatal(err)
			}
			for _, v := range found {
				t.Errorf("%s: axe: %s", name, v)
			}
			for _, line := range heard.take() {
				t.Errorf("%s: console: %s", name, line)
			}
			if shift > 0.01 {
				t.Errorf("%s: the layout shifts by %.3f", name, shift)
			}
			if over > 0 {
				t.Errorf("%s: scrolls sideways by %v px", name, over)
			}
			for _, target := range small {
				t.Errorf("%s: a target under 24 px: %s", name, target)
			}
		}
	}
}

// keepPicture writes a screenshot of the whole page into WAYPOST_SCREENSHOTS, where it is set.
func keepPicture(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	folder := os.Getenv("WAYPOST_SCREENSHOTS")
	if folder == "" {
		return
	}
	shot := chromedp.FullScreenshot(100)
	if run[bool](t, ctx, `!!document.querySelector('dialog[open],[popover]:popover-open')`) {
		shot = chromedp.CaptureScreenshot()
	}
	picture, err := chromedp.Run(ctx, shot)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "kit-"+name+".png"), picture, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func readAxe(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("vendor/axe/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestGalleryPrintsNoComponentCall(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := Gallery(ThemeAuto, "", "").Render(context.Background(), &out); err != nil {
		t.Fatal(err)
	}
	if call := regexp.MustCompile(`@[A-Za-z]\w*\(`).FindString(out.String()); call != "" {
		t.Errorf("the page shows %q: a component call that did not start its line", call)
	}
}

// TestGalleryByKeyboard walks the parts that need scripts, under the real policy.
func TestGalleryByKeyboard(t *testing.T) {
	site, axeText := gallerySite(t), readAxe(t)
	ctx := browser(t)
	heard := listen(t, ctx)
	dark := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, dark); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1440, 900), chromedp.Navigate(site+"/_kit?theme=auto&brand=%237c3aad")); err != nil {
		t.Fatal(err)
	}
	if !happens(t, ctx, `customElements.get('x-pick') && customElements.get('x-tokens') && document.querySelector('#chart-lines').chart`) {
		t.Fatal("the scripts did not start")
	}
	for _, step := range []struct {
		name, do, want string
	}{
		{"auto follows the system", ``, `getComputedStyle(document.body).backgroundColor === 'rgb(11, 14, 21)'`},
		{"the brand's tokens pass the policy", ``, `getComputedStyle(document.documentElement).getPropertyValue('--brand').includes('#7c3aad')`},
		{"Ctrl K opens the palette", `document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'k', ctrlKey: true, bubbles: true}))`, `document.querySelector('.palette').open && document.querySelectorAll('.palette [role=option]').length === 2 && document.activeElement.matches('.palette input')`},
		{"arrows choose", `document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowDown', bubbles: true, cancelable: true}))`, `document.querySelector('#palette-1').getAttribute('aria-selected') === 'true' && document.activeElement.getAttribute('aria-activedescendant') === 'palette-1'`},
		{"Enter goes", `document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, cancelable: true}))`, `location.hash === '#two'`},
		{"a key in a field does nothing", `document.querySelector('.palette').close(); document.querySelector('#name').focus(); document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: '?', bubbles: true}))`, `!document.querySelector('#keys').open`},
		{"? lists the keys", `document.activeElement.blur(); document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '?', bubbles: true}))`, `document.querySelector('#keys').open`},
		{"/ goes to the list's search", `document.querySelector('#keys').close(); document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '/', bubbles: true}))`, `document.activeElement.id === 'filter-search'`},
		{"the confirm dialog is filled from its row", `document.querySelector('[data-fill]').click()`, `document.querySelector('#reject').open && document.querySelector('#reject [name=conversion]').value === '8f2k1qd' && document.querySelector('#reject form').action.endsWith('/_kit/reject')`},
		{"the side sheet shows a row", `document.querySelector('#reject').close(); document.querySelector('a[data-sheet]').href = '/_kit/sheet'; document.querySelector('a[data-sheet]').click()`, `document.querySelector('#sheet').open && document.querySelector('#sheet').textContent.includes('01HZX4T9QK') && document.querySelector('#sheet h2').textContent === 'Conversion 8f2k1qd'`},
		{"an unknown token is named", `document.querySelector('#sheet').close()`, `document.querySelector('[data-unknown]').textContent.includes('{clik} is not a known token')`},
		{"a chip inserts at the cursor", `{ const a = document.querySelector('x-tokens textarea'); a.value = 'https://a.example/?x='; a.setSelectionRange(21, 21); document.querySelector('[data-token=sub1]').click() }`, `document.querySelector('x-tokens textarea').value === 'https://a.example/?x={sub1}' && document.querySelector('[data-unknown]').hidden`},
		{"the bulk bar counts", `document.querySelector('thead .tick input').click()`, `document.querySelector('[data-selected]').textContent === '4 selected' && document.querySelector('.bulk').checkVisibility()`},
		{"the save bar shows after a change", `{ const f = document.querySelector('#name'); f.value = 'x'; f.dispatchEvent(new Event('input', {bubbles: true})) }`, `document.querySelector('.savebar').checkVisibility()`},
		{"a menu opens and takes the focus", `{ const b = document.querySelector('[popovertarget=sample-menu]'); b.scrollIntoView({block: 'center', behavior: 'instant'}); b.click() }`, `document.activeElement.textContent.trim() === 'Voluum'`},
		{"type-ahead in a menu", `document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'b', bubbles: true, cancelable: true}))`, `document.activeElement.textContent.trim() === 'Binom'`},
		{"an entry of a menu copies by keys", `document.querySelector('#sample-menu').hidePopover(); navigator.clipboard.writeText = async text => { window.copied = text }; { const b = document.querySelector('[popovertarget=more]'); b.scrollIntoView({block: 'center', behavior: 'instant'}); b.focus(); b.click() }`, `document.querySelector('#more').contains(document.activeElement)`},
		{"it is found by its first letter", `document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 's', bubbles: true, cancelable: true}))`, `document.activeElement.textContent.trim() === 'Share this page'`},
		{"the menu closes and gives the focus back", `document.activeElement.click()`, `window.copied === 'https://network.example/_kit' && location.hash !== '#top' && !document.querySelector('#more').matches(':popover-open') && document.activeElement.getAttribute('popovertarget') === 'more'`},
		{"the chooser of columns opens at its search", `window.asked = ''; document.querySelector('#columns').addEventListener('submit', e => { e.preventDefault(); window.asked = new FormData(e.target, e.submitter).getAll('columns').join() }); { const b = document.querySelector('#columns-button'); b.scrollIntoView({block: 'center', behavior: 'instant'}); b.focus(); b.click() }`, `document.querySelector('#columns').matches(':popover-open') && document.activeElement.matches('#columns input[type=search]')`},
		{"a column is found by its name", `document.activeElement.value = 'comm'; document.activeElement.dispatchEvent(new InputEvent('input', {bubbles: true}))`, `[...document.querySelectorAll('#columns li')].filter(l => l.checkVisibility()).length === 1 && document.querySelector('#columns [role=status]').textContent === '1 column'`},
		{"a column is moved by its button and keeps the focus", `document.activeElement.value = ''; document.activeElement.dispatchEvent(new InputEvent('input', {bubbles: true})); document.querySelector('#columns button[value="<commission"]').focus(); document.activeElement.click()`, `document.activeElement.value === '<commission' && document.querySelectorAll('#columns li')[1].textContent.includes('Commission') && document.querySelector('#columns [role=status]').textContent === 'Commission is number 2 of 4'`},
		{"the columns that are on are asked for in their order", `document.querySelector('#columns input[value=time]').click(); document.querySelector('#columns [type=submit].btn-primary').click()`, `window.asked === 'commission,offer'`},
		{"the theme is chosen", `document.querySelector('#columns').hidePopover(); document.querySelector('button[name=theme][value=light]').click()`, `getComputedStyle(document.body).backgroundColor === 'rgb(245, 246, 248)'`},
		{"tabs of a snippet", `document.querySelector('#snippet [role=tab]').focus(); document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true, cancelable: true}))`, `!document.querySelector('#snippet-code-1').hidden && document.querySelector('#snippet-code-0').hidden`},
		{"a pick opens with what is chosen", `window.sent = []; document.querySelector('#filter').addEventListener('submit', e => { e.preventDefault(); e.stopImmediatePropagation(); sent.push(new FormData(e.target).get('offer')) }, true); document.querySelector('#filter-offer').focus(); document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowDown', bubbles: true, cancelable: true}))`, `document.querySelector('#filter-offer').getAttribute('aria-expanded') === 'true' && document.querySelectorAll('#filter-offer-list [role=option]').length === 3 && document.querySelector('#filter-offer').getAttribute('aria-activedescendant') === 'filter-offer-list-0'`},
		{"Esc closes a pick alone", `document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape', bubbles: true, cancelable: true}))`, `!document.querySelector('#filter-offer-list').matches(':popover-open') && document.activeElement.value === '12 · Lumio Sleep'`},
		{"typing asks the server", `document.activeElement.value = 'kettle'; document.activeElement.dispatchEvent(new InputEvent('input', {bubbles: true}))`, `document.querySelectorAll('#filter-offer-list:popover-open [role=option]').length === 2 && document.activeElement.getAttribute('aria-activedescendant') === 'filter-offer-list-0' && document.querySelector('.pick-bar [role=status]').textContent === '2 names'`},
		{"arrows walk the names", `document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowDown', bubbles: true, cancelable: true}))`, `document.querySelector('#filter-offer-list-1').getAttribute('aria-selected') === 'true' && document.activeElement.getAttribute('aria-activedescendant') === 'filter-offer-list-1'`},
		{"Enter chooses a name and sends its number", `document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, cancelable: true}))`, `document.activeElement.value === '14 · Kettlebay Coffee' && !document.querySelector('#filter-offer-list').matches(':popover-open') && sent.join() === '14'`},
		{"a typed name is taken when the field is left", `document.activeElement.value = 'lumio'; document.activeElement.dispatchEvent(new InputEvent('input', {bubbles: true})); document.activeElement.dispatchEvent(new Event('change', {bubbles: true})); document.activeElement.blur()`, `document.querySelector('#filter-offer').value === '12 · Lumio Sleep' && sent.join() === '14,12'`},
		{"a typed name is taken when the form is sent", `document.querySelector('#filter-offer').focus(); document.activeElement.value = 'coffee'; document.activeElement.dispatchEvent(new InputEvent('input', {bubbles: true})); document.activeElement.form.requestSubmit()`, `document.querySelector('#filter-offer').value === '14 · Kettlebay Coffee' && sent.at(-1) === '14' && sent.length > 2`},
		{"a number is taken as it is", `document.querySelector('#filter-offer').focus(); document.activeElement.value = '77'; document.activeElement.dispatchEvent(new InputEvent('input', {bubbles: true})); document.activeElement.dispatchEvent(new Event('change', {bubbles: true}))`, `document.querySelector('#filter-offer').value === '77' && sent.at(-1) === '77'`},
		{"a dismissed notice stays away", `document.querySelector('[data-dismiss]').click()`, `!document.querySelector('#kit-notice') && document.cookie === 'seen=kit-notice'`},
	} {
		run[int](t, ctx, step.do+";0")
		if !happens(t, ctx, step.want) {
			t.Errorf("%s: did not happen; the focus is on %s", step.name, run[string](t, ctx, `document.activeElement.outerHTML.slice(0, 200)`))
		}
		happens(t, ctx, `[...document.querySelectorAll('dialog[open]')].every(d => d.getAnimations().length === 0)`)
		keepPicture(t, ctx, slug(step.name))
		if run[bool](t, ctx, `!!document.querySelector('dialog[open],[popover]:popover-open')`) {
			run[int](t, ctx, axeText+";0")
			if violations := run[string](t, ctx, axe); violations != "[]" {
				t.Errorf("%s: axe: %s", step.name, violations)
			}
		}
	}
	for _, line := range heard.take() {
		t.Errorf("console: %s", line)
	}
}
