/** What the errors of the router and the Hub mean, beyond what all that speak OpenAI's API say. */

import { type Setting, explain } from "#openai/compatible";
import { type ErrorName, ProviderError } from "#prizm/plugin";
import { HttpFailure, isRecord, retryAfter, short } from "#prizm/remote";

import { NAMES } from "./options.js";

/** What holds for jobs: what was sent may be paid for. */
export const SETTING: Setting = { isOwn: false, options: NAMES };

const LOADING = /currently loading|loading model|still loading|no instance|overloaded|too busy|capacity/i;
const NOT_SERVED = /not supported by (any )?provider|model_not_supported|no provider/i;

/** Makes what a job is answered with, of whatever went wrong with it. */
export function explained(thrown: unknown): unknown {
  return (thrown instanceof HttpFailure ? own(thrown) : undefined) ?? explain(thrown, SETTING);
}

/** The same for what is asked before a job is sent: whatever goes wrong, nothing is charged. */
export function explainedBefore(thrown: unknown): unknown {
  const named = thrown instanceof HttpFailure ? own(thrown) : undefined;
  return named ?? explain(thrown, { ...SETTING, isOwn: true });
}

function own({ status, headers, body }: HttpFailure): ProviderError | undefined {
  const inner = isRecord(body) ? (body["error"] ?? body["message"] ?? body) : body;
  const text = short(isRecord(inner) && inner["message"] !== undefined ? inner["message"] : inner);
  const code = isRecord(inner) ? short(inner["code"]) : "";
  const made = (name: ErrorName, retryAfterMs?: number) =>
    new ProviderError(name, text || `the router answered with the status ${status}`, {
      retryAfterMs,
      details: { upstreamStatus: status, charged: "no" },
    });
  const seconds = isRecord(body) ? body["estimated_time"] : undefined;
  const isTold = typeof seconds === "number" && seconds >= 0 && seconds < 1e6;
  // A model that is cold: the router says for how long, in seconds.
  if (status === 503 && (isTold || LOADING.test(text))) {
    return made("ResourceExhausted", retryAfter(headers) ?? (isTold ? Math.ceil(seconds * 1000) : undefined));
  }
  if (status === 404 || ((status === 400 || status === 422) && NOT_SERVED.test(`${code} ${text}`))) {
    return made("ModelNotFound");
  }
  return undefined;
}
