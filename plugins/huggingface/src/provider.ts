/** Hugging Face's Inference Providers, through their router, as a Prizm provider. */

import { usageOf } from "#openai/compatible";
import {
  type Capability,
  type Config,
  type Context,
  type Health,
  type Model,
  type Provider,
  ProviderError,
  type Request,
  type TransformResult,
} from "#prizm/plugin";
import { checkOptions, reckoned, redacted } from "#prizm/remote";

import { Catalogue } from "./catalogue.js";
import { SETTING, explained } from "./errors.js";
import { type Known, offerOf, split } from "./known.js";
import { schemaOf } from "./options.js";
import { DEFAULTS, SCHEMA, type Settings, readSettings } from "./settings.js";
import { Wire } from "./wire.js";
import { work } from "./work.js";

export class HuggingFaceProvider implements Provider {
  readonly id = "huggingface";
  readonly version = "0.1.0";
  readonly name = "Hugging Face";
  readonly type = "remote";
  readonly capabilities: readonly Capability[] = [
    "text-to-text",
    "image-to-text",
    "text-to-image",
    "text-to-audio",
    "audio-to-text",
  ];
  readonly maxInFlight = 8;
  readonly configSchema = SCHEMA;
  readonly #catalogue = new Catalogue();
  #settings: Settings = DEFAULTS;

  get models(): readonly Model[] {
    return this.#catalogue.all().map(({ model }) => model);
  }

  configure(config: Config): void {
    this.#settings = readSettings(config, process.env);
    this.#catalogue.configure(this.#settings);
  }

  async discoverModels(): Promise<readonly Model[]> {
    return (await this.#catalogue.refresh()).map(({ model }) => model);
  }

  health(measured: Health): Health {
    return this.#settings.key === undefined ? { ...measured, status: "degraded", lastError: NO_KEY } : measured;
  }

  async transform(request: Request, context: Context): Promise<TransformResult> {
    const settings = this.#settings;
    const entry = this.#catalogue.find(request.model);
    if (entry === undefined) throw new ProviderError("ModelNotFound", `\`${request.model}\` is no longer listed`);
    const { known } = entry;
    const given = Object.entries(request.options).filter(([, value]) => value !== null);
    checkOptions(Object.fromEntries(given), schemaOf(request.capability as Capability, known.task));
    request.input();
    if (settings.key === undefined) throw new ProviderError("NotConfigured", NO_KEY, { details: { setting: "apiKey" } });
    if (request.resume !== undefined) throw gone();
    return this.#done(known, request, context, settings);
  }

  async #done(known: Known, request: Request, context: Context, settings: Settings): Promise<TransformResult> {
    const wire = new Wire(settings, context.signal);
    const asking = new AbortController();
    // Meanwhile it is found out what that costs.
    const isChat = known.task === "conversational";
    const signal = AbortSignal.any([context.signal, asking.signal]);
    const offered = isChat ? this.#catalogue.offers(known.id, settings, signal) : Promise.resolve([]);
    try {
      const job = { request, context, settings, wire, setting: SETTING, model: known.id };
      const { outputs, counts, meta, provider } = await work(known.task, job);
      const offer = offerOf(await offered, provider ?? split(known.id).route);
      const usage = reckoned(() => usageOf(counts, offer ?? {}));
      return {
        outputs: [...outputs],
        ...(usage !== undefined && { usage }),
        meta: { ...meta, ...(provider !== undefined && { provider }) },
      };
    } catch (thrown) {
      throw redacted(explained(wire.failure(thrown)), settings.key);
    } finally {
      asking.abort();
    }
  }
}

const NO_KEY = "a token is needed: set `apiKey`, or grant the variable HF_TOKEN";

/** An answer that was missed is not kept anywhere; to ask again would be paid again. */
function gone(): ProviderError {
  return new ProviderError("UpstreamError", "the job was sent before, and its answer cannot be had any more", {
    retryable: false,
    details: { accepted: true, charged: "unknown" },
  });
}
