// Toasts stand in #toasts, a status region that every page has. One goes after 6 s, unless it is pointed at or holds
// the focus.
const icon = name => document.querySelector('meta[name=icons]').content + '#' + name;

export const svg = name => {
  const s = document.createElementNS('http://www.w3.org/2000/svg', 'svg'), u = document.createElementNS(s.namespaceURI, 'use');
  s.setAttribute('class', 'icon'); s.setAttribute('aria-hidden', 'true'); u.setAttribute('href', icon(name));
  s.append(u);
  return s;
};

class XToast extends HTMLElement {
  connectedCallback() {
    this.classList.add('toast');
    this.querySelector('[data-close]')?.addEventListener('click', () => this.remove());
    for (const on of ['mouseenter', 'focusin']) this.addEventListener(on, () => clearTimeout(this.timer));
    for (const on of ['mouseleave', 'focusout']) this.addEventListener(on, () => this.start());
    this.start();
  }
  start() { clearTimeout(this.timer); this.timer = setTimeout(() => this.remove(), 6000); }
  disconnectedCallback() { clearTimeout(this.timer); }
}
customElements.define('x-toast', XToast);

document.addEventListener('toast', e => toast(e.detail));

export function toast(text, kind = 'ok') {
  const t = document.createElement('x-toast'), p = document.createElement('p'), b = document.createElement('button');
  t.className = 'toast-' + kind;
  p.textContent = text;
  b.type = 'button'; b.className = 'ib'; b.dataset.close = ''; b.setAttribute('aria-label', 'Dismiss'); b.append(svg('x'));
  t.append(svg(kind === 'ok' ? 'circle-check' : 'alert-triangle'), p, b);
  const region = document.getElementById('toasts');
  region.append(t);
  while (region.children.length > 4) region.firstElementChild.remove();
}
