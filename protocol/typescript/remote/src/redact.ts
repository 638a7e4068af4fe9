/** Keeps the key out of what is answered: a server may repeat what it was sent. */

import { ProviderError } from "#prizm/plugin";

import { isRecord } from "./values.js";

const HIDDEN = "[redacted]";

/** Returns an error that has the key nowhere; without a key there is nothing to hide. */
export function redacted(thrown: unknown, key: string | undefined): unknown {
  if (!(thrown instanceof ProviderError) || key === undefined || key === "") return thrown;
  const { kind, retryable, retryAfterMs, docsUrl, ...details } = thrown.data;
  // The only error without a kind that a server's answer leads to is that of options.
  const name = thrown.kind ?? (thrown.code === -32602 ? "InvalidParams" : "InternalError");
  return new ProviderError(name, thrown.message.replaceAll(key, HIDDEN), {
    retryable,
    retryAfterMs,
    docsUrl,
    details: without(key, details) as Record<string, unknown>,
  });
}

function without(key: string, value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll(key, HIDDEN);
  if (Array.isArray(value)) return value.map((item) => without(key, item));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [without(key, name), without(key, inner)]));
}
