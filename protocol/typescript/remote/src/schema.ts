/** Schemas of OpenAPI 3.0, as vendors have them, turned into JSON Schema 2020-12. */

import { isRecord, isSmall } from "./values.js";

/** How deep schemas may lie within each other, and how many there may be; what is beyond may be anything. */
const MAX_DEPTH = 8;
const MAX_SCHEMAS = 1000;

const TYPES = new Set(["string", "integer", "number", "boolean", "array", "object", "null"]);

const isText = (value: unknown) => typeof value === "string";
const isNumber = (value: unknown) => typeof value === "number";
const isCount = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0;

/** Keywords that mean the same in both, and what they must be: one schema that is none would spoil the whole list. */
const KEPT: Readonly<Record<string, (value: unknown) => boolean>> = {
  type: (value) => TYPES.has(value as string),
  title: isText,
  description: isText,
  format: isText,
  default: isSmall,
  const: isSmall,
  enum: (value) => Array.isArray(value) && value.length > 0 && isSmall(value),
  minimum: isNumber,
  maximum: isNumber,
  // A flag, in OpenAPI 3.0; see `bound`.
  exclusiveMinimum: (value) => isNumber(value) || typeof value === "boolean",
  exclusiveMaximum: (value) => isNumber(value) || typeof value === "boolean",
  multipleOf: (value) => isNumber(value) && Number(value) > 0,
  minLength: isCount,
  maxLength: isCount,
  minItems: isCount,
  maxItems: isCount,
  uniqueItems: (value) => typeof value === "boolean",
  required: (value) => Array.isArray(value) && value.every(isText) && new Set(value).size === value.length,
};

/** Turns a schema into one that stands alone: references are put in their place. */
export function clean(schema: unknown, schemas: Readonly<Record<string, unknown>> = {}): unknown {
  return cleaned(schema, { schemas, left: MAX_SCHEMAS }, 0);
}

/** The schemas that references lead to, and how many more may be put in their places. */
interface Site {
  readonly schemas: Readonly<Record<string, unknown>>;
  left: number;
}

function cleaned(schema: unknown, site: Site, depth: number): unknown {
  if (!isRecord(schema) || depth > MAX_DEPTH || site.left <= 0) return {};
  site.left -= 1;
  const deeper = (inner: unknown) => cleaned(inner, site, depth + 1);
  const reference = schema["$ref"];
  if (typeof reference === "string") {
    const found = deeper(site.schemas[reference.split("/").at(-1) ?? ""]);
    return isRecord(found) ? { ...found, ...kept(schema) } : found;
  }
  const [only, ...others] = Array.isArray(schema["allOf"]) ? (schema["allOf"] as unknown[]) : [];
  if (isRecord(only) && others.length === 0) {
    // So Cog refers to the values of a choice, with what is said of it beside.
    const found = deeper(only);
    return isRecord(found) ? { ...found, ...kept(schema) } : found;
  }
  const made = kept(schema);
  bound(made, "Minimum", "minimum");
  bound(made, "Maximum", "maximum");
  for (const keyword of ["anyOf", "oneOf", "allOf"]) {
    const several = schema[keyword];
    // `oneOf` of overlapping schemas, which fal has, refuses what it means to take.
    if (Array.isArray(several) && several.length > 0)
      made[keyword === "oneOf" ? "anyOf" : keyword] = several.map(deeper);
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
  return Object.fromEntries(
    Object.entries(schema).filter(([keyword, value]) => Object.hasOwn(KEPT, keyword) && KEPT[keyword]?.(value)),
  );
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
