// Order matters: the extension registers itself with the htmx that the module before it has put on window.
import '../vendor/htmx/htmx.esm.min.js';
import '../vendor/htmx/hx-sse.min.js';
import './wire.js';
import './theme.js';
import './toast.js';
import './overlays.js';
import './menu.js';
import './palette.js';
import './keys.js';
import './forms.js';
import './copy.js';
import './chart.js';
import './table.js';
import './range.js';

// What few pages have is fetched when the first is on the page.
const seldom = { 'x-columns': () => import('./columns.js'), 'x-pick': () => import('./pick.js'), 'x-rule': () => import('./rule.js'), 'x-tokens': () => import('./tokens.js') };
const fetchSeldom = () => { for (const [name, load] of Object.entries(seldom)) if (document.querySelector(name)) load(); };
fetchSeldom();
document.addEventListener('htmx:after:swap', fetchSeldom);
