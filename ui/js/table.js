// <x-table> counts the selected rows for its bulk bar; shift selects a run, the head's box all of the page.
class XTable extends HTMLElement {
  connectedCallback() { this.addEventListener('click', e => this.click(e)); this.say(); }
  boxes() { return [...this.querySelectorAll('tbody .tick input')]; }
  click(e) {
    if (!e.target.matches('.tick input')) return;
    const all = this.boxes(), at = all.indexOf(e.target);
    if (at < 0) for (const b of all) b.checked = e.target.checked;
    else if (e.shiftKey && this.last >= 0) for (let i = Math.min(at, this.last); i <= Math.max(at, this.last); i++) all[i].checked = e.target.checked;
    this.last = at;
    this.say();
  }
  say() {
    const all = this.boxes(), n = all.filter(b => b.checked).length;
    const head = this.querySelector('thead .tick input'), text = this.querySelector('[data-selected]');
    if (head) { head.checked = n > 0 && n === all.length; head.indeterminate = n > 0 && n < all.length; }
    if (text) text.textContent = n === 1 ? '1 selected' : n + ' selected';
  }
}
customElements.define('x-table', XTable);

// <x-live> pauses and resumes the live list that it names: new rows wait while it is paused.
class XLive extends HTMLElement {
  connectedCallback() {
    this.addEventListener('click', e => {
      const button = e.target.closest('button');
      if (!button) return;
      const list = document.getElementById(this.dataset.for), on = button.getAttribute('aria-pressed') !== 'true';
      button.setAttribute('aria-pressed', String(on));
      list.toggleAttribute('data-paused', on);
      const mark = this.querySelector('.live');
      mark.classList.toggle('paused', on);
      mark.textContent = on ? 'Paused' : 'Live';
      if (!on) { list.prepend(...(list.waiting || []).reverse()); list.waiting = []; }
    });
  }
}
customElements.define('x-live', XLive);
document.addEventListener('htmx:after:swap', e => {
  const list = e.target.closest?.('[data-paused]');
  if (!list) return;
  const held = [...list.querySelectorAll(':scope > .fresh:not([data-held])')];
  for (const row of held) { row.dataset.held = ''; row.remove(); }
  list.waiting = [...held, ...(list.waiting || [])].slice(0, 100);
});
