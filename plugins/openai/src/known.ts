/** What is known of a model before it is declared, and what it costs. */

import type { Capability } from "#prizm/plugin";
import { perMillion } from "#prizm/remote";

import type { Long, Rates } from "./compatible/index.js";

/** What a model is for: each has an endpoint of its own. */
export type Role = "chat" | "image" | "speech" | "transcription";

/** A model, as a table or a server's list has it. */
export interface Known {
  readonly id: string;
  readonly role: Role;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  /** Whether it takes pictures: a chat sees them, a painter changes them. */
  readonly takesImages?: boolean | undefined;
  readonly rates?: Rates | undefined;
  readonly long?: Long | undefined;
  readonly isFree?: boolean | undefined;
  /** How many tokens it can have before it. */
  readonly context?: number | undefined;
}

/** The units of a model's price that hosts reckon by; the other rates are for what a server counts. */
export const UNITS: { readonly [R in Role]: readonly (readonly (keyof Rates)[])[] } = {
  chat: [["input_token", "output_token"]],
  image: [["image"], ["megapixel"], ["input_token", "output_token"]],
  speech: [["character"], ["audio_second"]],
  transcription: [["second"], ["input_token", "output_token"]],
};

/** What a model of a role does. */
export function capabilitiesOf({ role, takesImages }: Pick<Known, "role" | "takesImages">): Capability[] {
  if (role === "chat") return takesImages === true ? ["text-to-text", "image-to-text"] : ["text-to-text"];
  if (role === "image") return takesImages === true ? ["text-to-image", "image-to-image"] : ["text-to-image"];
  return role === "speech" ? ["text-to-audio"] : ["audio-to-text"];
}

/** What a million tokens cost. */
export function tokens(input: string, output: string, cached?: string): Rates {
  return {
    input_token: perMillion(input),
    output_token: perMillion(output),
    ...(cached !== undefined && { cached_token: perMillion(cached) }),
  };
}

/** Names of models that no endpoint here is for. */
const OTHERS =
  /embed|moderation|rerank|guard|realtime|-live|-audio|sora|video|davinci|babbage|computer-use|codex|-instruct-\d{4}$|-ocr|ocr-/i;
const ROLES: readonly (readonly [RegExp, Role])[] = [
  [/whisper|transcribe|voxtral.*transcri|parakeet/i, "transcription"],
  [/(^|[-/])tts|speech|orpheus|kokoro|sonic|playai/i, "speech"],
  [/dall-e|image|flux|stable-diffusion|sdxl|imagen|recraft/i, "image"],
];
const SEES =
  /gpt-4o|gpt-4\.1|gpt-4-turbo|gpt-[5-9]|(^|\/)o[134]($|-(?!mini-2024))|vision|[-_]vl|llava|pixtral|gemma-?3|llama-?4|claude|gemini|grok-[4-9]|mistral-(small|medium)/i;
const EDITS = /gpt-image|dall-e-2|kontext|edit/i;

/** Guesses what a model is for by its name; none where it is for something else. */
export function guess(id: string): Pick<Known, "role" | "takesImages"> | undefined {
  if (OTHERS.test(id)) return undefined;
  const role = ROLES.find(([name]) => name.test(id))?.[1] ?? "chat";
  if (role === "chat") return { role, takesImages: SEES.test(id) };
  return { role, takesImages: role === "image" && EDITS.test(id) };
}
