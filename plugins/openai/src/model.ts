/** A model as Prizm is told of it. */

import type { Capability, InputSlot, JsonSchema, Model, Price } from "#prizm/plugin";

import { type Known, UNITS, capabilitiesOf } from "./known.js";
import { type OurCapability, schemaOf } from "./options.js";

/** A model that can be used. */
export interface Entry {
  /** By what it is called here. */
  readonly id: string;
  /** What is known of the server's model; its id is asked for where there is none. */
  readonly known: Omit<Known, "id"> & { readonly id: string | undefined };
  readonly model: Model;
  /** Whether somebody says which of the server's models it is; else it is the first that fits. */
  readonly isNamed: boolean;
}

const FEATURES = {
  chat: ["cancel", "seed", "streaming"],
  image: [],
  speech: [],
  transcription: ["cancel", "streaming"],
} as const;

const SLOTS: Readonly<Record<string, readonly InputSlot[]>> = {
  "image-to-image": [
    { kind: "image", required: true },
    { kind: "image", role: "mask", required: false },
    { kind: "image", role: "reference", required: false },
  ],
};

/** Makes an entry; `id` is what it is called here, where that is not the server's own name for it. */
export function entry(known: Entry["known"], isFree: boolean, id = known.id ?? known.role): Entry {
  const capabilities = capabilitiesOf(known);
  const options: Partial<Record<Capability, JsonSchema>> = {};
  const inputs: Partial<Record<Capability, readonly InputSlot[]>> = {};
  for (const capability of capabilities) {
    options[capability] = schemaOf(capability as OurCapability);
    const slots = SLOTS[capability];
    if (slots !== undefined) inputs[capability] = slots;
  }
  const pricing = isFree ? [{ unit: "call", amount: "0", currency: "USD" }] : pricesOf(known);
  const model: Model = {
    id,
    name: known.name,
    description: known.description ?? described(known, id),
    capabilities,
    options,
    features: FEATURES[known.role],
    ...(Object.keys(inputs).length > 0 && { inputs }),
    ...(pricing.length > 0 && { pricing }),
    ...(isFree && { isFree }),
    ...(known.context !== undefined && { limits: { contextTokens: known.context } }),
  };
  return { id, known: { ...known, isFree }, model, isNamed: true };
}

const WORK = {
  chat: "Answers a text",
  image: "Paints what a text says",
  speech: "Speaks a text",
  transcription: "Writes down what is said",
} as const;

function described({ id: server, role, takesImages }: Entry["known"], id: string): string {
  const more = takesImages !== true ? "" : role === "chat" ? ", and sees pictures" : ", and changes pictures";
  const stands = server === undefined ? "; the first that the server lists" : server === id ? "" : `, by ${server}`;
  return `${WORK[role]}${more}${stands}`;
}

/** Prices in units that hosts reckon by: the first of the role's units of which all are known. */
function pricesOf({ role, rates = {} }: Entry["known"]): Price[] {
  const units = UNITS[role].find((units) => units.every((unit) => rates[unit] !== undefined)) ?? [];
  return units.map((unit) => ({ unit, amount: rates[unit] ?? "0", currency: "USD" }));
}
