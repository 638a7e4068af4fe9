/** Answers that are files: what is told of them. */

import { type Context, ProviderError, type TransformResult } from "#prizm/plugin";
import { label } from "#prizm/remote";

import type { Setting } from "./errors.js";
import type { Http } from "./http.js";

/** Where an answer came. */
interface Answered {
  readonly context: Context;
  readonly wire: Http;
  readonly setting: Setting;
}

/** The server has done it: whatever becomes of the answer, it is not to be asked again. */
export function accept(job: Answered, response: Response): void {
  const { context, setting } = job;
  if (!setting.isOwn) context.accepted(requestIdOf(job, response) ?? context.jobId, "unknown");
}

/** What is told of an answer that says no more. */
export function metaOf(job: Answered, response: Response): NonNullable<TransformResult["meta"]> {
  const requestId = requestIdOf(job, response);
  return requestId === undefined ? {} : { requestId };
}

function requestIdOf({ wire }: Answered, { headers }: Response): string | undefined {
  return label(wire.hide(headers.get("x-request-id")));
}

/** The answer is not what was asked for. */
export function nothing(kind: string, { wire }: Answered, { headers }: Response): ProviderError {
  const type = label(wire.hide(headers.get("content-type"))) ?? "unknown";
  const message = `the server's answer is no ${kind}; its type is \`${type}\``;
  return new ProviderError("UpstreamError", message, { retryable: false, details: { charged: "yes" } });
}
