// Shows one operation: what it does, its fields, examples and errors, and for reads a form to try it.
import { code, make, markdown } from "./markdown.js";
import { tryIt } from "./try.js";

const text = (value) => typeof value === "string" ? value : JSON.stringify(value, null, 2);

// examples shows the example of a media type, or a choice of several.
function examples(schemas, content, label) {
  const all = Object.entries(content.examples || {}).map(([name, e]) => [name, schemas.follow(e).value]);
  if (content.example !== undefined) all.unshift(["", content.example]);
  if (all.length === 0) return undefined;
  const shown = make("div", {}, code(text(all[0][1]), label));
  if (all.length === 1) return shown;
  const choice = make("select", { "aria-label": label }, all.map(([name], i) => make("option", { value: i }, name)));
  choice.addEventListener("change", () => shown.replaceChildren(code(text(all[choice.value][1]), label)));
  return make("div", {}, choice, shown);
}

function address(path, operation) {
  const server = operation.servers ? "" : "/api/v1";
  let filled = path;
  for (const p of operation.parameters || []) if (p.in === "path") filled = filled.replace("{" + p.name + "}", encodeURIComponent(p.example));
  const query = (operation.parameters || []).filter((p) => p.in === "query" && p.required).map((p) => p.name + "=" + p.example);
  return "$WAYPOST" + server + filled + (query.length > 0 ? "?" + query.join("&") : "");
}

function curl(path, method, operation) {
  const parts = ["curl -s" + (method === "get" ? "" : " -X " + method.toUpperCase()) + ' "' + address(path, operation) + '"'];
  if (operation.security) parts.push('-H "Authorization: Bearer $TOKEN"');
  const body = operation.requestBody?.content["application/json"];
  if (body?.example !== undefined) parts.push("-H 'Content-Type: application/json'", "-d '" + JSON.stringify(body.example, null, 2).replaceAll("'", "'\\''") + "'");
  return parts.join(" \\\n  ");
}

function answer(schemas, status, response) {
  const nodes = [make("h4", {}, status === "default" ? "Answer" : "Answer " + status), ...markdown(response.description || "", 5)];
  for (const [mediaType, content] of Object.entries(response.content || {})) {
    nodes.push(make("p", {}, make("code", {}, mediaType)), schemas.fields(content.schema), examples(schemas, content, "Example of answer " + status));
  }
  const headers = Object.entries(response.headers || {});
  if (headers.length > 0) nodes.push(make("p", {}, "Headers"), make("ul", {}, headers.map(([name, h]) => make("li", {}, make("code", {}, name), ": " + (h.description || "")))));
  return nodes;
}

export function inside(schemas, { path, method, operation }) {
  const nodes = [...markdown(operation.description || "", 4)];
  nodes.push(make("h4", {}, "Request"), code(curl(path, method, operation), "Request with curl"), schemas.parameters(operation.parameters || []));
  for (const [mediaType, content] of Object.entries(operation.requestBody?.content || {})) {
    nodes.push(make("h4", {}, "Body, " + mediaType), schemas.fields(content.schema), examples(schemas, content, "Example of the body"));
  }
  const responses = Object.entries(operation.responses || {});
  const problem = (r) => r.content && r.content["application/problem+json"];
  for (const [status, response] of responses) {
    if (!problem(response)) nodes.push(...answer(schemas, status, response));
    else if (response.content["application/json"]) nodes.push(...answer(schemas, status, { description: "As a call to /postback is answered", content: { "application/json": response.content["application/json"] } }));
  }
  const errors = schemas.errors(operation.responses || {});
  if (errors) {
    const one = responses.find(([s, r]) => s >= "422" && problem(r)) || responses.find(([, r]) => problem(r));
    nodes.push(make("h4", {}, "Errors"), errors, examples(schemas, problem(one[1]), "Example of an error"));
  }
  if (method === "get" && operation.security) nodes.push(make("h4", {}, "Try it"), tryIt(path, operation));
  return nodes.filter((n) => n !== undefined && n !== null);
}
