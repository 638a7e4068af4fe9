/** A model of Replicate's as a model of Prizm's: what of its input is media, what are options, and what it makes. */

import type { Capability, JsonSchema, MediaKind, Model } from "#prizm/plugin";
import { isRecord } from "#prizm/remote";

import type { Rates } from "./settings.js";

/** What models here can be. */
export const CAPABILITIES = [
  "text-to-image",
  "image-to-image",
  "image-to-video",
  "text-to-video",
  "text-to-audio",
  "audio-to-text",
  "image-to-text",
  "text-to-text",
] as const satisfies readonly Capability[];

/** What is known of a model before it is understood: as Replicate lists it, or as it is listed here. */
export interface Raw {
  /** `owner/name`, with `:version` where one was asked for. */
  readonly id: string;
  /** The version that is run; none for official models, which run their own. */
  readonly version?: string | undefined;
  readonly isPrivate?: boolean | undefined;
  readonly description: string;
  readonly makes: MediaKind;
  /** The schemas of its input's fields, which stand alone. */
  readonly properties: Readonly<Record<string, unknown>>;
  readonly required: readonly string[];
  /** Of fields whose name tells nothing, what an example has there. */
  readonly kinds?: Readonly<Record<string, MediaKind>> | undefined;
  /** How good its results are, in our word: 0 to 5. */
  readonly quality?: number | undefined;
  /** How long a job takes, about, in milliseconds. */
  readonly typicalMs?: number | undefined;
}

/** A field of a model's input that takes a medium. */
export interface Field {
  readonly name: string;
  readonly kind: MediaKind;
  /** Whether it takes a list of URLs. */
  readonly isList: boolean;
  readonly isRequired: boolean;
}

/** One of the things that a model does. */
export interface Way {
  readonly primary: Field;
  /** Other fields that take media, by role. */
  readonly roles: ReadonlyMap<string, Field>;
  readonly options: { readonly [keyword: string]: unknown; readonly properties: Readonly<Record<string, unknown>> };
}

/** A model that can be used. */
export interface Entry {
  readonly id: string;
  /** `owner/name`. */
  readonly name: string;
  readonly version: string | undefined;
  readonly isPrivate: boolean;
  readonly output: MediaKind;
  readonly ways: ReadonlyMap<Capability, Way>;
  readonly rates: Rates;
  readonly model: Model;
}

/** The names by which models take what they work on, the best first. */
const PRIMARY = {
  text: ["prompt", "text", "gen_text", "lyrics", "script", "input", "message", "question"],
  image: [
    ...["image", "input_image", "img", "image_input", "input_images", "images", "image_path", "source_image"],
    ...["first_frame_image", "start_image", "init_image", "first_frame"],
  ],
  audio: ["audio", "audio_file", "audio_path", "input_audio"],
} as const;

/** What in the name of a field tells which medium its URL leads to. */
const KINDS: readonly (readonly [RegExp, MediaKind])[] = [
  [/video|movie|mp4/, "video"],
  [/audio|voice|speech|speaker|song|music|sound/, "audio"],
  [/image|img|mask|frame|picture|photo|face|portrait|garment/, "image"],
];

/** Keys of other vendors, which are nothing to give away in an option. */
const SECRET = /(^|_)(api_key|hf_token|api_token|access_token|password|secret)$/;

/** Understands a model; none where nobody can tell what it does, or where it does nothing of what there is here. */
export function understand(raw: Raw, rates: Rates = {}): Entry | undefined {
  const entries = Object.entries(raw.properties);
  const secrets = new Set(entries.filter(([name, schema]) => isSecret(name, schema)).map(([name]) => name));
  if (raw.required.some((name) => secrets.has(name))) return undefined;
  const open = entries.filter(([name]) => !secrets.has(name));
  const fields = open.flatMap(([name, schema]) => mediumOf(name, schema, raw) ?? []);
  const ways = new Map<Capability, Way>();
  for (const capability of CAPABILITIES) {
    const [input, output] = capability.split("-to-");
    const primary = output === raw.makes ? primaryOf(input as keyof typeof PRIMARY, fields, raw) : undefined;
    if (primary !== undefined) ways.set(capability, way(primary, fields, open, raw.required));
  }
  if (ways.size === 0) return undefined;
  const { version, isPrivate = false, makes: output } = raw;
  const known = { id: raw.id, name: raw.id.split(":")[0] ?? "", version, isPrivate, output, ways, rates };
  return { ...known, model: model(raw, known) };
}

