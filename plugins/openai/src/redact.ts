/** Keeps the key out of what is answered: a server may repeat what it was sent. */

import { ProviderError } from "#prizm/plugin";

const HIDDEN = "[redacted]";

/** Returns an error that has the key nowhere. */
export function redacted(thrown: unknown, key: string | undefined): unknown {
  if (!(thrown instanceof ProviderError) || key === undefined) return thrown;
  const { message, data } = thrown;
  if (!message.includes(key) && !JSON.stringify(data).includes(key)) return thrown;
  const { kind, retryable, retryAfterMs, docsUrl, ...details } = data;
  const clean = JSON.parse(JSON.stringify(details).replaceAll(key, HIDDEN)) as Record<string, unknown>;
  return new ProviderError(thrown.kind ?? nameOf(thrown.code), message.replaceAll(key, HIDDEN), {
    retryable,
    retryAfterMs,
    docsUrl,
    details: clean,
  });
}

/** The only error without a kind that a server's answer leads to is that of options. */
function nameOf(code: number): "InvalidParams" | "InternalError" {
  return code === -32602 ? "InvalidParams" : "InternalError";
}
