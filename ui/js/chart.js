// <x-chart data-chart="{…}"> draws ui.ChartData. Numbers arrive with their text, so that a tooltip and the table beside
// it say the same. chart.js itself is fetched when the first chart is on the page.
const themes = new Set();
const redraw = () => { for (const c of themes) c.draw(); };
new MutationObserver(redraw).observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);

// colour resolves a CSS colour as the page sees it now.
const probe = document.createElement('i');
const colour = value => { probe.style.color = value; return getComputedStyle(probe).color; };
const token = name => colour(`var(--${name})`);

class XChart extends HTMLElement {
  static observedAttributes = ['data-chart'];
  connectedCallback() { themes.add(this); this.draw(); }
  disconnectedCallback() { themes.delete(this); this.chart?.destroy(); this.chart = null; }
  attributeChangedCallback(_, old) { if (old !== null && this.isConnected) this.draw(); }
  async draw() {
    const { Chart } = await import('./chartlib.js');
    const canvas = this.querySelector('canvas');
    if (!this.isConnected || !canvas) return;
    if (!probe.isConnected) { probe.hidden = true; document.body.append(probe); }
    const d = JSON.parse(this.dataset.chart);
    if (d.label) canvas.setAttribute('aria-label', d.label);
    const [line, mut, surface] = ['line', 'mut', 'surface'].map(token);
    const fill = series => {
      const g = canvas.getContext('2d').createLinearGradient(0, 0, 0, this.clientHeight || 260);
      g.addColorStop(0, colour(`rgb(from var(--${series}) r g b / .16)`));
      g.addColorStop(1, colour(`rgb(from var(--${series}) r g b / 0)`));
      return g;
    };
    const bars = d.type === 'bar';
    const datasets = d.series.map((s, i) => {
      const c = token(s.colour);
      const base = { label: s.label, data: s.values, borderColor: c, order: i, stack: s.stack || undefined };
      if (bars && !s.dashed) return { ...base, type: 'bar', backgroundColor: c, borderRadius: 4, maxBarThickness: 34 };
      return { ...base, type: 'line', fill: i === 0 && !s.dashed && !bars, backgroundColor: fill(s.colour), borderWidth: s.dashed ? 1.5 : 2, borderDash: s.dashed ? [4, 4] : [], pointRadius: s.values.length === 1 ? 3 : 0, pointHoverRadius: 5, pointHoverBackgroundColor: c, pointHoverBorderColor: surface, pointHoverBorderWidth: 2, cubicInterpolationMode: 'monotone' };
    });
    this.chart?.destroy();
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    const rtl = getComputedStyle(this).direction === 'rtl';
    this.chart = new Chart(canvas, {
      type: bars ? 'bar' : 'line', data: { labels: d.labels, datasets },
      options: {
        maintainAspectRatio: false, animation: false, interaction: { mode: 'index', intersect: false },
        scales: {
          x: { reverse: rtl, stacked: bars, grid: { display: false }, border: { color: line }, ticks: { color: mut, maxRotation: 0, autoSkipPadding: 22, font: { size: 12 } } },
          y: { beginAtZero: true, stacked: bars, position: rtl ? 'right' : 'left', grid: { color: line }, border: { display: false }, ticks: { color: mut, maxTicksLimit: 5, padding: 8, font: { size: 12 }, callback: v => (d.prefix || '') + v.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 4 }) + (d.suffix || '') } },
        },
        plugins: { tooltip: { backgroundColor: token('tip'), titleColor: '#fff', bodyColor: '#e6eaf2', padding: 12, cornerRadius: 8, boxPadding: 6, usePointStyle: true, callbacks: { title: at => d.long?.[at[0].dataIndex] || d.labels[at[0].dataIndex], label: at => ' ' + at.dataset.label + '  ' + (d.series[at.datasetIndex].texts?.[at.dataIndex] ?? at.formattedValue) } } },
      },
    });
  }
}
customElements.define('x-chart', XChart);
