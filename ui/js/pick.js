// <x-pick> is a combobox: the server offers names while one types (GET {data-url}?q=… answers ui.PickOptions). The first
// name stands chosen once something was typed, and leaving the field or sending the form takes it. A number is taken as
// it is.
const numbered = /^#?\d+( |$)/;

class XPick extends HTMLElement {
  connectedCallback() {
    if (!this.input) {
      this.input = this.querySelector('input');
      this.list = this.querySelector('[role=listbox]');
      this.status = this.querySelector('[role=status]');
      this.input.addEventListener('input', e => {
        if (!e.isTrusted && !this.contains(document.activeElement)) return; // filled by a script
        if (this.choosing) return;
        this.typed = true;
        if (this.unclear()) e.stopPropagation(); // the form hears of the name that is chosen, not of its first letters
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.open(), 120);
      });
      this.input.addEventListener('focus', () => this.input.select());
      this.input.addEventListener('click', () => { if (!this.shown()) this.open(); });
      this.input.addEventListener('blur', () => this.close());
      this.input.addEventListener('keydown', e => this.key(e));
      this.list.addEventListener('pointerdown', e => e.preventDefault()); // the field keeps the focus
      this.list.addEventListener('click', e => this.choose(e.target.closest('[data-value]')));
      this.list.addEventListener('mousemove', e => { const o = e.target.closest('[data-value]'); if (o) this.select(o, false); });
      this.addEventListener('change', e => { if (this.typed && !this.choosing && this.unclear()) { e.stopImmediatePropagation(); this.take(); } }, true);
    }
    // An address names the number alone.
    this.lean = e => { const value = this.input.value; if (numbered.test(value) && this.input.form?.method === 'get' && e.formData.has(this.input.name)) e.formData.set(this.input.name, parseInt(value.replace('#', ''), 10)); };
    this.hold = e => { if (this.typed && this.unclear()) { e.preventDefault(); e.stopImmediatePropagation(); this.send(e.submitter); } };
    this.form = this.input.form;
    this.form?.addEventListener('formdata', this.lean);
    this.form?.addEventListener('submit', this.hold, true);
    this.move = e => { if (this.shown() && !this.list.contains(e.target)) this.place(); };
    addEventListener('scroll', this.move, { passive: true, capture: true });
    addEventListener('resize', this.move);
  }
  disconnectedCallback() {
    clearTimeout(this.timer);
    this.form?.removeEventListener('formdata', this.lean);
    this.form?.removeEventListener('submit', this.hold, true);
    removeEventListener('scroll', this.move, { capture: true });
    removeEventListener('resize', this.move);
  }
  shown() { return this.list.matches(':popover-open'); }
  unclear() { const text = this.input.value.trim(); return text !== '' && !numbered.test(text); }
  options() { return [...this.list.querySelectorAll('[data-value]')]; }
  chosen() { return this.list.querySelector('[aria-selected=true]'); }
  async open() {
    if (this.input.readOnly || this.input.disabled) return false;
    clearTimeout(this.timer);
    this.flight?.abort();
    this.asked = null;
    const text = this.input.value, flight = this.flight = new AbortController(), url = new URL(this.dataset.url, location.href);
    url.searchParams.set('q', this.typed ? text.replace(/^#?(\d+ · )?/, '').trim() : '');
    try {
      const answer = await fetch(url, { headers: { 'HX-Request': 'true' }, signal: flight.signal });
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      this.list.innerHTML = await answer.text();
      this.asked = this.typed ? text : null; // what the list was found by
    } catch (error) {
      if (error.name === 'AbortError') return false;
      this.list.innerHTML = '<div class="none" role="option" aria-selected="false" aria-disabled="true">No names can be offered now. A number works all the same.</div>';
    }
    const all = this.options();
    all.forEach((o, i) => { o.id = this.list.id + '-' + i; });
    this.status.textContent = all.length === 1 ? '1 name' : all.length + ' names';
    if (document.activeElement === this.input) {
      this.list.showPopover();
      this.input.setAttribute('aria-expanded', 'true');
      this.place();
    }
    this.select(this.typed ? all[0] : all.find(o => o.dataset.value === this.input.value));
    return true;
  }
  close() {
    clearTimeout(this.timer);
    if (!this.taking) this.flight?.abort(); // a field that was left may still wait for its name
    if (this.shown()) this.list.hidePopover();
    this.input.setAttribute('aria-expanded', 'false');
    this.input.removeAttribute('aria-activedescendant');
    this.status.textContent = '';
  }
  place() {
    const at = this.input.getBoundingClientRect(), style = this.list.style;
    style.width = Math.max(at.width, Math.min(280, innerWidth - 16)) + 'px';
    const size = this.list.getBoundingClientRect();
    style.left = Math.max(8, Math.min(at.left, innerWidth - size.width - 8)) + 'px';
    style.top = (at.bottom + size.height + 8 > innerHeight && at.top > size.height ? at.top - size.height - 8 : at.bottom) + 'px';
  }
  select(option, scroll = true) {
    if (scroll) this.first = option; // what a hand only passes over is not taken on leaving
    for (const o of this.options()) o.setAttribute('aria-selected', String(o === option));
    if (!option || !this.shown()) { this.input.removeAttribute('aria-activedescendant'); return; }
    this.input.setAttribute('aria-activedescendant', option.id);
    if (scroll) option.scrollIntoView({ block: 'nearest' });
  }
  async key(e) {
    if (e.ctrlKey || e.metaKey || e.isComposing) return;
    if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
      e.preventDefault();
      if (!this.shown()) { await this.open(); return; }
      const all = this.options(), now = all.indexOf(this.chosen());
      if (all.length) this.select(all[e.key === 'ArrowDown' ? (now + 1) % all.length : (now - 1 + all.length) % all.length]);
    } else if (e.key === 'Escape' && this.shown()) {
      e.preventDefault(); // what lies around stays open
      e.stopPropagation();
      this.close();
    } else if (e.key === 'Enter') {
      if (this.shown() && this.chosen() && (!this.typed || this.unclear() && this.asked === this.input.value)) { e.preventDefault(); this.choose(this.chosen()); } else if (this.typed && this.unclear()) { e.preventDefault(); this.take(); } else this.close();
    }
  }
  // take brings a typed text to the name that stands chosen, of a list that may still have to come.
  async take() {
    const text = this.input.value;
    this.taking = (this.taking ?? 0) + 1;
    const found = this.asked === text || await this.open();
    this.taking--;
    if (found && this.typed && this.input.value === text) this.choose(this.first);
  }
  // send sends the form once the name is taken. One that nothing has goes as it is: the server says what is wrong.
  async send(button) {
    let sent = false; // by the name that was taken, as a filter is
    const note = () => { sent = true; };
    this.form.addEventListener('submit', note);
    await this.take();
    this.form?.removeEventListener('submit', note);
    this.typed = false;
    if (!sent && this.form?.isConnected) this.form.requestSubmit(button);
  }
  choose(option) {
    if (!option) return;
    this.choosing = true;
    this.typed = false;
    this.input.value = option.dataset.value;
    this.close();
    this.input.dispatchEvent(new Event('input', { bubbles: true }));
    this.input.dispatchEvent(new Event('change', { bubbles: true }));
    this.choosing = false;
  }
}
customElements.define('x-pick', XPick);
