/** What fal asks for its work, in Prizm's units. */

import { divided } from "#prizm/remote";

/** What fal asks for a unit of its own. */
export interface UnitPrice {
  /** A decimal string. */
  readonly amount: string;
  /** fal's word for the unit, such as `megapixels` or `1000 characters`. */
  readonly unit: string;
  readonly currency: string;
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
