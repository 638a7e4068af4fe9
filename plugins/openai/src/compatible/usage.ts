/** What a job used, in each of the shapes in which servers say so, and what that costs. */

import type { Usage } from "#prizm/plugin";
import { count, decimal, isRecord, sum, times } from "#prizm/remote";

/** The units in which prices are told. */
export const RATED = [
  "input_token",
  "output_token",
  "cached_token",
  "image_token",
  "image",
  "megapixel",
  "character",
  "audio_second",
  "second",
] as const satisfies readonly (keyof Rates)[];

/** What one of each unit costs, in US dollars as decimal strings. */
export interface Rates {
  readonly input_token?: string;
  readonly output_token?: string;
  /** A token of the input that the server remembers. */
  readonly cached_token?: string;
  /** A token of a picture in the input. */
  readonly image_token?: string;
  readonly image?: string;
  readonly megapixel?: string;
  /** A character that is spoken. */
  readonly character?: string;
  /** A second of what is spoken. */
  readonly audio_second?: string;
  /** A second of what is listened to. */
  readonly second?: string;
}

/** What is charged where a question is long: factors of the usual rates, for all of it. */
export interface Long {
  /** Of how many tokens a question is not yet long. */
  readonly above: number;
  readonly input: string;
  readonly output: string;
}

/** What is counted, by our names. */
export interface Counts {
  readonly promptTokens?: number | undefined;
  readonly completionTokens?: number | undefined;
  readonly tokens?: number | undefined;
  /** Of the tokens of the prompt, those that the server remembered. */
  readonly cachedTokens?: number | undefined;
  /** Of them, those of pictures. */
  readonly imageTokens?: number | undefined;
  /** Of the tokens of the answer, those of thoughts. */
  readonly reasoningTokens?: number | undefined;
  readonly images?: number | undefined;
  readonly characters?: number | undefined;
  /** Seconds of sound that was listened to. */
  readonly seconds?: number | undefined;
  /** Money, where the server says that. */
  readonly cost?: string | undefined;
}

/** Reads what a server says; nothing where it says nothing. */
export function counted(usage: unknown): Counts {
  if (!isRecord(usage)) return {};
  const prompt = inner(usage, "prompt_tokens_details", "input_tokens_details", "input_token_details");
  const completion = inner(usage, "completion_tokens_details", "output_tokens_details");
  const read: Counts = {
    promptTokens: count(usage["prompt_tokens"]) ?? count(usage["input_tokens"]),
    completionTokens: count(usage["completion_tokens"]) ?? count(usage["output_tokens"]),
    tokens: count(usage["total_tokens"]),
    cachedTokens: count(prompt["cached_tokens"]) || undefined,
    imageTokens: count(prompt["image_tokens"]) || undefined,
    reasoningTokens: count(completion["reasoning_tokens"]) || undefined,
    seconds: seconds(usage["seconds"]),
    cost: decimal(usage["cost"]),
  };
  return told(read);
}

/** Seconds need not be whole. */
function seconds(value: unknown): number | undefined {
  return typeof value === "number" && decimal(value) !== undefined ? value : undefined;
}

/** What of a model tells what a job costs. */
interface Priced {
  readonly rates?: Rates | undefined;
  readonly long?: Long | undefined;
  readonly isFree?: boolean | undefined;
}

/** Says what a job used and cost; nothing where nobody knows. */
export function usageOf(counts: Counts, { rates, long, isFree }: Priced): Usage | undefined {
  const { cost: said, ...units } = told(counts);
  const cost = said ?? (isFree === true ? "0" : rates === undefined ? undefined : costOf(counts, rates, long));
  if (cost === undefined && Object.keys(units).length === 0) return undefined;
  return { ...units, ...(cost !== undefined && { cost, currency: "USD" }) };
}

function costOf(counts: Counts, rates: Rates, long: Long | undefined): string | undefined {
  const { promptTokens, completionTokens, cachedTokens = 0, imageTokens = 0 } = counts;
  const { input_token: input, output_token: output } = rates;
  if (input !== undefined && output !== undefined && promptTokens !== undefined && completionTokens !== undefined) {
    const plain = Math.max(0, promptTokens - cachedTokens - imageTokens);
    const factors = long !== undefined && promptTokens > long.above ? long : { input: "1", output: "1" };
    const asked = sum([
      times(`${plain}`, input),
      times(`${cachedTokens}`, rates.cached_token ?? input),
      times(`${imageTokens}`, rates.image_token ?? input),
    ]);
    return sum([times(asked, factors.input), times(times(`${completionTokens}`, output), factors.output)]);
  }
  const units: readonly (readonly [string | undefined, number | undefined])[] = [
    [rates.image, counts.images],
    [rates.character, counts.characters],
    [rates.second, counts.seconds],
  ];
  const [rate, units_] = units.find(([rate, number]) => rate !== undefined && number !== undefined) ?? [];
  const number = decimal(units_);
  return rate === undefined || number === undefined ? undefined : times(number, rate);
}

function inner(usage: Record<string, unknown>, ...names: readonly string[]): Record<string, unknown> {
  return names.map((name) => usage[name]).find(isRecord) ?? {};
}

/** Leaves out what is not known. */
function told(counts: Counts): Counts {
  return Object.fromEntries(Object.entries(counts).filter(([, value]) => value !== undefined));
}
