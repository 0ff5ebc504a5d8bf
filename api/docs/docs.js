"use strict";
// Shows the OpenAPI document. Everything is made as text nodes: nothing in the document becomes markup.

function make(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  node.append(...children.filter((c) => c !== undefined && c !== null));
  return node;
}

function main(doc) {
  const resolve = (schema) => {
    const name = schema && schema.$ref && schema.$ref.split("/").pop();
    return name ? { name, ...doc.components.schemas[name] } : schema || {};
  };
  const typeOf = (raw) => {
    const s = resolve(raw);
    let type = [].concat(s.type || "any").join(" or ");
    if (s.type === "array" || (Array.isArray(s.type) && s.items)) type = "list of " + typeOf(s.items);
    if (s.format) type += " (" + s.format + ")";
    if (s.enum) type += ": " + s.enum.join(", ");
    return type;
  };
  // rows lists the fields of a schema with their paths; depth bounds schemas that hold themselves.
  const rows = (raw, prefix, depth, out) => {
    const s = resolve(raw);
    for (const [name, property] of Object.entries(s.properties || {})) {
      const p = resolve(property);
      const required = (s.required || []).includes(name) ? "yes" : "";
      out.push(make("tr", {}, make("td", {}, make("code", {}, prefix + name)), make("td", {}, typeOf(property)),
        make("td", {}, required), make("td", {}, property.description || p.description || "")));
      if (depth < 3) rows(p.items ? p.items : property, prefix + name + (p.items ? "[]." : "."), depth + 1, out);
    }
    return out;
  };
  const table = (title, body) => body.length === 0 ? undefined : make("div", {}, make("h4", {}, title), make("table", {},
    make("thead", {}, make("tr", {}, ...["Name", "Type", "Required", ""].map((h) => make("th", { scope: "col" }, h)))),
    make("tbody", {}, ...body)));

  const groups = new Map();
  for (const [path, methods] of Object.entries(doc.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = (operation.tags || ["Other"])[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push({ path, method, operation });
    }
  }
  const operations = document.getElementById("operations"), toc = document.getElementById("toc");
  operations.append(make("p", {}, doc.info.description));
  for (const [tag, list] of groups) {
    const id = "tag-" + tag.toLowerCase().replace(/[^a-z]+/g, "-");
    toc.append(make("a", { href: "#" + id }, tag));
    const section = make("section", { id }, make("h2", {}, tag));
    for (const { path, method, operation } of list) {
      const inside = make("div", { class: "inside" });
      const parameters = (operation.parameters || []).map((p) => make("tr", {}, make("td", {}, make("code", {}, p.name)),
        make("td", {}, typeOf(p.schema)), make("td", {}, p.required ? "yes" : ""), make("td", {}, p.description || "in " + p.in)));
      const request = operation.requestBody && operation.requestBody.content["application/json"];
      inside.append(...[table("Parameters", parameters), request && table("Body", rows(request.schema, "", 0, []))].filter(Boolean));
      for (const [status, response] of Object.entries(operation.responses || {})) {
        const content = response.content && response.content["application/json"];
        if (content) inside.append(...[table("Answer " + status, rows(content.schema, "", 0, []))].filter(Boolean));
      }
      const failures = Object.keys(operation.responses || {}).filter((s) => s >= "400").join(", ");
      inside.append(make("p", {}, (operation.security ? "Needs a bearer token. " : "Open to everybody. ") + "Errors: " + failures + "."));
      const details = make("details", { id: operation.operationId }, make("summary", {},
        make("span", { class: "method" }, method.toUpperCase()), make("code", {}, doc.servers[0].url + path), operation.summary || ""), inside);
      details.dataset.text = (method + " " + path + " " + operation.summary + " " + tag).toLowerCase();
      section.append(details);
    }
    operations.append(section);
  }
  document.getElementById("search").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/);
    for (const details of document.querySelectorAll("details")) details.hidden = !words.every((w) => details.dataset.text.includes(w));
    for (const section of document.querySelectorAll("section")) section.hidden = !section.querySelector("details:not([hidden])");
  });
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target) { if (target.tagName === "DETAILS") target.open = true; target.scrollIntoView(); }
}

fetch("/api/openapi.json").then((response) => response.json()).then(main, () => {
  document.getElementById("operations").append("The OpenAPI document cannot be read.");
});
