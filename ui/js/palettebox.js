// <x-palette> is the command palette: a dialog with a combobox. The server answers GET {data-url}?q=… with ready
// options (ui.PaletteResults); what was chosen last stands first while nothing is typed.
class XPalette extends HTMLElement {
  connectedCallback() {
    this.dialog = this.querySelector('dialog');
    this.input = this.querySelector('input');
    this.list = this.querySelector('[role=listbox]');
    this.status = this.querySelector('[role=status]');
    this.input.addEventListener('input', () => { clearTimeout(this.timer); this.timer = setTimeout(() => this.load(), 120); });
    this.input.addEventListener('keydown', e => this.key(e));
    this.list.addEventListener('click', e => this.go(e.target.closest('[role=option]')));
    this.list.addEventListener('mousemove', e => this.select(e.target.closest('[role=option]'), false));
  }
  open() {
    if (this.dialog.open) return;
    this.input.value = '';
    this.dialog.showModal();
    this.load();
  }
  async load() {
    this.flight?.abort();
    const flight = this.flight = new AbortController();
    try {
      const answer = await fetch(this.dataset.url + (this.dataset.url.includes('?') ? '&' : '?') + new URLSearchParams({ q: this.input.value }), { headers: { 'HX-Request': 'true' }, signal: flight.signal });
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      this.list.innerHTML = await answer.text();
    } catch (error) {
      if (error.name === 'AbortError') return;
      this.list.innerHTML = '<p class="none">The search gave no answer. Try again in a moment.</p>';
    }
    const all = this.options();
    all.forEach((o, i) => { o.id = 'palette-' + i; });
    this.status.textContent = all.length === 1 ? '1 result' : all.length + ' results';
    this.select(all[0]);
  }
  options() { return [...this.list.querySelectorAll('[role=option]')]; }
  select(option, scroll = true) {
    if (!option && !scroll) return;
    for (const o of this.options()) o.setAttribute('aria-selected', String(o === option));
    if (option) { this.input.setAttribute('aria-activedescendant', option.id); if (scroll) option.scrollIntoView({ block: 'nearest' }); } else this.input.removeAttribute('aria-activedescendant');
  }
  key(e) {
    const all = this.options(), now = all.findIndex(o => o.getAttribute('aria-selected') === 'true');
    if (e.key === 'ArrowDown') this.select(all[(now + 1) % all.length]);
    else if (e.key === 'ArrowUp') this.select(all[(now - 1 + all.length) % all.length]);
    else if (e.key === 'Enter') this.go(all[now]);
    else return;
    e.preventDefault();
  }
  go(option) { if (option?.dataset.href) location.href = option.dataset.href; }
}
customElements.define('x-palette', XPalette);
