/** What a user sets, checked. */

import { type Config, type JsonSchema, ProviderError } from "#prizm/plugin";

/** Settings that jobs and the catalogue work by; a job keeps those that it began with. */
export interface Settings {
  /** The key of the account. */
  readonly key: string | undefined;
  readonly queueUrl: string;
  readonly restUrl: string;
  readonly platformUrl: string;
  /** Milliseconds between two looks at a job. */
  readonly pollMs: number;
  /** Whether fal may queue a job again where its runner failed. */
  readonly queueRetries: boolean;
  /** Whether fal keeps what jobs were asked and answered. */
  readonly keepPayloads: boolean;
  /** After how many seconds fal deletes the files of a job; without it, when it likes. */
  readonly mediaLifetime: number | undefined;
  /** The largest output that is taken, in bytes. */
  readonly maxOutputBytes: number;
  /** How many models are listed at most. */
  readonly maxModels: number;
  /** Seconds for which a list of models is good. */
  readonly modelsLifetime: number;
  /** Where the list of models is kept between runs. */
  readonly cacheDir: string | undefined;
}

const url = (what: string, otherwise: string) => ({
  type: "string",
  format: "uri",
  default: otherwise,
  description: what,
});

/** Their JSON Schema. */
export const SCHEMA = {
  type: "object",
  properties: {
    apiKey: {
      type: "string",
      writeOnly: true,
      description: "The key of your account; without it, FAL_KEY where that is granted",
    },
    queueUrl: url("Where jobs are queued", "https://queue.fal.run"),
    restUrl: url("Where inputs are uploaded", "https://rest.fal.ai"),
    platformUrl: url("Where models and prices are listed", "https://api.fal.ai/v1"),
    pollMs: {
      type: "integer",
      minimum: 1,
      maximum: 60_000,
      default: 500,
      description: "Milliseconds between two looks at a job",
    },
    queueRetries: {
      type: "boolean",
      default: false,
      description: "Whether fal itself tries a job again, up to ten times, where its runner failed",
    },
    keepPayloads: {
      type: "boolean",
      default: true,
      description: "Whether fal keeps what jobs were asked and answered, for 30 days",
    },
    mediaLifetime: {
      type: "integer",
      minimum: 60,
      description: "After how many seconds fal deletes the files of a job; without it, when it likes",
    },
    maxOutputBytes: { type: "integer", minimum: 1, default: 2 ** 31, description: "The largest output that is taken" },
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
type Whole = "pollMs" | "mediaLifetime" | "maxOutputBytes" | "maxModels" | "modelsLifetime";

/** What holds before anything was set. */
export const DEFAULTS: Settings = {
  key: undefined,
  queueUrl: SCHEMA.properties.queueUrl.default,
  restUrl: SCHEMA.properties.restUrl.default,
  platformUrl: SCHEMA.properties.platformUrl.default,
  pollMs: 500,
  queueRetries: false,
  keepPayloads: true,
  mediaLifetime: undefined,
  maxOutputBytes: 2 ** 31,
  maxModels: 500,
  modelsLifetime: 3600,
  cacheDir: undefined,
};

/** Reads a configuration; `environment` has `FAL_KEY` where the user granted it. */
export function readSettings(config: Config, environment: NodeJS.ProcessEnv): Settings {
  return {
    key: key(config.setting("apiKey", "string") ?? environment["FAL_KEY"]),
    queueUrl: address(config, "queueUrl"),
    restUrl: address(config, "restUrl"),
    platformUrl: address(config, "platformUrl"),
    pollMs: whole(config, "pollMs"),
    queueRetries: config.setting("queueRetries", "boolean", DEFAULTS.queueRetries),
    keepPayloads: config.setting("keepPayloads", "boolean", DEFAULTS.keepPayloads),
    mediaLifetime:
      config.setting("mediaLifetime", "integer") === undefined ? undefined : whole(config, "mediaLifetime"),
    maxOutputBytes: whole(config, "maxOutputBytes"),
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
  throw wrong("apiKey", "a key of fal.ai, which has no spaces");
}

function address(config: Config, name: "queueUrl" | "restUrl" | "platformUrl"): string {
  const text = config.setting(name, "string", DEFAULTS[name]);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url !== undefined && url.username === "" && url.password === "" && url.search === "";
  if (!isPlain || !["http:", "https:"].includes(url.protocol)) {
    throw wrong(name, "the URL of a server, such as `https://queue.fal.run`");
  }
  return url.href.replace(/\/+$/, "");
}

function whole(config: Config, name: Whole): number {
  const bounds: { minimum: number; maximum?: number } = SCHEMA.properties[name];
  const { minimum, maximum = Number.MAX_SAFE_INTEGER } = bounds;
  const value = config.setting(name, "integer", DEFAULTS[name] ?? minimum);
  if (value >= minimum && value <= maximum) return value;
  throw wrong(name, `a whole number from ${minimum} to ${maximum}`);
}

function wrong(setting: Name, expected: string): ProviderError {
  return new ProviderError("ConfigInvalid", `setting \`${setting}\`: expected ${expected}`, {
    details: { setting, expected },
  });
}
