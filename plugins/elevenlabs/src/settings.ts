/** What a user sets, checked. */

import { type Config, type JsonSchema, ProviderError } from "#prizm/plugin";
import { decimal, isRecord } from "#prizm/remote";

/** What one of each unit costs, in US dollars as decimal strings. */
export type Rates = Readonly<Partial<Record<(typeof UNITS)[number], string>>>;

/** Settings that jobs and the catalogue work by; a job keeps those that it began with. */
export interface Settings {
  readonly baseUrl: string;
  readonly key: string | undefined;
  /** Whose voice, where a job says nothing: a name or an id. */
  readonly voice: string;
  /** What a credit costs, in US dollars; unknown unless the user says. */
  readonly creditPrice: string | undefined;
  /** Prices that the user knows, by model. */
  readonly prices: ReadonlyMap<string, Rates>;
  /** The largest output that is taken, in bytes. */
  readonly maxOutputBytes: number;
  /** Seconds for which lists of models and voices are good. */
  readonly modelsLifetime: number;
}

/** The variable that holds the key. */
const VARIABLE = "ELEVENLABS_API_KEY";

/** What prices are of. */
const UNITS = ["character", "second", "call"] as const;

/** Their JSON Schema. */
export const SCHEMA = {
  type: "object",
  properties: {
    apiKey: { type: "string", writeOnly: true, description: `The key; without it, the variable ${VARIABLE} where it is granted` },
    baseUrl: {
      type: "string",
      format: "uri",
      default: "https://api.elevenlabs.io",
      description: "Where ElevenLabs is, such as one of its regions",
    },
    voice: {
      type: "string",
      minLength: 1,
      // George, whom the vendor's own examples have.
      default: "JBFqnCBsd6RMkjVDRZzb",
      description: "Whose voice speaks where a job does not say: a name or an id",
    },
    creditPrice: {
      type: "string",
      description: "US dollars for one credit of the account's plan, such as `0.00022`; without it, costs are unknown",
    },
    prices: {
      type: "object",
      additionalProperties: { type: "object", additionalProperties: { type: "string" } },
      description:
        `US dollars for one of each unit (${UNITS.join(", ")}), by model: ` +
        '`{"scribe_v2": {"second": "0.0001"}}`; without it, what `creditPrice` tells',
    },
    maxOutputBytes: {
      type: "integer",
      minimum: 1,
      maximum: 2 ** 32,
      default: 2 ** 28,
      description: "The largest output that is taken",
    },
    modelsLifetime: {
      type: "integer",
      minimum: 0,
      maximum: 2 ** 31 - 1,
      default: 3600,
      description: "Seconds for which lists of models and voices are good",
    },
  },
} as const satisfies JsonSchema;

const PROPERTIES = SCHEMA.properties;
type Name = keyof typeof PROPERTIES;

/** What holds before anything was set. */
export const DEFAULTS: Settings = {
  baseUrl: PROPERTIES.baseUrl.default,
  key: undefined,
  voice: PROPERTIES.voice.default,
  creditPrice: undefined,
  prices: new Map(),
  maxOutputBytes: PROPERTIES.maxOutputBytes.default,
  modelsLifetime: PROPERTIES.modelsLifetime.default,
};

/** Reads a configuration; `environment` has the key's variable where the user granted it. */
export function readSettings(config: Config, environment: NodeJS.ProcessEnv): Settings {
  const voice = config.setting("voice", "string", DEFAULTS.voice).trim();
  if (voice === "") throw wrong("voice", "the name or the id of a voice");
  return {
    baseUrl: address(config.setting("baseUrl", "string", DEFAULTS.baseUrl)),
    key: key(config.setting("apiKey", "string") ?? environment[VARIABLE]),
    voice,
    creditPrice: price(config.setting("creditPrice", "string")),
    prices: new Map(Object.entries(config.setting("prices", "object", {})).map(priced)),
    maxOutputBytes: whole(config, "maxOutputBytes"),
    modelsLifetime: whole(config, "modelsLifetime"),
  };
}

/** Says what is to be set before anything can be done. */
export function needed({ key }: Settings): string | undefined {
  return key === undefined ? `ElevenLabs needs a key: set \`apiKey\`, or grant the variable ${VARIABLE}` : undefined;
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
  const isPlain = url !== undefined && [url.username, url.password, url.search, url.hash].every((part) => part === "");
  if (!isPlain || !["http:", "https:"].includes(url.protocol)) {
    throw wrong("baseUrl", `the URL of a server, such as \`${DEFAULTS.baseUrl}\``);
  }
  return url.href.replace(/\/+$/, "");
}

function price(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const plain = decimal(text);
  if (plain === undefined) throw wrong("creditPrice", "a decimal amount, such as `0.00022`");
  return plain;
}

function priced([model, rates]: [string, unknown]): [string, Rates] {
  const expected = `decimal amounts by model and unit (${UNITS.join(", ")}), such as \`0.0001\``;
  if (!isRecord(rates)) throw wrong("prices", expected);
  const entries = Object.entries(rates).map(([unit, amount]) => {
    const plain = decimal(amount);
    if (plain === undefined || !(UNITS as readonly string[]).includes(unit)) throw wrong("prices", expected);
    return [unit, plain] as const;
  });
  return [model, Object.fromEntries(entries)];
}

function whole(config: Config, name: "maxOutputBytes" | "modelsLifetime"): number {
  const { minimum, maximum, default: otherwise } = PROPERTIES[name];
  const value = config.setting(name, "integer", otherwise);
  if (value >= minimum && value <= maximum) return value;
  throw wrong(name, `a whole number from ${minimum} to ${maximum}`);
}

function wrong(setting: Name, expected: string): ProviderError {
  return new ProviderError("ConfigInvalid", `setting \`${setting}\`: expected ${expected}`, {
    details: { setting, expected },
  });
}
