/** The models: what is known of them, and what Prizm is told. */

import type { Capability, Model, Price } from "#prizm/plugin";
import { count, decimal, isRecord, label, records, times } from "#prizm/remote";

import { type Role, schemaOf } from "./options.js";
import type { Settings } from "./settings.js";

/** A model, as it is built in or listed. */
export interface Known {
  readonly id: string;
  readonly role: Role;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  /** The longest text that it takes. */
  readonly maxCharacters?: number | undefined;
  /** What a character costs, in credits. */
  readonly creditsPerCharacter?: string | undefined;
  /** Options of its role that it has not. */
  readonly lacks?: readonly string[] | undefined;
}

/**
 * Models that are known without asking, by the vendor's pages of November 2026; the first of a role is its usual one. The
 * list of the API has those of speech only.
 */
export const BUILT_IN: readonly Known[] = [
  {
    id: "eleven_multilingual_v2",
    role: "speech",
    name: "Eleven Multilingual v2",
    description: "Speaks a text in one of 29 languages",
    maxCharacters: 10_000,
    creditsPerCharacter: "1",
  },
  {
    id: "eleven_flash_v2_5",
    role: "speech",
    name: "Eleven Flash v2.5",
    description: "Speaks a text in one of 32 languages, fast and at half the price",
    maxCharacters: 40_000,
    creditsPerCharacter: "0.5",
  },
  {
    id: "eleven_v3",
    role: "speech",
    name: "Eleven v3",
    description: "Speaks a text in one of 70 languages, with feeling; words in brackets say how, such as `[whispers]`",
    maxCharacters: 5_000,
  },
  {
    id: "eleven_text_to_sound_v2",
    role: "sound",
    name: "Sound effects v2",
    description: "Makes the sound that a text describes; it does not speak",
  },
  {
    id: "scribe_v2",
    role: "transcription",
    name: "Scribe v2",
    description: "Writes down what is said in one of 90 languages, and says when, and by whom",
  },
  {
    id: "scribe_v1",
    role: "transcription",
    name: "Scribe v1",
    description: "Writes down what is said in one of 99 languages, and says when, and by whom",
  },
];

const FEATURES = {
  speech: ["cancel", "progress", "seed"],
  sound: ["cancel", "progress"],
  transcription: ["cancel", "seed", "word_timestamps"],
} as const;

/** How many models are listed at most. */
const MAX_MODELS = 200;

/** Reads the list of the API; what is built in and not of speech stays. */
export function readListed(body: unknown): Known[] {
  const found = records(body).map(read);
  const listed = found.filter((known) => known !== undefined).slice(0, MAX_MODELS);
  return [...listed, ...BUILT_IN.filter(({ role }) => role !== "speech")];
}

function read(one: Record<string, unknown>): Known | undefined {
  const id = label(one["model_id"], 100);
  if (id === undefined || !/^[\w.-]+$/.test(id) || one["can_do_text_to_speech"] !== true) return undefined;
  if (one["requires_alpha_access"] === true) return undefined;
  const rates = isRecord(one["model_rates"]) ? one["model_rates"] : {};
  const perCharacter = decimal(rates["character_cost_multiplier"]);
  const discount = decimal(rates["cost_discount_multiplier"]) ?? "1";
  const lacks = [
    ...(one["can_use_style"] === false ? ["style"] : []),
    ...(one["can_use_speaker_boost"] === false ? ["speakerBoost"] : []),
  ];
  return {
    id,
    role: "speech",
    name: label(one["name"]),
    description: label(one["description"], 300),
    maxCharacters: count(one["maximum_text_length_per_request"]),
    creditsPerCharacter: perCharacter === undefined ? undefined : times(perCharacter, discount),
    lacks,
  };
}

/** What models of a role do. */
export function capabilityOf(role: Role): "text-to-audio" | "audio-to-text" {
  return role === "transcription" ? "audio-to-text" : "text-to-audio";
}

/** Makes what Prizm is told of a model; `voices` are names that help to choose one. */
export function modelOf(known: Known, settings: Settings, voices: readonly string[]): Model {
  const { id, role, maxCharacters } = known;
  const capability: Capability = capabilityOf(role);
  const schema = schemaOf(role, known.lacks);
  const pricing = pricesOf(known, settings);
  return {
    id,
    name: known.name,
    description: known.description,
    capabilities: [capability],
    options: { [capability]: role === "speech" && voices.length > 0 ? named(schema, voices) : schema },
    features: FEATURES[role],
    // A credit costs what the account's plan says: without settings nobody knows how much, but that it does.
    isFree: false,
    ...(pricing.length > 0 && { pricing }),
    ...(maxCharacters !== undefined && { limits: { maxInputChars: maxCharacters } }),
  };
}

/** How many voices are named to users. */
const MAX_NAMED = 30;

/** Says in a schema which voices there are. */
function named(schema: Record<string, unknown>, voices: readonly string[]): Record<string, unknown> {
  const properties = schema["properties"] as Record<string, Record<string, unknown>>;
  const more = voices.length > MAX_NAMED ? ", and more" : "";
  const which = `; there are: ${voices.slice(0, MAX_NAMED).join(", ")}${more}`;
  const description = `${String(properties["voice"]?.["description"])}${which}`;
  return { ...schema, properties: { ...properties, voice: { ...properties["voice"], description } } };
}

/** Prices that hosts reckon by; there is none where nobody says what a credit costs. */
function pricesOf({ id, creditsPerCharacter }: Known, { prices, creditPrice }: Settings): Price[] {
  const rates = prices.get(id);
  if (rates !== undefined) return Object.entries(rates).map(([unit, amount]) => ({ unit, amount, currency: "USD" }));
  if (creditPrice === undefined || creditsPerCharacter === undefined) return [];
  return [{ unit: "character", amount: times(creditPrice, creditsPerCharacter), currency: "USD" }];
}
