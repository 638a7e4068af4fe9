/** The methods: who answers what, and when. */

import * as check from "./check.js";
import { Context, Startup } from "./context.js";
import { CODED, ProviderError, fromThrown } from "./error.js";
import { Job } from "./job.js";
import { note, noteThrown } from "./log.js";
import { now } from "./node.js";
import type { Outbox, Outcome } from "./outbox.js";
import type { Provider } from "./provider.js";
import { Requests, Turns } from "./reply.js";
import { Config, EstimateRequest, Request, Services } from "./request.js";
import type { Params } from "./wire/frame.js";
import * as wire from "./wire/methods.js";
import type { Declaration, Health } from "./wire/methods.js";
import type { WireModel } from "./wire/model.js";

/** How long `shutdown` waits for cancelled work, then for the provider, in milliseconds; the host waits 5 s in all. */
const DRAIN = 4000;
const CLEAN_UP = 700;

/** What is known once the provider has been asked for its declaration. */
interface Opened {
  models: readonly WireModel[];
  readonly turns: Turns;
}

/** Errors that say nothing of the provider's health. */
const HARMLESS = new Set<number>([CODED.Cancelled, CODED.InvalidParams, CODED.MethodNotFound]);

/** Answers requests with a provider. */
export class Service {
  readonly outbox: Outbox;
  readonly requests = new Requests((error) => this.#remember(error));
  readonly #provider: Provider;
  readonly #started = now();
  #opened: Opened | undefined;
  #isConfigured = false;
  /** Configurations are taken one after the other. */
  readonly #configuring = new Turns(1);
  #isDraining = false;
  #lastError: string | undefined;

  constructor(provider: Provider, outbox: Outbox) {
    this.#provider = provider;
    this.outbox = outbox;
  }

  /** Takes a request, which was a line of so many bytes. */
  request(id: number, method: string, params: Params, bytes: number): void {
    try {
      this.#dispatch(id, method, params, bytes);
    } catch (thrown) {
      if (!(thrown instanceof ProviderError)) noteThrown("the provider failed", thrown);
      this.answerNow(id, { error: fromThrown(thrown) });
    }
  }

  /** Answers a request that needs no work. */
  answerNow(id: number, outcome: Outcome): void {
    this.outbox.push(this.outbox.encodeAnswer(id, outcome));
  }

  #dispatch(id: number, method: string, params: Params, bytes: number): void {
    if (method === "ping") return this.answerNow(id, { result: {} });
    if (method === "initialize") return this.answerNow(id, { result: this.#initialize(params) });
    if (method === "shutdown") return this.#shutdown(id);
    if (method === "health") return this.#run(id, bytes, () => this.#health());
    if (this.#opened === undefined) {
      throw new ProviderError("NotInitialized", `\`${method.slice(0, 80)}\` came before \`initialize\``);
    }
    if (method === "transform") return this.#transform(id, params, bytes, this.#opened);
    if (method === "estimate") return this.#estimate(id, params, bytes, this.#opened);
    if (method === "configure") return this.#configure(id, params, bytes);
    if (method === "models") return this.#run(id, bytes, () => this.#models());
    throw notFound(method);
  }

  #initialize(raw: Params): Declaration {
    const params = check.params(wire.readInitialize, raw);
    check.version(params);
    if (this.#opened !== undefined) throw new ProviderError("InvalidRequest", "`initialize` came twice");
    const declaration = check.declaration(this.#provider);
    this.#opened = { models: declaration.models, turns: new Turns(declaration.limits.maxInFlight) };
    this.outbox.limit = params.limits.maxFrameBytes;
    return declaration;
  }

  #configure(id: number, raw: Params, bytes: number): void {
    const params = check.params(wire.readConfigure, raw);
    const job = this.#job(id);
    const reply = this.requests.open(job, bytes);
    if (reply === undefined) return;
    reply.onSettled = () => this.#configuring.leave(reply);
    this.#configuring.take(reply, () => {
      reply.run(async () => {
        const isStillWanted = () => !job.isAnswered;
        try {
          await this.#provider.configure?.(new Config(params), new Services(params), new Startup(job));
          if (isStillWanted()) this.#isConfigured = true;
        } catch (thrown) {
          if (isStillWanted()) this.#isConfigured = false;
          throw thrown;
        }
        return { ready: true };
      });
    });
  }

