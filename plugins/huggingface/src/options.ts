/** The options of each task: their schemas. */

import { CHAT, SEEN, number, own, text, whole } from "#openai/compatible";
import type { Capability } from "#prizm/plugin";

import type { Task } from "./known.js";

/** Options of pictures, by our names; the others are the tasks' own. */
export const IMAGE = {
  negativePrompt: "negative_prompt",
  steps: "num_inference_steps",
  guidance: "guidance_scale",
  width: "width",
  height: "height",
  seed: "seed",
} as const;

const TASKS = {
  "text-to-image": {
    negativePrompt: text("What is not to be in the picture; without it, nothing"),
    steps: whole(`In how many steps it is made${own}`, 1, 200),
    guidance: number(`How closely the text is followed${own}`, 0, 100),
    width: whole(`How wide it is, in pixels${own}`, 64, 4096),
    height: whole(`How high it is, in pixels${own}`, 64, 4096),
    seed: whole("What its choices begin with; without it, a random number", 0, 2 ** 31 - 1),
  },
  "text-to-speech": {
    voice: text(`Whose voice, where the model has several${own}`, { minLength: 1 }),
  },
  "automatic-speech-recognition": {},
  "image-to-text": {},
} as const satisfies Record<Exclude<Task, "conversational">, object>;

/** Returns the schema of the options of a capability, as models of a task have them. */
export function schemaOf(capability: Capability, task: Task): Record<string, unknown> {
  const chat = capability === "image-to-text" ? SEEN : CHAT;
  const properties = task === "conversational" ? chat : TASKS[task];
  return { type: "object", additionalProperties: false, properties };
}

/** Our names of options, by those that the router has for them. */
export const NAMES: Readonly<Record<string, string>> = {
  max_tokens: "maxTokens",
  temperature: "temperature",
  top_p: "topP",
  seed: "seed",
  stop: "stop",
  reasoning_effort: "reasoningEffort",
  response_format: "jsonSchema",
  negative_prompt: "negativePrompt",
  num_inference_steps: "steps",
  steps: "steps",
  guidance_scale: "guidance",
  width: "width",
  height: "height",
  voice: "voice",
};
