/** The methods: what a host asks with, and what a plugin answers. */

import { readMedia, readMediaFacts, readModel } from "./model.js";
import type { Media, MediaFacts, WireModel } from "./model.js";
import * as read from "./read.js";
import type { JsonObject, Reader } from "./read.js";

/** Parameters of `initialize`. */
export interface InitializeParams {
  /** The protocol versions that the host speaks, best first. */
  protocolVersions: string[];
  /** Who the host is. */
  host: { name: string; version: string };
  /** The largest frame in bytes, in either direction, and the most transforms that it will have in flight. */
  limits: { maxFrameBytes: number; maxInFlight: number };
  /** Names this run of the plugin in logs. */
  instanceId: string;
}

export const readInitialize: Reader<InitializeParams> = read.object({
  protocolVersions: read.list(read.string),
  host: read.object({ name: read.string, version: read.string }),
  limits: read.object({ maxFrameBytes: read.unsigned(64), maxInFlight: read.unsigned(32) }),
  instanceId: read.string,
});

/** A service that runs. */
export interface Service {
  /** Its URLs, by name. */
  endpoints: Record<string, string>;
}

/** Parameters of `configure`, which may hold secrets. */
export interface ConfigureParams {
  /** Settings by name, such as `apiKey`, `baseUrl`, `timeout`, `retries`. */
  config: JsonObject;
  /** The services that the provider needs, by name. */
  services: Record<string, Service>;
}

export const readConfigure: Reader<ConfigureParams> = read.object({
  config: read.filled(read.json, () => ({})),
  services: read.filled(read.map<Service>(read.object({ endpoints: read.map(read.string) })), () => ({})),
});

/** A job that a remote system has already accepted. */
export interface Resume {
  /** The remote system's name for it, from `$/accepted`. */
  remoteId: string;
}

/** Parameters of `transform`. */
export interface TransformParams {
  model: string;
  capability: string;
  /** Paths are relative to `jobDir`, under `in/`. */
  inputs: Media[];
  /** By the model's schema. */
  options: JsonObject;
  /** Names the job in logs. */
  jobId: string;
  /** Absolute path of the job's directory; absent only when every medium is text. */
  jobDir?: string;
  /** Milliseconds from now within which an answer is of use. */
  deadlineMs?: number;
  /** Two calls with one key are one job. */
  idempotencyKey?: string;
  resume?: Resume;
}

export const readTransform: Reader<TransformParams> = read.object({
  model: read.string,
  capability: read.string,
  inputs: read.list(readMedia),
  options: read.filled(read.json, () => ({})),
  jobId: read.string,
  jobDir: read.optional(read.string),
  deadlineMs: read.optional(read.unsigned(64)),
  idempotencyKey: read.optional(read.string),
  resume: read.optional<Resume>(read.object({ remoteId: read.string })),
});

/** Parameters of `estimate`: what is known of a job before there is one. */
export interface EstimateParams {
  model: string;
  capability: string;
  options: JsonObject;
  inputs: MediaFacts[];
}

export const readEstimate: Reader<EstimateParams> = read.object({
  model: read.string,
  capability: read.string,
  options: read.filled(read.json, () => ({})),
  inputs: read.filled(read.list(readMediaFacts), () => []),
});

/** Parameters of `$/cancelRequest`. */
export interface CancelParams {
  /** The request. */
  id: number;
}

export const readCancel: Reader<CancelParams> = read.object({ id: read.unsigned(64) });

/** Parameters, or a result, that say nothing. */
export const readEmpty: Reader<object> = read.object({});

/** Where the work is done: on this machine, or by somebody's servers. */
export type Location = "local" | "remote";

/** How the host can tell that a plugin lives. */
export type Liveness = "ping" | "progress" | "none";

/** What a cancellation does. */
export type CancelMode = "cooperative" | "restart";

/** What becomes of what is sent to a provider. What is absent is unknown. */
export interface DataPolicy {
  /** For how many days it is kept; 0 where nothing is. */
  retentionDays?: number;
  /** Whether models are trained on it. */
  training?: boolean;
  /** Where it is worked on, such as `eu` or `us`: lower-case words joined by `-`. */
  regions?: string[];
}