  #transform(id: number, raw: Params, bytes: number, { models, turns }: Opened): void {
    if (this.#isDraining) throw new ProviderError("Draining", "the provider is shutting down");
    const params = check.params(wire.readTransform, raw);
    check.job(params);
    const request = new Request(params, check.capability(params, models));
    if (this.#provider.needsConfiguration && !this.#isConfigured) {
      throw new ProviderError("NotConfigured", "the provider has not been configured; see its `configSchema`");
    }
    const job = this.#job(id);
    job.jobId = params.jobId;
    job.jobDir = params.jobDir;
    if (params.deadlineMs !== undefined) job.deadline = Date.now() + params.deadlineMs;
    const reply = this.requests.open(job, bytes);
    if (reply === undefined) return;
    reply.onSettled = () => turns.leave(reply);
    turns.take(reply, () => {
      reply.run(async () => {
        const transformed = await this.#provider.transform(request, new Context(job));
        return check.given("result", wire.readResult, check.whole(transformed));
      });
    });
  }

  #estimate(id: number, raw: Params, bytes: number, { models }: Opened): void {
    const { estimate } = this.#provider;
    if (estimate === undefined) throw notFound("estimate");
    const params = check.params(wire.readEstimate, raw);
    const request = new EstimateRequest(params, check.capability(params, models));
    this.#run(id, bytes, async (job) => {
      const context = {
        get signal() {
          return job.signal;
        },
      };
      return check.given("estimate", wire.readEstimateResult, await estimate.call(this.#provider, request, context));
    });
  }

  async #models(): Promise<{ models: WireModel[] }> {
    const found = await (this.#provider.discoverModels?.() ?? this.#provider.models);
    const result = check.given("list of models", wire.readModels, { models: found });
    if (this.#opened !== undefined) this.#opened.models = result.models;
    return result;
  }

  async #health(): Promise<Health> {
    const isWanting = this.#provider.needsConfiguration === true && !this.#isConfigured;
    const measured: Health = {
      status: isWanting ? "degraded" : "healthy",
      uptimeMs: Math.round(now() - this.#started),
      activeJobs: this.#opened?.turns.active ?? 0,
      queuedJobs: this.#opened?.turns.queued ?? 0,
    };
    if (this.#lastError !== undefined) measured.lastError = this.#lastError;
    const felt = await (this.#provider.health?.(measured) ?? measured);
    return check.given("health", wire.readHealth, felt);
  }

  #shutdown(id: number): void {
    this.#isDraining = true;
    this.requests.cancelAll();
    const reply = this.requests.open(this.#job(id), 0, true);
    reply?.run(async () => {
      if (!(await within(DRAIN, this.requests.idle()))) note("shutting down with work that ignored its cancellation");
      const cleaned = (async () => this.#provider.shutdown?.())().catch((thrown: unknown) => {
        noteThrown("the provider's own shutdown failed", thrown);
      });
      if (!(await within(CLEAN_UP, cleaned))) note("the provider's own shutdown took too long and was left");
      return {};
    });
  }

  #run(id: number, bytes: number, work: (job: Job) => unknown): void {
    const job = this.#job(id);
    this.requests.open(job, bytes)?.run(() => work(job));
  }

  #job(id: number): Job {
    return new Job(id, this.outbox);
  }

  #remember(error: ProviderError): void {
    if (!HARMLESS.has(error.code)) this.#lastError = error.message;
  }
}

function notFound(method: string): ProviderError {
  return new ProviderError("MethodNotFound", `no method \`${method.slice(0, 80)}\``);
}

/** Waits for a promise; false where it takes longer. */
async function within(milliseconds: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, milliseconds, false);
  });
  const isInTime = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return isInTime;
}
