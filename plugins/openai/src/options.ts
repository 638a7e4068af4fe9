/** The options of each capability: their schemas, and what the server calls them. */

import type { StandardCapability } from "#prizm/plugin";

const text = (description: string, more: object = {}) => ({ type: "string", description, ...more });
const number = (description: string, minimum: number, maximum: number) => ({
  type: "number",
  description,
  minimum,
  maximum,
});
const whole = (description: string, minimum: number, maximum: number, more: object = {}) => ({
  type: "integer",
  description,
  minimum,
  maximum,
  ...more,
});
const choice = (description: string, values: readonly string[], more: object = {}) => ({
  type: "string",
  description,
  enum: values,
  ...more,
});
const own = "; without it, the model's own choice";

const CHAT = {
  system: text("What the model is told of its part, before the text; without it, nothing"),
  maxTokens: whole(`After how many tokens it must end${own}`, 1, 1_000_000),
  temperature: number(`How freely it chooses; with 0 much the same each time${own}`, 0, 2),
  topP: number(`Of how much of what is likely it chooses${own}`, 0, 1),
  seed: whole("What its choices begin with; without it, a random number", 0, 2 ** 31 - 1),
  stop: text("A text before which it ends; without it, it ends by itself", { minLength: 1 }),
  reasoningEffort: choice(`How long a model that thinks does so${own}`, [
    "none",
    "minimal",
    "low",
    "medium",
    "high",
    "xhigh",
    "max",
  ]),
  jsonSchema: {
    type: "object",
    description: "A JSON Schema that the answer must obey; without it, the answer is plain text",
  },
};

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
  "image-to-text": {
    prompt: text("What is asked of the image", { default: "Describe this image." }),
    detail: choice("How closely it is looked at", ["auto", "low", "high"], { default: "auto" }),
    ...CHAT,
  },
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
