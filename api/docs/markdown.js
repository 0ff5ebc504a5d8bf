// Renders the Markdown that this program writes itself: headings, paragraphs, lists, tables, fenced code, and inside a
// line code, bold and links. Everything is made as nodes: nothing in a text becomes markup.

export function make(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) if (value !== undefined && value !== false) node.setAttribute(name, value);
  node.append(...children.flat().filter((c) => c !== undefined && c !== null && c !== ""));
  return node;
}

export const slug = (text) => text.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").trim().replace(/ /g, "-");

// word is code inside a line; a short one is not broken.
export const word = (text) => make("code", { class: text.length < 32 ? "short" : undefined }, text);

// inline makes the nodes of one line.
export function inline(text) {
  const nodes = [];
  const pattern = /``(.+?)``|`([^`]+)`|\*\*(.+?)\*\*|\[([^\]]+)\]\(([^)\s]+)\)/g;
  let end = 0;
  for (const m of text.matchAll(pattern)) {
    nodes.push(text.slice(end, m.index));
    end = m.index + m[0].length;
    if (m[1] || m[2]) nodes.push(word(m[1] || m[2]));
    else if (m[3]) nodes.push(make("strong", {}, inline(m[3])));
    else if (/^(#|\/(?!\/))/.test(m[5])) nodes.push(make("a", { href: m[5] }, inline(m[4])));
    else nodes.push(m[4]);
  }
  nodes.push(text.slice(end));
  return nodes.filter((n) => n !== "");
}

// code is a block of text with a button that copies it.
export function code(text, label) {
  const button = make("button", { type: "button", class: "copy" }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch { // no permission, or no secure context
      const range = document.createRange();
      range.selectNodeContents(button.nextElementSibling);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  return make("div", { class: "code" }, button, make("pre", { tabindex: "0", "aria-label": label || "Example" }, text));
}

// table has a class "stack" where a narrow screen shows its cells below each other.
export function table(head, rows, kind) {
  return make("div", { class: "scroll", tabindex: "0" }, make("table", { class: kind },
    make("thead", {}, make("tr", {}, head.map((h) => make("th", { scope: "col" }, h)))),
    make("tbody", {}, rows.map((r) => make("tr", {}, r.map((c) => make("td", {}, c)))))));
}

// cells are those of a table's line; a bar inside code parts none.
const cells = (line) => line.trim().replace(/^\||\|$/g, "").split(/\|(?=(?:[^`]*`[^`]*`)*[^`]*$)/).map((c) => inline(c.trim()));

// markdown makes the nodes of a text. Headings begin at the level given, and have ids.
export function markdown(text, level = 1) {
  const lines = text.split("\n"), nodes = [];
  for (let i = 0; i < lines.length;) {
    const line = lines[i], fence = line.match(/^```/), heading = line.match(/^(#+) (.*)/);
    if (line.trim() === "") {
      i++;
    } else if (fence) {
      let end = i + 1;
      while (end < lines.length && !lines[end].startsWith("```")) end++;
      nodes.push(code(lines.slice(i + 1, end).join("\n")));
      i = end + 1;
    } else if (heading) {
      nodes.push(make("h" + Math.min(6, heading[1].length + level - 1), { id: slug(heading[2]) }, inline(heading[2])));
      i++;
    } else if (line.startsWith("|")) {
      const rows = [];
      while (i < lines.length && lines[i].startsWith("|")) rows.push(cells(lines[i++]));
      nodes.push(table(rows[0], rows.slice(2)));
    } else if (line.startsWith("- ")) {
      const items = [];
      for (; i < lines.length && /^(- |  )/.test(lines[i]); i++) {
        if (lines[i].startsWith("- ")) items.push(lines[i].slice(2));
        else items[items.length - 1] += " " + lines[i].trim();
      }
      nodes.push(make("ul", {}, items.map((item) => make("li", {}, inline(item)))));
    } else {
      const words = [];
      while (i < lines.length && lines[i].trim() !== "" && !/^(#+ |\||- |```)/.test(lines[i])) words.push(lines[i++]);
      if (words.length > 0) nodes.push(make("p", {}, inline(words.join(" "))));
      else i++;
    }
  }
  return nodes;
}
