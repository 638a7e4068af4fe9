/** fal.ai, a Prizm provider: each of its endpoints is a model. */

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
  type Services,
  type Startup,
  type TransformResult,
  type Usage,
} from "#prizm/plugin";
import { decimal, hidden, isRecord, reckoned, redacted, times } from "#prizm/remote";

import { Catalogue } from "./catalogue.js";
import { CATEGORIES, type Endpoint } from "./endpoint.js";
import { estimate } from "./estimate.js";
import { body, check } from "./inputs.js";
import { take } from "./outputs.js";
import { Queue, type Result } from "./queue.js";
import { DEFAULTS, SCHEMA, type Settings, readSettings } from "./settings.js";
import { Wire } from "./wire.js";

const NO_KEY = "fal.ai needs a key: set `apiKey`, or grant the variable FAL_KEY";

export class FalProvider implements Provider {
  readonly id = "fal-ai";
  readonly version = "0.1.0";
  readonly name = "fal.ai";
  readonly type = "remote";
  readonly capabilities = [...new Set(Object.values(CATEGORIES))];
  readonly maxInFlight = 8;
  readonly configSchema = SCHEMA;
  readonly #catalogue = new Catalogue();
  /** Jobs that are being cancelled at fal. */
  readonly #cancelling = new Set<Promise<void>>();
  #settings: Settings = DEFAULTS;

  get models(): readonly Model[] {
    return this.#catalogue.all().map(({ model }) => model);
  }

  async configure(config: Config, _services: Services, _startup: Startup): Promise<void> {
    const settings = readSettings(config, process.env);
    await this.#catalogue.load(settings);
    this.#settings = settings;
  }

  async discoverModels(): Promise<readonly Model[]> {
    return (await this.#catalogue.refresh(this.#settings)).map(({ model }) => model);
  }

  estimate(request: EstimateRequest): Estimate {
    const endpoint = this.#catalogue.find(request.model);
    return endpoint === undefined ? {} : estimate(endpoint, request);
  }

  health(measured: Health): Health {
    return this.#settings.key === undefined ? { ...measured, status: "degraded", lastError: NO_KEY } : measured;
  }

  /** Waits for fal to hear that nobody wants its work any more. */
  async shutdown(): Promise<void> {
    await Promise.allSettled(this.#cancelling);
  }

  async transform(request: Request, context: Context): Promise<TransformResult> {
    const settings = this.#settings;
    const endpoint = this.#catalogue.find(request.model);
    if (endpoint === undefined) throw new ProviderError("ModelNotFound", `fal.ai no longer lists \`${request.model}\``);
    const fields = check(endpoint, request);
    if (settings.key === undefined)
      throw new ProviderError("NotConfigured", NO_KEY, { details: { setting: "apiKey" } });
    try {
      const wire = new Wire(settings, context.signal);
      const queue = new Queue(settings, endpoint.id, context, wire);
      let requestId = request.resume?.remoteId;
      if (requestId === undefined) {
        context.report({ fraction: 0, stage: "submitting" });
        requestId = await queue.submit(await body(fields, request, context, wire.client(), settings));
      }
      return await this.#follow(requestId, queue, endpoint, settings, context);
    } catch (thrown) {
      throw redacted(thrown, settings.key);
    }
  }

  /** Sees a job that fal has taken through to its end. */
  async #follow(
    requestId: string,
    queue: Queue,
    endpoint: Endpoint,
    settings: Settings,
    context: Context,
  ): Promise<TransformResult> {
    const { signal } = context;
    context.accepted(hidden(requestId, settings.key), "unknown");
    try {
      signal.throwIfAborted();
      await queue.wait(requestId);
      const result = await queue.result(requestId);
      const bounds = { maxBytes: settings.maxOutputBytes, signal, server: settings.queueUrl };
      const outputs = await take(result.data, endpoint.output, context, bounds);
      const usage = reckoned(() => usageOf(result, endpoint));
      return { outputs, ...(usage !== undefined && { usage }), meta: hidden(metaOf(result.data, requestId), settings.key) };
    } catch (thrown) {
      // The deadline, too, aborts the signal.
      if (signal.aborted) await this.#cancel(requestId, queue);
      throw thrown;
    }
  }

  async #cancel(requestId: string, queue: Queue): Promise<void> {
    const cancelling = queue.cancel(requestId);
    this.#cancelling.add(cancelling);
    await cancelling;
    this.#cancelling.delete(cancelling);
  }
}

/** What fal charges: the units that it says, at the price of one. */
function usageOf({ billableUnits }: Result, { price }: Endpoint): Usage | undefined {
  const units = decimal(billableUnits);
  if (units === undefined) return undefined;
  const counted = { billableUnits: units, ...(price !== undefined && { unit: price.unit }) };
  return price === undefined ? counted : { cost: times(units, price.amount), currency: price.currency, ...counted };
}

/** What else an answer says that helps: by which seed it can be had again, and what was left out. */
function metaOf(data: unknown, requestId: string): Record<string, unknown> {
  const told = isRecord(data) ? data : {};
  const unsafe = told["has_nsfw_concepts"];
  const count = Array.isArray(unsafe) ? unsafe.filter((one) => one === true).length : 0;
  return {
    requestId,
    ...(typeof told["seed"] === "number" && { seed: told["seed"] }),
    ...(isRecord(told["timings"]) && { timings: told["timings"] }),
    ...(count > 0 && { warnings: [`fal.ai takes ${count} of the images for unsafe, and may have blackened them`] }),
  };
}
