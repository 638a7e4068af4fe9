/** Money, exactly: decimal strings, never binary fractions. */

import { log } from "#prizm/plugin";

/** How many digits after the point are kept: a token may cost 0.00000005. */
const DIGITS = 12;

/** Writes a number that came as JSON as a decimal string; none where it is no amount. */
export function decimal(value: unknown): string | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number) || number < 0 || number >= 1e9) return undefined;
  return plain(number.toFixed(DIGITS));
}

/** Returns what one costs, where a million costs this. */
export function perMillion(amount: string): string {
  return times(amount, "0.000001");
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

/** Adds decimal strings. */
export function sum(amounts: readonly string[]): string {
  const all = amounts.map(scaled);
  const scale = Math.max(0, ...all.map((one) => one.scale));
  const digits = all.reduce((total, one) => total + one.digits * 10n ** BigInt(scale - one.scale), 0n);
  return written(digits, scale);
}

/** Reckons what a job used, after it was done: no more than the account of it is lost where that fails. */
export function reckoned<T>(reckon: () => T): T | undefined {
  try {
    return reckon();
  } catch (thrown) {
    log.warn(`what the job used cannot be reckoned: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    return undefined;
  }
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
