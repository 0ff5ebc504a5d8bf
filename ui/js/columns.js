// <x-columns> around a form with a list of columns: finds one by its name, and moves them without asking the server.
class XColumns extends HTMLElement {
  connectedCallback() {
    const find = this.querySelector('input[type=search]'), list = this.querySelector('ol'), said = this.querySelector('[role=status]');
    const rows = () => [...list.children], name = row => row.querySelector('span').firstChild.textContent.trim();
    find.hidden = false;
    find.autofocus = true; // when the panel opens, not when the page does
    find.addEventListener('input', () => {
      const text = find.value.trim().toLowerCase();
      for (const row of rows()) row.hidden = !row.textContent.toLowerCase().includes(text);
      const found = rows().filter(row => !row.hidden).length;
      said.textContent = found === 1 ? '1 column' : found + ' columns';
    });
    find.addEventListener('keydown', e => { if (e.key === 'Enter') e.preventDefault(); }); // it would press the first arrow
    list.addEventListener('click', e => {
      const button = e.target.closest('button');
      if (!button) return;
      e.preventDefault();
      const row = button.closest('li'), up = button.value[0] === '<';
      let other = row;
      do other = up ? other.previousElementSibling : other.nextElementSibling; while (other?.hidden);
      if (other) up ? other.before(row) : other.after(row);
      button.focus();
      said.textContent = `${name(row)} is number ${rows().indexOf(row) + 1} of ${rows().length}`;
    });
  }
}
customElements.define('x-columns', XColumns);
