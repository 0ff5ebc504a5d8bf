// Dialogs and side sheets are <dialog>: [data-dialog="id"] opens one, [data-close] closes the one it is in. The browser
// moves the focus in and back.
//
// data-fill copies values of the opener into the dialog: {"name": "value"} fills [data-slot=name] with text and
// [name=…] with a value, data-action sets the form's address. So one dialog serves all rows of a table.
import { toast } from './toast.js';

const show = dialog => { if (dialog && !dialog.open) dialog.showModal(); };

document.addEventListener('click', e => {
  const opener = e.target.closest('[data-dialog]');
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (!dialog) return;
    e.preventDefault();
    for (const [name, value] of Object.entries(JSON.parse(opener.dataset.fill || '{}'))) {
      for (const slot of dialog.querySelectorAll(`[data-slot="${CSS.escape(name)}"]`)) slot.textContent = value;
      for (const field of dialog.querySelectorAll(`[name="${CSS.escape(name)}"]`)) field.value = value;
    }
    if (opener.dataset.action) dialog.querySelector('form[method=post]').action = opener.dataset.action;
    opener.closest('[popover]')?.hidePopover();
    show(dialog);
    return;
  }
  const close = e.target.closest('[data-close]');
  if (close && close.closest('dialog')) close.closest('dialog').close();
  if (e.target instanceof HTMLDialogElement && e.target.hasAttribute('data-light')) e.target.close(); // its backdrop
  const sheet = e.target.closest('a[data-sheet]');
  if (sheet && !e.metaKey && !e.ctrlKey && !e.shiftKey && e.button === 0) { e.preventDefault(); fill(sheet); }
  const dismiss = e.target.closest('[data-dismiss]');
  if (dismiss) forget(dismiss.closest('.banner'));
});

// A link with data-sheet shows its page's part in the side sheet; without scripts, or on an error, it is followed.
async function fill(link) {
  const sheet = document.getElementById('sheet');
  try {
    const answer = await fetch(link.href, { headers: { 'HX-Request': 'true', 'HX-Target': 'dialog#sheet' } });
    if (!answer.ok || answer.redirected) throw new Error(answer.status);
    const body = sheet.querySelector('.dialog-body');
    body.innerHTML = await answer.text();
    sheet.querySelector('h2').textContent = link.dataset.sheet || link.textContent.trim();
    sheet.querySelector('[data-whole]').href = link.href;
    window.htmx.process(body);
    show(sheet);
    sheet.scrollTop = 0;
  } catch { location.href = link.href; }
}

// What was dismissed stands in the cookie "seen", so that the server leaves it out before the page is painted.
function forget(banner) {
  const seen = (document.cookie.match(/(?:^|; )seen=([^;]*)/)?.[1] || '').split('.').filter(id => id && id !== banner.id);
  document.cookie = 'seen=' + [...seen, banner.id].slice(-20).join('.') + '; path=/; max-age=31536000; SameSite=Lax' + (location.protocol === 'https:' ? '; Secure' : '');
  banner.remove();
}

document.addEventListener('DOMContentLoaded', () => {
  for (const d of document.querySelectorAll('dialog[data-open]')) show(d);
  for (const t of document.querySelectorAll('template[data-toast]')) toast(t.content.textContent, t.dataset.toast);
});
