/** What a job asks for, and reading it. */

import { ProviderError } from "./error.js";
import type { ConfigureParams, Resume, Service, TransformParams } from "./wire/methods.js";
import type { Capability, Media, MediaFacts } from "./wire/model.js";
import type { JsonObject } from "./wire/read.js";

/** What an option or a setting can be, by name. */
export interface Kinds {
  string: string;
  boolean: boolean;
  number: number;
  /** A whole number. */
  integer: number;
  array: unknown[];
  object: JsonObject;
}

const EXPECTED: { readonly [K in keyof Kinds]: string } = {
  string: "a string",
  boolean: "true or false",
  number: "a number",
  integer: "a whole number",
  array: "a list",
  object: "an object",
};

function isOf(kind: keyof Kinds, value: unknown): boolean {
  if (kind === "array") return Array.isArray(value);
  if (kind === "object") return typeof value === "object" && !Array.isArray(value);
  return kind === "integer" ? Number.isSafeInteger(value) : typeof value === kind;
}

/** Returns a value by name, `undefined` where it is absent or `null`. */
function own(values: Readonly<JsonObject>, name: string): unknown {
  return Object.hasOwn(values, name) ? (values[name] ?? undefined) : undefined;
}

/** Reads an option by its kind. */
export interface OptionReader {
  /** Returns an option; `undefined` where it is absent or `null`. One of another kind is −32602, naming it. */
  <K extends keyof Kinds>(name: string, kind: K): Kinds[K] | undefined;
  /** Returns an option, or what stands for it. */
  <K extends keyof Kinds>(name: string, kind: K, otherwise: Kinds[K]): Kinds[K];
}

function optionReader(options: Readonly<JsonObject>): OptionReader {
  return <K extends keyof Kinds>(name: string, kind: K, otherwise?: Kinds[K]) => {
    const value = own(options, name);
    if (value === undefined) return otherwise as Kinds[K];
    if (isOf(kind, value)) return value as Kinds[K];
    throw ProviderError.invalidOption(name, EXPECTED[kind], value);
  };
}

/** What a job asks for. The model exists and has the capability: the SDK has checked both. */
export class Request {
  /** Which model. */
  readonly model: string;
  /** Which of its capabilities. */
  readonly capability: Capability;
  /** The media. Text is inline; a file is found with `context.input`. */
  readonly inputs: readonly Media[];
  /** Options by the model's schema. */
  readonly options: Readonly<JsonObject>;
  /** Two calls with one key are one job. */
  readonly idempotencyKey: string | undefined;
  /** Set where the job was already accepted by a remote system and is taken up again. */
  readonly resume: Resume | undefined;
  /** Reads one option. */
  readonly option: OptionReader;

  constructor(params: TransformParams, capability: Capability) {
    this.model = params.model;
    this.capability = capability;
    this.inputs = params.inputs;
    this.options = params.options;
    this.idempotencyKey = params.idempotencyKey;
    this.resume = params.resume;
    this.option = optionReader(params.options);
  }

  /** Returns the primary input, the first one without a role; there being none is `InvalidMedia`. */
  readonly input = (): Media => {
    const primary = this.inputs.find((media) => media.role === undefined);
    if (primary !== undefined) return primary;
    throw new ProviderError("InvalidMedia", "the job has no input; one is needed");
  };

  /** Returns the input with this role. */
  readonly inputWithRole = (role: string): Media | undefined => this.inputs.find((media) => media.role === role);

  /** Returns the primary input's text; anything else is `InvalidMedia`. */
  readonly text = (): string => {
    const { kind, mime, text } = this.input();
    if (kind === "text" && text !== undefined) return text;
    throw new ProviderError("InvalidMedia", `the input is ${kind} (${mime}); text is needed`);
  };
}

/** What is known of a job before there is one. */
export class EstimateRequest {
  readonly model: string;
  readonly capability: Capability;
  readonly options: Readonly<JsonObject>;
  /** What is known of the media, never the media themselves; empty where nothing is. */
  readonly inputs: readonly MediaFacts[];
  /** Reads one option. */
  readonly option: OptionReader;

  constructor(params: Pick<EstimateRequest, "model" | "options" | "inputs">, capability: Capability) {
    this.model = params.model;
    this.capability = capability;
    this.options = params.options;
    this.inputs = params.inputs;
    this.option = optionReader(params.options);
  }

  /** Returns what is known of the primary input: the first one without a role. */
  readonly input = (): MediaFacts | undefined => this.inputs.find((facts) => facts.role === undefined);

  /** Returns what is known of the input with this role. */
  readonly inputWithRole = (role: string): MediaFacts | undefined => this.inputs.find((facts) => facts.role === role);
}

/** Settings by name, such as `apiKey`, `baseUrl`, `timeout`, `retries`. They may be secrets: printed, they show nothing. */
export class Config {
  readonly #values: Readonly<JsonObject>;

  constructor(params: ConfigureParams) {
    this.#values = params.config;
  }

  /** All of them, as they came. */
  get values(): Readonly<JsonObject> {
    return this.#values;
  }

  /** Reads a setting; `undefined` where it is absent or `null`. One of another kind is `ConfigInvalid`, naming it. */
  setting<K extends keyof Kinds>(name: string, kind: K): Kinds[K] | undefined;
  /** Reads a setting, or takes what stands for it. */
  setting<K extends keyof Kinds>(name: string, kind: K, otherwise: Kinds[K]): Kinds[K];
  setting<K extends keyof Kinds>(name: string, kind: K, otherwise?: Kinds[K]): Kinds[K] | undefined {
    const value = own(this.#values, name);
    if (value === undefined) return otherwise;
    if (isOf(kind, value)) return value as Kinds[K];
    const details = { setting: name, expected: EXPECTED[kind] };
    throw new ProviderError("ConfigInvalid", `setting \`${name}\`: expected ${EXPECTED[kind]}`, { details });
  }
}

/** The services that run for the provider. */
export class Services {
  /** All of them, by name. */
  readonly byName: Readonly<Record<string, Service>>;

  constructor(params: ConfigureParams) {
    this.byName = params.services;
  }

  /** Returns a URL of a service; there being none is `NotConfigured`, naming what is missing. */
  endpoint(service: string, endpoint: string): string {
    const found = Object.hasOwn(this.byName, service) ? this.byName[service] : undefined;
    if (found === undefined) throw new ProviderError("NotConfigured", `no service \`${service}\` is configured`);
    const url = Object.hasOwn(found.endpoints, endpoint) ? found.endpoints[endpoint] : undefined;
    if (url !== undefined) return url;
    const known = Object.keys(found.endpoints).join(", ");
    throw new ProviderError("NotConfigured", `the service \`${service}\` has no endpoint \`${endpoint}\`, only: ${known}`);
  }
}
