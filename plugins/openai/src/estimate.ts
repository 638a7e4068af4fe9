/** What a job will cost, as far as its options tell; the rest hosts reckon from the model's price. */

import type { Estimate, EstimateRequest } from "#prizm/plugin";

import type { Known } from "./known.js";
import { times } from "./money.js";

/** Tokens of a picture of OpenAI's, by quality: of a square one, and of one that is not. */
const TOKENS: Readonly<Record<string, readonly [number, number]>> = {
  low: [272, 408],
  medium: [1056, 1584],
  high: [4160, 6240],
};

/** Estimates a job; where nobody can tell, nothing is said. */
export function estimate(known: Omit<Known, "id">, request: Pick<EstimateRequest, "capability" | "options">): Estimate {
  const { rates = {}, isFree } = known;
  if (isFree === true) return { cost: "0", currency: "USD" };
  if (!request.capability.endsWith("-to-image")) return {};
  const { count, quality, size } = request.options;
  const images = `${typeof count === "number" ? count : 1}`;
  const sizes = TOKENS[typeof quality === "string" ? quality : ""];
  if (rates.output_token !== undefined && sizes !== undefined) {
    const isSquare = size === undefined || size === "auto" || size === "1024x1024";
    return { cost: times(times(images, rates.output_token), `${sizes[isSquare ? 0 : 1]}`), currency: "USD" };
  }
  return rates.image === undefined ? {} : { cost: times(images, rates.image), currency: "USD" };
}
