/** Options of chats, and how schemas of options are written. */

export const text = (description: string, more: object = {}) => ({ type: "string", description, ...more });
export const number = (description: string, minimum: number, maximum: number) => ({
  type: "number",
  description,
  minimum,
  maximum,
});
export const whole = (description: string, minimum: number, maximum: number, more: object = {}) => ({
  type: "integer",
  description,
  minimum,
  maximum,
  ...more,
});
export const choice = (description: string, values: readonly string[], more: object = {}) => ({
  type: "string",
  description,
  enum: values,
  ...more,
});
/** What holds for an option that is absent. */
export const own = "; without it, the model's own choice";

/** What can be said of a chat. */
export const CHAT = {
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

/** What can be said of a picture that a chat sees. */
export const SEEN = {
  prompt: text("What is asked of the image", { default: "Describe this image." }),
  detail: choice("How closely it is looked at", ["auto", "low", "high"], { default: "auto" }),
  ...CHAT,
};
