/** Which models and voices there are: those that are built in, then those that ElevenLabs lists. */

import { type Model, log } from "#prizm/plugin";
import { redacted } from "#prizm/remote";

import { explain } from "./errors.js";
import { BUILT_IN, type Known, modelOf, readListed } from "./models.js";
import { DEFAULTS, type Settings, needed } from "./settings.js";
import { type Voice, findVoice, isId, listVoices, shortName } from "./voices.js";
import { Wire } from "./wire.js";

/** A model that can be used. */
export interface Entry {
  readonly known: Known;
  readonly model: Model;
}

/** A list, and when it was asked for. */
interface Listed<T> {
  readonly items: readonly T[];
  readonly at: number;
}

export class Catalogue {
  #settings: Settings = DEFAULTS;
  #known: Listed<Known> = { items: BUILT_IN, at: -Infinity };
  #voices: Listed<Voice> = { items: [], at: -Infinity };
  #entries = new Map<string, Entry>();

  constructor() {
    this.#index();
  }

  find(id: string): Entry | undefined {
    return this.#entries.get(id);
  }

  all(): readonly Model[] {
    return [...this.#entries.values()].map(({ model }) => model);
  }

  /** Takes new settings; what another server, or another account, listed is forgotten. */
  configure(settings: Settings): void {
    const { baseUrl, key } = this.#settings;
    if (settings.baseUrl !== baseUrl || settings.key !== key) {
      this.#known = { items: BUILT_IN, at: -Infinity };
      this.#voices = { items: [], at: -Infinity };
    }
    this.#settings = settings;
    this.#index();
  }

  /** Asks for models and voices, unless the lists are young enough. Where that fails the last ones stay. */
  async refresh(): Promise<readonly Model[]> {
    const settings = this.#settings;
    if (needed(settings) !== undefined) return this.all();
    const wire = new Wire(settings);
    await this.#renew("models", async () => {
      if (this.#isYoung(this.#known)) return;
      const items = readListed(await wire.get("/v1/models"));
      if (settings === this.#settings) this.#known = { items, at: Date.now() };
    });
    await this.#renew("voices", async () => void (await this.#listed(settings, wire)));
    if (settings === this.#settings) this.#index();
    return this.all();
  }

  /** Returns the id of a voice; where it is a name, the account's voices are asked for. */
  async voice(wanted: string, settings: Settings, wire: Wire): Promise<string> {
    if (isId(wanted)) return wanted;
    return findVoice(await this.#listed(settings, wire), wanted);
  }

  async #listed(settings: Settings, wire: Wire): Promise<readonly Voice[]> {
    if (settings === this.#settings && this.#isYoung(this.#voices)) return this.#voices.items;
    const items = await listVoices(wire);
    if (settings === this.#settings) this.#voices = { items, at: Date.now() };
    return items;
  }

  #isYoung({ at }: Listed<unknown>): boolean {
    return Date.now() - at < this.#settings.modelsLifetime * 1000;
  }

  async #renew(what: string, renew: () => Promise<void>): Promise<void> {
    try {
      await renew();
    } catch (thrown) {
      const error = redacted(explain(thrown), this.#settings.key);
      log.warn(`the list of ${what} stays as it is: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #index(): void {
    const voices = this.#voices.items.map(shortName);
    const entry = (known: Known): Entry => ({ known, model: modelOf(known, this.#settings, voices) });
    this.#entries = new Map(this.#known.items.map((known) => [known.id, entry(known)]));
  }
}
