// <x-copy data-text="…"> or <x-copy data-from="id"> around a button copies; where the browser refuses, it selects the
// text instead. <x-snippet> switches its languages by the tab pattern.
import { toast } from './toast.js';

class XCopy extends HTMLElement {
  connectedCallback() {
    this.addEventListener('click', e => {
      if (e.target.closest('a')) e.preventDefault(); // of a menu, for who has no scripts
      const menu = this.closest('[popover]');
      if (menu) { menu.hidePopover(); document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`)?.focus(); }
      this.copy();
    });
  }
  async copy() {
    const from = this.dataset.from && document.getElementById(this.dataset.from);
    const shown = from?.querySelector?.('[role=tabpanel]:not([hidden])') || from;
    const text = this.dataset.text ?? (shown?.value ?? shown?.textContent ?? '').trim();
    try { await navigator.clipboard.writeText(text); toast('Copied'); } catch {
      if (shown) { if (shown.select) shown.select(); else getSelection().selectAllChildren(shown); toast('Not allowed to copy: the text is selected, press Ctrl C or ⌘ C', 'warn'); } else prompt('Copy this text:', text);
    }
  }
}
customElements.define('x-copy', XCopy);

class XSnippet extends HTMLElement {
  connectedCallback() {
    const tabs = [...this.querySelectorAll('[role=tab]')];
    const show = (tab, focus) => {
      for (const t of tabs) {
        t.setAttribute('aria-selected', String(t === tab)); t.tabIndex = t === tab ? 0 : -1;
        document.getElementById(t.getAttribute('aria-controls')).hidden = t !== tab;
      }
      if (focus) tab.focus();
    };
    this.addEventListener('click', e => { const tab = e.target.closest('[role=tab]'); if (tab) show(tab); });
    this.addEventListener('keydown', e => {
      const now = tabs.indexOf(e.target), step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
      if (now < 0) return;
      if (step) show(tabs[(now + step + tabs.length) % tabs.length], true);
      else if (e.key === 'Home') show(tabs[0], true);
      else if (e.key === 'End') show(tabs.at(-1), true);
      else return;
      e.preventDefault();
    });
  }
}
customElements.define('x-snippet', XSnippet);
