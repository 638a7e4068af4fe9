/** What a provider answers when it cannot do the work. */

import type { Charged, ErrorData, ErrorObject } from "./wire/notices.js";

/** The named errors: the number on the wire, and whether such a call may succeed when it is made again. */
const NAMED = {
  /** A request came before `initialize`. */
  NotInitialized: [1001, false],
  /** No version of the host's list is spoken. */
  UnsupportedProtocolVersion: [1002, false],
  /** The model has no such capability. */
  CapabilityNotDeclared: [1003, false],
  /** Something needed, such as an API key, has not been configured. */
  NotConfigured: [1004, false],
  /** The configuration is wrong. */
  ConfigInvalid: [1005, false],
  /** No such model. */
  ModelNotFound: [1006, false],
  /** The job's deadline passed. */
  DeadlineExceeded: [1101, true],
  /** Too many calls; `retryAfterMs` says when to come back. */
  RateLimited: [1102, true],
  /** Memory, disk or an engine ran out or is missing. */
  ResourceExhausted: [1103, true],
  /** The account has nothing left. */
  QuotaExceeded: [1104, false],
  /** The remote system failed. */
  UpstreamError: [1201, true],
  /** The remote system refuses the content. */
  ContentRejected: [1202, false],
  /** The input cannot be read, or is of the wrong kind. */
  InvalidMedia: [1203, false],
  /** A frame was over the limit. */
  FrameTooLarge: [1205, false],
} as const satisfies Record<string, readonly [code: number, retryable: boolean]>;

/** The codes of JSON-RPC and LSP, which have no kind in `data`. */
export const CODED = {
  /** What came is no request. */
  InvalidRequest: -32600,
  /** No such method. */
  MethodNotFound: -32601,
  /** The parameters are wrong. The message should name what, and what was expected. */
  InvalidParams: -32602,
  /** The provider itself failed. */
  InternalError: -32603,
  /** The job was cancelled. */
  Cancelled: -32800,
  /** The provider is shutting down. */
  Draining: -32802,
} as const;

/** A named error of protocol 1.0. */
export type ErrorKind = keyof typeof NAMED;

/** What can go wrong: a named error, or a code of JSON-RPC by its name. */
export type ErrorName = ErrorKind | keyof typeof CODED;

/** What helps whoever gets an error. */
export interface ErrorHints {
  /** Whether the same call may succeed later, against the kind's default. */
  readonly retryable?: boolean | undefined;
  /** How long to wait before the same call is worth another try, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** Where people can read more. */
  readonly docsUrl?: string | undefined;
  /** What else there is to say, by name. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** What led to it; it stays in the process. */
  readonly cause?: unknown;
}

/**
 * An error as the host will see it: a stable kind or code, a sentence for people, and hints.
 *
 * ```ts
 * throw new ProviderError("RateLimited", "the account may make 10 calls a minute", { retryAfterMs: 6000 });
 * ```
 */
export class ProviderError extends Error {
  override readonly name = "ProviderError";
  /** The number on the wire. */
  readonly code: number;
  /** The stable name; `undefined` for the codes of JSON-RPC and for −32800. */
  readonly kind: ErrorKind | undefined;
  /** The details on the wire. */
  readonly data: Readonly<ErrorData>;

  constructor(name: ErrorName, message: string, hints: ErrorHints = {}) {
    super(message, hints.cause === undefined ? undefined : { cause: hints.cause });
    const data: ErrorData = { ...hints.details };
    if (isKind(name)) {
      const [code, retryable] = NAMED[name];
      this.code = code;
      this.kind = data.kind = name;
      data.retryable = hints.retryable ?? (hints.retryAfterMs !== undefined || retryable);
    } else {
      this.code = CODED[name];
      this.kind = undefined;
      const retryable = hints.retryable ?? (hints.retryAfterMs === undefined ? undefined : true);
      if (retryable !== undefined) data.retryable = retryable;
    }
    if (hints.retryAfterMs !== undefined) data.retryAfterMs = Math.max(0, Math.round(hints.retryAfterMs));
    if (hints.docsUrl !== undefined) data.docsUrl = hints.docsUrl;
    this.data = data;
  }

  /** An option is wrong (−32602): names it, what was expected and what came. */
  static invalidOption(name: string, expected: string, got: unknown): ProviderError {
    const shown = (JSON.stringify(got) ?? String(got)).slice(0, 200);
    const details = { option: name, expected, got: shown };
    return new ProviderError("InvalidParams", `option \`${name}\`: expected ${expected}, got ${shown}`, { details });
  }

  /**
   * Returns the error as it crosses the wire; `charged` where a remote system had accepted the job. What the error
   * itself says of that is known later, and counts.
   */
  toWire(charged?: Charged): ErrorObject {
    const data = charged === undefined ? this.data : { charged, ...this.data, accepted: true };
    const object = { code: this.code, message: this.message };
    return Object.keys(data).length === 0 ? object : { ...object, data };
  }
}

function isKind(name: ErrorName): name is ErrorKind {
  return Object.hasOwn(NAMED, name);
}

export function cancelled(): ProviderError {
  return new ProviderError("Cancelled", "cancelled");
}

/** A frame that is over a limit. */
export function tooLarge(what: string, size: number, limit: number): ProviderError {
  const message = `${what} has ${size} bytes; the limit is ${limit}. Send media by path`;
  return new ProviderError("FrameTooLarge", message, { details: { size, limit } });
}

/** Where nothing is left of what the operating system counts. */
const EXHAUSTED = new Set(["ENOSPC", "EDQUOT", "ENOMEM", "EMFILE", "ENFILE"]);

/** Makes an error for the host of whatever was thrown. */
export function fromThrown(thrown: unknown): ProviderError {
  if (thrown instanceof ProviderError) return thrown;
  const code = codeOf(thrown);
  const name = code !== undefined && EXHAUSTED.has(code) ? "ResourceExhausted" : "InternalError";
  return new ProviderError(name, sentence(thrown), { cause: thrown });
}

/** Returns a system error's name, such as `ENOENT`. */
export function codeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== "object" || thrown === null || !("code" in thrown)) return undefined;
  return typeof thrown.code === "string" ? thrown.code : undefined;
}

/** Says in a sentence what was thrown. */
export function sentence(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `the provider threw ${described(thrown)}`;
  if (thrown.message === "") return `the provider threw a ${thrown.name} without a message`;
  return thrown.name === "Error" ? thrown.message : `${thrown.name}: ${thrown.message}`;
}

function described(thrown: unknown): string {
  try {
    return typeof thrown === "string" ? JSON.stringify(thrown) : String(thrown);
  } catch {
    return `a value of type ${typeof thrown}`;
  }
}
