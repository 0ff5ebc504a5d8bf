// The command palette is fetched when it is opened first.
export const palette = () => document.querySelector('x-palette');
export const openPalette = async () => { await import('./palettebox.js'); palette().open(); };
document.addEventListener('click', e => { if (e.target.closest('[data-palette]') && palette()) { e.preventDefault(); openPalette(); } });
