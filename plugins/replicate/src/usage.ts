/** What a job used, and what that costs by the prices that are set. Replicate says no prices. */

import type { Estimate, EstimateRequest, Usage } from "#prizm/plugin";
import { count, decimal, sum, times } from "#prizm/remote";

import type { Entry, Way } from "./model.js";
import type { Rates } from "./settings.js";

/** What came of a job, as far as prices go by it. */
export interface Made {
  /** What Replicate counted. */
  readonly metrics: Readonly<Record<string, unknown>>;
  /** How many files there are. */
  readonly files: number;
  /** How long the text of the input is, in characters. */
  readonly characters: number | undefined;
}

/** Says what a job used; and what it cost, where every unit that has a price was counted. */
export function usageOf({ metrics, files, characters }: Made, { output, rates }: Entry): Usage | undefined {
  const images = count(metrics["image_count"]) ?? (output === "image" ? files : undefined);
  const [promptTokens, completionTokens] = [count(metrics["input_token_count"]), count(metrics["output_token_count"])];
  const seconds = decimal(metrics["predict_time"]);
  const counted: Record<string, string | number | undefined> = {
    call: 1,
    image: images,
    input_token: promptTokens,
    output_token: completionTokens,
    token: promptTokens === undefined || completionTokens === undefined ? undefined : promptTokens + completionTokens,
    character: characters,
    input_char: characters,
    gpu_second: seconds,
  };
  const units = {
    ...(images !== undefined && { images }),
    ...(promptTokens !== undefined && { promptTokens }),
    ...(completionTokens !== undefined && { completionTokens }),
    ...(seconds !== undefined && { gpuSeconds: seconds }),
  };
  const cost = costOf(rates, counted);
  if (cost === undefined && Object.keys(units).length === 0) return undefined;
  return { ...(cost !== undefined && { cost, currency: "USD" }), ...units };
}

/** Estimates a job; where nobody can tell how many units it takes, nothing is said. */
export function estimate({ rates, output }: Entry, way: Way, { options }: Pick<EstimateRequest, "options">): Estimate {
  const asked = ["num_outputs", "num_images", "number_of_images"].find((name) =>
    Object.hasOwn(way.options.properties, name),
  );
  const number = asked === undefined ? 1 : (count(options[asked]) ?? 1);
  const cost = costOf(rates, { call: 1, image: output === "image" ? number : undefined });
  return cost === undefined ? {} : { cost, currency: "USD" };
}

function costOf(rates: Rates, counted: Readonly<Record<string, string | number | undefined>>): string | undefined {
  const priced = Object.entries(rates);
  const costs = priced.map(([unit, amount]) => {
    const units = decimal(counted[unit]);
    return units === undefined ? undefined : times(units, amount);
  });
  const known = costs.filter((cost) => cost !== undefined);
  return known.length === 0 || known.length < priced.length ? undefined : sum(known);
}
