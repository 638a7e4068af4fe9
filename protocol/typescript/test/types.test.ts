/** What compiles and what does not: the compiler is the test. */

import { test } from "node:test";

import { type Capability, type Media, type Model, type Provider, ProviderError, type Request, text } from "../src/index.js";

test("types are checked by the compiler", () => {
  const models: Model[] = [
    { id: "a", capabilities: ["text-to-text", "image-to-3d", "x-acme/upscale-4k"] },
    {
      id: "b",
      name: undefined,
      capabilities: ["text-to-image"],
      options: { "text-to-image": { type: "object" }, "x-acme/b": true },
      inputs: { "text-to-image": [{ kind: "text" }, { kind: "image", role: "mask", required: false }] },
      pricing: [{ unit: "image", amount: "0.04", currency: "USD" }],
      features: ["seed", "acme_4k"],
      quality: 4,
      typicalMs: 6000,
    },
    // @ts-expect-error: no such capability
    { id: "c", capabilities: ["text-to-imag"] },
    // @ts-expect-error: two kinds, but not of protocol 1.0
    { id: "d", capabilities: ["audio-to-video"] },
    // @ts-expect-error: a vendor's own needs a name
    { id: "e", capabilities: ["x-acme"] },
    // @ts-expect-error: the options of no capability
    { id: "f", capabilities: ["text-to-text"], options: { "text-to-smell": {} } },
    // @ts-expect-error: misspelt
    { id: "g", capabilities: ["text-to-text"], pricings: [] },
    // @ts-expect-error: what it can do is missing
    { id: "h" },
  ];
  const capability: Capability = "video-to-audio";
  // @ts-expect-error: no such kind
  const media: Media = { kind: "smell", mime: "x/y" };

  const whole: Provider = {
    id: "a",
    version: "1.0.0",
    models: [],
    async transform(request, { progress, signal, chunkText }) {
      progress(0.5, "half");
      signal.throwIfAborted();
      await chunkText("x");
      return text(request.text());
    },
  };
  const kept: Provider = { ...whole, dataPolicy: { retentionDays: 0, regions: ["eu"] } };
  // @ts-expect-error: whether, not how
  const trained: Provider = { ...whole, dataPolicy: { training: "rarely" } };
  // @ts-expect-error: a provider transforms
  const idle: Provider = { id: "a", version: "1.0.0", models };
  // @ts-expect-error: a string is no medium
  const careless: Provider = { ...whole, transform: (request) => request.text() };
  // @ts-expect-error: no such place
  const distant: Provider = { ...whole, type: "moon" };

  const options = (request: Request) => {
    const steps: number = request.option("steps", "integer", 20);
    const style: string | undefined = request.option("style", "string");
    // @ts-expect-error: it may be absent
    const seed: number = request.option("seed", "integer");
    // @ts-expect-error: no such kind of option
    request.option("size", "tuple");
    // @ts-expect-error: what stands for it is of another kind
    request.option("steps", "integer", "20");
    return [steps, style, seed];
  };
  // @ts-expect-error: no such error
  const misnamed = () => new ProviderError("RateLimit", "slow down");
  void [capability, media, idle, careless, distant, kept, trained, options, misnamed];
});
