package e2e

import (
	"os"
	"strings"
	"sync"
)

// axe is axe-core's text, which is put into pages under test only.
var axe = sync.OnceValue(func() string {
	text, err := os.ReadFile("../ui/vendor/axe/axe.min.js")
	if err != nil {
		panic(err)
	}
	return string(text)
})

// runAxe gives one line for each rule that an element breaks.
const runAxe = `axe.run(document, { runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice'], resultTypes: ['violations'] })
	.then(r => r.violations.map(v => v.id + ': ' + v.nodes.slice(0, 4).map(n => n.target.join(' ') + ' [' + (n.any[0] ?? n.all[0] ?? n.none[0])?.message + ']').join(' | ')))`

// lookPage finds what a check by axe does not: sideways scroll, small targets, unfilled templates, duplicated ids.
const lookPage = `(() => {
	const bad = [], wide = document.documentElement.scrollWidth - innerWidth;
	if (wide > 0) {
		const e = [...document.querySelectorAll('main *')].find(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.tw, [role=region], pre'));
		bad.push('scrolls sideways by ' + wide + ' px: ' + (e?.outerHTML.slice(0, 160) ?? ''));
	}
	if (window.cls > 0.01) bad.push('layout shift ' + window.cls.toFixed(3) + ': ' + window.moved.slice(0, 4).join(' | '));
	const text = document.body.innerText;
	const raw = text.match(/@[A-Z]\w*\(|\{\{|<nil>|%!\w\(|\bundefined\b|\bNaN\b/);
	if (raw) bad.push('raw text ' + raw[0] + ' in …' + text.substr(Math.max(0, raw.index - 30), 80));
	for (const e of document.querySelectorAll('a[href], button, input, select, textarea, summary')) {
		if (e.closest('p, li > span, td.txt') && e.tagName === 'A') continue; // in a sentence
		if (!e.checkVisibility({visibilityProperty: true, opacityProperty: true}) || e.classList.contains('skip') || e.type === 'hidden' || e.ariaHidden === 'true') continue;
		const box = (e.labels?.[0] ?? e).getBoundingClientRect(), own = e.getBoundingClientRect();
		const w = Math.max(box.width, own.width), h = Math.max(box.height, own.height);
		if (w > 1 && (w < 23.5 || h < 23.5)) bad.push('target of ' + Math.round(w) + '×' + Math.round(h) + ' px: ' + e.outerHTML.slice(0, 140));
	}
	for (const c of document.querySelectorAll('td, th')) if (c.checkVisibility() && c.scrollWidth > c.clientWidth + 2 && getComputedStyle(c).overflowX === 'visible')
		bad.push('a cell of ' + c.clientWidth + ' px holds ' + c.scrollWidth + ': ' + c.outerHTML.slice(0, 160));
	for (const c of document.querySelectorAll('.table .wide')) if (c.checkVisibility() && c.getBoundingClientRect().width < 100) {
		bad.push('a wide column of ' + Math.round(c.getBoundingClientRect().width) + ' px: ' + c.outerHTML.slice(0, 160)); break;
	}
	const ids = [...document.querySelectorAll('[id]')].map(e => e.id), twice = ids.find((id, i) => ids.indexOf(id) !== i);
	if (twice) bad.push('two elements with the id ' + twice);
	const h1 = document.querySelectorAll('h1').length;
	if (h1 !== 1) bad.push(h1 + ' h1');
	const keys = document.querySelectorAll('form[method=post]:not(:has([name=csrf]))');
	if (keys.length) bad.push('a form that posts without the csrf field: ' + keys[0].outerHTML.slice(0, 140));
	return bad;
})()`

// audit tells what is wrong with the page as it stands, in each of the themes.
func (p *tab) audit(themes ...string) []string {
	p.t.Helper()
	bad := append(p.troubles(), ask[[]string](p, lookPage)...)
	ask[any](p, axe()+"; 0")
	for _, theme := range themes {
		p.theme(theme)
		for _, broken := range ask[[]string](p, runAxe) {
			bad = append(bad, theme+": axe "+broken)
		}
	}
	return bad
}

// theme turns the page light or dark as the server would have sent it, and lets transitions end.
func (p *tab) theme(theme string) {
	p.t.Helper()
	ask[any](p, `document.documentElement.dataset.theme = `+quoted(theme)+`; document.getAnimations().forEach(a => { try { a.finish() } catch {} });
		new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(0))))`)
}

// slug is a page's address as a file name.
func slug(path string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(path)), "-")
}
