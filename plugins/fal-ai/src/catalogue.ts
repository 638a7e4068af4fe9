/** Which endpoints there are, what they take and what they cost: from fal's platform API, from disk, or built in. */

import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { log } from "#prizm/plugin";
import { cut, decimal, isRecord, label, redacted } from "#prizm/remote";

import { CATEGORIES, type Category, type Endpoint, type Raw, understand } from "./endpoint.js";
import { explain } from "./errors.js";
import { FALLBACK } from "./fallback.js";
import { type UnitPrice } from "./money.js";
import type { Settings } from "./settings.js";
import { Wire } from "./wire.js";

/** How many ids may be asked for at once. */
const PRICES_AT_ONCE = 50;
/** Pages of one category that are read at most. */
const MAX_PAGES = 100;
/** How long a list is waited for, with all of its pages, in milliseconds. */
const PATIENCE = 60_000;
/** The largest list that fits into a frame of the protocol, with room for the rest of it, in bytes. */
const MAX_LIST = 6 * 1024 * 1024;

const FILE = "models.json";

/** A list, and when it was had. */
interface Listed {
  readonly at: number;
  readonly raw: readonly Raw[];
}

export class Catalogue {
  #endpoints = index(FALLBACK);
  /** When the list was had from fal; never, where it is the one that is built in. */
  #at = -Infinity;
  /** The one request for a list that is under way, and by which settings. */
  #asking: { readonly settings: Settings; readonly done: Promise<void> } | undefined;

  /** Returns an endpoint. */
  find(id: string): Endpoint | undefined {
    return this.#endpoints.get(id);
  }

