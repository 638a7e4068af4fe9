/** What a user sets, checked. */

import { type Config, type JsonSchema, ProviderError } from "#prizm/plugin";
import { decimal, isRecord } from "#prizm/remote";

/** US dollars for one of each unit. */
export type Rates = Readonly<Record<string, string>>;

/** Settings that jobs and the catalogue work by; a job keeps those that it began with. */
export interface Settings {
  /** The key of the account. */
  readonly key: string | undefined;
  readonly baseUrl: string;
  /** For how many seconds Replicate may answer a submission later, with the result. */
  readonly waitSeconds: number;
  /** Milliseconds between two looks at a job. */
  readonly pollMs: number;
  /** The largest output that is taken, in bytes. */
  readonly maxOutputBytes: number;
  /** Whose models are listed, by the collection's name. */
  readonly collections: readonly string[];
  /** Models that are listed besides: `owner/name`, or `owner/name:version`. */
  readonly models: readonly string[];
  readonly prices: ReadonlyMap<string, Rates>;
  /** How many models are listed at most. */
  readonly maxModels: number;
  /** Seconds for which a list of models is good. */
  readonly modelsLifetime: number;
  /** Where the list of models is kept between runs. */
  readonly cacheDir: string | undefined;
}

const UNITS = [
  ...["call", "image", "megapixel", "input_megapixel", "second", "video_second", "audio_second"],
  ...["character", "input_char", "token", "input_token", "output_token", "step", "gpu_second"],
];

const COLLECTIONS = [
  ...["text-to-image", "image-editing", "super-resolution", "text-to-video", "image-to-video"],
  ...["text-to-speech", "ai-music-generation", "speech-to-text", "vision-models", "language-models"],
];

/** Their JSON Schema. */
export const SCHEMA = {
  type: "object",
  properties: {
    apiKey: {
      type: "string",
      writeOnly: true,
      description: "The token of your account; without it, REPLICATE_API_TOKEN where that is granted",
    },
    baseUrl: {
      type: "string",
      format: "uri",
      default: "https://api.replicate.com/v1",
      description: "Where Replicate's API is",
    },
    waitSeconds: {
      type: "integer",
      minimum: 0,
      maximum: 60,
      default: 1,
      description: "For how many seconds a submission waits for the result; its id is known only after that",
    },
    pollMs: {
      type: "integer",
      minimum: 1,
      maximum: 60_000,
      default: 500,
      description: "Milliseconds between two looks at a job",
    },
    maxOutputBytes: { type: "integer", minimum: 1, default: 2 ** 31, description: "The largest output that is taken" },
    collections: {
      type: "array",
      items: { type: "string" },
      default: COLLECTIONS,
      description: "Replicate's collections whose models are listed",
    },
    models: {
      type: "array",
      items: { type: "string" },
      default: [],
      description: "Further models, your own too: `owner/name`, or `owner/name:version` to stay with a version",
    },
    prices: {
      type: "object",
      additionalProperties: { type: "object", additionalProperties: { type: "string" } },
      description:
        "US dollars for one of each unit, by model: " +
        '`{"black-forest-labs/flux-schnell": {"image": "0.003"}}`; without it, prices are unknown',
    },
    maxModels: {
      type: "integer",
      minimum: 1,
      maximum: 2000,
      default: 500,
      description: "How many models are listed at most",
    },
    modelsLifetime: {
      type: "integer",
      minimum: 0,
      default: 3600,
      description: "Seconds for which a list of models is good",
    },
    cacheDir: { type: "string", description: "A directory that keeps the list of models; without it, none is kept" },
  },
} as const satisfies JsonSchema;

type Name = keyof typeof SCHEMA.properties;
type Whole = "waitSeconds" | "pollMs" | "maxOutputBytes" | "maxModels" | "modelsLifetime";

/** What holds before anything was set. */
export const DEFAULTS: Settings = {
  key: undefined,
  baseUrl: SCHEMA.properties.baseUrl.default,
  waitSeconds: 1,
  pollMs: 500,
  maxOutputBytes: 2 ** 31,
  collections: COLLECTIONS,
  models: [],
  prices: new Map(),
  maxModels: 500,
  modelsLifetime: 3600,
  cacheDir: undefined,
};

/** Reads a configuration; `environment` has `REPLICATE_API_TOKEN` where the user granted it. */
export function readSettings(config: Config, environment: NodeJS.ProcessEnv): Settings {
  return {
    key: key(config.setting("apiKey", "string") ?? environment["REPLICATE_API_TOKEN"]),
    baseUrl: address(config.setting("baseUrl", "string", DEFAULTS.baseUrl)),
    waitSeconds: whole(config, "waitSeconds"),
    pollMs: whole(config, "pollMs"),
    maxOutputBytes: whole(config, "maxOutputBytes"),
    collections: named(config, "collections", /^[\w-]+$/, "names such as `text-to-image`"),
    models: named(config, "models", /^[\w.-]{1,90}\/[\w.-]{1,90}(:[\w.-]{1,64})?$/, "names such as `owner/name`"),
    prices: new Map(Object.entries(config.setting("prices", "object", {})).map(priced)),
    maxModels: whole(config, "maxModels"),
    modelsLifetime: whole(config, "modelsLifetime"),
    cacheDir: config.setting("cacheDir", "string"),
  };
}

/** A key goes into a header, so it is one line of ASCII. */
function key(text: string | undefined): string | undefined {
  const trimmed = text?.trim() ?? "";
  if (trimmed === "") return undefined;
  if (/^[\x21-\x7e]+$/.test(trimmed)) return trimmed;
  throw wrong("apiKey", "a token of Replicate, which has no spaces");
}

function address(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain =
    url !== undefined && url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (!isPlain || !["http:", "https:"].includes(url.protocol)) {
    throw wrong("baseUrl", "the URL of a server, such as `https://api.replicate.com/v1`");
  }
  return url.href.replace(/\/+$/, "");
}

function named(config: Config, name: "collections" | "models", shape: RegExp, expected: string): readonly string[] {
  const list: readonly unknown[] = config.setting(name, "array") ?? DEFAULTS[name];
  const isNamed = (item: unknown): item is string =>
    typeof item === "string" && shape.test(item) && !item.includes("..");
  if (list.every(isNamed)) return [...new Set(list)];
  throw wrong(name, expected);
}

function priced([model, rates]: [string, unknown]): [string, Rates] {
  const expected = "decimal amounts by model and unit, such as `0.003`";
  if (!isRecord(rates)) throw wrong("prices", expected);
  const entries = Object.entries(rates).map(([unit, amount]) => {
    const plain = decimal(amount);
    if (plain === undefined) throw wrong("prices", expected);
    if (!UNITS.includes(unit)) throw wrong("prices", `units that hosts know: ${UNITS.join(", ")}; \`${unit}\` is none`);
    return [unit, plain] as const;
  });
  return [model, Object.fromEntries(entries)];
}

function whole(config: Config, name: Whole): number {
  const bounds: { minimum: number; maximum?: number } = SCHEMA.properties[name];
  const { minimum, maximum = Number.MAX_SAFE_INTEGER } = bounds;
  const value = config.setting(name, "integer", DEFAULTS[name]);
  if (value >= minimum && value <= maximum) return value;
  throw wrong(name, `a whole number from ${minimum} to ${maximum}`);
}

function wrong(setting: Name, expected: string): ProviderError {
  return new ProviderError("ConfigInvalid", `setting \`${setting}\`: expected ${expected}`, {
    details: { setting, expected },
  });
}
