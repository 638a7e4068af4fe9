/** Values that came from elsewhere. */

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns the objects of a list; none where it is no list. */
export function records(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** Returns a text that is not empty. */
export function word(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Returns a count: a whole number that is exact. */
export function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** Returns a text of at most so many characters, none of which is halved; what the protocol has not is replaced. */
export function cut(text: string, most: number): string {
  const whole = Buffer.from(text.slice(0, 2 * most))
    .toString()
    .replaceAll("\0", "\ufffd");
  return whole.length <= most ? whole : [...whole].slice(0, most).join("");
}

/** Returns what a server calls something, where it does; it is one line, and not long. */
export function label(value: unknown, most = 200): string | undefined {
  const named = word(value);
  return named === undefined ? undefined : word(cut(named, most).replace(/\p{Cc}/gu, " ").trim());
}

/** Returns what a server says as a sentence that is not long. */
export function short(value: unknown): string {
  if (value === undefined || value === null) return "";
  return cut((typeof value === "string" ? value : (JSON.stringify(value) ?? "")).trim(), 500);
}

/** How much is told of a value as it is, in characters of JSON, and how deep it may be. */
const MAX_SMALL = 64 * 1024;
const MAX_SHALLOW = 8;

/** Whether a value that came from elsewhere is neither much nor deep: either would spoil the frame that it is in. */
export function isSmall(value: unknown): boolean {
  return isShallow(value, MAX_SHALLOW) && (JSON.stringify(value) ?? "").length <= MAX_SMALL;
}

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return depth > 0 && Object.values(value).every((inner) => isShallow(inner, depth - 1));
}
