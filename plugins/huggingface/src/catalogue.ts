/**
 * Which models there are: `chat`, `vision`, `image`, `speech` and `transcription`, whatever stands behind them; and
 * those that the router and the Hub list. And what chats cost.
 */

import { log } from "#prizm/plugin";
import { redacted } from "#prizm/remote";

import { explainedBefore } from "./errors.js";
import { type Known, type Offer, ROLES, type Role, split } from "./known.js";
import { chats, others, readChat } from "./listed.js";
import { type Entry, entry } from "./model.js";
import { DEFAULTS, type Settings } from "./settings.js";
import { SHAPES, type TaskName } from "./shapes.js";
import { Wire, segments } from "./wire.js";

/** The largest list that fits into a frame of the protocol, with room for the rest of it, in bytes. */
const MAX_LIST = 6 * 1024 * 1024;

/** How many prices are remembered. */
const MAX_PRICES = 1000;

/** How long a list, and a price, is waited for, in milliseconds: no job depends on them. */
const PATIENCE = 20_000;

interface Price {
  readonly at: number;
  readonly offers: readonly Offer[];
}

export class Catalogue {
  #settings = DEFAULTS;
  /** What is listed, and when it was. */
  #known: readonly Known[] = [];
  #at = -Infinity;
  #entries = index(DEFAULTS, []);
  readonly #prices = new Map<string, Price>();
  /** The one request for lists that is under way, and by which settings. */
  #asking: { readonly settings: Settings; readonly done: Promise<void> } | undefined;

  find(id: string): Entry | undefined {
    return this.#entries.get(id);
  }

  all(): readonly Entry[] {
    return [...this.#entries.values()];
  }

  /** Takes new settings; what another server listed is forgotten. */
  configure(settings: Settings): void {
    const { routerUrl, hubUrl } = this.#settings;
    if (settings.routerUrl !== routerUrl || settings.hubUrl !== hubUrl) {
      this.#known = [];
      this.#at = -Infinity;
      this.#prices.clear();
    }
    this.#settings = settings;
    this.#entries = index(settings, this.#known);
  }

  /** Asks for the lists, with a key and unless they are young enough. Where one cannot be had, what it had stays. */
  async refresh(): Promise<readonly Entry[]> {
    const settings = this.#settings;
    const isYoung = Date.now() - this.#at < settings.modelsLifetime * 1000;
    if (settings.key === undefined || isYoung) return this.all();
    if (this.#asking?.settings !== settings) this.#asking = { settings, done: this.#renew(settings) };
    const asking = this.#asking;
    await asking.done;
    if (this.#asking === asking) this.#asking = undefined;
    return this.all();
  }

  async #renew(settings: Settings): Promise<void> {
    const tasks = Object.keys(SHAPES) as TaskName[];
    const before = this.#known;
    const lists = await Promise.all([
      ...tasks.map((task) => listed(task, settings, before, (wire) => others(task, wire))),
      listed("conversational", settings, before, chats),
    ]);
    if (settings !== this.#settings) return;
    this.#known = lists.flatMap(({ known }) => known);
    if (lists.every(({ isNew }) => isNew)) this.#at = Date.now();
    this.#entries = index(settings, this.#known);
  }

  /** Returns who serves a chat at which price; nobody where that cannot be found out. */
  async offers(id: string, settings: Settings, signal: AbortSignal): Promise<readonly Offer[]> {
    const { model } = split(id);
    const isGood = (at: number) => Date.now() - at < settings.modelsLifetime * 1000;
    const known = this.#known.find((one) => one.id === model && one.task === "conversational");
    if (known?.offers !== undefined && isGood(this.#at)) return known.offers;
    const kept = this.#prices.get(model);
    if (kept !== undefined && isGood(kept.at)) return kept.offers;
    const wire = new Wire(settings, AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]));
    try {
      const offers = readChat(await wire.ask("router", `v1/models/${segments(model)}`))?.offers ?? [];
      if (this.#prices.size >= MAX_PRICES) this.#prices.clear();
      if (settings.routerUrl === this.#settings.routerUrl) this.#prices.set(model, { at: Date.now(), offers });
      return offers;
    } catch (thrown) {
      if (!signal.aborted) log.debug(`the price is not known: ${said(wire.failure(thrown), settings)}`);
      return [];
    }
  }
}

function said(thrown: unknown, { key }: Settings): string {
  const error = redacted(explainedBefore(thrown), key);
  return error instanceof Error ? error.message : String(error);
}

/** Asks for one of the lists. */
async function listed(
  task: Known["task"],
  settings: Settings,
  before: readonly Known[],
  ask: (wire: Wire) => Promise<Known[]>,
): Promise<{ known: readonly Known[]; isNew: boolean }> {
  const wire = new Wire(settings, AbortSignal.timeout(PATIENCE));
  try {
    return { known: await ask(wire), isNew: true };
  } catch (thrown) {
    const known = before.filter((one) => one.task === task);
    const which = known.length === 0 ? "missing" : "the last one";
    log.warn(`the list of models for ${task} is ${which}: ${said(wire.failure(thrown), settings)}`);
    return { known, isNew: false };
  }
}

function index(settings: Settings, listed: readonly Known[]): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const role of Object.keys(ROLES) as Role[]) {
    const id = settings.models[role];
    const known = listed.find((one) => one.id === split(id).model && (one.task === ROLES[role] || role === "vision"));
    // A chat is taken to see where it is to; the router says if it does not.
    const only = role === "vision" ? ({ capabilities: ["image-to-text"] } as const) : {};
    entries.set(role, entry({ task: ROLES[role], ...known, id }, { id: role, ...only }));
  }
  let size = 0;
  for (const known of listed) {
    if (entries.has(known.id)) continue;
    const made = entry(known);
    size += Buffer.byteLength(JSON.stringify(made.model));
    if (size > MAX_LIST || entries.size >= settings.maxModels + Object.keys(ROLES).length) {
      log.warn(`the list of models is cut after ${entries.size}`);
      break;
    }
    entries.set(known.id, made);
  }
  return entries;
}
