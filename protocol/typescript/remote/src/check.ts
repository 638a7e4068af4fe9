/** Whether options are what a model's schema says; hosts look first, but not every one does. */

import { ProviderError } from "#prizm/plugin";

import { isRecord } from "./values.js";

/** What an option can be, by the word of its schema. */
const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === "string",
  integer: Number.isSafeInteger,
  number: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean",
  array: Array.isArray,
  object: isRecord,
  null: (value) => value === null,
};

/** Refuses options that are unknown, missing or of the wrong type or size. */
export function checkOptions(
  options: Readonly<Record<string, unknown>>,
  schema: Readonly<Record<string, unknown>>,
): void {
  const properties = isRecord(schema["properties"]) ? schema["properties"] : {};
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(properties, name)) {
      const known = Object.keys(properties).join(", ");
      throw ProviderError.invalidOption(name, known === "" ? "no options" : `one of ${known}`, name);
    }
    const expected = fault(value, properties[name]);
    if (expected !== undefined) throw ProviderError.invalidOption(name, expected, value);
  }
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const missing: unknown = required.find((name) => typeof name === "string" && !Object.hasOwn(options, name));
  if (typeof missing === "string")
    throw ProviderError.invalidOption(missing, "a value, which the model needs", null);
}

/** Says what was expected, where a value is not that. */
function fault(value: unknown, schema: unknown): string | undefined {
  if (!isRecord(schema)) return undefined;
  const several = schema["anyOf"];
  if (Array.isArray(several) && several.every((one) => fault(value, one) !== undefined)) {
    return several.map((one) => fault(value, one)).join(", or ");
  }
  const types = [schema["type"]].flat().filter((type) => typeof type === "string");
  if (types.length > 0 && !types.some((type) => TYPES[type]?.(value) ?? true)) return types.join(" or ");
  const values = schema["enum"];
  if (Array.isArray(values) && !values.includes(value)) return `one of ${values.join(", ")}`;
  return typeof value === "number" ? outside(value, schema) : undefined;
}

function outside(value: number, schema: Readonly<Record<string, unknown>>): string | undefined {
  const bound = (keyword: string, otherwise: number) => {
    const at = schema[keyword];
    return typeof at === "number" ? at : otherwise;
  };
  const [least, most] = [bound("minimum", -Infinity), bound("maximum", Infinity)];
  const [above, below] = [bound("exclusiveMinimum", -Infinity), bound("exclusiveMaximum", Infinity)];
  if (value >= least && value <= most && value > above && value < below) return undefined;
  return `a number from ${Math.max(least, above)} to ${Math.min(most, below)}`;
}
