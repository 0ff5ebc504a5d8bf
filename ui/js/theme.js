// <x-theme> holds a menu form with one button per theme: the choice shows at once and is kept by the server.
import { csrf } from './wire.js';

class XTheme extends HTMLElement {
  connectedCallback() {
    this.addEventListener('click', e => {
      const button = e.target.closest('button[name=theme]');
      if (!button) return;
      e.preventDefault();
      document.documentElement.dataset.theme = button.value;
      for (const b of this.querySelectorAll('button[name=theme]')) b.setAttribute('aria-checked', String(b === button));
      button.closest('[popover]')?.hidePopover();
      const form = button.form;
      if (form) fetch(form.action, { method: 'POST', headers: { 'X-CSRF-Token': csrf(), 'HX-Request': 'true' }, body: new URLSearchParams({ theme: button.value, csrf: csrf() }) }).catch(() => {});
    });
  }
}
customElements.define('x-theme', XTheme);
