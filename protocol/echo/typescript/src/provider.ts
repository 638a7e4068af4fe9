/** Echo, a Prizm provider: it says a text as often as it is told, and gives an image back. */

import { setTimeout as sleep } from "node:timers/promises";

import { type Context, type Media, type Provider, ProviderError, type Request, text } from "#prizm/plugin";

const times = { type: "integer", minimum: 1, maximum: 100, default: 1, description: "How often the text is said" };
const delayMs = { type: "integer", minimum: 0, maximum: 60000, default: 0, description: "Milliseconds that it takes" };

export const provider: Provider = {
  id: "echo",
  version: "0.1.0",
  name: "Echo",
  type: "local",
  models: [
    {
      id: "echo",
      capabilities: ["text-to-text", "image-to-image"],
      options: {
        "text-to-text": { type: "object", additionalProperties: false, properties: { times, delayMs } },
        "image-to-image": { type: "object", additionalProperties: false, properties: { delayMs } },
      },
      isFree: true,
    },
  ],
  maxInFlight: 64,
  transform: (request, context) => (request.capability === "text-to-text" ? say(request, context) : copy(request, context)),
};

/** Says the text, piece by piece and then whole. */
async function say(request: Request, context: Context): Promise<Media> {
  refuseAllBut(request, ["times", "delayMs"]);
  const count = whole(request, "times", times);
  const delay = whole(request, "delayMs", delayMs) / count;
  const word = request.text();
  let said = "";
  for (let time = 0; time < count; time += 1) {
    context.progress(time / count, "echoing");
    await wait(delay, context);
    const piece = time === 0 ? word : ` ${word}`;
    await context.chunkText(piece);
    said += piece;
  }
  return text(said);
}

/** Gives the image back as a file of its own. */
async function copy(request: Request, context: Context): Promise<Media> {
  refuseAllBut(request, ["delayMs"]);
  const delay = whole(request, "delayMs", delayMs);
  const input = request.input();
  if (input.kind !== "image") {
    throw new ProviderError("InvalidMedia", `the input is ${input.kind} (${input.mime}); an image is needed`);
  }
  context.progress(0, "echoing");
  await wait(delay, context);
  const bytes = await context.readInput(input);
  return context.outputFile(input.kind, input.mime, `echo.${extension(input.mime)}`, bytes);
}

/** Reads an option that is a whole number within the bounds of its schema. */
function whole(request: Request, name: string, schema: typeof times): number {
  const value = request.option(name, "integer", schema.default);
  if (value >= schema.minimum && value <= schema.maximum) return value;
  throw ProviderError.invalidOption(name, `a whole number from ${schema.minimum} to ${schema.maximum}`, value);
}

/** Refuses options of other names: whoever misspelt one would wonder why it does nothing. */
function refuseAllBut(request: Request, names: readonly string[]): void {
  const other = Object.keys(request.options).find((name) => !names.includes(name));
  if (other !== undefined) throw ProviderError.invalidOption(other, `one of ${names.join(", ")}`, other);
}

/** Waits, until nobody wants the answer any more. */
async function wait(delay: number, { signal }: Context): Promise<void> {
  signal.throwIfAborted();
  if (delay > 0) await sleep(delay, undefined, { signal });
}

function extension(mime: string): string {
  if (mime === "image/jpeg") return "jpg";
  if (mime === "image/svg+xml") return "svg";
  return /^image\/([A-Za-z0-9]+)$/.exec(mime)?.[1] ?? "bin";
}
