package e2e

import (
	"context"
	"fmt"
	"net/url"

	devbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const (
	enter  = kb.Enter
	tabKey = kb.Tab
	esc    = kb.Escape
	space  = " "
	down   = kb.ArrowDown
)

func navigate(address string) chromedp.Action[chromedp.Void] { return chromedp.Navigate(address) }

// insert types a text at once, as a paste does.
func insert(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, input.InsertText, input.InsertTextParams{Text: text})
		return err
	})
}

// press presses keys one after the other.
func (p *tab) press(keys string, modifiers ...chromedp.Modifier) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(keys, chromedp.KeyModifiers(modifiers...)))
}

// path is the address below the server's.
func (p *tab) path() string {
	u, _ := url.Parse(p.address())
	return u.Path
}

// follow clicks the first element that a selector finds.
func (p *tab) follow(selector string) {
	p.t.Helper()
	p.await("there is "+selector, fmt.Sprintf(`!!document.querySelector(%s)`, quoted(selector)))
	p.do(chromedp.Click(chromedp.CSS(selector)))
	p.settle()
}

// pick types a part of a name into the field with that label, and clicks the name once it is offered.
func (p *tab) pick(label, part, name string) {
	p.t.Helper()
	p.fill(label, part)
	p.await(name+" is offered", fmt.Sprintf(`[...document.querySelectorAll('[role=listbox]:popover-open [role=option]')].some(o => o.innerText.startsWith(%s))`, quoted(name)))
	p.click(name)
	p.await(name+" is taken", fmt.Sprintf(`document.activeElement.role === 'combobox' && document.activeElement.value.endsWith(' · ' + %s)`, quoted(name)))
}

// choose clicks a radio button or checkbox in the card or group of that title.
func (p *tab) choose(title, label string) {
	p.t.Helper()
	p.await("there is "+label+" under "+title, fmt.Sprintf(findChoice, quoted(title), quoted(label)))
	p.do(chromedp.Click(chromedp.CSS(`[data-e2e]`)))
}

// check clicks a checkbox that is not checked yet.
func (p *tab) check(label string) {
	p.t.Helper()
	p.await("there is "+label, fmt.Sprintf(findChoice, quoted(""), quoted(label)))
	if ask[bool](p, `!document.querySelector('[data-e2e]').control.checked`) {
		p.do(chromedp.Click(chromedp.CSS(`[data-e2e]`)))
	}
}

const findChoice = `(() => {
	const title = %s, name = %s, norm = s => (s ?? '').replace(/\s+/g, ' ').trim();
	document.querySelectorAll('[data-e2e]').forEach(e => e.removeAttribute('data-e2e'));
	for (const l of document.querySelectorAll('label')) {
		if (!l.checkVisibility() || !norm(l.innerText).startsWith(name) || !['radio', 'checkbox'].includes(l.control?.type)) continue;
		if (title && ![...document.querySelectorAll('h2, legend')].some(h => norm(h.innerText) === title && h.closest('.card, fieldset').contains(l))) continue;
		l.setAttribute('data-e2e', ''); l.scrollIntoView({block: 'center'});
		return true;
	}
	return false;
})()`

// allowClipboard lets the page copy, and the test read what was copied.
func (p *tab) allowClipboard() {
	p.t.Helper()
	c := chromedp.FromContext(p.ctx)
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		params := devbrowser.SetPermissionParams{Permission: &devbrowser.PermissionDescriptor{Name: name}, Setting: devbrowser.PermissionSettingGranted,
			Origin: p.base, BrowserContextID: c.BrowserContextID}
		if _, err := cdp.Call(p.ctx, c.Browser, devbrowser.SetPermission, params); err != nil {
			p.t.Fatal(err)
		}
	}
}
