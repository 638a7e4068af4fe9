/** ElevenLabs as a Prizm provider. */

import {
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
import { explain } from "./errors.js";
import type { Answer, Job } from "./job.js";
import { listen } from "./listen.js";
import { type Role, schemaOf } from "./options.js";
import { DEFAULTS, SCHEMA, type Settings, needed, readSettings } from "./settings.js";
import { resound, speak } from "./speak.js";
import { usageOf } from "./usage.js";
import { Wire } from "./wire.js";

const WORK: { readonly [R in Role]: (job: Job) => Promise<Answer> } = {
  speech: speak,
  sound: resound,
  transcription: listen,
};

export class ElevenLabsProvider implements Provider {
  readonly id = "elevenlabs";
  readonly version = "0.1.0";
  readonly name = "ElevenLabs";
  readonly type = "remote";
  readonly capabilities = ["text-to-audio", "audio-to-text"] as const;
  /** Plans differ in how many requests they take at once; most take these. */
  readonly maxInFlight = 4;
  readonly configSchema = SCHEMA;
  readonly #catalogue = new Catalogue();
  #settings: Settings = DEFAULTS;

  get models(): readonly Model[] {
    return this.#catalogue.all();
  }

  configure(config: Config): void {
    this.#settings = readSettings(config, process.env);
    this.#catalogue.configure(this.#settings);
  }

  discoverModels(): Promise<readonly Model[]> {
    return this.#catalogue.refresh();
  }

  health(measured: Health): Health {
    const lastError = needed(this.#settings);
    return lastError === undefined ? measured : { ...measured, status: "degraded", lastError };
  }

  async transform(request: Request, context: Context): Promise<TransformResult> {
    const settings = this.#settings;
    const known = this.#catalogue.find(request.model)?.known;
    if (known === undefined) throw new ProviderError("ModelNotFound", `ElevenLabs no longer lists \`${request.model}\``);
    const given = Object.entries(request.options).filter(([, value]) => value !== null);
    checkOptions(Object.fromEntries(given), schemaOf(known.role, known.lacks));
    request.input();
    const lacking = needed(settings);
    if (lacking !== undefined) throw new ProviderError("NotConfigured", lacking, { details: { setting: "apiKey" } });
    if (request.resume !== undefined) throw gone();
    const wire = new Wire(settings, context.signal);
    const voice = (wanted: string) => this.#voice(wanted, settings, wire);
    try {
      const { output, counts, meta } = await WORK[known.role]({ request, context, settings, wire, known, voice });
      const usage = reckoned(() => usageOf(counts, known, settings));
      return { outputs: [output], ...(usage !== undefined && { usage }), meta };
    } catch (thrown) {
      context.signal.throwIfAborted();
      throw redacted(explain(thrown), settings.key);
    }
  }

  /** Looks a voice up for a job that was not sent yet, so whatever goes wrong, nothing is charged. */
  async #voice(wanted: string, settings: Settings, wire: Wire): Promise<string> {
    try {
      return await this.#catalogue.voice(wanted, settings, wire);
    } catch (thrown) {
      throw unsent(explain(thrown));
    }
  }
}

/** Takes back that a job may have been taken. */
function unsent(thrown: unknown): unknown {
  if (!(thrown instanceof ProviderError) || thrown.data["accepted"] !== true) return thrown;
  return new ProviderError("UpstreamError", thrown.message, { retryable: true, details: { charged: "no" } });
}

/** An answer that was missed is not kept where the API could be asked for it; to ask again would be paid again. */
function gone(): ProviderError {
  return new ProviderError("UpstreamError", "the job was sent before, and its answer cannot be had any more", {
    retryable: false,
    details: { accepted: true, charged: "unknown" },
  });
}
