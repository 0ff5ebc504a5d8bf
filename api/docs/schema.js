// Shows schemas of the OpenAPI document as tables.
import { inline, make, markdown, table, word } from "./markdown.js";

export class Schemas {
  constructor(document) { this.document = document; }

  // follow finds what a reference names, with what stands beside it.
  follow(node) {
    if (!node || !node.$ref) return node || {};
    const found = node.$ref.slice(2).split("/").reduce((at, name) => at && at[name], this.document);
    return { ...found, ...(node.description ? { description: node.description } : {}) };
  }

  type(raw) {
    const s = this.follow(raw), types = [].concat(s.type || "any");
    let text = types.filter((t) => t !== "null").join(" or ");
    if (text === "array") text = "list of " + this.type(s.items);
    if (text === "object" && s.additionalProperties && s.additionalProperties.type) text = "object of " + this.type(s.additionalProperties);
    if (s.format && s.format !== "int64") text += " (" + s.format + ")";
    return types.includes("null") ? text + ", or null" : text;
  }

  // bounds are the limits and the default of a value, in words.
  bounds(raw) {
    const s = this.follow(raw), words = [];
    if (s.minimum !== undefined && s.maximum !== undefined) words.push(s.minimum + " to " + s.maximum);
    else if (s.minimum !== undefined) words.push("at least " + s.minimum);
    else if (s.maximum !== undefined) words.push("at most " + s.maximum);
    if (s.minLength > 1) words.push("at least " + s.minLength + " characters");
    if (s.maxLength !== undefined) words.push("at most " + s.maxLength + " characters");
    if (s.default !== undefined) words.push("default " + JSON.stringify(s.default));
    return words.join(", ");
  }

  // about is the description, and the words that the value can be where the description does not explain them.
  about(raw, description) {
    const s = this.follow(raw), words = (s.enum || (s.items && s.items.enum) || []).filter((w) => w !== null);
    const nodes = markdown(description || s.description || "", 4);
    if (words.length > 0 && !(description || s.description || "").includes("\n- `")) {
      nodes.push(make("p", {}, "One of ", ...words.flatMap((w, i) => [i ? ", " : "", word(String(w))])));
    }
    return nodes;
  }

  row(name, raw, required, description) {
    const bounds = this.bounds(raw);
    return [[word(name), required ? make("div", { class: "required" }, "required") : ""],
      [this.type(raw), bounds ? make("div", { class: "bounds" }, bounds) : ""], this.about(raw, description)];
  }

  // rows lists the fields of a schema with their paths; depth bounds schemas that hold themselves.
  rows(raw, prefix = "", depth = 0) {
    const s = this.follow(raw), out = [];
    const needed = (name) => (s.required || []).includes(name) ? 0 : 1;
    for (const [name, property] of Object.entries(s.properties || {}).sort(([a], [b]) => needed(a) - needed(b))) {
      out.push(this.row(prefix + name, property, needed(name) === 0, property.description));
      const p = this.follow(property), inside = p.items ? this.follow(p.items) : p;
      if (depth < 4 && inside.properties) out.push(...this.rows(inside, prefix + name + (p.items ? "[]." : "."), depth + 1));
    }
    return out;
  }

  fields(raw) {
    const rows = this.rows(raw);
    return rows.length === 0 ? undefined : table(["Field", "Type", "Meaning"], rows, "stack");
  }

  parameters(list) {
    if (list.length === 0) return undefined;
    return table(["Parameter", "Type", "Meaning"], list.map((p) => {
      const row = this.row(p.name, p.schema, p.required, p.description);
      row[0].push(make("div", { class: "bounds" }, "in " + p.in));
      return row;
    }), "stack");
  }

  // errors is one row for each code of an operation.
  errors(responses) {
    const rows = [];
    for (const [status, response] of Object.entries(responses)) {
      const examples = response.content?.["application/problem+json"]?.examples || {};
      for (const [name, example] of Object.entries(examples)) {
        const value = this.follow(example).value || {};
        rows.push([status, word(name), inline(value.detail || "")]);
      }
    }
    return rows.length === 0 ? undefined : table(["Status", "Code", "Meaning and what to do"], rows, "stack");
  }
}
