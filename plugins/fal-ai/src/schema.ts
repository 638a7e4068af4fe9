/** Schemas of OpenAPI 3.0, as fal has them, turned into JSON Schema 2020-12. */

import { isRecord } from "./errors.js";

/** How deep schemas may lie within each other; what is deeper may be anything. */
const MAX_DEPTH = 8;

/** Keywords that mean the same in both. */
const KEPT = new Set([
  "type",
  "title",
  "description",
  "default",
  "enum",
  "const",
  "format",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "uniqueItems",
  "required",
]);

/** Turns a schema into one that stands alone: references are put in their place. */
export function clean(schema: unknown, schemas: Readonly<Record<string, unknown>> = {}, depth = 0): unknown {
  if (!isRecord(schema)) return {};
  if (depth > MAX_DEPTH) return {};
  const deeper = (inner: unknown) => clean(inner, schemas, depth + 1);
  const reference = schema["$ref"];
  if (typeof reference === "string") {
    const found = deeper(schemas[reference.split("/").at(-1) ?? ""]);
    return isRecord(found) ? { ...found, ...kept(schema) } : found;
  }
  const made = kept(schema);
  bound(made, "Minimum", "minimum");
  bound(made, "Maximum", "maximum");
  for (const keyword of ["anyOf", "oneOf", "allOf"]) {
    const several = schema[keyword];
    // `oneOf` of overlapping schemas, which fal has, refuses what it means to take.
    if (Array.isArray(several)) made[keyword === "oneOf" ? "anyOf" : keyword] = several.map(deeper);
  }
  if ("items" in schema) made["items"] = deeper(schema["items"]);
  if (isRecord(schema["properties"])) {
    const properties = Object.entries(schema["properties"]);
    made["properties"] = Object.fromEntries(properties.map(([name, inner]) => [name, deeper(inner)]));
  }
  if (isRecord(schema["additionalProperties"])) made["additionalProperties"] = deeper(schema["additionalProperties"]);
  if (schema["nullable"] === true) nullable(made);
  return made;
}

function kept(schema: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => KEPT.has(keyword)));
}

/** In OpenAPI 3.0 an exclusive bound is a flag beside the bound. */
function bound(schema: Record<string, unknown>, exclusive: "Minimum" | "Maximum", plain: "minimum" | "maximum"): void {
  const keyword = `exclusive${exclusive}`;
  const flag = schema[keyword];
  if (typeof flag !== "boolean") return;
  delete schema[keyword];
  if (!flag || typeof schema[plain] !== "number") return;
  schema[keyword] = schema[plain];
  delete schema[plain];
}

function nullable(schema: Record<string, unknown>): void {
  if (typeof schema["type"] === "string") schema["type"] = [schema["type"], "null"];
  if (Array.isArray(schema["enum"])) schema["enum"] = [...(schema["enum"] as unknown[]), null];
  if (Array.isArray(schema["anyOf"])) schema["anyOf"] = [...(schema["anyOf"] as unknown[]), { type: "null" }];
}
