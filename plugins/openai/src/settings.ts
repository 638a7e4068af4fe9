/** What a user sets, checked. */

import { type Config, type JsonSchema, ProviderError } from "#prizm/plugin";
import { decimal, isRecord } from "#prizm/remote";

import { RATED, type Rates } from "./compatible/index.js";
import type { Role } from "./known.js";
import { PRESETS, PRESET_NAMES, type Preset, type PresetName } from "./presets.js";

/** Settings that jobs and the catalogue work by; a job keeps those that it began with. */
export interface Settings {
  readonly presetName: PresetName;
  readonly preset: Preset;
  readonly baseUrl: string;
  readonly key: string | undefined;
  /** Which models stand behind the names of roles. */
  readonly models: Readonly<Partial<Record<Role, string>>>;
  /** Prices that the user knows better, by model. */
  readonly prices: ReadonlyMap<string, Rates>;
  /** The largest output that is taken, in bytes. */
  readonly maxOutputBytes: number;
  /** How many models are listed at most. */
  readonly maxModels: number;
  /** Seconds for which a list of models is good. */
  readonly modelsLifetime: number;
}

const stands = (role: Role) => ({
  type: "string",
  description: `Which of the server's models \`${role}\` is; without it, the preset's choice`,
});

/** Their JSON Schema. */
export const SCHEMA = {
  type: "object",
  properties: {
    preset: {
      type: "string",
      enum: PRESET_NAMES,
      default: "openai",
      description: "Whose server it is: it decides the address, the key's variable, the prices and the built-in models",
    },
    baseUrl: {
      type: "string",
      format: "uri",
      description: "Where the server is, up to and with its `/v1`; without it, the preset's address",
    },
    apiKey: {
      type: "string",
      writeOnly: true,
      description: "The key; without it, the preset's variable where that is granted",
    },
    chatModel: stands("chat"),
    imageModel: stands("image"),
    speechModel: stands("speech"),
    transcriptionModel: stands("transcription"),
    prices: {
      type: "object",
      additionalProperties: {
        type: "object",
        properties: Object.fromEntries(RATED.map((unit) => [unit, { type: "string" }])),
        additionalProperties: false,
      },
      description:
        'US dollars for one of each unit, by model: `{"gpt-6-luna": {"input_token": "0.0000001", "output_token": "0.0000005"}}`; ' +
        "without it, those that are listed or built in",
    },
    maxOutputBytes: {
      type: "integer",
      minimum: 1,
      maximum: 2 ** 28,
      default: 2 ** 28,
      description: "The largest output that is taken",
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
  },
} as const satisfies JsonSchema;

type Name = keyof typeof SCHEMA.properties;

/** What holds before anything was set. */
export const DEFAULTS: Settings = {
  presetName: "openai",
  preset: PRESETS.openai,
  baseUrl: PRESETS.openai.baseUrl,
  key: undefined,
  models: {},
  prices: new Map(),
  maxOutputBytes: SCHEMA.properties.maxOutputBytes.default,
  maxModels: SCHEMA.properties.maxModels.default,
  modelsLifetime: SCHEMA.properties.modelsLifetime.default,
};

/** Reads a configuration; `environment` has the preset's variable where the user granted it. */
export function readSettings(config: Config, environment: NodeJS.ProcessEnv): Settings {
  const presetName = PRESET_NAMES.find((name) => name === config.setting("preset", "string", "openai"));
  if (presetName === undefined) throw wrong("preset", `one of ${PRESET_NAMES.join(", ")}`);
  const preset: Preset = PRESETS[presetName];
  const granted = preset.variable === undefined ? undefined : environment[preset.variable];
  return {
    presetName,
    preset,
    baseUrl: address(config.setting("baseUrl", "string", preset.baseUrl)),
    key: key(config.setting("apiKey", "string") ?? granted),
    models: named({
      chat: config.setting("chatModel", "string"),
      image: config.setting("imageModel", "string"),
      speech: config.setting("speechModel", "string"),
      transcription: config.setting("transcriptionModel", "string"),
    }),
    prices: new Map(Object.entries(config.setting("prices", "object", {})).map(priced)),
    maxOutputBytes: whole(config, "maxOutputBytes"),
    maxModels: whole(config, "maxModels"),
    modelsLifetime: whole(config, "modelsLifetime"),
  };
}

/** Whether a server of one's own is meant, which costs nothing. */
export function isOwn({ preset }: Settings): boolean {
  return preset.variable === undefined;
}

function named(models: Record<Role, string | undefined>): Partial<Record<Role, string>> {
  return Object.fromEntries(Object.entries(models).filter(([, id]) => id !== undefined && id !== ""));
}

/** A key goes into a header, so it is one line of ASCII. */
function key(text: string | undefined): string | undefined {
  const trimmed = text?.trim() ?? "";
  if (trimmed === "") return undefined;
  if (/^[\x21-\x7e]+$/.test(trimmed)) return trimmed;
  throw wrong("apiKey", "a key, which has no spaces");
}

function address(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url !== undefined && url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (!isPlain || !["http:", "https:"].includes(url.protocol)) {
    throw wrong("baseUrl", "the URL of a server, such as `https://api.openai.com/v1`");
  }
  const base = url.href.replace(/\/+$/, "");
  // Services say where they are, not where their API is.
  return url.pathname === "/" ? `${base}/v1` : base;
}

function priced([model, rates]: [string, unknown]): [string, Rates] {
  const expected = "decimal amounts by model and unit, such as `0.000002`";
  if (!isRecord(rates)) throw wrong("prices", expected);
  const entries = Object.entries(rates).map(([unit, amount]) => {
    const plain = decimal(amount);
    if (!RATED.some((one) => one === unit)) throw wrong("prices", `units that are one of ${RATED.join(", ")}`);
    if (plain === undefined) throw wrong("prices", expected);
    return [unit, plain] as const;
  });
  return [model, Object.fromEntries(entries)];
}

function whole(config: Config, name: "maxOutputBytes" | "maxModels" | "modelsLifetime"): number {
  const bounds: { minimum: number; maximum?: number; default: number } = SCHEMA.properties[name];
  const { minimum, maximum = Number.MAX_SAFE_INTEGER } = bounds;
  const value = config.setting(name, "integer", bounds.default);
  if (value >= minimum && value <= maximum) return value;
  throw wrong(name, `a whole number from ${minimum} to ${maximum}`);
}

function wrong(setting: Name, expected: string): ProviderError {
  return new ProviderError("ConfigInvalid", `setting \`${setting}\`: expected ${expected}`, {
    details: { setting, expected },
  });
}
