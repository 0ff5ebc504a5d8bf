// Menus are popovers: this places one at its button and gives it the keys of the menu pattern.
const items = menu => [...menu.querySelectorAll('.menu-item:not([disabled])')];

// The toggle event comes a frame late: until it has placed the menu nobody sees it where it would stand by itself, or clicks there.
document.addEventListener('beforetoggle', e => {
  if (e.newState === 'open' && e.target.matches?.('[popover].menu')) e.target.style.visibility = 'hidden';
}, true);

const placed = new WeakMap(); // menu → where its button stood, in px from the top of the window
document.addEventListener('toggle', e => {
  const menu = e.target;
  if (!menu.matches?.('[popover].menu')) return;
  const button = document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`);
  button?.setAttribute('aria-expanded', String(e.newState === 'open'));
  placed.delete(menu);
  menu.style.visibility = '';
  if (e.newState !== 'open' || !button) return;
  typed = ''; // what was typed in another menu
  const at = button.getBoundingClientRect(), size = menu.getBoundingClientRect();
  const left = menu.dataset.align === 'start' ? at.left : at.right - size.width;
  placed.set(menu, at.top);
  menu.style.left = Math.max(8, Math.min(left, innerWidth - size.width - 8)) + 'px';
  menu.style.top = (at.bottom + size.height + 8 > innerHeight && at.top > size.height ? at.top - size.height - 8 : at.bottom) + 'px';
  (menu.querySelector('[autofocus]') || items(menu)[0])?.focus({ preventScroll: true });
}, true);

// A menu closes when its button scrolls away from it. A scroll from before it opened may be reported later, even before
// the toggle event that places it: only a move of the button since then counts.
addEventListener('scroll', e => {
  if (e.target !== document) return;
  for (const menu of document.querySelectorAll('[popover].menu:popover-open')) {
    const button = document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`);
    if (button && Math.abs(button.getBoundingClientRect().top - placed.get(menu)) > 1) menu.hidePopover();
  }
}, { passive: true, capture: true });

let typed = '', when = 0;
document.addEventListener('keydown', e => {
  const menu = e.target.closest?.('[role=menu]');
  if (!menu || e.ctrlKey || e.metaKey || e.altKey) return;
  const all = items(menu), now = all.indexOf(document.activeElement);
  let next = null;
  if (e.key === 'ArrowDown') next = all[(now + 1) % all.length];
  else if (e.key === 'ArrowUp') next = all[(now - 1 + all.length) % all.length];
  else if (e.key === 'Home') next = all[0];
  else if (e.key === 'End') next = all.at(-1);
  else if (e.key === 'Tab') { menu.hidePopover(); return; }
  else if (e.key.length === 1 && e.key !== ' ') {
    typed = e.timeStamp - when < 700 ? typed + e.key.toLowerCase() : e.key.toLowerCase();
    when = e.timeStamp;
    next = all.find(i => i.textContent.trim().toLowerCase().startsWith(typed));
  } else return;
  e.preventDefault();
  next?.focus();
});

// Tabs that do not fit side by side show the current one.
const showCurrent = () => {
  for (const tab of document.querySelectorAll('nav [aria-current]')) {
    const bar = tab.closest('nav'), at = tab.getBoundingClientRect(), box = bar.getBoundingClientRect();
    if (bar.scrollWidth > bar.clientWidth) bar.scrollLeft += at.left + at.width / 2 - box.left - box.width / 2;
  }
};
showCurrent();
document.addEventListener('htmx:after:swap', showCurrent);
