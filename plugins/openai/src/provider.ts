/** OpenAI's API, and every server that speaks it, as a Prizm provider. */

import {
  type Config,
  type Context,
  type Estimate,
  type EstimateRequest,
  type Health,
  type Model,
  type Provider,
  ProviderError,
  type Request,
  type TransformResult,
} from "#prizm/plugin";
import { checkOptions, reckoned, redacted } from "#prizm/remote";

import { Catalogue } from "./catalogue.js";
import { explain, usageOf } from "./compatible/index.js";
import { estimate } from "./estimate.js";
import { NAMES, OPTIONS, type OurCapability, schemaOf } from "./options.js";
import { DEFAULTS, SCHEMA, type Settings, isOwn, readSettings } from "./settings.js";
import { Wire } from "./wire.js";
import { WORK } from "./work.js";

export class OpenAiProvider implements Provider {
  readonly id = "openai";
  readonly version = "0.1.0";
  readonly name = "OpenAI and compatible";
  readonly type = "remote";
  readonly capabilities = Object.keys(OPTIONS) as OurCapability[];
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

  estimate(request: EstimateRequest): Estimate {
    const entry = this.#catalogue.find(request.model);
    return entry === undefined ? {} : estimate(entry.known, request);
  }

  health(measured: Health): Health {
    const lastError = needed(this.#settings);
    return lastError === undefined ? measured : { ...measured, status: "degraded", lastError };
  }

  async transform(request: Request, context: Context): Promise<TransformResult> {
    const settings = this.#settings;
    const entry = this.#catalogue.find(request.model);
    if (entry === undefined) throw new ProviderError("ModelNotFound", `the server no longer lists \`${request.model}\``);
    const capability = request.capability as OurCapability;
    const given = Object.entries(request.options).filter(([, value]) => value !== null);
    checkOptions(Object.fromEntries(given), schemaOf(capability));
    request.input();
    const lacking = needed(settings);
    if (lacking !== undefined) throw new ProviderError("NotConfigured", lacking, { details: { setting: "apiKey" } });
    if (request.resume !== undefined) throw gone();
    const setting = { isOwn: isOwn(settings), options: NAMES };
    const wire = new Wire(settings, context.signal);
    try {
      const model = await this.#catalogue.resolve(entry, settings, context.signal);
      const { outputs, counts, meta } = await WORK[capability]({ request, context, settings, wire, setting, model });
      const usage = reckoned(() => usageOf(counts, entry.known));
      return { outputs: [...outputs], ...(usage !== undefined && { usage }), meta };
    } catch (thrown) {
      throw redacted(explain(wire.failure(thrown), setting), settings.key);
    }
  }
}

/** Says what is to be set before anything can be done. */
function needed({ key, preset, presetName }: Settings): string | undefined {
  if (key !== undefined || preset.variable === undefined) return undefined;
  return `the preset \`${presetName}\` needs a key: set \`apiKey\`, or grant the variable ${preset.variable}`;
}

/** An answer that was missed is not kept anywhere; to ask again would be paid again. */
function gone(): ProviderError {
  return new ProviderError("UpstreamError", "the job was sent before, and its answer cannot be had any more", {
    retryable: false,
    details: { accepted: true, charged: "unknown" },
  });
}
