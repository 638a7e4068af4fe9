/** Whether a value that came from elsewhere can stand in a frame. */

/** How much is told of a value as it is, in characters of JSON, and how deep it may be. */
const MAX_SIZE = 64 * 1024;
const MAX_DEPTH = 8;

/** Whether a value is neither much nor deep: either would spoil the frame that it is in. */
export function isSmall(value: unknown): boolean {
  return isShallow(value, MAX_DEPTH) && (JSON.stringify(value) ?? "").length <= MAX_SIZE;
}

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return depth > 0 && Object.values(value).every((inner) => isShallow(inner, depth - 1));
}
