// <x-daterange> fills its two date fields from a preset, in the user's zone as the server named today (data-today), and
// sends the form. The server counts weeks from Monday, and so does this.
const day = 86400000, iso = d => d.toISOString().slice(0, 10);
const spans = {
  today: t => [t, t],
  yesterday: t => [t - day, t - day],
  '7d': t => [t - 6 * day, t],
  '14d': t => [t - 13 * day, t],
  '30d': t => [t - 29 * day, t],
  week: t => [t - ((new Date(t).getUTCDay() + 6) % 7) * day, t],
  last_week: t => { const [m] = spans.week(t); return [m - 7 * day, m - day]; },
  month: t => { const d = new Date(t); return [Date.UTC(d.getUTCFullYear(), d.getUTCMonth(), 1), t]; },
  last_month: t => { const d = new Date(t); return [Date.UTC(d.getUTCFullYear(), d.getUTCMonth() - 1, 1), Date.UTC(d.getUTCFullYear(), d.getUTCMonth(), 0)]; },
  quarter: t => { const d = new Date(t); return [Date.UTC(d.getUTCFullYear(), d.getUTCMonth() - d.getUTCMonth() % 3, 1), t]; },
  last_quarter: t => { const [q] = spans.quarter(t), d = new Date(q); return [Date.UTC(d.getUTCFullYear(), d.getUTCMonth() - 3, 1), q - day]; },
  year: t => [Date.UTC(new Date(t).getUTCFullYear(), 0, 1), t],
};
class XDateRange extends HTMLElement {
  connectedCallback() {
    this.addEventListener('click', e => {
      const preset = e.target.closest('[data-span]');
      if (!preset) return;
      const [from, to] = spans[preset.dataset.span](Date.parse(this.dataset.today));
      const [a, b] = this.querySelectorAll('input[type=date]');
      a.value = iso(new Date(from)); b.value = iso(new Date(to));
      a.form.requestSubmit();
    });
  }
}
customElements.define('x-daterange', XDateRange);
