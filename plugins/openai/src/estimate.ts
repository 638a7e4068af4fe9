/** What a job will cost, as far as its options tell; the rest hosts reckon from the model's price. */

import type { Estimate, EstimateRequest } from "#prizm/plugin";
import { decimal, times } from "#prizm/remote";

import type { Known } from "./known.js";

/** Estimates a job; where nobody can tell, nothing is said. */
export function estimate(known: Omit<Known, "id">, request: Pick<EstimateRequest, "capability" | "options">): Estimate {
  const { rates = {}, isFree } = known;
  if (isFree === true) return { cost: "0", currency: "USD" };
  if (!request.capability.endsWith("-to-image")) return {};
  const { count } = request.options;
  const images = decimal(count) ?? "1";
  return rates.image === undefined ? {} : { cost: times(images, rates.image), currency: "USD" };
}
