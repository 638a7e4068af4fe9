/** How long a server asks to wait, in each of the ways in which servers say so. */

/** The longest wait that is told, in milliseconds: no timer waits longer. */
const MAX_WAIT = 2 ** 31 - 1;

/** Returns milliseconds; nothing where the server says nothing. */
export function retryAfter(headers: Headers, now = Date.now()): number | undefined {
  const asked = said(headers, now);
  return asked === undefined ? undefined : Math.min(asked, MAX_WAIT);
}

function said(headers: Headers, now: number): number | undefined {
  const exactly = Number(headers.get("retry-after-ms") ?? NaN);
  if (Number.isFinite(exactly) && exactly >= 0) return Math.round(exactly);
  const after = headers.get("retry-after")?.trim();
  if (after) {
    if (/^\d+(\.\d+)?$/.test(after)) return Math.round(Number(after) * 1000);
    const at = Date.parse(after);
    if (!Number.isNaN(at)) return Math.max(0, at - now);
  }
  const resets = ["requests", "tokens"]
    .filter((what) => headers.get(`x-ratelimit-remaining-${what}`) === "0")
    .map((what) => duration(headers.get(`x-ratelimit-reset-${what}`) ?? ""))
    .filter((reset) => reset !== undefined);
  return resets.length === 0 ? undefined : Math.max(...resets);
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Reads `6m0.5s`, or `20ms`. */
function duration(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) return undefined;
  return Math.round(parts.reduce((all, [, number, unit = ""]) => all + Number(number) * (UNITS[unit] ?? 0), 0));
}
