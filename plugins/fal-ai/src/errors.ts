/** What fal's errors mean: of its two shapes, and of those that have none. */

import { type Charged, type ErrorName, ProviderError } from "#prizm/plugin";
import { HttpFailure, TransportFailure, isRecord, label, retryAfter, short, word } from "#prizm/remote";

/** Where fal explains its errors. */
const DOCS = "https://docs.fal.ai/errors";

/** During which step something failed. */
export type Step = "upload" | "submit" | "status" | "result" | "cancel" | "list";

/** Words of the first shape, `{detail: [{loc, msg, type}]}`, that are about a medium. */
const MEDIUM = /^(image|video|audio|file|face|archive|invalid_archive|unsupported_(image|video|audio)|no_media)/;

/** Words of it that are about the model, not about what it was given. */
const MODEL = new Set([
  "internal_server_error",
  "generation_timeout",
  "downstream_service_error",
  "downstream_service_unavailable",
  "no_media_generated",
]);

/** Words of the second shape, `{detail, error_type}`, that say that there is no room. */
const NO_ROOM = new Set(["startup_timeout", "runner_scheduling_failure"]);

/** An account without money is refused with these words, and a status that means other things, too. */
const NO_MONEY = /exhausted balance|insufficient (balance|credits?|funds)|top up|billing|payment required/i;

/** Statuses of a gateway that waited in vain for whoever takes the jobs, and may have taken this one. */
const UNHEARD = new Set([408, 502, 504, 520, 524]);

/** Whether a look at a job, or at its result, is worth another one. Nothing is submitted by looking. */
export function isPassing(thrown: unknown): boolean {
  if (thrown instanceof TransportFailure) return true;
  if (!(thrown instanceof HttpFailure)) return false;
  // What fal says in one of its shapes is about the job, not about the look.
  return thrown.status === 429 || (thrown.status >= 500 && shape(thrown).code === undefined);
}

/** Whether fal says, in one of its shapes, what became of a job. */
export function isTold(thrown: unknown): boolean {
  return thrown instanceof HttpFailure && shape(thrown).code !== undefined;
}

/** Makes what a job is answered with, of whatever went wrong in a step; `charged` where it is known. */
export function explain(thrown: unknown, step: Step, charged: Charged): unknown {
  if (thrown instanceof HttpFailure) return refused(thrown, step, charged);
  if (!(thrown instanceof TransportFailure)) return thrown;
  const isLost = step === "submit" && thrown.mayHaveArrived;
  const message = isLost
    ? `fal.ai did not answer, and may have taken the job: ${thrown.message}`
    : `fal.ai cannot be reached: ${thrown.message}`;
  return new ProviderError("UpstreamError", message, {
    // What may have been taken must not be submitted again, and counts as taken.
    retryable: !isLost,
    details: { ...(isLost && { accepted: true }), charged: isLost ? "unknown" : charged, step },
  });
}

function refused(failure: HttpFailure, step: Step, charged: Charged): ProviderError {
  const { status, headers } = failure;
  const said = shape(failure);
  const name = nameOf(status, said, step);
  const isLost = step === "submit" && UNHEARD.has(status) && said.code === undefined;
  const details: Record<string, unknown> = { upstreamStatus: status, step, charged: isLost ? "unknown" : charged };
  if (isLost) details["accepted"] = true;
  const code = label(said.code, 100);
  if (code !== undefined) details["providerCode"] = code;
  if (said.option !== undefined) details["option"] = said.option;
  const requestId = label(headers.get("x-fal-request-id"));
  if (requestId !== undefined) details["requestId"] = requestId;
  return new ProviderError(name, sentence(said, status, step), {
    retryable: !isLost && isRetryable(name, failure),
    retryAfterMs: retryAfter(headers),
    docsUrl: said.code === undefined ? undefined : DOCS,
    details,
  });
}

/** What an error says, of whatever shape. */
interface Said {
  readonly message: string;
  /** fal's own word for it. */
  readonly code: string | undefined;
  /** Which field of the input is wrong. */
  readonly option: string | undefined;
}

function shape({ body, headers }: HttpFailure): Said {
  const detail: unknown = isRecord(body) ? (body["detail"] ?? body["message"] ?? nested(body["error"])) : body;
  const first: unknown = Array.isArray(detail) ? detail[0] : undefined;
  if (isRecord(first)) {
    const { loc, msg, type } = first;
    const field: unknown = Array.isArray(loc) ? loc.find((part) => part !== "body") : undefined;
    const option = typeof field === "string" ? field : undefined;
    const named = option === undefined ? "" : `\`${option}\`: `;
    const more = Array.isArray(detail) && detail.length > 1 ? ` (and ${detail.length - 1} more)` : "";
    return { message: `${named}${short(msg)}${more}`, code: word(type), option };
  }
  const type = isRecord(body) ? word(body["error_type"]) : undefined;
  return { message: short(detail), code: type ?? word(headers.get("x-fal-error-type")), option: undefined };
}

function nested(error: unknown): unknown {
  return isRecord(error) ? error["message"] : error;
}

function nameOf(status: number, { message, code, option }: Said, step: Step): ErrorName {
  if (status === 402 || (status === 403 && NO_MONEY.test(message))) return "QuotaExceeded";
  if (status === 401 || status === 403) return "ConfigInvalid";
  if (status === 429) return "RateLimited";
  if (status === 404) return step === "submit" ? "ModelNotFound" : "UpstreamError";
  if (status === 413) return "InvalidMedia";
  if (code === "content_policy_violation") return "ContentRejected";
  if (code !== undefined && NO_ROOM.has(code)) return "ResourceExhausted";
  if (code === "client_cancelled") return "UpstreamError";
  if (status >= 500 || (code !== undefined && MODEL.has(code))) return "UpstreamError";
  if (code !== undefined && MEDIUM.test(code)) return "InvalidMedia";
  if (status === 422 || option !== undefined || code === "bad_request") return "InvalidParams";
  return "UpstreamError";
}

/** fal's own word counts, where it has one; an error of 4xx will come again. */
function isRetryable(name: ErrorName, { status, headers }: HttpFailure): boolean {
  if (name !== "UpstreamError" && name !== "ResourceExhausted") return name === "RateLimited";
  if (headers.get("x-fal-request-timeout-type") === "user") return false;
  const said = headers.get("x-fal-retryable");
  if (said !== null) return said === "true";
  return status >= 500 || status === 408;
}

function sentence({ message }: Said, status: number, step: Step): string {
  if (message !== "") return message;
  return `fal.ai answered ${step === "list" ? "" : `the ${step} `}with the status ${status}`;
}
