/** Replicate, a Prizm provider: each of its models is one here. */

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
} from "#prizm/plugin";
import { reckoned, redacted } from "#prizm/remote";

import { Catalogue } from "./catalogue.js";
import { ended } from "./errors.js";
import { type Filled, body, check } from "./inputs.js";
import { Jobs } from "./jobs.js";
import { CAPABILITIES, type Entry, type Way } from "./model.js";
import { besides, take } from "./outputs.js";
import type { Prediction } from "./prediction.js";
import { DEFAULTS, SCHEMA, type Settings, readSettings } from "./settings.js";
import { estimate, usageOf } from "./usage.js";
import { Wire } from "./wire.js";

const NO_KEY = "Replicate needs a token: set `apiKey`, or grant the variable REPLICATE_API_TOKEN";

export class ReplicateProvider implements Provider {
  readonly id = "replicate";
  readonly version = "0.1.0";
  readonly name = "Replicate";
  readonly type = "remote";
  readonly capabilities = CAPABILITIES;
  readonly maxInFlight = 8;
  readonly configSchema = SCHEMA;
  readonly #catalogue = new Catalogue();
  /** Jobs that are being cancelled at Replicate. */
  readonly #cancelling = new Set<Promise<void>>();
  #settings: Settings = DEFAULTS;

  get models(): readonly Model[] {
    return this.#catalogue.all().map(({ model }) => model);
  }

  async configure(config: Config, _services: Services, _startup: Startup): Promise<void> {
    const settings = readSettings(config, process.env);
    await this.#catalogue.configure(settings);
    this.#settings = settings;
  }

  async discoverModels(): Promise<readonly Model[]> {
    return (await this.#catalogue.refresh()).map(({ model }) => model);
  }

  estimate(request: EstimateRequest): Estimate {
    const entry = this.#catalogue.find(request.model);
    const way = entry?.ways.get(request.capability);
    return entry === undefined || way === undefined ? {} : estimate(entry, way, request);
  }

  health(measured: Health): Health {
    return this.#settings.key === undefined ? { ...measured, status: "degraded", lastError: NO_KEY } : measured;
  }

  /** Waits for Replicate to hear that nobody wants its work any more. */
  async shutdown(): Promise<void> {
    await Promise.allSettled(this.#cancelling);
  }

  async transform(request: Request, context: Context): Promise<TransformResult> {
    const settings = this.#settings;
    const entry = this.#catalogue.find(request.model);
    const way = entry?.ways.get(request.capability);
    if (entry === undefined || way === undefined)
      throw new ProviderError(
        "ModelNotFound",
        `Replicate no longer lists \`${request.model}\` for ${request.capability}`,
      );
    const fields = check(way, request);
    if (settings.key === undefined)
      throw new ProviderError("NotConfigured", NO_KEY, { details: { setting: "apiKey" } });
    try {
      const jobs = new Jobs(settings, context);
      const begun =
        request.resume === undefined ? await begin(entry, fields, request, context, jobs, settings) : undefined;
      const id = begun?.id ?? request.resume?.remoteId ?? "";
      return await this.#follow(id, begun, jobs, { entry, way, request, settings }, context);
    } catch (thrown) {
      throw redacted(thrown, settings.key);
    }
  }

  /** Sees a job that Replicate has taken through to its end. */
  async #follow(
    id: string,
    begun: Prediction | undefined,
    jobs: Jobs,
    asked: Asked,
    context: Context,
  ): Promise<TransformResult> {
    const { signal } = context;
    context.accepted(id, "unknown");
    try {
      signal.throwIfAborted();
      return await finish(await jobs.wait(id, begun), asked, context);
    } catch (thrown) {
      // The deadline, too, aborts the signal.
      if (signal.aborted) await this.#cancel(id, jobs);
      throw thrown;
    }
  }

  async #cancel(id: string, jobs: Jobs): Promise<void> {
    const cancelling = jobs.cancel(id);
    this.#cancelling.add(cancelling);
    await cancelling;
    this.#cancelling.delete(cancelling);
  }
}

/** What a job is about. */
interface Asked {
  readonly entry: Entry;
  readonly way: Way;
  readonly request: Request;
  readonly settings: Settings;
}

async function begin(
  entry: Entry,
  fields: readonly Filled[],
  request: Request,
  context: Context,
  jobs: Jobs,
  settings: Settings,
): Promise<Prediction> {
  context.report({ fraction: 0, stage: "submitting" });
  return jobs.submit(entry, await body(fields, request, context, new Wire(settings, context.signal)));
}

/** Takes what came of a job that is over. */
async function finish(
  prediction: Prediction,
  { entry, way, request, settings }: Asked,
  context: Context,
): Promise<TransformResult> {
  const { id, status, output, metrics, isRemoved } = prediction;
  if (status !== "succeeded")
    throw ended(prediction, { isPrivate: entry.isPrivate, hasDeadline: context.deadline !== undefined });
  if (isRemoved && (output === null || output === undefined)) {
    throw new ProviderError("UpstreamError", "Replicate has deleted the output, which it keeps for an hour", {
      retryable: false,
      details: { charged: "yes", step: "download" },
    });
  }
  const bounds = { maxBytes: settings.maxOutputBytes, signal: context.signal, server: settings.baseUrl };
  const outputs = await take(output, entry.output, context, bounds);
  const characters = way.primary.kind === "text" ? [...(request.input().text ?? "")].length : undefined;
  const usage = reckoned(() => usageOf({ metrics, files: outputs.length, characters }, entry));
  const details = entry.output === "text" ? besides(output) : undefined;
  const meta = { requestId: id, ...(details !== undefined && { details }) };
  return { outputs, ...(usage !== undefined && { usage }), meta };
}
