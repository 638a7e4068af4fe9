/** What is known of a model: its task, and who serves it at which price. */

import type { Rates } from "#openai/compatible";
import type { Capability } from "#prizm/plugin";

/** What a model is for, in Hugging Face's words. */
export type Task =
  | "conversational"
  | "text-to-image"
  | "text-to-speech"
  | "automatic-speech-recognition"
  | "image-to-text";

/** Who serves a chat model, and what that costs. */
export interface Offer {
  readonly provider: string;
  readonly rates?: Rates | undefined;
  readonly isFree?: boolean | undefined;
  /** How many tokens it can have before it. */
  readonly context?: number | undefined;
}

export interface Known {
  /** Its name, with who is to serve it after a colon, where somebody says so. */
  readonly id: string;
  readonly task: Task;
  /** Whether a chat sees pictures. */
  readonly takesImages?: boolean | undefined;
  readonly offers?: readonly Offer[] | undefined;
}

/** Names of models that are there whatever the router lists, and the tasks of these. */
export const ROLES = {
  chat: "conversational",
  vision: "conversational",
  image: "text-to-image",
  speech: "text-to-speech",
  transcription: "automatic-speech-recognition",
} as const satisfies Record<string, Task>;

export type Role = keyof typeof ROLES;

/** What a model does. */
export function capabilitiesOf({ task, takesImages }: Known): Capability[] {
  if (task === "conversational") return takesImages === true ? ["text-to-text", "image-to-text"] : ["text-to-text"];
  if (task === "text-to-image" || task === "image-to-text") return [task];
  return task === "text-to-speech" ? ["text-to-audio"] : ["audio-to-text"];
}

/** Whether a text is the name of a model on the Hub, with or without a route. */
export function isName(id: string): boolean {
  return id.length <= 200 && /^(?!\.)[\w.-]+(\/(?!\.)[\w.-]+)?(:[\w-][\w.-]*)?$/.test(id);
}

/** Splits a name into the model's and the route: a provider, or one of the router's policies. */
export function split(id: string): { model: string; route: string | undefined } {
  const [model = id, route] = id.split(":");
  return { model, route };
}

/** Returns the offer that a route leads to; none where nobody can tell before it is taken. */
export function offerOf(offers: readonly Offer[], route: string | undefined): Offer | undefined {
  if (route === "cheapest") {
    // The router's own rule: the lowest price of a token of the answer.
    const priced = offers.filter(({ rates }) => rates !== undefined);
    return priced.sort((left, right) => outputOf(left) - outputOf(right))[0];
  }
  if (route !== undefined && route !== "fastest" && route !== "preferred") {
    return offers.find(({ provider }) => provider === route);
  }
  const [first, ...others] = offers;
  const costs = ({ rates, isFree }: Offer) => JSON.stringify([rates, isFree === true]);
  return first !== undefined && others.every((other) => costs(other) === costs(first)) ? first : undefined;
}

function outputOf({ rates }: Offer): number {
  return Number(rates?.output_token ?? Infinity);
}