function way(
  primary: Field,
  fields: readonly Field[],
  open: readonly [string, unknown][],
  required: readonly string[],
): Way {
  const others = fields.filter(({ name }) => name !== primary.name);
  const roles = new Map(others.map((field) => [field.name.replaceAll("_", "-").toLowerCase(), field]));
  const taken = new Set([primary.name, ...others.map(({ name }) => name)]);
  const options = open.filter(([name]) => !taken.has(name));
  const properties = Object.fromEntries(options.map(([name, schema]) => [name, described(name, schema, required)]));
  const needed = required.filter((name) => Object.hasOwn(properties, name));
  return {
    primary,
    roles,
    options: {
      type: "object",
      additionalProperties: false,
      properties,
      ...(needed.length > 0 && { required: needed }),
    },
  };
}

/** Finds the field that takes what a job is about; none where the model needs another medium. */
function primaryOf(kind: keyof typeof PRIMARY, fields: readonly Field[], { properties }: Raw): Field | undefined {
  const needed = fields.filter(({ isRequired }) => isRequired);
  const names: readonly string[] = PRIMARY[kind];
  if (kind === "text") {
    const name = needed.length > 0 ? undefined : names.find((name) => isText(properties[name]));
    return name === undefined ? undefined : { name, kind, isList: false, isRequired: true };
  }
  const from = (needed.length > 0 ? needed : fields).filter((field) => field.kind === kind);
  const known = names.map((name) => from.find((field) => field.name === name)).find((field) => field !== undefined);
  // What a model needs is what it works on; what it can do without is that only by name.
  return known ?? (needed.length > 0 ? from[0] : undefined);
}

function isText(schema: unknown): boolean {
  return isRecord(schema) && schema["type"] === "string" && schema["enum"] === undefined && !isLink(schema);
}

/** Tells whether a field takes a medium, by its type and its name. */
function mediumOf(name: string, schema: unknown, { required, kinds = {} }: Raw): Field | undefined {
  const isList = isRecord(schema) && schema["type"] === "array" && isLink(schema["items"]);
  const kind = KINDS.find(([word]) => word.test(name))?.[1] ?? kinds[name];
  if (kind === undefined || !(isList || isLink(schema))) return undefined;
  return { name, kind, isList, isRequired: required.includes(name) };
}

/** Whether a schema is that of a URL, in whatever it is wrapped. */
export function isLink(schema: unknown): boolean {
  if (!isRecord(schema)) return false;
  const several = schema["anyOf"];
  return schema["format"] === "uri" || (Array.isArray(several) && several.some(isLink));
}

function isSecret(name: string, schema: unknown): boolean {
  return SECRET.test(name) || (isRecord(schema) && schema["format"] === "password");
}

/** Makes sure that an option says what it is, and what holds without it. */
function described(name: string, schema: unknown, required: readonly string[]): JsonSchema {
  if (!isRecord(schema)) return { description: title(name) };
  const { title: named, ...rest } = schema;
  const said = String(schema["description"] ?? named ?? title(name))
    .trim()
    .replace(/\.$/, "");
  const isKnown = required.includes(name) || "default" in schema || said.includes("without it");
  return { ...rest, description: isKnown ? said : `${said}; without it, the model's own choice` };
}

function title(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function model(raw: Raw, { ways, rates }: Omit<Entry, "model">): Model {
  const each = <T>(of: (way: Way) => T) =>
    Object.fromEntries([...ways].map(([capability, way]) => [capability, of(way)]));
  const slots = ({ primary, roles }: Way) => [
    { kind: primary.kind },
    ...[...roles].map(([role, { kind, isRequired }]) => ({ role, kind, required: isRequired })),
  ];
  const pricing = Object.entries(rates).map(([unit, amount]) => ({ unit, amount, currency: "USD" }));
  const features = ["seed", "negative_prompt"].filter((name) => Object.hasOwn(raw.properties, name));
  return {
    id: raw.id,
    description: raw.description,
    capabilities: [...ways.keys()],
    options: each(({ options }) => options),
    inputs: each(slots),
    ...(pricing.length > 0 && { pricing }),
    // It costs something, and where no price is set nobody knows how much.
    isFree: false,
    features: ["cancel", "progress", ...features],
    quality: raw.quality,
    typicalMs: raw.typicalMs,
  };
}
