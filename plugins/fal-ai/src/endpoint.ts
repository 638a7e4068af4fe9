/** An endpoint of fal's as a model of Prizm's: what of its input is media, what are options. */

import type { Capability, JsonSchema, MediaKind, Model } from "#prizm/plugin";
import { clean, isRecord } from "#prizm/remote";

import { type UnitPrice, priceOf } from "./money.js";

/** Which capability the endpoints of a category have. */
export const CATEGORIES = {
  "text-to-image": "text-to-image",
  "image-to-image": "image-to-image",
  "image-to-video": "image-to-video",
  "text-to-video": "text-to-video",
  "text-to-audio": "text-to-audio",
  "text-to-speech": "text-to-audio",
  "video-to-video": "video-to-video",
  "image-to-3d": "image-to-3d",
} as const satisfies Record<string, Capability>;

export type Category = keyof typeof CATEGORIES;

/** What is known of an endpoint before it is understood: as fal lists it, or as it is listed here. */
export interface Raw {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly category: Category;
  /** The schemas of its input's fields; references are within `schemas`. */
  readonly properties: Readonly<Record<string, unknown>>;
  readonly required: readonly string[];
  readonly schemas?: Readonly<Record<string, unknown>> | undefined;
  readonly price?: UnitPrice | undefined;
  /** How good its results are, in our word: 0 to 5. */
  readonly quality?: number | undefined;
  /** How long a job takes, about, in milliseconds. */
  readonly typicalMs?: number | undefined;
}

/** A field of an endpoint's input that takes a medium. */
export interface Field {
  readonly name: string;
  readonly kind: MediaKind;
  /** Whether it takes a list of URLs. */
  readonly isList: boolean;
  readonly isRequired: boolean;
}

/** An endpoint that can be used. */
export interface Endpoint {
  readonly id: string;
  readonly capability: Capability;
  readonly output: MediaKind;
  readonly primary: Field;
  /** Other fields that take media, by role. */
  readonly roles: ReadonlyMap<string, Field>;
  readonly options: { readonly [keyword: string]: unknown; readonly properties: Readonly<Record<string, unknown>> };
  readonly price: UnitPrice | undefined;
  readonly model: Model;
}

/** The names by which endpoints take what they work on, the best first. */
const PRIMARY: Readonly<Record<string, readonly string[]>> = {
  text: ["prompt", "text", "gen_text", "lyrics", "script", "input"],
  image: [
    "image_url",
    "image_urls",
    "input_image_url",
    "input_image_urls",
    "init_image_url",
    "start_image_url",
    "first_frame_url",
    "front_image_url",
  ],
  video: ["video_url", "input_video_url", "video_urls", "source_video_url"],
};

/** What in the name of a field tells which medium its URL leads to. */
const KINDS: readonly (readonly [RegExp, MediaKind])[] = [
  [/video/, "video"],
  [/audio|voice|music|song|sound/, "audio"],
  [/image|mask|frame|picture|photo|face|garment/, "image"],
];

/** Fields that are nobody's business but ours: `sync_mode` would send media as text. */
const OURS = new Set(["sync_mode", "webhook_url"]);

/** Understands an endpoint; none where nobody can tell which field is its input. */
export function understand(raw: Raw): Endpoint | undefined {
  const capability = CATEGORIES[raw.category];
  const [input = "", output = ""] = capability.split("-to-");
  const resolved = Object.fromEntries(
    Object.entries(raw.properties).map(([name, schema]) => [name, clean(schema, raw.schemas)]),
  );
  const primary = primaryOf(input as MediaKind, resolved, raw.required);
  if (primary === undefined) return undefined;
  const roles = new Map<string, Field>();
  const properties: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(resolved)) {
    if (name === primary.name || OURS.has(name)) continue;
    const field = mediumOf(name, schema, raw.required);
    if (field === undefined) properties[name] = described(name, schema, raw.required);
    else roles.set(name.replace(/_urls?$/, "").replaceAll("_", "-"), field);
  }
  const required = raw.required.filter((name) => Object.hasOwn(properties, name));
  const options = { type: "object", additionalProperties: false, properties, ...(required.length > 0 && { required }) };
  const known = { id: raw.id, capability, output: output as MediaKind, primary, roles, options, price: raw.price };
  return { ...known, model: model(raw, known) };
}

function primaryOf(
  kind: MediaKind,
  properties: Readonly<Record<string, unknown>>,
  required: readonly string[],
): Field | undefined {
  const known = PRIMARY[kind]?.find((name) => Object.hasOwn(properties, name));
  const guessed = () => {
    const names = Object.keys(properties).filter((name) => mediumOf(name, properties[name], required)?.kind === kind);
    return names.find((name) => required.includes(name)) ?? names[0];
  };
  const name = known ?? (kind === "text" ? undefined : guessed());
  if (name === undefined) return undefined;
  return { name, kind, isList: isList(properties[name]), isRequired: true };
}

/** Tells whether a field takes a medium, by its name and its type. */
function mediumOf(name: string, schema: unknown, required: readonly string[]): Field | undefined {
  const kind = KINDS.find(([word]) => word.test(name))?.[1];
  if (kind === undefined || !/_urls?$/.test(name)) return undefined;
  return { name, kind, isList: isList(schema), isRequired: required.includes(name) };
}

function isList(schema: unknown): boolean {
  return (
    isRecord(schema) && (schema["type"] === "array" || (Array.isArray(schema["anyOf"]) && schema["anyOf"].some(isList)))
  );
}

/** Makes sure that an option says what it is, and what holds without it. */
function described(name: string, schema: unknown, required: readonly string[]): JsonSchema {
  if (!isRecord(schema)) return { description: title(name) };
  const { title: said, ...rest } = schema;
  const text = schema["description"] ?? said ?? title(name);
  const without = required.includes(name) || "default" in schema ? "" : "; without it, the endpoint's own choice";
  return { ...rest, description: `${String(text).trim().replace(/\.$/, "")}${without}` };
}

/** What every job has, and what some options give. */
function features(options: Readonly<Record<string, unknown>>): string[] {
  return ["cancel", "progress", ...["seed", "negative_prompt"].filter((name) => Object.hasOwn(options, name))];
}

function title(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function model(raw: Raw, { capability, output, primary, roles, options, price }: Omit<Endpoint, "model">): Model {
  const slots = [...roles].map(([role, { kind, isRequired }]) => ({ role, kind, required: isRequired }));
  return {
    id: raw.id,
    name: raw.name,
    description: raw.description,
    capabilities: [capability],
    options: { [capability]: options },
    inputs: { [capability]: [{ kind: primary.kind }, ...slots] },
    ...(price !== undefined && { pricing: [{ capability, ...priceOf(price, output) }] }),
    features: features(options.properties),
    quality: raw.quality,
    typicalMs: raw.typicalMs,
  };
}