/** The answer to `initialize`: what a plugin says that it can do. */
export interface Declaration {
  protocolVersion: string;
  provider: { id: string; name?: string; version: string; type?: Location };
  capabilities: string[];
  models: WireModel[];
  limits: { maxInFlight: number };
  liveness: Liveness;
  cancel: CancelMode;
  /** JSON Schema 2020-12 of `configure`'s `config`; secrets are marked `writeOnly`. */
  configSchema?: unknown;
  dataPolicy?: DataPolicy;
}

const readDataPolicy: Reader<DataPolicy> = read.object({
  retentionDays: read.optional(read.unsigned(32)),
  training: read.optional(read.boolean),
  regions: read.optional(read.list(read.string)),
});

const one = () => 1;
const readLimits = read.object({ maxInFlight: read.filled(read.unsigned(32), one) });

export const readDeclaration: Reader<Declaration> = read.object({
  protocolVersion: read.string,
  provider: read.object({
    id: read.string,
    name: read.optional(read.string),
    version: read.string,
    // A word from the future means the one that promises less.
    type: read.optional(read.wordOr<Location>(["local", "remote"], "remote")),
  }),
  capabilities: read.list(read.string),
  models: read.list(readModel),
  limits: read.filled(readLimits, () => ({ maxInFlight: 1 })),
  liveness: read.filled<Liveness>(read.wordOr(["ping", "progress", "none"], "none"), () => "none"),
  cancel: read.filled<CancelMode>(read.wordOr(["cooperative", "restart"], "cooperative"), () => "cooperative"),
  configSchema: read.optional(read.any),
  dataPolicy: read.optional(readDataPolicy),
});

/** The answer to `models`. */
export interface ModelsResult {
  models: WireModel[];
}

export const readModels: Reader<ModelsResult> = read.object({ models: read.list(readModel) });

/** Digits with at most one point, so that no price is ever rounded. */
const decimal: Reader<string> = (value) => {
  const text = read.string(value);
  if (text.length <= 40 && /^[0-9]+(\.[0-9]+)?$/.test(text)) return text;
  throw new read.Mismatch("expected a decimal amount, such as `0.0025`, got another string");
};

/** What a job used. Beside money it has units by name, such as `tokens` or `seconds`. */
export interface Usage {
  /** Money charged, a decimal string such as `0.0025`. */
  cost?: string;
  /** ISO 4217 code of `cost`. */
  currency?: string;
  [unit: string]: unknown;
}

export const readUsage: Reader<Usage> = read.open({
  cost: read.optional(decimal),
  currency: read.optional(read.string),
});

/** The answer to `transform`. */
export interface TransformResult {
  /** Paths are relative to the job's directory, under `out/`. */
  outputs: Media[];
  /** What the job used. */
  usage?: Usage;
  /** What else there is to say, such as a seed or warnings. */
  meta?: JsonObject;
}

export const readResult: Reader<TransformResult> = read.object({
  outputs: read.list(readMedia),
  usage: read.optional(readUsage),
  meta: read.optional(read.json),
});

/** What a job would cost. */
export interface Estimate {
  /** Money, a decimal string. */
  cost?: string;
  /** ISO 4217 code of `cost`. */
  currency?: string;
  /** Time in milliseconds, a whole number. */
  timeMs?: number;
}

export const readEstimateResult: Reader<Estimate> = read.object({
  cost: read.optional(decimal),
  currency: read.optional(read.string),
  timeMs: read.optional(read.unsigned(64)),
});

/** How a plugin feels. */
export interface Health {
  status: "healthy" | "degraded" | "unhealthy";
  /** Milliseconds since it started. */
  uptimeMs: number;
  /** Jobs that run. */
  activeJobs: number;
  /** Jobs that wait. */
  queuedJobs: number;
  /** The last thing that went wrong. */
  lastError?: string;
}

export const readHealth: Reader<Health> = read.object({
  status: read.wordOr<Health["status"]>(["healthy", "degraded", "unhealthy"], "degraded"),
  uptimeMs: read.unsigned(64),
  activeJobs: read.unsigned(32),
  queuedJobs: read.unsigned(32),
  lastError: read.optional(read.string),
});
