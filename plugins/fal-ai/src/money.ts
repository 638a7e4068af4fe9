/** Money, exactly: decimal strings, never binary fractions. */

/** What fal asks for a unit of its own. */
export interface UnitPrice {
  /** A decimal string. */
  readonly amount: string;
  /** fal's word for the unit, such as `megapixels` or `1000 characters`. */
  readonly unit: string;
  readonly currency: string;
}

/** How many digits after the point are kept. */
const DIGITS = 12;

/** Writes a number that came as JSON as a decimal string; none where it is no amount. */
export function decimal(value: unknown): string | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number) || number < 0 || number >= 1e9) return undefined;
  return plain(number.toFixed(DIGITS));
}

/** Multiplies two decimal strings. */
export function times(left: string, right: string): string {
  const [a, b] = [scaled(left), scaled(right)];
  return written(a.digits * b.digits, a.scale + b.scale);
}

/** Divides a decimal string by a whole number; what does not come out even is rounded up. */
export function divided(amount: string, by: number): string {
  const { digits, scale } = scaled(amount);
  const whole = digits * 10n ** BigInt(DIGITS);
  const divisor = BigInt(by);
  return written((whole + divisor - 1n) / divisor, scale + DIGITS);
}

function scaled(text: string): { digits: bigint; scale: number } {
  const [whole = "0", fraction = ""] = text.split(".");
  return { digits: BigInt(whole + fraction), scale: fraction.length };
}

function written(digits: bigint, scale: number): string {
  const text = digits.toString().padStart(scale + 1, "0");
  const point = text.length - scale;
  return plain(`${text.slice(0, point)}.${text.slice(point)}`);
}

function plain(text: string): string {
  return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
}

/** Matches what costs by the thing, whatever fal calls the thing. */
const THINGS =
  /^(videos?|generations?|requests?|runs?|calls?|units?|models?|3d models?|audios?|songs?|tracks?|meshes|mesh)$/;

/**
 * Says in Prizm's units what a unit of fal's costs, where the output is of this kind. A unit that has no
 * counterpart keeps its name: its price is then known to be unknown.
 */
export function priceOf(
  { amount, unit, currency }: UnitPrice,
  output: string,
): { unit: string; amount: string; currency: string } {
  const name = unit.trim().toLowerCase();
  const timed = output === "video" || output === "audio" ? `${output}_second` : "second";
  const inTheirs = (unit: string, by = 1) => ({ unit, amount: by === 1 ? amount : divided(amount, by), currency });
  if (/^images?$/.test(name)) return inTheirs("image");
  if (/^(processed |output )?megapixels?$/.test(name)) return inTheirs("megapixel");
  if (/^(compute|gpu) seconds?$/.test(name)) return inTheirs("gpu_second");
  if (/^((video|audio|output) )?seconds?$/.test(name)) return inTheirs(timed);
  if (/^minutes?$/.test(name)) return inTheirs(timed, 60);
  const thousands = /^(1,?000|1k|1,?000,?000|1m)? ?(input )?characters?$/.exec(name);
  if (thousands !== null) return inTheirs("input_char", charactersIn(thousands[1] ?? ""));
  return inTheirs(THINGS.test(name) ? "call" : name);
}

function charactersIn(word: string): number {
  if (word === "") return 1;
  return /^1(,?000|k)$/.test(word) ? 1000 : 1_000_000;
}
