// What every request of htmx and of our elements has in common.
import { toast } from './toast.js';

export const csrf = () => document.querySelector('meta[name=csrf-token]')?.content || '';

document.addEventListener('htmx:config:request', e => {
  const token = csrf();
  if (token) e.detail.ctx.request.headers['X-CSRF-Token'] = token;
});

// A live list keeps its newest 100 rows.
document.addEventListener('htmx:after:swap', e => {
  const list = e.target.closest?.('[data-keep]');
  if (list) while (list.children.length > +list.dataset.keep) list.lastElementChild.remove();
});

const failed = () => toast('That did not work: the server gave no answer. Check the connection, then try again.', 'bad');
document.addEventListener('htmx:error', e => { if (e.detail?.error?.name !== 'AbortError') failed(); });
document.addEventListener('htmx:response:error', e => {
  const status = e.detail?.ctx?.response?.status;
  if (status === 401) { session().then(s => s.keepAll()).finally(() => location.reload()); return; }
  if (status >= 500) toast('The server could not do that. Try again in a moment.', 'bad');
});

// The pressed button of a plain form says that it works, and cannot be pressed twice.
document.addEventListener('submit', e => {
  if (e.defaultPrevented || e.target.method === 'dialog' || e.target.target) return;
  const button = e.submitter;
  if (!button?.classList.contains('btn') || e.target.hasAttribute('data-download')) return;
  setTimeout(() => { if (!e.defaultPrevented) button.setAttribute('aria-busy', 'true'); });
});
addEventListener('pageshow', e => { if (e.persisted) for (const b of document.querySelectorAll('.btn[aria-busy]')) b.removeAttribute('aria-busy'); });

// What warns of the end of the log-in and keeps what is typed is fetched once something is typed, ten minutes before
// the end, or where something was kept.
const session = () => import('./session.js');
const ends = document.querySelector('x-session');
if (ends) {
  addEventListener('input', session, { once: true });
  setTimeout(session, Math.min(Math.max(ends.dataset.left - 600, 0) * 1000, 2 ** 31 - 1));
}
try { if (sessionStorage.getItem('draft')) session(); } catch { /* no storage */ }
