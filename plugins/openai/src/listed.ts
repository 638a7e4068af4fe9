/** A server's list of models: OpenAI's says names only, others say what a model is for, and some what it costs. */

import { count, cut, decimal, isRecord, label, perMillion, records, word } from "#prizm/remote";

import type { Rates } from "./compatible/index.js";
import { type Known, guess } from "./known.js";

/** The longest name, in characters. */
const MAX_NAME = 100;

/** Reads a list; what is built in is known better, but for prices. */
export function readListed(body: unknown, builtIn: readonly Known[]): Known[] {
  const list = isRecord(body) ? (body["data"] ?? body["models"]) : body;
  const found = records(list).map((one) => read(one, builtIn));
  return found.filter((known) => known !== undefined);
}

function read(one: Record<string, unknown>, builtIn: readonly Known[]): Known | undefined {
  const id = word(one["id"]) ?? word(one["name"]);
  if (id === undefined || id.length > 256 || /[\s\p{Cc}]|^-/u.test(id) || one["active"] === false) return undefined;
  const known = builtIn.find((known) => known.id === id);
  const told = known ?? purpose(one, id);
  if (told === undefined) return undefined;
  const rates = isWhole(one["pricing"]) ? (ratesOf(one["pricing"]) ?? known?.rates) : undefined;
  const name = named(one["display_name"]) ?? (one["id"] === undefined ? undefined : named(one["name"]));
  const description = word(cut(word(one["description"]) ?? "", 1000).replace(/\s+/g, " "));
  const context = count(one["context_length"]) ?? count(one["context_window"]) ?? count(one["max_context_length"]);
  return {
    ...told,
    id,
    name: name === id ? undefined : name,
    description: description === undefined ? undefined : cut(description, 200),
    rates,
    isFree: rates !== undefined && isFree(one["pricing"]),
    context: context ?? count(one["max_model_len"]) ?? known?.context,
  };
}

/** What a model is for: Together says a type, OpenRouter the media, Mistral what it can do, others nothing. */
function purpose(one: Record<string, unknown>, id: string): Pick<Known, "role" | "takesImages"> | undefined {
  const guessed = guess(id);
  const takesImages = guessed?.takesImages ?? false;
  const { type, architecture, capabilities } = one;
  if (isRecord(architecture) && Array.isArray(architecture["output_modalities"])) {
    const inputs = architecture["input_modalities"];
    const isChat = architecture["output_modalities"].includes("text");
    return isChat ? { role: "chat", takesImages: Array.isArray(inputs) && inputs.includes("image") } : undefined;
  }
  if (isRecord(capabilities) && typeof capabilities["completion_chat"] === "boolean") {
    if (guessed?.role === "transcription") return { role: "transcription" };
    return capabilities["completion_chat"] ? { role: "chat", takesImages: capabilities["vision"] === true } : undefined;
  }
  if (type === "chat") return { role: "chat", takesImages };
  if (type === "image") return { role: "image", takesImages };
  if (type === "transcribe") return { role: "transcription" };
  if (type === "audio") return { role: guessed?.role === "transcription" ? "transcription" : "speech" };
  if (typeof type === "string" && /embedding|moderation|rerank|language|code|video/.test(type)) return undefined;
  return guessed;
}

function named(value: unknown): string | undefined {
  return label(value, MAX_NAME);
}

/** Whether tokens are all that is charged: what costs by the call, too, has a price that cannot be told here. */
function isWhole(pricing: unknown): boolean {
  const request = isRecord(pricing) ? (pricing["request"] ?? "0") : "0";
  return decimal(request) === "0";
}

/** Whether a model has prices, and each of them is nothing. */
function isFree(pricing: unknown): boolean {
  if (!isRecord(pricing)) return false;
  const amounts = Object.values(pricing).filter((amount) => amount !== null);
  return amounts.length > 0 && amounts.every((amount) => decimal(amount) === "0");
}

/** OpenRouter's prices are of one token, as texts; Together's of a million, as numbers. */
function ratesOf(pricing: unknown): Rates | undefined {
  if (!isRecord(pricing)) return undefined;
  const { prompt, completion, input_cache_read: cached, input, output } = pricing;
  const one = [decimal(prompt), decimal(completion), decimal(cached)] as const;
  if (typeof prompt === "string" && one[0] !== undefined && one[1] !== undefined) {
    return { input_token: one[0], output_token: one[1], ...(one[2] !== undefined && { cached_token: one[2] }) };
  }
  const million = [decimal(input), decimal(output)] as const;
  if (million[0] === undefined || million[1] === undefined || million.every((amount) => amount === "0")) return undefined;
  return { input_token: perMillion(million[0]), output_token: perMillion(million[1]) };
}
