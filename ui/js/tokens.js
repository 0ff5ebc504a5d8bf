// <x-tokens data-known="a b c"> around a text area: marks {tokens}, unknown ones as such, says which are unknown, and
// puts a token in at the cursor when its chip is pressed.
class XTokens extends HTMLElement {
  connectedCallback() {
    this.area = this.querySelector('textarea');
    this.under = this.querySelector('.under');
    this.verdict = this.querySelector('[data-unknown]');
    this.known = this.dataset.known ? new Set(this.dataset.known.split(' ')) : null;
    this.area.addEventListener('input', () => this.paint());
    this.addEventListener('click', e => { const chip = e.target.closest('[data-token]'); if (chip) this.put(chip.dataset.token); });
    this.size = new ResizeObserver(() => this.grow());
    this.size.observe(this);
    document.fonts?.ready.then(() => this.grow());
    this.paint();
  }
  disconnectedCallback() { this.size?.disconnect(); }
  paint() {
    const unknown = new Set();
    this.under.replaceChildren(...this.area.value.split(/(\{[^{}]*\})/).map(part => {
      if (!/^\{.*\}$/s.test(part)) return document.createTextNode(part);
      const mark = document.createElement('mark');
      mark.textContent = part;
      const name = part.slice(1, -1).split(':', 1)[0]; // {status:approved=1} maps values
      if (this.known && !this.known.has(name)) { mark.className = 'unknown'; unknown.add(part); }
      return mark;
    }), '\n');
    if (this.verdict) {
      this.verdict.hidden = unknown.size === 0;
      this.verdict.lastElementChild.textContent = unknown.size === 0 ? '' : [...unknown].join(', ') + (unknown.size === 1 ? ' is not a known token, it would be sent as it stands.' : ' are not known tokens, they would be sent as they stand.');
    }
    this.grow();
  }
  grow() { this.area.style.height = 'auto'; this.area.style.height = this.area.scrollHeight + 2 + 'px'; }
  put(name) {
    const a = this.area;
    a.focus();
    a.setRangeText('{' + name + '}', a.selectionStart, a.selectionEnd, 'end');
    a.dispatchEvent(new Event('input', { bubbles: true }));
  }
}
customElements.define('x-tokens', XTokens);
