// <x-session> warns two minutes before the log-in ends: idle sessions go on with one request, those at their last limit
// by another log-in. Before it says anything it asks the server, since another tab may have been used meanwhile.
//
// It is fetched when it may be needed (wire.js), and imports nothing, so that no page carries it from the start.

const warnAt = 120_000, again = 10_000; // ms

class XSession extends HTMLElement {
  static observedAttributes = ['data-left'];
  connectedCallback() {
    this.dialog = this.querySelector('dialog');
    this.querySelector('[data-stay]').addEventListener('click', () => this.ask('POST'));
    this.querySelector('[data-again]').addEventListener('click', keepAll);
    this.wake = () => { if (!document.hidden && this.end - Date.now() < warnAt) this.ask('GET'); }; // timers sleep with the machine
    document.addEventListener('visibilitychange', this.wake);
    addEventListener('pageshow', this.wake);
    this.end = performance.timeOrigin + this.dataset.left * 1000; // it is told as the page came
    this.plan();
  }
  disconnectedCallback() {
    clearTimeout(this.timer);
    document.removeEventListener('visibilitychange', this.wake);
    removeEventListener('pageshow', this.wake);
  }
  attributeChangedCallback() { if (this.dialog) this.until(+this.dataset.left); }
  until(seconds) {
    this.end = Date.now() + seconds * 1000;
    this.plan();
  }
  plan() {
    clearTimeout(this.timer);
    const left = this.end - Date.now();
    if (left > warnAt) {
      if (this.dialog.open) this.dialog.close();
      this.timer = setTimeout(() => this.ask('GET'), Math.min(left - warnAt, 2 ** 31 - 1));
      return;
    }
    this.show('final' in this.dataset ? 'final' : 'idle');
    this.timer = setTimeout(() => this.ask('GET'), Math.max(Math.min(left, again), 1000));
  }
  async ask(method) {
    try {
      const answer = await fetch(this.dataset.url, { method, redirect: 'manual', headers: { 'HX-Request': 'true', 'X-CSRF-Token': document.querySelector('meta[name=csrf-token]').content } });
      if (answer.status === 401 || answer.type === 'opaqueredirect') { this.show('over'); clearTimeout(this.timer); return; }
      if (!answer.ok) throw new Error(answer.status);
      const { left, final } = await answer.json();
      this.toggleAttribute('data-final', final);
      this.until(left);
    } catch {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.ask('GET'), again); // no answer is no end
    }
  }
  show(state) {
    for (const part of this.querySelectorAll('[data-state]')) part.hidden = !part.dataset.state.split(' ').includes(state);
    for (const time of this.querySelectorAll('time')) time.textContent = new Date(this.end).toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: this.dataset.zone });
    if (this.state === state) return;
    this.state = state;
    if (!this.dialog.open) this.dialog.showModal();
  }
}
customElements.define('x-session', XSession);

// What was typed survives a log-in that came in between: in this tab alone, without passwords and files, and only for
// the same user on the same page. A form that is sent keeps itself too, since its session may be over.

const slot = 'draft';
const secret = f => ['password', 'hidden', 'file', 'submit', 'button', 'reset', 'image'].includes(f.type) || f.autocomplete === 'one-time-code';
const typed = form => [...form.elements].filter(f => f.name && !f.disabled && !secret(f) && f.type !== 'fieldset');
const changed = f => f.options ? [...f.options].some(o => o.selected !== o.defaultSelected) : 'checked' in f && /checkbox|radio/.test(f.type) ? f.checked !== f.defaultChecked : f.value !== f.defaultValue;
const state = f => [f.name, f.type, f.options ? [...f.selectedOptions].map(o => o.value) : f.value, !!f.checked];
const page = () => document.querySelector('x-session')?.dataset;

function keep(forms) {
  const here = page();
  const all = forms.map(form => [form.getAttribute('action'), typed(form).map(state)]).filter(([, fields]) => fields.length);
  try {
    sessionStorage.removeItem(slot);
    if (here && all.length) sessionStorage.setItem(slot, JSON.stringify({ user: here.user, at: here.back, all }));
  } catch { /* no storage: nothing is kept */ }
}

// keepAll keeps every form of the page that was changed; the page is left for a log-in then.
export function keepAll() {
  keep([...document.querySelectorAll('form[method=post]')].filter(form => typed(form).some(changed)));
  document.documentElement.dataset.leaving = ''; // for a log-in: nothing is lost
}

document.addEventListener('submit', e => { if (!e.defaultPrevented && e.target.getAttribute('method') === 'post' && page()) keep([e.target]); });

function fill(form, fields) {
  for (const f of typed(form)) {
    const i = fields.findIndex(([name, type, value]) => name === f.name && type === f.type && (!/checkbox|radio/.test(type) || value === f.value));
    if (i < 0) continue;
    const [[, , value, checked]] = fields.splice(i, 1);
    if (f.options) for (const o of f.options) o.selected = value.includes(o.value);
    else if (/checkbox|radio/.test(f.type)) f.checked = checked;
    else f.value = value;
    if (changed(f)) for (const name of ['input', 'change']) f.dispatchEvent(new Event(name, { bubbles: true }));
  }
}

// A page of the log-in marks what was kept as waiting for its return; any other page takes it.
function returned() {
  let kept = null;
  try { kept = JSON.parse(sessionStorage.getItem(slot)); } catch { /* none */ }
  if (!kept) return;
  const here = page();
  if (!here) {
    if (location.pathname.startsWith('/login')) sessionStorage.setItem(slot, JSON.stringify({ ...kept, back: true }));
    return;
  }
  sessionStorage.removeItem(slot);
  if (!kept.back || kept.user !== here.user || kept.at !== here.back) return;
  let found = false;
  for (const [action, fields] of kept.all) {
    const form = [...document.querySelectorAll('form[method=post]')].find(form => form.getAttribute('action') === action);
    if (form) { fill(form, fields); found ||= typed(form).some(changed); }
  }
  if (found) document.dispatchEvent(new CustomEvent('toast', { detail: 'What you typed before you logged in again is back. It is not saved yet.' }));
}
returned();