  all(): readonly Endpoint[] {
    return [...this.#endpoints.values()];
  }

  /** Takes what is on disk, where that is newer than what is here. */
  async load({ cacheDir }: Settings): Promise<void> {
    const listed = cacheDir === undefined ? undefined : await stored(join(cacheDir, FILE));
    if (listed !== undefined && listed.at > this.#at) this.#take(listed);
  }

  /** Asks fal, unless the list is young enough. Where that fails the last one stays. */
  async refresh(settings: Settings): Promise<readonly Endpoint[]> {
    if (Date.now() - this.#at < settings.modelsLifetime * 1000) return this.all();
    if (this.#asking?.settings !== settings) this.#asking = { settings, done: this.#renew(settings) };
    const asking = this.#asking;
    await asking.done;
    if (this.#asking === asking) this.#asking = undefined;
    return this.all();
  }

  async #renew(settings: Settings): Promise<void> {
    try {
      const raw = await ask(settings, new Wire(settings, AbortSignal.timeout(PATIENCE)));
      this.#take({ at: Date.now(), raw });
      if (settings.cacheDir !== undefined) await keep(settings.cacheDir, { at: this.#at, raw });
    } catch (thrown) {
      const error = redacted(explain(thrown, "list", "no"), settings.key);
      const since = this.#at === -Infinity ? "the built-in one" : "the last one";
      log.warn(`the list of models is ${since}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #take({ at, raw }: Listed): void {
    this.#at = at;
    this.#endpoints = index(raw);
  }
}

function index(raw: readonly Raw[]): Map<string, Endpoint> {
  const endpoints = new Map<string, Endpoint>();
  let size = 0;
  for (const one of raw) {
    const endpoint = understand(one);
    if (endpoint === undefined) continue;
    const bytes = Buffer.byteLength(JSON.stringify(endpoint.model));
    if (size + bytes > MAX_LIST) {
      log.warn(`\`${endpoint.id}\` is not listed: the list would have more than ${MAX_LIST} bytes`);
      continue;
    }
    size += bytes;
    endpoints.set(endpoint.id, endpoint);
  }
  return endpoints;
}

/** Lists every category, and asks for prices, where there is a key. */
async function ask(settings: Settings, wire: Wire): Promise<Raw[]> {
  const found: Raw[] = [];
  const names = Object.keys(CATEGORIES) as Category[];
  for (const [index, category] of names.entries()) {
    // Each has its share of the room, and what others leave.
    const room = Math.ceil((settings.maxModels - found.length) / (names.length - index));
    found.push(...(await listed(settings, wire, category, room)));
  }
  if (found.length === 0) throw new Error("fal.ai lists no models");
  if (settings.key === undefined) return found;
  const prices = await priced(
    settings,
    wire,
    found.map(({ id }) => id),
  );
  return found.map((raw) => ({ ...raw, price: prices.get(raw.id) ?? raw.price }));
}

async function listed(settings: Settings, wire: Wire, category: Category, room: number): Promise<Raw[]> {
  const found: Raw[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES && found.length < room; page += 1) {
    const url = new URL(`${settings.platformUrl}/models`);
    const query = {
      category,
      status: "active",
      expand: "openapi-3.0",
      limit: "50",
      ...(cursor !== undefined && { cursor }),
    };
    Object.entries(query).forEach(([name, value]) => url.searchParams.set(name, value));
    const told = await wire.json(url);
    if (!isRecord(told) || !Array.isArray(told["models"])) throw new Error("fal.ai's list of models is none");
    for (const model of told["models"]) {
      const raw = read(model, category);
      if (raw !== undefined && found.length < room) found.push(raw);
    }
    const next: unknown = told["next_cursor"];
    if (told["has_more"] !== true || typeof next !== "string" || next === cursor) break;
    cursor = next;
  }
  return found;
}

/** Reads an entry of the list; none where it says nothing of its input. */
function read(model: unknown, category: Category): Raw | undefined {
  if (!isRecord(model) || !isRecord(model["metadata"]) || !isRecord(model["openapi"])) return undefined;
  const { endpoint_id: id, metadata, openapi } = model;
  if (typeof id !== "string" || !/^[\w.-]+(\/[\w.-]+)+$/.test(id) || id.length > 256) return undefined;
  const components = openapi["components"];
  const schemas = isRecord(components) && isRecord(components["schemas"]) ? components["schemas"] : {};
  const input = inputOf(openapi, schemas);
  if (input === undefined || !isRecord(input["properties"])) return undefined;
  const { display_name, description } = metadata;
  const required = Array.isArray(input["required"]) ? input["required"].filter((name) => typeof name === "string") : [];
  return {
    id,
    name: label(display_name, 100) ?? id,
    description: typeof description === "string" ? cut(description, 500) : id,
    category,
    properties: input["properties"],
    required,
    schemas,
    price: builtIn(id)?.price,
    quality: builtIn(id)?.quality,
    typicalMs: builtIn(id)?.typicalMs,
  };
}

/** Finds the schema of what is posted to the endpoint. */
function inputOf(
  openapi: Record<string, unknown>,
  schemas: Record<string, unknown>,
): Record<string, unknown> | undefined {
  const paths = isRecord(openapi["paths"]) ? Object.values(openapi["paths"]) : [];
  for (const path of paths) {
    let at: unknown = path;
    for (const key of ["post", "requestBody", "content", "application/json", "schema"])
      at = isRecord(at) ? at[key] : undefined;
    if (!isRecord(at)) continue;
    const reference = at["$ref"];
    const schema = typeof reference === "string" ? schemas[reference.split("/").at(-1) ?? ""] : at;
    if (isRecord(schema)) return schema;
  }
  return undefined;
}

async function priced(settings: Settings, wire: Wire, ids: readonly string[]): Promise<Map<string, UnitPrice>> {
  const prices = new Map<string, UnitPrice>();
  for (let at = 0; at < ids.length; at += PRICES_AT_ONCE) {
    const url = new URL(`${settings.platformUrl}/models/pricing`);
    url.searchParams.set("endpoint_id", ids.slice(at, at + PRICES_AT_ONCE).join(","));
    const told = await wire.json(url);
    if (!isRecord(told) || !Array.isArray(told["prices"])) continue;
    for (const price of told["prices"]) {
      if (!isRecord(price)) continue;
      const { endpoint_id: id, unit, currency } = price;
      const amount = decimal(price["unit_price"]);
      if (typeof id !== "string" || typeof unit !== "string" || amount === undefined) continue;
      prices.set(id, { amount, unit, currency: typeof currency === "string" ? currency : "USD" });
    }
  }
  return prices;
}

function builtIn(id: string): Raw | undefined {
  return FALLBACK.find((raw) => raw.id === id);
}

async function stored(path: string): Promise<Listed | undefined> {
  try {
    const told: unknown = JSON.parse(await readFile(path, "utf8"));
    if (!isRecord(told) || typeof told["at"] !== "number" || told["at"] > Date.now() || !Array.isArray(told["raw"]))
      return undefined;
    const known = told["raw"].filter(
      (raw) => isRecord(raw) && isRecord(raw["properties"]) && Array.isArray(raw["required"]),
    );
    return { at: told["at"], raw: known.filter(({ category }) => Object.hasOwn(CATEGORIES, category)) as Raw[] };
  } catch {
    // It is a cache: what cannot be read is asked for anew.
    return undefined;
  }
}

/** Writes a list so that a reader sees all of it, or the one before. */
async function keep(directory: string, listed: Listed): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
    const path = join(directory, FILE);
    const part = `${path}.${process.pid}`;
    await writeFile(part, JSON.stringify(listed));
    await rename(part, path);
  } catch (error) {
    log.warn(`the list of models cannot be kept: ${error instanceof Error ? error.message : String(error)}`);
  }
}
