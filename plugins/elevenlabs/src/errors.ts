/**
 * What the errors of ElevenLabs mean. Its documents have `{"detail": {"type", "code", "message", "status", "request_id",
 * "param"}}`, of which older answers have `status` and `message` only, and lists where a field is not valid.
 */

import { type ErrorName, ProviderError } from "#prizm/plugin";
import { HttpFailure, TransportFailure, isRecord, label, retryAfter, short } from "#prizm/remote";

import { OURS } from "./options.js";

/** What an error says, of whatever shape. */
interface Said {
  readonly message: string;
  /** ElevenLabs's own word for it. */
  readonly code: string;
  /** Which field is wrong. */
  readonly field: string | undefined;
  readonly requestId: string | undefined;
}

/** Words for it, whatever the status is. */
const NAMED: readonly (readonly [RegExp, ErrorName])[] = [
  [/^(quota_exceeded|payment_required|insufficient_credits)$/, "QuotaExceeded"],
  // The plan has it not, or has it no more.
  [/^(only_for_creator|free_users_not_allowed|subscription_required|model_access_denied)/, "QuotaExceeded"],
  [/^detected_unusual_activity$/, "QuotaExceeded"],
  [/^(content_against_policy|famous_voice_not_permitted)$|moderation/, "ContentRejected"],
  [/^(max_character_limit_exceeded|text_too_long)$/, "InvalidMedia"],
  [/^(model_not_found|invalid_model(_id)?)$/, "ModelNotFound"],
  [/^voice_not_found$/, "InvalidParams"],
];

/** Fields that are inputs, not options. */
const INPUTS = new Set(["text", "file"]);

/** Words for a file that cannot be listened to. */
const MEDIUM = /audio|file_|unsupported_format/;

/** Statuses of a gateway that waited in vain for whoever does the work, which may have been done. */
const UNHEARD = new Set([408, 502, 504, 520, 524]);

/** Makes what a job is answered with, of whatever went wrong. */
export function explain(thrown: unknown): unknown {
  if (thrown instanceof HttpFailure) return refused(thrown);
  if (!(thrown instanceof TransportFailure)) return thrown;
  if (!thrown.mayHaveArrived) {
    const message = `ElevenLabs cannot be reached: ${thrown.message}`;
    return new ProviderError("UpstreamError", message, { retryable: true, details: { charged: "no" } });
  }
  // What may have been done must not be paid again, and counts as taken.
  const details = { accepted: true, charged: "unknown" };
  const message = `ElevenLabs's answer is lost: ${thrown.message}`;
  return new ProviderError("UpstreamError", message, { retryable: false, details });
}

function refused({ status, headers, body }: HttpFailure): ProviderError {
  const said = shape(body);
  const name = nameOf(status, said);
  const isLost = UNHEARD.has(status) && said.code === "";
  const option = said.code === "voice_not_found" ? "voice" : OURS[said.field ?? ""];
  const requestId = label(headers.get("request-id")) ?? said.requestId;
  const details = {
    upstreamStatus: status,
    charged: isLost ? "unknown" : "no",
    ...(isLost && { accepted: true }),
    ...(said.code !== "" && { providerCode: said.code }),
    ...(name === "InvalidParams" && option !== undefined && { option }),
    ...(name === "ConfigInvalid" && { setting: "apiKey" }),
    ...(requestId !== undefined && { requestId }),
  };
  const waits = name === "RateLimited" || name === "ResourceExhausted" || name === "UpstreamError";
  return new ProviderError(name, said.message || `ElevenLabs answered with the status ${status}`, {
    retryable: !isLost && isRetryable(name, status),
    retryAfterMs: waits ? retryAfter(headers) : undefined,
    details,
  });
}

function shape(body: unknown): Said {
  const detail = isRecord(body) ? (body["detail"] ?? body["error"] ?? body) : body;
  const first: unknown = Array.isArray(detail) ? detail[0] : detail;
  if (!isRecord(first)) return { message: short(first), code: "", field: undefined, requestId: undefined };
  const loc: unknown = Array.isArray(first["loc"]) ? first["loc"].at(-1) : undefined;
  // What `type` says is a class, but where there is no other word.
  const word = first["code"] ?? first["status"] ?? (loc === undefined ? undefined : first["type"]);
  return {
    message: short(first["message"] ?? first["msg"] ?? (Object.keys(first).length > 0 ? first : undefined)),
    code: label(word, 100) ?? "",
    field: label(first["param"]) ?? label(loc),
    requestId: label(first["request_id"]),
  };
}

function nameOf(status: number, { code, field }: Said): ErrorName {
  const named = NAMED.find(([words]) => words.test(code));
  if (named !== undefined && status < 500) return named[1];
  if (status === 402) return "QuotaExceeded";
  if (status === 401 || status === 403) return "ConfigInvalid";
  // Hosts lower their concurrency where the word says so; who is busy for all is asked again a little later.
  if (status === 429) return code === "system_busy" ? "ResourceExhausted" : "RateLimited";
  if (status === 413 || status === 415) return "InvalidMedia";
  if (status !== 400 && status !== 422) return "UpstreamError";
  // `unsupported_model` is said of an option that the model has not.
  if (field === "model_id") return code === "unsupported_model" ? "InvalidParams" : "ModelNotFound";
  if (field !== undefined && Object.hasOwn(OURS, field)) return "InvalidParams";
  return INPUTS.has(field ?? "") || MEDIUM.test(code) ? "InvalidMedia" : "InvalidParams";
}

function isRetryable(name: ErrorName, status: number): boolean {
  if (name !== "UpstreamError") return name === "RateLimited" || name === "ResourceExhausted";
  return (status >= 500 && status !== 501) || status === 408 || status === 409 || status === 425;
}
