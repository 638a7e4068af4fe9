/** How a chat is asked. */

import { ProviderError } from "#prizm/plugin";

import { type Asked, body, primary, textOf } from "./inputs.js";

/** The largest image that is looked at, in bytes: it is sent within the question. */
const MAX_SEEN = 20 * 1024 * 1024;

/** What servers differ in. */
export interface Ways {
  /** Its name for the most tokens of an answer. */
  readonly maxTokens: "max_tokens" | "max_completion_tokens";
  /** Whether it must be asked to say how many tokens a stream had, and takes the question. */
  readonly asksUsage: boolean;
}

/** Returns what a server is asked: about the text, or the image where there is one. */
export async function question(asked: Asked, model: string, { maxTokens, asksUsage }: Ways): Promise<object> {
  const { request } = asked;
  const content = request.capability === "image-to-text" ? await looked(asked) : await textOf(asked);
  const system = request.option("system", "string");
  const schema = request.option("jsonSchema", "object");
  const named = body(asked, {
    maxTokens,
    temperature: "temperature",
    topP: "top_p",
    seed: "seed",
    stop: "stop",
    reasoningEffort: "reasoning_effort",
  });
  return {
    model,
    messages: [...(system === undefined ? [] : [{ role: "system", content: system }]), { role: "user", content }],
    stream: true,
    ...(asksUsage && { stream_options: { include_usage: true } }),
    ...(schema !== undefined && {
      response_format: { type: "json_schema", json_schema: { name: "answer", schema, strict: true } },
    }),
    ...named,
  };
}

async function looked(asked: Asked): Promise<object[]> {
  const text = asked.request.option("prompt", "string", "Describe this image.");
  const image_url = { url: await seen(asked), ...body(asked, { detail: "detail" }) };
  return [
    { type: "image_url", image_url },
    { type: "text", text },
  ];
}

/** Returns an image as the URL that has it. */
async function seen({ request, context }: Asked): Promise<string> {
  const media = primary(request, "image");
  const bytes = await context.readInput(media);
  if (bytes.length > MAX_SEEN) {
    throw new ProviderError("InvalidMedia", `the image has ${bytes.length} bytes; at most ${MAX_SEEN} can be sent`);
  }
  return `data:${media.mime};base64,${bytes.toString("base64")}`;
}
