/**
 * Acme pretends to paint on a server far away. `plugins/README.md` quotes it for what the reference provider has no
 * use for: prices, settings with a secret, a service, a job that was accepted, named errors.
 */

import { setTimeout as sleep } from "node:timers/promises";

import { type JsonSchema, type Model, ProviderError, serve } from "#prizm/plugin";

const settings: JsonSchema = {
  type: "object",
  properties: {
    apiKey: { type: "string", writeOnly: true, description: "The key of your account" },
    baseUrl: { type: "string", description: "Where Acme is, where no service runs it" },
  },
};

const painter: Model = {
  id: "painter",
  description: "Paints what a text says",
  capabilities: ["text-to-image"],
  options: {
    "text-to-image": {
      type: "object",
      additionalProperties: false,
      properties: {
        width: { type: "integer", minimum: 16, maximum: 4096, default: 512, description: "Pixels" },
        colour: { enum: ["black", "red"], default: "black", description: "Of the paint" },
      },
    },
  },
  pricing: [{ unit: "image", amount: "0.04", currency: "USD" }],
  outputFormats: ["image/svg+xml"],
};

let account = { key: "", address: "" };

serve({
  id: "acme",
  version: "1.0.0",
  name: "Acme",
  type: "remote",
  models: [painter],
  maxInFlight: 4,
  configSchema: settings,
  needsConfiguration: true,

  configure(config, services, startup) {
    const key = config.setting("apiKey", "string");
    if (key === undefined) throw new ProviderError("NotConfigured", "the setting `apiKey` is missing");
    const address = config.setting("baseUrl", "string") ?? services.endpoint("backend", "http");
    startup.stage("logging in", 0.5);
    account = { key, address };
  },

  estimate() {
    return { cost: "0.04", currency: "USD", timeMs: 200 };
  },

  async transform(request, context) {
    const width = request.option("width", "integer", 512);
    const colour = request.option("colour", "string", "black");
    const text = request.text();
    if (text.includes("forbidden")) {
      throw new ProviderError("ContentRejected", "Acme paints nothing that is forbidden");
    }
    if (text.includes("busy")) {
      const hints = { retryAfterMs: 6000 };
      throw new ProviderError("RateLimited", "the account may have 10 paintings a minute", hints);
    }
    if (account.key === "revoked") {
      throw new ProviderError("UpstreamError", "Acme does not know the key", { retryable: false });
    }
    const { address } = account;
    context.accepted(`acme-${context.jobId}`, "yes");
    for (const step of [1, 2, 3, 4]) {
      context.progress(step / 4, "painting");
      await sleep(50, undefined, { signal: context.signal });
    }
    const painting =
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${width}">` +
      `<rect width="100%" height="100%" fill="${colour}"/></svg>\n`;
    const image = await context.outputFile("image", "image/svg+xml", "painting.svg", painting);
    return { outputs: [image], usage: { cost: "0.04", currency: "USD" }, meta: { paintedAt: address } };
  },
});
