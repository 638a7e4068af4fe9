/** Lists of models: the router's, of chats with who serves them at which price, and the Hub's, of each other task. */

import type { Rates } from "#openai/compatible";
import { count, decimal, isRecord, perMillion, records, word } from "#prizm/remote";

import { type Known, type Offer, isName } from "./known.js";
import { readMapping, serves } from "./mapping.js";
import { SHAPES, type TaskName } from "./shapes.js";
import type { Wire } from "./wire.js";

/** How many models of a task are asked for. */
const MOST = 100;

/** Lists chats: each by its name, then by those who serve it. */
export async function chats(wire: Wire): Promise<Known[]> {
  const told = await wire.ask("router", "v1/models");
  return records(isRecord(told) ? told["data"] : undefined).flatMap((one) => {
    const known = readChat(one);
    if (known === undefined) return [];
    const routes = (known.offers ?? []).map(({ provider }) => ({ ...known, id: `${known.id}:${provider}` }));
    return [known, ...routes.filter(({ id }) => isName(id))];
  });
}

/** Reads what the router tells of a chat. */
export function readChat(one: unknown): Known | undefined {
  const id = isRecord(one) ? word(one["id"]) : undefined;
  if (!isRecord(one) || id === undefined || !isName(id) || id.includes(":")) return undefined;
  const offers = records(one["providers"]).flatMap(readOffer);
  const { architecture } = one;
  const [inputs, outputs] = isRecord(architecture)
    ? [architecture["input_modalities"], architecture["output_modalities"]]
    : [];
  if (offers.length === 0 || (Array.isArray(outputs) && !outputs.includes("text"))) return undefined;
  return { id, task: "conversational", takesImages: Array.isArray(inputs) && inputs.includes("image"), offers };
}

function readOffer(one: Record<string, unknown>): Offer[] {
  const provider = word(one["provider"]);
  if (provider === undefined || one["status"] !== "live") return [];
  const rates = ratesOf(one["pricing"]);
  const isFree = one["is_free"] === true;
  const context = count(one["context_length"]);
  return [
    {
      provider,
      ...(rates !== undefined && { rates }),
      ...(isFree && { isFree }),
      ...(context !== undefined && { context }),
    },
  ];
}

/** Prices are of a million tokens, in US dollars. */
function ratesOf(pricing: unknown): Rates | undefined {
  if (!isRecord(pricing)) return undefined;
  const [input, output] = [decimal(pricing["input"]), decimal(pricing["output"])];
  if (input === undefined || output === undefined) return undefined;
  return { input_token: perMillion(input), output_token: perMillion(output) };
}

/** Lists models of a task whom somebody serves that can be asked. */
export async function others(task: TaskName, wire: Wire): Promise<Known[]> {
  const query = new URLSearchParams({
    inference_provider: Object.keys(SHAPES[task]).join(","),
    pipeline_tag: task,
    limit: `${MOST}`,
    "expand[]": "inferenceProviderMapping",
  });
  const told = await wire.ask("hub", `api/models?${query.toString()}`);
  return records(told).flatMap((one) => {
    const id = word(one["id"]);
    if (id === undefined || !isName(id) || id.includes(":")) return [];
    return readMapping(one).some((mapping) => serves(mapping, task)) ? [{ id, task }] : [];
  });
}
