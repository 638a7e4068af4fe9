/**
 * Which models there are: `chat`, `image`, `speech` and `transcription`, which are the server's usual models, whatever
 * their names; and those that the server lists, or that are built in for a preset.
 */

import { ProviderError, log } from "#prizm/plugin";
import { redacted } from "#prizm/remote";

import { explain } from "./compatible/index.js";
import { type Known, type Role, guess } from "./known.js";
import { readListed } from "./listed.js";
import { type Entry, entry } from "./model.js";
import { DEFAULTS, type Settings, isOwn } from "./settings.js";
import { Wire } from "./wire.js";

const ROLES: readonly Role[] = ["chat", "image", "speech", "transcription"];

/** How long a list of models is waited for, in milliseconds. */
const PATIENCE = 20_000;

/** The largest list that fits into a frame of the protocol, with room for the rest of it, in bytes. */
const MAX_LIST = 6 * 1024 * 1024;

export class Catalogue {
  #settings: Settings | undefined;
  /** What the server lists, and when it did; the built-in ones, before it was asked. */
  #known: readonly Known[] = DEFAULTS.preset.known;
  #at = -Infinity;
  #entries = index(DEFAULTS, this.#known);
  /** The one request for a list that is under way, and by which settings. */
  #asking: { readonly settings: Settings; readonly done: Promise<void> } | undefined;

  find(id: string): Entry | undefined {
    return this.#entries.get(id);
  }

  /** All but usual models that nobody can name. */
  all(): readonly Entry[] {
    return [...this.#entries.values()].filter(({ isNamed }) => isNamed);
  }

  /** Takes new settings; what another server listed is forgotten. */
  configure(settings: Settings): void {
    const isSame = settings.baseUrl === this.#settings?.baseUrl && settings.presetName === this.#settings.presetName;
    if (!isSame) {
      this.#known = settings.preset.known;
      this.#at = -Infinity;
    }
    this.#settings = settings;
    this.#entries = index(settings, this.#known);
  }

  /** Asks the server, unless its list is young enough. Where that fails the last one stays. */
  async refresh(): Promise<readonly Entry[]> {
    const settings = this.#settings ?? DEFAULTS;
    if (Date.now() - this.#at < settings.modelsLifetime * 1000) return this.all();
    if (this.#asking?.settings !== settings) this.#asking = { settings, done: this.#renew(settings) };
    const asking = this.#asking;
    await asking.done;
    if (this.#asking === asking) this.#asking = undefined;
    return this.all();
  }

  async #renew(settings: Settings): Promise<void> {
    try {
      const known = await ask(settings, new Wire(settings, AbortSignal.timeout(PATIENCE)));
      if (this.#settings !== undefined && settings !== this.#settings) return;
      this.#known = known;
      this.#at = Date.now();
      this.#entries = index(settings, known);
    } catch (thrown) {
      const error = redacted(explain(thrown, { isOwn: true, options: {} }), settings.key);
      const which = this.#at === -Infinity ? "the built-in one" : "the last one";
      log.warn(`the list of models is ${which}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Returns the server's name of a model; where nobody says which it is, it is the first that the server lists. */
  async resolve({ id, known }: Entry, settings: Settings, signal: AbortSignal): Promise<string> {
    if (known.id !== undefined) return known.id;
    const all = this.#at > -Infinity ? this.#known : await listed(settings, signal);
    const first = all.find(({ role }) => role === known.role);
    if (first !== undefined) return first.id;
    throw new ProviderError("NotConfigured", `the server lists no model for \`${id}\`: set \`${id}Model\``, {
      details: { setting: `${id}Model` },
    });
  }
}

function index(settings: Settings, listed: readonly Known[]): Map<string, Entry> {
  const isFree = isOwn(settings);
  const entries = new Map<string, Entry>();
  for (const role of ROLES) {
    const id = settings.models[role] ?? settings.preset.defaults[role];
    const known = [...listed, ...settings.preset.known].find((one) => one.id === id && one.role === role);
    // Whether a model sees cannot be told where its name is not known; the server says.
    const takesImages = id === undefined || isFree ? true : guess(id)?.takesImages;
    const made = entry(priced(settings, known ?? { id, role, takesImages }), isFree, role);
    entries.set(role, { ...made, isNamed: id !== undefined || (isFree && role === "chat") });
  }
  let size = 0;
  for (const known of listed) {
    if (entries.has(known.id)) continue;
    if (entries.size >= settings.maxModels + ROLES.length) {
      log.warn(`the list of models is cut after ${entries.size}`);
      break;
    }
    const one = priced(settings, known);
    const made = entry(one, isFree || one.isFree === true);
    const bytes = Buffer.byteLength(JSON.stringify(made.model));
    if (size + bytes > MAX_LIST) {
      log.warn(`\`${known.id}\` is not listed: the list would have more than ${MAX_LIST} bytes`);
      continue;
    }
    size += bytes;
    entries.set(known.id, made);
  }
  return entries;
}

/** What the user says of prices counts. */
function priced<K extends Entry["known"]>({ prices }: Settings, known: K): K {
  const rates = known.id === undefined ? undefined : prices.get(known.id);
  return rates === undefined ? known : { ...known, isFree: false, rates: { ...known.rates, ...rates } };
}

/** Lists models for a job that was not sent yet, so whatever goes wrong, nothing is charged. */
async function listed(settings: Settings, signal: AbortSignal): Promise<readonly Known[]> {
  const late = AbortSignal.timeout(PATIENCE);
  try {
    return await ask(settings, new Wire(settings, AbortSignal.any([signal, late])));
  } catch (thrown) {
    if (!late.aborted || signal.aborted) throw explain(thrown, { isOwn: true, options: {} });
    const message = `the server did not list its models within ${PATIENCE / 1000} seconds`;
    throw new ProviderError("UpstreamError", message, { retryable: true, details: { charged: "no" } });
  }
}

async function ask(settings: Settings, wire: Wire): Promise<readonly Known[]> {
  try {
    const response = await wire.client.get("/models").asResponse();
    const known = readListed(wire.hide(await wire.json(response)), settings.preset.known);
    if (known.length === 0) throw new Error("the server lists no models");
    return known;
  } catch (thrown) {
    throw wire.failure(thrown);
  }
}
