/** Reads a model as Replicate lists it: its schemas, and an example from which is told what they do not say. */

import type { MediaKind } from "#prizm/plugin";
import { clean, isRecord, label, word } from "#prizm/remote";

import { type Raw, isLink } from "./model.js";
import { ending, kindOf, TYPES } from "./types.js";

/** Reads an entry of a list, of which `hint` is the collection; none where it says too little to be used. */
export function readListed(listed: unknown, hint = "", asked?: string): Raw | undefined {
  if (!isRecord(listed)) return undefined;
  const [owner, name] = [word(listed["owner"]), word(listed["name"])];
  const { latest_version: latest, default_example: example } = listed;
  if (!isNamed(owner) || !isNamed(name) || !isRecord(latest)) return undefined;
  const schemas = schemasOf(latest["openapi_schema"]);
  const input = schemas["Input"];
  if (!isRecord(input) || !isRecord(input["properties"])) return undefined;
  const { output, input: given } = isRecord(example) ? example : {};
  const makes = outputOf(clean(schemas["Output"], schemas), output, hint);
  const version = word(latest["id"]);
  const isOfficial = listed["is_official"] === true || version === undefined || version === "hidden";
  const required = Array.isArray(input["required"]) ? input["required"].filter((name) => typeof name === "string") : [];
  if (makes === undefined || !required.every((name) => FIELD.test(name))) return undefined;
  return {
    id: asked === undefined ? `${owner}/${name}` : `${owner}/${name}:${asked}`,
    version: asked ?? (isOfficial ? undefined : version),
    isPrivate: listed["visibility"] === "private",
    description: label(listed["description"], 500) ?? `${owner}/${name}`,
    makes,
    properties: ordered(input["properties"], schemas),
    required,
    kinds: kindsIn(given),
  };
}

/** A field's name, which is that of an option or of a role here. */
const FIELD = /^[A-Za-z]\w{0,63}$/;

/** Names go into the path of a request. */
function isNamed(name: string | undefined): name is string {
  return name !== undefined && /^(?!\.+$)[\w.-]{1,90}$/.test(name);
}

function schemasOf(openapi: unknown): Readonly<Record<string, unknown>> {
  const components = isRecord(openapi) ? openapi["components"] : undefined;
  return isRecord(components) && isRecord(components["schemas"]) ? components["schemas"] : {};
}

/** The fields as people are meant to see them. */
function ordered(
  properties: Record<string, unknown>,
  schemas: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const place = (schema: unknown) =>
    isRecord(schema) && typeof schema["x-order"] === "number" ? schema["x-order"] : 1e9;
  const named = Object.entries(properties).filter(([name]) => FIELD.test(name));
  const entries = named.sort(([, a], [, b]) => place(a) - place(b));
  return Object.fromEntries(entries.map(([name, schema]) => [name, clean(schema, schemas)]));
}

/** Tells what a model makes: text, or the kind of file that the example has, or that its collection is about. */
function outputOf(schema: unknown, example: unknown, hint: string): MediaKind | undefined {
  if (!isRecord(schema)) return undefined;
  const links = linksIn(example);
  const isFile = hasLinks(schema) || (schema["type"] === undefined && links.length > 0);
  if (!isFile) return "text";
  const kinds = links.map((link) => kindOf(TYPES[ending(link)])).filter((kind) => kind !== undefined);
  return kinds[0] ?? (["image", "video", "audio"] as const).find((kind) => hint.endsWith(`-to-${kind}`)) ?? named(hint);
}

function named(hint: string): MediaKind | undefined {
  if (/speech$|music/.test(hint) && !/speech-to/.test(hint)) return "audio";
  return /image|resolution/.test(hint) && !/^image-to-/.test(hint) ? "image" : undefined;
}

/** Whether there are files in an output; one with a text that is always there is a text, with files beside it. */
function hasLinks(schema: unknown): boolean {
  if (!isRecord(schema)) return false;
  if (isLink(schema) || hasLinks(schema["items"])) return true;
  const { properties, required } = schema;
  if (!isRecord(properties)) return false;
  const always = Array.isArray(required) ? required : [];
  const hasText = Object.entries(properties).some(
    ([name, inner]) => always.includes(name) && isRecord(inner) && inner["type"] === "string" && !isLink(inner),
  );
  return !hasText && Object.values(properties).some(hasLinks);
}

function linksIn(value: unknown): string[] {
  if (typeof value === "string") return /^https?:\/\//.test(value) ? [value] : [];
  if (Array.isArray(value)) return value.flatMap(linksIn);
  return isRecord(value) ? Object.values(value).flatMap(linksIn) : [];
}

function kindsIn(given: unknown): Readonly<Record<string, MediaKind>> {
  if (!isRecord(given)) return {};
  const kinds = Object.entries(given).map(([name, value]) => [name, kindOf(TYPES[ending(linksIn(value)[0] ?? "")])]);
  return Object.fromEntries(kinds.filter(([, kind]) => kind !== undefined)) as Record<string, MediaKind>;
}
