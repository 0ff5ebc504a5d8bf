// Shows the OpenAPI document: the introduction, then the operations by tag. What is inside an operation is made when it
// is opened.
import { make, markdown, slug } from "./markdown.js";
import { inside } from "./operation.js";
import { Schemas } from "./schema.js";

const operations = document.getElementById("operations"), toc = document.getElementById("toc");
const tagId = (tag) => "tag-" + slug(tag);

// groups are the operations by tag, in the order of the document's tags.
function groups(doc) {
  const all = new Map(doc.tags.map((t) => [t.name, { about: t.description, list: [] }]));
  for (const [path, methods] of Object.entries(doc.paths)) {
    for (const [method, operation] of Object.entries(methods)) all.get(operation.tags[0])?.list.push({ path, method, operation });
  }
  const order = ["get", "post", "put", "patch", "delete"];
  for (const group of all.values()) group.list.sort((a, b) => a.path.localeCompare(b.path) || order.indexOf(a.method) - order.indexOf(b.method));
  return all;
}

function words(schemas, { path, method, operation }, tag) {
  const fields = schemas.follow(operation.requestBody?.content["application/json"]?.schema).properties || {};
  return [method, path, operation.operationId, operation.summary, operation.description, tag,
    ...(operation.parameters || []).map((p) => p.name), ...Object.keys(fields)].join(" ").toLowerCase();
}

function show(schemas, item, tag) {
  const { path, method, operation } = item;
  const details = make("details", { id: operation.operationId, class: "operation" }, make("summary", {},
    make("span", { class: "method " + method }, method.toUpperCase()), make("code", {}, (operation.servers ? "" : "/api/v1") + path),
    make("span", { class: "what" }, operation.summary), make("a", { class: "link", href: "#" + operation.operationId, "aria-label": "Link to " + operation.summary }, "#")));
  details.dataset.text = words(schemas, item, tag);
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) details.append(make("div", { class: "inside" }, inside(schemas, item)));
  });
  return details;
}

// go opens and shows what the address names.
function go() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target.classList.contains("operation")) target.open = true;
  for (const hidden of [target, target.closest("section")]) if (hidden) hidden.hidden = false;
  requestAnimationFrame(() => target.scrollIntoView());
}

function search(text) {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const details of document.querySelectorAll(".operation")) {
    details.hidden = !wanted.every((w) => details.dataset.text.includes(w));
    if (!details.hidden) found++;
  }
  for (const section of document.querySelectorAll("section.tag")) section.hidden = !section.querySelector(".operation:not([hidden])");
  for (const intro of document.querySelectorAll("section.intro")) intro.hidden = wanted.length > 0 && !wanted.every((w) => intro.textContent.toLowerCase().includes(w));
  document.getElementById("found").textContent = wanted.length > 0 ? found + (found === 1 ? " operation" : " operations") : "";
}

// introduction puts each part of the text into a section of its own.
function introduction(text) {
  const sections = [make("section", { class: "intro", id: "introduction" })];
  for (const node of markdown(text)) {
    if (node.tagName === "H2") {
      sections.push(make("section", { class: "intro" }));
    }
    sections[sections.length - 1].append(node);
  }
  return sections;
}

function main(doc) {
  const schemas = new Schemas(doc);
  const all = introduction(doc.info.description);
  const codes = all.filter((s) => /-codes$/.test(s.querySelector("h2")?.id || ""));
  const add = (sections) => {
    operations.append(...sections);
    toc.append(...sections.map((s) => s.querySelector("h2")).filter(Boolean).map((h) => make("a", { href: "#" + h.id }, h.textContent)));
  };
  add(all.filter((s) => !codes.includes(s)));
  toc.append(make("h2", {}, "Operations"));
  for (const [tag, { about, list }] of groups(doc)) {
    if (list.length === 0) continue;
    toc.append(make("a", { href: "#" + tagId(tag) }, tag));
    operations.append(make("section", { class: "tag", id: tagId(tag) }, make("h2", {}, tag), markdown(about || "", 3), list.map((item) => show(schemas, item, tag))));
  }
  toc.append(make("h2", {}, "Codes"));
  add(codes);
  document.getElementById("search").addEventListener("input", (event) => search(event.target.value));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) return;
    event.preventDefault();
    document.getElementById("search").focus();
  });
  addEventListener("hashchange", go);
  go();
}

const narrow = matchMedia("(max-width: 48rem)"), contents = document.getElementById("contents");
const fold = () => { contents.open = !narrow.matches; };
narrow.addEventListener("change", fold);
fold();
toc.addEventListener("click", () => { if (narrow.matches) contents.open = false; });
try {
  const response = await fetch("/api/openapi.json");
  if (!response.ok) throw new Error(response.statusText);
  main(await response.json());
} catch (error) {
  console.error(error);
  operations.append("The OpenAPI document cannot be read.");
}
