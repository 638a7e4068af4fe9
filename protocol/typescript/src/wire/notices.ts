/** What only a host reads: notifications, errors, and the answer to `configure`. */

import * as read from "./read.js";
import type { JsonObject, Reader } from "./read.js";

/** Whether a call has cost money; `unknown` is also what any unknown word means. */
export type Charged = "yes" | "no" | "unknown";

const charged = read.wordOr<Charged>(["yes", "no", "unknown"], "unknown");
const id = read.unsigned(64);

/** Parameters of `$/progress`. */
export interface ProgressParams {
  /** The request. */
  id: number;
  /** Strictly grows within a request. */
  seq: number;
  /** From 0 to 1; never falls. */
  fraction?: number;
  stage?: string;
  message?: string;
  etaMs?: number;
}

export const readProgress: Reader<ProgressParams> = read.object({
  id,
  seq: read.unsigned(64),
  fraction: read.optional(read.number),
  stage: read.optional(read.string),
  message: read.optional(read.string),
  etaMs: read.optional(read.unsigned(64)),
});

/** Parameters of `$/chunk`: exactly one of `text` and `path`. */
export interface ChunkParams {
  id: number;
  seq: number;
  text?: string;
  path?: string;
}

export const readChunk: Reader<ChunkParams> = read.object({
  id,
  seq: read.unsigned(64),
  text: read.optional(read.string),
  path: read.optional(read.string),
});

/** Parameters of `$/accepted`. */
export interface AcceptedParams {
  id: number;
  remoteId: string;
  charged: Charged;
}

export const readAccepted: Reader<AcceptedParams> = read.object({ id, remoteId: read.string, charged });

/** Parameters of `$/startup`. */
export interface StartupParams {
  stage: string;
  fraction?: number;
  message?: string;
}

export const readStartup: Reader<StartupParams> = read.object({
  stage: read.string,
  fraction: read.optional(read.number),
  message: read.optional(read.string),
});

/** How grave a line of the log is. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

const level: Reader<LogLevel> = (value) => {
  if (value === "warning") return "warn";
  return read.wordOr<LogLevel>(["trace", "debug", "info", "warn", "error"], "info")(value);
};

/** Parameters of `$/log`. */
export interface LogParams {
  level: LogLevel;
  message: string;
  fields?: JsonObject;
}

export const readLog: Reader<LogParams> = read.object({
  level,
  message: read.string,
  fields: read.optional(read.json),
});

/** The answer to `configure`. */
export interface ConfigureResult {
  ready: boolean;
}

export const readConfigureResult: Reader<ConfigureResult> = read.object({ ready: read.boolean });

/** The details of Prizm's errors. Beside these it has what the plugin wants to say, by name. */
export interface ErrorData {
  /** The stable name, such as `RateLimited`. */
  kind?: string;
  retryable?: boolean;
  retryAfterMs?: number;
  /** True once a remote system has taken the job. */
  accepted?: boolean;
  charged?: Charged;
  docsUrl?: string;
  [detail: string]: unknown;
}

export const readErrorData: Reader<ErrorData> = read.open({
  kind: read.optional(read.string),
  retryable: read.optional(read.boolean),
  retryAfterMs: read.optional(read.unsigned(64)),
  accepted: read.optional(read.boolean),
  charged: read.optional(charged),
  docsUrl: read.optional(read.string),
});

/** The error of a response. */
export interface ErrorObject {
  code: number;
  message: string;
  /** An {@link ErrorData} where the code is one of Prizm's. */
  data?: unknown;
}

export const readError: Reader<ErrorObject> = read.object({
  code: read.integer,
  message: read.string,
  data: read.optional(read.any),
});
