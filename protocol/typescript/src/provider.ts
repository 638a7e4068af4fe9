/** What an author implements. */

import type { Context, Startup } from "./context.js";
import type { Config, EstimateRequest, Request, Services } from "./request.js";
import type { DataPolicy, Estimate, Health, Location, TransformResult } from "./wire/methods.js";
import type { Capability, InputSlot, Media, Price } from "./wire/model.js";

/** A JSON Schema 2020-12. */
export type JsonSchema = boolean | { readonly [keyword: string]: unknown };

/** A model as its provider declares it. */
export interface Model {
  /** Its id, unique within the provider. */
  readonly id: string;
  /** A name for people. */
  readonly name?: string | undefined;
  /** What it is good for, in a sentence. */
  readonly description?: string | undefined;
  /** The capabilities it has. */
  readonly capabilities: readonly Capability[];
  /** JSON Schema of the options, by capability. */
  readonly options?: Readonly<Partial<Record<Capability, JsonSchema>>> | undefined;
  /** The inputs it takes, by capability; absent means one of the capability's input kind. */
  readonly inputs?: Readonly<Partial<Record<Capability, readonly Readonly<InputSlot>[]>>> | undefined;
  /** What a call costs. */
  readonly pricing?: readonly Readonly<Price>[] | undefined;
  /** True where a call costs nothing. Absent means unknown. */
  readonly isFree?: boolean | undefined;
  /** Bounds on media, such as `maxWidth` (pixels) or `maxDurationMs`. */
  readonly limits?: Readonly<Record<string, unknown>> | undefined;
  /** MIME types that it reads; absent means any of the capability's input kind. */
  readonly inputFormats?: readonly string[] | undefined;
  /** MIME types that it writes. */
  readonly outputFormats?: readonly string[] | undefined;
  /**
   * What it can do beyond the plain call: lower-case words joined by `_`, such as `streaming`, `seed`, `cancel`, `progress`,
   * `negative_prompt`, `transparency`, `word_timestamps`, `webhook` or `idempotency`.
   */
  readonly features?: readonly string[] | undefined;
  /** How good its results are, in your own word: 0 to 5, the best. Absent means unknown. */
  readonly quality?: number | undefined;
  /** How long a typical call takes, in milliseconds: a hint until it has been measured. */
  readonly typicalMs?: number | undefined;
}

/** A value, or the promise of one. */
export type Awaitable<T> = T | Promise<T>;

/** What came of a job: one medium, several with the best one first, or these and what else there is to say. */
export type Transformed = Media | readonly Media[] | TransformResult;

/**
 * A provider: who it is, what it can do, and `transform`.
 *
 * Jobs run at the same time, as many as `maxInFlight` says. What is thrown becomes the answer; a
 * {@link ProviderError} says which. Computing that does not await keeps the provider from hearing
 * anything, so it belongs in a `Worker` or a child.
 */
export interface Provider {
  /** Its id, which is the manifest's. */
  readonly id: string;
  /** Its version, semver. */
  readonly version: string;
  /** A name for people. */
  readonly name?: string | undefined;
  /** Where the work is done. */
  readonly type?: Location | undefined;
  /** Its models. Their capabilities are the provider's. */
  readonly models: readonly Model[];
  /** Capabilities that only models found later, by `discoverModels`, will have. */
  readonly capabilities?: readonly Capability[] | undefined;
  /** How many transforms may run at once; without it, one. More wait their turn. */
  readonly maxInFlight?: number | undefined;
  /** JSON Schema of the configuration; mark secrets `writeOnly: true`. */
  readonly configSchema?: JsonSchema | undefined;
  /** What becomes of what is sent to it; what is left out is unknown. */
  readonly dataPolicy?: Readonly<DataPolicy> | undefined;
  /** Whether jobs are refused with `NotConfigured` until `configure` has succeeded. */
  readonly needsConfiguration?: boolean | undefined;

  /** Does the work. */
  transform(request: Request, context: Context): Awaitable<Transformed>;

  /** Takes a configuration, which replaces the one before; jobs that run keep theirs. Without it, any is taken and ignored. */
  configure?(config: Config, services: Services, startup: Startup): Awaitable<void>;

  /** Finds the models that there are now. Without it, they are the declared ones. */
  discoverModels?(): Awaitable<readonly Model[]>;

  /** Says what a job would cost. Without it, nobody knows (−32601). */
  estimate?(request: EstimateRequest, context: EstimateContext): Awaitable<Estimate>;

  /** Says how the provider feels. Without it, that is what the SDK has `measured`. */
  health?(measured: Health): Awaitable<Health>;

  /** Cleans up. No job runs any more; the process ends a few seconds later whatever happens. */
  shutdown?(): Awaitable<void>;
}

/** What an estimate can learn while it is made. */
export interface EstimateContext {
  /** Aborted when nobody wants the answer any more. */
  readonly signal: AbortSignal;
}
