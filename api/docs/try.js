// A form that sends a read to this server with a pasted token. The token is kept nowhere but in the page.
import { code, make } from "./markdown.js";

const most = 100000; // characters of an answer that are shown
let token = "";

async function send(path, operation, inputs, shown) {
  let filled = path;
  const query = new URLSearchParams();
  for (const [p, input] of inputs) {
    if (p.in === "path") filled = filled.replace("{" + p.name + "}", encodeURIComponent(input.value));
    else if (input.value !== "") query.set(p.name, input.value);
  }
  const url = "/api/v1" + filled + (query.size > 0 ? "?" + query : "");
  const start = performance.now();
  try {
    const response = await fetch(url, { headers: { Authorization: "Bearer " + token, Accept: "application/json" }, credentials: "omit" });
    let body = await response.text();
    try { body = JSON.stringify(JSON.parse(body), null, 2); } catch { /* no JSON: shown as it is */ }
    if (body.length > most) body = body.slice(0, most) + "\n…";
    const took = Math.round(performance.now() - start);
    shown.replaceChildren(make("p", {}, make("strong", {}, String(response.status)), ` ${response.statusText} · ${took} ms · `, make("code", {}, url)), code(body, "Answer"));
  } catch {
    shown.replaceChildren(make("p", {}, "The server does not answer."));
  }
}

export function tryIt(path, operation) {
  const shown = make("div", { "aria-live": "polite" });
  const secret = make("input", { type: "password", autocomplete: "off", spellcheck: "false", placeholder: "access token or API key" });
  secret.value = token;
  const inputs = (operation.parameters || []).filter((p) => p.in !== "header").map((p) => {
    const words = p.schema.enum;
    const input = words ? make("select", {}, make("option", { value: "" }, ""), words.map((w) => make("option", {}, w)))
      : make("input", { autocomplete: "off", spellcheck: "false", required: p.in === "path" ? "" : undefined,
        placeholder: p.schema.default ?? p.schema.examples?.[0] ?? p.example ?? "" });
    return [p, input];
  });
  const form = make("form", { class: "try" }, make("label", {}, "Token", secret),
    inputs.map(([p, input]) => make("label", {}, p.name, input)), make("button", {}, "Send"));
  secret.addEventListener("input", () => { token = secret.value.trim(); });
  form.addEventListener("focusin", () => { if (secret.value === "") secret.value = token; });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(path, operation, inputs, shown);
  });
  return make("div", {}, form, shown);
}
