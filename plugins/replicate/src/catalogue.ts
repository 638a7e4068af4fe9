/** Which models there are and what they take: from Replicate's collections, by name, from disk, or built in. */

import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { log } from "#prizm/plugin";
import { HttpFailure, isRecord, redacted } from "#prizm/remote";

import { explain } from "./errors.js";
import { FALLBACK } from "./fallback.js";
import { readListed } from "./listed.js";
import { type Entry, type Raw, understand } from "./model.js";
import { DEFAULTS, type Settings } from "./settings.js";
import { Wire } from "./wire.js";

/** How long a list is waited for, with all of its parts, in milliseconds. */
const PATIENCE = 60_000;
/** The largest list that fits into a frame of the protocol, with room for the rest of it, in bytes. */
const MAX_LIST = 6 * 1024 * 1024;

/** A list, and when it was had. */
interface Listed {
  readonly at: number;
  readonly raw: readonly Raw[];
}

export class Catalogue {
  #settings: Settings = DEFAULTS;
  #raw: readonly Raw[] = FALLBACK;
  /** When the list was had from Replicate; never, where it is the one that is built in. */
  #at = -Infinity;
  #entries = index(FALLBACK, DEFAULTS);
  /** The one request for a list that is under way, and by which settings. */
  #asking: { readonly settings: Settings; readonly done: Promise<void> } | undefined;

  /** Returns a model. */
  find(id: string): Entry | undefined {
    return this.#entries.get(id);
  }

  all(): readonly Entry[] {
    return [...this.#entries.values()];
  }

  /** Takes new settings, and what is on disk, where that is newer; what was listed by other ones is forgotten. */
  async configure(settings: Settings): Promise<void> {
    if (source(settings) !== source(this.#settings)) [this.#raw, this.#at] = [FALLBACK, -Infinity];
    const kept = settings.cacheDir === undefined ? undefined : await stored(fileOf(settings.cacheDir, settings));
    if (kept !== undefined && kept.at > this.#at) [this.#raw, this.#at] = [kept.raw, kept.at];
    this.#settings = settings;
    this.#entries = index(this.#raw, settings);
  }

  /** Asks Replicate, unless the list is young enough, or there is no key. Where that fails the last one stays. */
  async refresh(): Promise<readonly Entry[]> {
    const settings = this.#settings;
    if (settings.key === undefined || Date.now() - this.#at < settings.modelsLifetime * 1000) return this.all();
    if (this.#asking?.settings !== settings) this.#asking = { settings, done: this.#renew(settings) };
    const asking = this.#asking;
    await asking.done;
    if (this.#asking === asking) this.#asking = undefined;
    return this.all();
  }

  async #renew(settings: Settings): Promise<void> {
    try {
      const raw = await ask(settings, new Wire(settings, AbortSignal.timeout(PATIENCE)));
      if (settings !== this.#settings) return;
      [this.#raw, this.#at] = [raw, Date.now()];
      this.#entries = index(raw, settings);
      if (settings.cacheDir !== undefined) await keep(settings.cacheDir, settings, { at: this.#at, raw });
    } catch (thrown) {
      const error = redacted(explain(thrown, "list", "no"), settings.key);
      const which = this.#at === -Infinity ? "the built-in one" : "the last one";
      log.warn(`the list of models is ${which}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** What decides which models are listed. */
function source({ baseUrl, collections, models, key, maxModels }: Settings): string {
  const whole = JSON.stringify([baseUrl, collections, models, key, maxModels]);
  return createHash("sha256").update(whole).digest("hex").slice(0, 16);
}

function index(raw: readonly Raw[], { prices }: Settings): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  let size = 0;
  for (const one of raw) {
    const entry = understand(one, prices.get(one.id));
    if (entry === undefined || entries.has(one.id)) continue;
    const bytes = Buffer.byteLength(JSON.stringify(entry.model));
    if (size + bytes > MAX_LIST) {
      log.warn(`\`${entry.id}\` is not listed: the list would have more than ${MAX_LIST} bytes`);
      continue;
    }
    size += bytes;
    entries.set(one.id, entry);
  }
  return entries;
}

/** Lists what is named, then what is in the collections. One that is not there does not hide the others. */
async function ask(settings: Settings, wire: Wire): Promise<readonly Raw[]> {
  const found = new Map<string, Raw>();
  const add = (raw: Raw | undefined) => {
    if (raw !== undefined && found.size < settings.maxModels) found.set(raw.id, { ...builtIn(raw.id), ...raw });
  };
  for (const name of settings.models) {
    const raw = await named(name, wire);
    if (raw === undefined) log.warn(`the model \`${name}\` is not there, or does nothing that can be used`);
    add(raw);
  }
  for (const slug of settings.collections) {
    if (found.size >= settings.maxModels) break;
    const told = await unlessMissing(wire.ask(`/collections/${slug}`));
    if (told === undefined) log.warn(`Replicate has no collection \`${slug}\``);
    const models = isRecord(told) && Array.isArray(told["models"]) ? (told["models"] as unknown[]) : [];
    for (const raw of models.map((model) => readListed(model, slug)))
      if (raw !== undefined && !found.has(raw.id)) add(raw);
  }
  if (found.size === 0) throw new Error("Replicate lists no models");
  return [...found.values()];
}

/** Asks for one model; a version has the schemas that it had. */
async function named(name: string, wire: Wire): Promise<Raw | undefined> {
  const [model, version] = name.split(":");
  const told = await unlessMissing(wire.ask(`/models/${model}`));
  if (version === undefined || !isRecord(told)) return readListed(told);
  const latest = await unlessMissing(wire.ask(`/models/${model}/versions/${version}`));
  return latest === undefined ? undefined : readListed({ ...told, latest_version: latest }, "", version);
}

async function unlessMissing(answer: Promise<unknown>): Promise<unknown> {
  return answer.catch((thrown: unknown) => {
    if (thrown instanceof HttpFailure && thrown.status === 404) return undefined;
    throw thrown;
  });
}

/** What we say of a model ourselves. */
function builtIn(id: string): Pick<Raw, "quality" | "typicalMs"> {
  const known = FALLBACK.find((raw) => raw.id === id);
  return { quality: known?.quality, typicalMs: known?.typicalMs };
}

/** Each source has its own file, so that none is taken for another's. */
function fileOf(directory: string, settings: Settings): string {
  return join(directory, `models-${source(settings)}.json`);
}

async function stored(path: string): Promise<Listed | undefined> {
  try {
    const told: unknown = JSON.parse(await readFile(path, "utf8"));
    if (!isRecord(told) || typeof told["at"] !== "number" || told["at"] > Date.now() || !Array.isArray(told["raw"]))
      return undefined;
    const known = told["raw"].filter(
      (raw) =>
        isRecord(raw) && typeof raw["id"] === "string" && isRecord(raw["properties"]) && Array.isArray(raw["required"]),
    );
    return { at: told["at"], raw: known as Raw[] };
  } catch {
    // It is a cache: what cannot be read is asked for anew.
    return undefined;
  }
}

/** Writes a list so that a reader sees all of it, or the one before. */
async function keep(directory: string, settings: Settings, listed: Listed): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
    const path = fileOf(directory, settings);
    const part = `${path}.${process.pid}`;
    await writeFile(part, JSON.stringify(listed));
    await rename(part, path);
  } catch (error) {
    log.warn(`the list of models cannot be kept: ${error instanceof Error ? error.message : String(error)}`);
  }
}
