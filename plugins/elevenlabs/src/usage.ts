/** What a job used, and what that costs: credits are no money until somebody says what one costs. */

import type { Usage } from "#prizm/plugin";
import { decimal, sum, times } from "#prizm/remote";

import type { Known } from "./models.js";
import type { Settings } from "./settings.js";

/** What is counted of a job. */
export interface Counts {
  readonly characters?: number | undefined;
  /** Seconds of sound: listened to, or asked for. */
  readonly seconds?: number | undefined;
  /** Credits that ElevenLabs says it charged. */
  readonly credits?: string | undefined;
}

/** Reads what an answer says that it cost, in credits. */
export function creditsOf({ headers }: Response): string | undefined {
  return decimal(headers.get("character-cost") ?? undefined);
}

/** Says what a job used and cost. */
export function usageOf(counts: Counts, { id }: Known, settings: Settings): Usage {
  const { characters, seconds, credits } = counts;
  const cost = costOf(counts, id, settings);
  return {
    ...(characters !== undefined && { characters }),
    ...(seconds !== undefined && { seconds }),
    ...(credits !== undefined && { credits: Number(credits) }),
    ...(cost !== undefined && { cost, currency: "USD" }),
  };
}

/** What was charged counts before what is reckoned. */
function costOf(counts: Counts, id: string, { creditPrice, prices }: Settings): string | undefined {
  if (counts.credits !== undefined && creditPrice !== undefined) return times(counts.credits, creditPrice);
  const rates = prices.get(id);
  if (rates === undefined) return undefined;
  const parts = [
    [rates.character, decimal(counts.characters)],
    [rates.second, decimal(counts.seconds)],
    [rates.call, "1"],
  ] as const;
  const priced = parts.filter(([rate]) => rate !== undefined);
  if (priced.length === 0 || priced.some(([, units]) => units === undefined)) return undefined;
  return sum(priced.map(([rate, units]) => times(rate ?? "0", units ?? "0")));
}
