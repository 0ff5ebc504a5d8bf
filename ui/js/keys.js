// Keyboard: Ctrl or ⌘ K opens the palette; single keys work outside fields only, and not at all while the user has
// switched them off (data-keys="off" on <html>).
import { openPalette, palette } from './palette.js';

let after = '', when = 0;
document.addEventListener('keydown', e => {
  if ((e.ctrlKey || e.metaKey) && !e.altKey && e.key.toLowerCase() === 'k') { if (palette()) { e.preventDefault(); openPalette(); } return; }
  if (e.ctrlKey || e.metaKey || e.altKey || document.documentElement.dataset.keys === 'off') return;
  if (e.target.closest?.('input,textarea,select,[contenteditable],dialog[open],[role=menu]')) return;
  const led = after === 'g' && e.timeStamp - when < 1500;
  after = e.key; when = e.timeStamp;
  let to = null;
  if (led) to = document.querySelector(`a[data-key="g ${CSS.escape(e.key)}"]`);
  else if (e.key === '?') to = document.querySelector('[data-dialog=keys]');
  else if (e.key === 'n') to = document.querySelector('[data-key=n]');
  else if (e.key === '/') { const find = document.querySelector('.find input'); if (find) { e.preventDefault(); find.focus(); find.select(); } else if (palette()) { e.preventDefault(); openPalette(); } return; }
  else if (e.key === 'j' || e.key === 'k') { row(e.key === 'j' ? 1 : -1); return; }
  else if (e.key === 'x') document.activeElement?.closest?.('tr')?.querySelector('.tick input')?.click();
  if (to) { e.preventDefault(); after = ''; to.click(); }
});

function row(step) {
  const links = [...document.querySelectorAll('.table tbody tr')].map(r => r.querySelector('a[href],button')).filter(Boolean);
  if (!links.length) return;
  const now = links.findIndex(l => l.closest('tr').contains(document.activeElement));
  links[Math.max(0, Math.min(links.length - 1, now + step))].focus();
}
