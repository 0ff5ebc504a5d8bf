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
import './tokens.js';
import './copy.js';
import './chart.js';
import './table.js';
import './range.js';
