/** What a user sets, checked. */

import { type Config, type JsonSchema, ProviderError } from "#prizm/plugin";

import { type Role, isName } from "./known.js";

/** Settings that jobs and the catalogue work by; a job keeps those that it began with. */
export interface Settings {
  readonly routerUrl: string;
  readonly hubUrl: string;
  readonly key: string | undefined;
  /** The organization that pays, where it is not whose key it is. */
  readonly billTo: string | undefined;
  /** Which models stand behind the names of roles. */
  readonly models: Readonly<Record<Role, string>>;
  /** The largest output that is taken, in bytes. */
  readonly maxOutputBytes: number;
  /** How many models are listed at most. */
  readonly maxModels: number;
  /** Seconds for which a list of models is good. */
  readonly modelsLifetime: number;
}

const stands = (role: Role, name: string) => ({
  type: "string",
  default: name,
  description: `Which model \`${role}\` is: its name on the Hub, with a provider after a colon where one is meant`,
});

/** Their JSON Schema. */
export const SCHEMA = {
  type: "object",
  properties: {
    apiKey: {
      type: "string",
      writeOnly: true,
      description: "The token, which may call Inference Providers; without it, HF_TOKEN where that is granted",
    },
    billTo: { type: "string", description: "The organization that pays; without it, whose token it is" },
    chatModel: stands("chat", "openai/gpt-oss-120b"),
    visionModel: stands("vision", "google/gemma-3-27b-it"),
    imageModel: stands("image", "stabilityai/stable-diffusion-xl-base-1.0"),
    speechModel: stands("speech", "hexgrad/Kokoro-82M"),
    transcriptionModel: stands("transcription", "openai/whisper-large-v3-turbo"),
    routerUrl: {
      type: "string",
      format: "uri",
      default: "https://router.huggingface.co",
      description: "Where the router is",
    },
    hubUrl: { type: "string", format: "uri", default: "https://huggingface.co", description: "Where the Hub is" },
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
      description: "Seconds for which a list of models, and a price, is good",
    },
  },
} as const satisfies JsonSchema;

const P = SCHEMA.properties;
type Name = keyof typeof P;

/** What holds before anything was set. */
export const DEFAULTS: Settings = {
  routerUrl: P.routerUrl.default,
  hubUrl: P.hubUrl.default,
  key: undefined,
  billTo: undefined,
  models: {
    chat: P.chatModel.default,
    vision: P.visionModel.default,
    image: P.imageModel.default,
    speech: P.speechModel.default,
    transcription: P.transcriptionModel.default,
  },
  maxOutputBytes: P.maxOutputBytes.default,
  maxModels: P.maxModels.default,
  modelsLifetime: P.modelsLifetime.default,
};

/** Reads a configuration; `environment` has the variable of the key where the user granted it. */
export function readSettings(config: Config, environment: NodeJS.ProcessEnv): Settings {
  return {
    routerUrl: address(config, "routerUrl"),
    hubUrl: address(config, "hubUrl"),
    key: header("apiKey", config.setting("apiKey", "string") ?? environment["HF_TOKEN"]),
    billTo: header("billTo", config.setting("billTo", "string")),
    models: {
      chat: model(config, "chatModel"),
      vision: model(config, "visionModel"),
      image: model(config, "imageModel"),
      speech: model(config, "speechModel"),
      transcription: model(config, "transcriptionModel"),
    },
    maxOutputBytes: whole(config, "maxOutputBytes"),
    maxModels: whole(config, "maxModels"),
    modelsLifetime: whole(config, "modelsLifetime"),
  };
}

function model(config: Config, name: `${Role}Model`): string {
  const id = config.setting(name, "string", P[name].default).trim() || P[name].default;
  if (isName(id)) return id;
  throw wrong(name, "a model's name on the Hub, such as `openai/gpt-oss-120b` or `openai/gpt-oss-120b:groq`");
}

/** What goes into a header is one line of ASCII. */
function header(name: Name, text: string | undefined): string | undefined {
  const trimmed = text?.trim() ?? "";
  if (trimmed === "") return undefined;
  if (/^[\x21-\x7e]+$/.test(trimmed)) return trimmed;
  throw wrong(name, "a word, which has no spaces");
}

function address(config: Config, name: "routerUrl" | "hubUrl"): string {
  const text = config.setting(name, "string", P[name].default);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url !== undefined && url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (isPlain && ["http:", "https:"].includes(url.protocol)) return url.href.replace(/\/+$/, "");
  throw wrong(name, `the URL of a server, such as \`${P[name].default}\``);
}

function whole(config: Config, name: "maxOutputBytes" | "maxModels" | "modelsLifetime"): number {
  const bounds: { minimum: number; maximum?: number; default: number } = P[name];
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
