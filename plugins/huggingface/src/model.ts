/** A model as Prizm is told of it. */

import type { Capability, JsonSchema, Model, Price } from "#prizm/plugin";

import { type Known, type Offer, capabilitiesOf, offerOf, split } from "./known.js";
import { schemaOf } from "./options.js";

/** A model that can be used. */
export interface Entry {
  /** By what it is called here. */
  readonly id: string;
  readonly known: Known;
  readonly model: Model;
}

const FEATURES = {
  conversational: ["cancel", "seed", "streaming"],
  "text-to-image": ["seed"],
  "text-to-speech": [],
  "automatic-speech-recognition": [],
  "image-to-text": [],
} as const;

/** What a model is called here, and does, where that is not what its name on the Hub and its task say. */
interface Here {
  readonly id?: string;
  readonly capabilities?: readonly Capability[];
}

export function entry(known: Known, { id = known.id, capabilities = capabilitiesOf(known) }: Here = {}): Entry {
  const options: Partial<Record<Capability, JsonSchema>> = {};
  for (const capability of capabilities) options[capability] = schemaOf(capability, known.task);
  const offer = offerOf(known.offers ?? [], split(known.id).route);
  const pricing = pricesOf(offer);
  const model: Model = {
    id,
    description: described(known, id, capabilities),
    capabilities,
    options,
    features: FEATURES[known.task],
    ...(pricing.length > 0 && { pricing }),
    // Where nobody tells what it costs, it costs something all the same.
    isFree: offer?.isFree === true,
    ...(offer?.context !== undefined && { limits: { contextTokens: offer.context } }),
  };
  return { id, known, model };
}

const WORK: Readonly<Record<string, string>> = {
  "text-to-text": "Answers a text",
  "image-to-text": "Says what a picture shows",
  "text-to-image": "Paints what a text says",
  "text-to-audio": "Speaks a text",
  "audio-to-text": "Writes down what is said",
};

function described({ id: name }: Known, id: string, capabilities: readonly Capability[]): string {
  const does = capabilities.length > 1 ? "Answers a text, and sees pictures" : WORK[capabilities[0] ?? ""];
  return `${does ?? ""}${name === id ? "" : `, by ${name}`}`;
}

function pricesOf(offer: Offer | undefined): Price[] {
  if (offer?.isFree === true) return [{ unit: "call", amount: "0", currency: "USD" }];
  const { input_token: input, output_token: output } = offer?.rates ?? {};
  if (input === undefined || output === undefined) return [];
  return [
    { unit: "input_token", amount: input, currency: "USD" },
    { unit: "output_token", amount: output, currency: "USD" },
  ];
}
