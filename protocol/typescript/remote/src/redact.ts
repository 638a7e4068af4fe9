/** Keeps the key out of what is answered: a server may repeat what it was sent. */

import { ProviderError } from "#prizm/plugin";

import { isRecord } from "./values.js";

const HIDDEN = "[redacted]";

/** A shorter one is no secret, and stands in words by chance. */
const MIN_KEY = 8;

/** Details whose values are the provider's own words, which no key changes. */
const OWN = new Set(["accepted", "charged", "upstreamStatus", "step", "setting", "option"]);

/** Returns an error that has the key nowhere; without a key there is nothing to hide. */
export function redacted(thrown: unknown, key: string | undefined): unknown {
  if (!(thrown instanceof ProviderError) || !isSecret(key)) return thrown;
  const { kind, retryable, retryAfterMs, docsUrl, ...details } = thrown.data;
  // The only error without a kind that a server's answer leads to is that of options.
  const name = thrown.kind ?? (thrown.code === -32602 ? "InvalidParams" : "InternalError");
  const shown = Object.entries(details).map(([name, value]) => [name, OWN.has(name) ? value : hidden(value, key)]);
  return new ProviderError(name, hidden(thrown.message, key), {
    retryable,
    retryAfterMs,
    docsUrl,
    details: Object.fromEntries(shown) as Record<string, unknown>,
  });
}

/** Returns what came from a server without the key; it is to be cut only then. */
export function hidden<T>(value: T, key: string | undefined): T {
  return isSecret(key) ? (without(key, value) as T) : value;
}

function isSecret(key: string | undefined): key is string {
  return key !== undefined && key.length >= MIN_KEY;
}

function without(key: string, value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll(key, HIDDEN);
  if (Array.isArray(value)) return value.map((item) => without(key, item));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [without(key, name), without(key, inner)]));
}
