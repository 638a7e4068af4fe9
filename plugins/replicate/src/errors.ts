/** What Replicate's errors mean: refusals, `{detail, status, title}`, and predictions that came to no good end. */

import { type Charged, type ErrorName, ProviderError } from "#prizm/plugin";
import { HttpFailure, TransportFailure, isRecord, label, records, retryAfter, short, word } from "#prizm/remote";

import type { Prediction } from "./prediction.js";

/** During which step something failed. */
export type Step = "upload" | "submit" | "status" | "cancel" | "list";

/** An account without money is refused with these words, too. */
const NO_MONEY = /insufficient (credit|funds|balance)|purchase credit|payment (method|required)|billing/i;

/** Statuses of a gateway that waited in vain for whoever takes the jobs, and may have taken this one. */
const UNHEARD = new Set([408, 502, 504, 520, 524]);

/** Words of models, and of whoever looks over their shoulder. */
const NOT_ALLOWED = /nsfw|\bE005\b|flagged|sensitive content|safety (filter|checker|system)|content policy|moderation/i;
const NO_ROOM = /out of memory|no (gpu|capacity)|high demand|overloaded/i;
const PASSING =
  /interrupted|please (re)?try|try again|timed? ?out|temporar|unavailable|unexpected error handling prediction/i;
const MEDIUM =
  /cannot identify image|(unsupported|invalid|corrupt\w*) (image|audio|video|file)|could not (decode|open|read|load) /i;

/** Whether a look at a job is worth another one. Nothing is submitted by looking. */
export function isPassing(thrown: unknown): boolean {
  if (thrown instanceof TransportFailure) return true;
  return thrown instanceof HttpFailure && (thrown.status === 429 || thrown.status === 408 || thrown.status >= 500);
}

/** How long a refusal asks to wait: in a header, in the body, or in words. */
export function waitOf({ headers, body }: HttpFailure): number | undefined {
  const asked = retryAfter(headers);
  if (asked !== undefined || !isRecord(body)) return asked;
  const { retry_after: seconds, detail } = body;
  if (typeof seconds === "number" && seconds >= 0 && seconds < 1e6) return seconds * 1000;
  const words = /(?:available in|resets in) ~?(\d{1,6}) ?s/i.exec(typeof detail === "string" ? detail : "");
  return words === null ? undefined : Number(words[1]) * 1000;
}

/** Makes what a job is answered with, of whatever went wrong in a step; `charged` where it is known. */
export function explain(thrown: unknown, step: Step, charged: Charged): unknown {
  if (thrown instanceof HttpFailure) return refused(thrown, step, charged);
  if (!(thrown instanceof TransportFailure)) return thrown;
  const isLost = step === "submit" && thrown.mayHaveArrived;
  const message = isLost
    ? `Replicate did not answer, and may have taken the job: ${thrown.message}`
    : `Replicate cannot be reached: ${thrown.message}`;
  return new ProviderError("UpstreamError", message, {
    // What may have been taken must not be submitted again, and counts as taken.
    retryable: !isLost,
    details: { ...(isLost && { accepted: true }), charged: isLost ? "unknown" : charged, step },
  });
}

function refused(failure: HttpFailure, step: Step, charged: Charged): ProviderError {
  const { status } = failure;
  const said = shape(failure);
  const name = nameOf(status, said, step);
  const isLost = step === "submit" && UNHEARD.has(status);
  const details: Record<string, unknown> = { upstreamStatus: status, step, charged: isLost ? "unknown" : charged };
  if (isLost) details["accepted"] = true;
  if (said.title !== undefined) details["providerCode"] = said.title;
  if (name === "InvalidParams" && said.option !== undefined) details["option"] = said.option;
  const isAgain = name === "RateLimited" || (name === "UpstreamError" && (status >= 500 || status === 408));
  return new ProviderError(name, sentence(said, status, step), {
    retryable: !isLost && isAgain,
    retryAfterMs: waitOf(failure),
    details,
  });
}

/** What a refusal says. */
interface Said {
  readonly message: string;
  /** Replicate's own words for it. */
  readonly title: string | undefined;
  /** Which field of the input is wrong. */
  readonly option: string | undefined;
}

function shape({ body }: HttpFailure): Said {
  if (!isRecord(body)) return { message: short(body), title: undefined, option: undefined };
  const [first] = records(body["invalid_fields"]);
  const described = word(first?.["description"]);
  // A field that is missing stands in the description alone.
  const named = word(first?.["field"])?.replace(/^input\.?/, "") || /^(\w+) is required/.exec(described ?? "")?.[1];
  const detail = short(body["detail"] ?? body["error"]).replace(/^- (input\.?)?/, "");
  return {
    message: described !== undefined && named !== undefined ? `\`${label(named)}\`: ${short(described)}` : detail,
    title: label(body["title"], 100),
    option: label(named, 100),
  };
}

function nameOf(status: number, { message, title = "", option }: Said, step: Step): ErrorName {
  if (status === 402 || (status === 403 && NO_MONEY.test(`${title} ${message}`))) return "QuotaExceeded";
  if (status === 401 || status === 403) return "ConfigInvalid";
  if (status === 429) return "RateLimited";
  if (status === 413 || (step === "upload" && [400, 415, 422].includes(status))) return "InvalidMedia";
  if (step === "submit" && (status === 404 || /version/i.test(title))) return "ModelNotFound";
  if (status === 422 || (status === 400 && option !== undefined)) return "InvalidParams";
  return "UpstreamError";
}

function sentence({ message, title }: Said, status: number, step: Step): string {
  if (message !== "") return message;
  if (title !== undefined) return title;
  return `Replicate answered ${step === "list" ? "" : `the ${step} `}with the status ${status}`;
}

/** What of a job tells whether one that failed is paid, and until when it was wanted. */
export interface Terms {
  /** Whether the machine that it ran on is one's own, which is paid by the time. */
  readonly isPrivate: boolean;
  readonly hasDeadline: boolean;
}

/** Makes what a job is answered with whose prediction is over, and did not succeed. */
export function ended({ status, error, hasBegun }: Prediction, { isPrivate, hasDeadline }: Terms): ProviderError {
  const said = error === "" ? "" : `: ${short(error)}`;
  const made = (name: ErrorName, message: string, retryable: boolean, charged: Charged) =>
    new ProviderError(name, message, {
      retryable,
      details: { charged, step: "status", providerCode: label(status, 100) },
    });
  if (status === "aborted") {
    const name = hasDeadline ? "DeadlineExceeded" : "UpstreamError";
    return made(name, `Replicate gave the job up before it began${said}`, true, "no");
  }
  if (status === "canceled") {
    return made("UpstreamError", `the job was cancelled at Replicate${said}`, false, hasBegun ? "yes" : "unknown");
  }
  // What fails on a public model is free; of a state that nobody knows, nobody knows that either.
  const charged = status === "failed" && !isPrivate ? "no" : "unknown";
  const message = error === "" ? `the job ended as \`${label(status, 100)}\`` : short(error);
  if (NOT_ALLOWED.test(error)) return made("ContentRejected", message, false, charged);
  if (MEDIUM.test(error)) return made("InvalidMedia", message, false, charged);
  if (NO_ROOM.test(error)) return made("ResourceExhausted", message, true, charged);
  return made("UpstreamError", message, charged === "no" && PASSING.test(error), charged);
}
