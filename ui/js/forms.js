// <x-form> around a form: its save bar, where it has one, shows once something changed, and leaving then asks first.
class XForm extends HTMLElement {
  connectedCallback() {
    const form = this.querySelector('form');
    if (!form) return;
    const state = () => new URLSearchParams([...new FormData(form)].filter(([, v]) => typeof v === 'string')).toString();
    const first = state();
    const came = this.hasAttribute('data-dirty');
    let dirty = came, sent = false;
    const check = () => { dirty = came || state() !== first; this.toggleAttribute('data-dirty', dirty); };
    form.addEventListener('input', check);
    form.addEventListener('reset', () => setTimeout(check));
    form.addEventListener('submit', () => { sent = true; });
    this.leave = e => { if (dirty && !sent && !('leaving' in document.documentElement.dataset) && this.isConnected) e.preventDefault(); };
    addEventListener('beforeunload', this.leave);
  }
  disconnectedCallback() { removeEventListener('beforeunload', this.leave); }
}
customElements.define('x-form', XForm);

// A select or checkbox with data-submit sends its form at once (filters); a colour's text field and well go together.
document.addEventListener('change', e => { if (e.target.matches('[data-submit]')) e.target.form.requestSubmit(); });
document.addEventListener('input', e => {
  const pair = e.target.closest('.colour');
  if (!pair) return;
  const [well, text] = pair.querySelectorAll('input');
  if (e.target === well) text.value = well.value; else if (/^#[0-9a-f]{6}$/i.test(text.value)) well.value = text.value;
});

// The error summary of a form that came back gets the focus.
const summary = document.querySelector('.summary');
if (summary) summary.focus();
document.addEventListener('htmx:after:swap', () => document.querySelector('.summary:not([data-seen])')?.focus());
document.addEventListener('focusin', e => { if (e.target.classList?.contains('summary')) e.target.dataset.seen = ''; });

// A line of it leads to its field, which may lie in a part that is folded away.
document.addEventListener('click', e => {
  const link = e.target.closest('.summary a[href^="#"]'), field = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (!field) return;
  e.preventDefault();
  for (let fold = field.closest('details:not([open])'); fold; fold = fold.parentElement.closest('details:not([open])')) fold.open = true;
  field.focus({ preventScroll: true });
  (field.closest('.field') || field).scrollIntoView({ block: 'center' });
});

// Fields of empty filters are left out of the address, by htmx too.
document.addEventListener('htmx:config:request', e => {
  const { form, body } = e.detail.ctx.request;
  if (form?.matches('[data-lean]')) for (const [name, value] of [...body]) if (value === '') body.delete(name);
});
document.addEventListener('submit', e => {
  if (!e.target.matches('form[data-lean]')) return;
  const off = [...e.target.elements].filter(f => f.name && f.value === '' && !f.disabled);
  for (const f of off) f.disabled = true;
  setTimeout(() => { for (const f of off) f.disabled = false; });
});
