/** The options of each capability: their schemas, and what the server calls them. */

import type { StandardCapability } from "#prizm/plugin";

import { CHAT, SEEN, choice, number, own, text, whole } from "./compatible/index.js";

const IMAGE = {
  count: whole("How many are made", 1, 10, { default: 1 }),
  size: text(`Width and height in pixels, such as \`1024x1536\`, or \`auto\`${own}`, { pattern: "^(auto|\\d+x\\d+)$" }),
  quality: choice(`How fine it is${own}`, ["auto", "low", "medium", "high", "standard", "hd"]),
  background: choice(`What is behind the thing${own}`, ["auto", "transparent", "opaque"]),
  outputFormat: choice(`The format of the file${own}`, ["png", "jpeg", "webp"]),
};

/** Schemas of the options, by capability. */
export const OPTIONS = {
  "text-to-text": CHAT,
  "image-to-text": SEEN,
  "text-to-image": IMAGE,
  "image-to-image": { prompt: text("What is to be changed"), ...IMAGE },
  "text-to-audio": {
    voice: text("Whose voice", { default: "alloy", minLength: 1 }),
    format: choice("The format of the file", ["mp3", "opus", "aac", "flac", "wav"], { default: "mp3" }),
    speed: number(`How fast it is spoken; 1 is as usual${own}`, 0.25, 4),
    instructions: text(`How it is to be spoken, for models that can be told${own}`),
  },
  "audio-to-text": {
    language: text("The language that is spoken, in two letters; without it, the model finds out", {
      pattern: "^[a-z]{2,3}$",
    }),
    prompt: text("Words that are likely, or what was said before; without it, nothing"),
    temperature: number(`How freely it chooses${own}`, 0, 1),
  },
} as const satisfies Partial<Record<StandardCapability, object>>;

export type OurCapability = keyof typeof OPTIONS;

const REQUIRED: Readonly<Partial<Record<OurCapability, readonly string[]>>> = { "image-to-image": ["prompt"] };

/** Returns the whole schema of a capability's options. */
export function schemaOf(capability: OurCapability): Record<string, unknown> {
  const required = REQUIRED[capability];
  return {
    type: "object",
    additionalProperties: false,
    properties: OPTIONS[capability],
    ...(required !== undefined && { required }),
  };
}

/** Our names of options, by those that servers have for them. */
export const NAMES: Readonly<Record<string, string>> = {
  max_tokens: "maxTokens",
  max_completion_tokens: "maxTokens",
  temperature: "temperature",
  top_p: "topP",
  seed: "seed",
  stop: "stop",
  reasoning_effort: "reasoningEffort",
  response_format: "jsonSchema",
  n: "count",
  size: "size",
  quality: "quality",
  background: "background",
  output_format: "outputFormat",
  prompt: "prompt",
  voice: "voice",
  speed: "speed",
  instructions: "instructions",
  language: "language",
};
