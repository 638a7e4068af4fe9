/** What the errors of a server mean: OpenAI's shape, those of others, and those that have none. */

import { type ErrorName, ProviderError } from "#prizm/plugin";
import { HttpFailure, TransportFailure, isRecord, label, retryAfter, short, word } from "#prizm/remote";

/** What holds for all errors of a job. */
export interface Setting {
  /** Whether the server is one's own, where nothing is paid twice. */
  readonly isOwn: boolean;
  /** Names of options, by the names that the server has for them. */
  readonly options: Readonly<Record<string, string>>;
}

/** What an error says, of whatever shape. */
interface Said {
  readonly message: string;
  /** The server's own word for it. */
  readonly code: string | undefined;
  /** Which field is wrong. */
  readonly field: string | undefined;
  /** A status that stands in the body, where the answer had none. */
  readonly status: number | undefined;
}

const NO_MONEY = /insufficient_quota|billing|exceeded your current quota|insufficient (balance|credits?|funds)|payment required/i;
const TOO_LONG =
  /context_length|context length|context size|context window|exceed_context|maximum context|too many tokens|prompt is too long|string_above_max_length/i;
const NOT_ALLOWED =
  /content_policy|content_filter|content_safety|moderation|responsible.?ai|safety system|flagged|content management policy|content policy/i;
const MEDIUM = /image_(parse|url|too)|invalid_image|unsupported_(image|format|file)|(image|audio|file) (file )?(could not|cannot|is not|format)|unrecognized file|decod/i;
/** Words for them that come with the status of any wrong request. */
const NO_MONEY_CODES = new Set(["billing_hard_limit_reached", "insufficient_quota"]);
const LOADING = /loading model|overloaded|unavailable_error|no slot|server busy|capacity/i;
const NO_MODEL = /model/i;

/** Statuses of a gateway that waited in vain for whoever does the work, which may have been done. */
const UNHEARD = new Set([408, 502, 504, 520, 524]);

/** Makes what a job is answered with, of whatever went wrong. */
export function explain(thrown: unknown, setting: Setting): unknown {
  if (thrown instanceof HttpFailure) return refused(thrown, setting, UNHEARD.has(thrown.status));
  if (!(thrown instanceof TransportFailure)) return thrown;
  const isLost = thrown.mayHaveArrived && !setting.isOwn;
  const message = thrown.mayHaveArrived
    ? `the server's answer is lost: ${thrown.message}`
    : `the server cannot be reached: ${thrown.message}`;
  return new ProviderError("UpstreamError", message, {
    // What may have been done must not be paid again, and counts as taken.
    retryable: !isLost,
    details: { ...(isLost && { accepted: true }), charged: isLost ? "unknown" : "no" },
  });
}

/** Makes an error of one that came within an answer that began well: whoever tells it knows what became of the job. */
export function within(error: unknown, headers: Headers, setting: Setting): unknown {
  const { status } = shape(error);
  return refused(new HttpFailure(status ?? 500, headers, { error }), setting, false);
}

function refused({ status, headers, body }: HttpFailure, setting: Setting, isUnheard: boolean): ProviderError {
  const said = shape(body);
  const name = nameOf(status, said, setting);
  const isLost = isUnheard && !setting.isOwn;
  const details: Record<string, unknown> = { upstreamStatus: status, charged: isLost ? "unknown" : "no" };
  if (isLost) details["accepted"] = true;
  const code = label(said.code, 100);
  if (code !== undefined) details["providerCode"] = code;
  if (said.field !== undefined && Object.hasOwn(setting.options, said.field)) {
    details["option"] = setting.options[said.field];
  }
  if (name === "ConfigInvalid") details["setting"] = "apiKey";
  const requestId = label(headers.get("x-request-id"));
  if (requestId !== undefined) details["requestId"] = requestId;
  const wait = name === "RateLimited" || name === "ResourceExhausted" || name === "UpstreamError";
  return new ProviderError(name, said.message || `the server answered with the status ${status}`, {
    retryable: !isLost && isRetryable(name, status, headers),
    retryAfterMs: wait ? retryAfter(headers) : undefined,
    details,
  });
}

function shape(body: unknown): Said {
  if (!isRecord(body)) return { message: short(body), code: undefined, field: undefined, status: undefined };
  const inner = body["error"] ?? body;
  if (!isRecord(inner)) return { message: short(inner), code: undefined, field: undefined, status: undefined };
  const { message, code, type, param } = inner;
  const detail = message ?? inner["detail"] ?? inner["msg"];
  const first: unknown = Array.isArray(detail) ? detail[0] : isRecord(detail) ? detail : undefined;
  const told = isRecord(first) ? (first["msg"] ?? first["message"] ?? first) : detail;
  const loc = isRecord(first) && Array.isArray(first["loc"]) ? first["loc"].at(-1) : undefined;
  const status = Number(typeof code === "number" ? code : (inner["status"] ?? NaN));
  return {
    message: short(told),
    code: word(code) ?? word(type),
    field: word(param) ?? word(loc),
    status: status >= 400 && status <= 599 ? status : undefined,
  };
}

function nameOf(status: number, said: Said, setting: Setting): ErrorName {
  const text = `${said.code ?? ""} ${said.message}`;
  if (status === 402 || NO_MONEY_CODES.has(said.code ?? "") || ((status === 429 || status === 403) && NO_MONEY.test(text))) return "QuotaExceeded";
  if (NOT_ALLOWED.test(text) && status < 500 && status !== 429) return "ContentRejected";
  if (status === 401 || status === 403) return "ConfigInvalid";
  if (status === 429) return "RateLimited";
  if (said.code === "model_not_found" && status < 500) return "ModelNotFound";
  if (status === 404) return NO_MODEL.test(text) ? "ModelNotFound" : "UpstreamError";
  if (status === 413 || status === 415) return "InvalidMedia";
  if (TOO_LONG.test(text)) return "InvalidMedia";
  if (status === 503 || status === 529) return LOADING.test(text) || status === 529 ? "ResourceExhausted" : "UpstreamError";
  if (status !== 400 && status !== 422) return "UpstreamError";
  if (said.field !== undefined && Object.hasOwn(setting.options, said.field)) return "InvalidParams";
  return MEDIUM.test(text) ? "InvalidMedia" : "InvalidParams";
}

/** The server's own word counts, where it has one. */
function isRetryable(name: ErrorName, status: number, headers: Headers): boolean {
  if (name !== "UpstreamError") return name === "RateLimited" || name === "ResourceExhausted";
  const said = headers.get("x-should-retry");
  if (said === "true" || said === "false") return said === "true";
  return (status >= 500 && status !== 501) || status === 408 || status === 409;
}
