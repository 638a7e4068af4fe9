/** Media, capabilities, and what a provider says of its models. */

import * as read from "./read.js";
import type { JsonObject, Reader } from "./read.js";

/** Every kind of media, in the order of the specification. */
export const MEDIA_KINDS = ["text", "image", "audio", "video", "3d"] as const;

/** A kind of media. */
export type MediaKind = (typeof MEDIA_KINDS)[number];

/** What each kind can be turned into. */
interface Outputs {
  text: MediaKind;
  image: "text" | "image" | "video" | "3d";
  audio: "text" | "audio";
  video: "text" | "image" | "audio" | "video";
}

/** A capability of protocol 1.0. */
export type StandardCapability = { [Input in keyof Outputs]: `${Input}-to-${Outputs[Input]}` }[keyof Outputs];

/** What a provider can do: one kind of media in, one out, or a vendor's own. */
export type Capability = StandardCapability | `x-${string}/${string}`;

const STANDARD: { readonly [C in StandardCapability]: true } = {
  "text-to-text": true,
  "text-to-image": true,
  "text-to-audio": true,
  "text-to-video": true,
  "text-to-3d": true,
  "image-to-text": true,
  "image-to-image": true,
  "image-to-video": true,
  "image-to-3d": true,
  "audio-to-text": true,
  "audio-to-audio": true,
  "video-to-text": true,
  "video-to-image": true,
  "video-to-audio": true,
  "video-to-video": true,
};

/** The capabilities of protocol 1.0, in the order of the specification. */
export const STANDARD_CAPABILITIES = Object.keys(STANDARD) as readonly StandardCapability[];

/** Tells whether a word is a capability of protocol 1.0 or a well-formed `x-vendor/name`. */
export function isCapability(word: string): word is Capability {
  return Object.hasOwn(STANDARD, word) || (word.length <= 128 && /^x-[a-z0-9-]+\/[a-z0-9-]+$/.test(word));
}

/**
 * One medium, in or out. Exactly one of `text`, `path` and `url` is there: text is inline, everything
 * else is a file whose path is relative to the job's directory, or is downloaded by the host.
 */
export interface Media {
  /** What it is. */
  kind: MediaKind;
  /** Its MIME type, such as `image/png`. */
  mime: string;
  /** The text itself; only for `text`. */
  text?: string;
  /** Where the file is, relative to the job's directory: `in/…` or `out/…`. */
  path?: string;
  /** Where the file can be downloaded. */
  url?: string;
  /** Which of a model's inputs it is; absent for the primary one. */
  role?: string;
  /** A name for people, such as the original file's. */
  name?: string;
  /** What is known of it: `width`, `height`, `durationMs` and the like. */
  meta?: JsonObject;
}

/** Plain text as a medium. */
export function text(text: string): Media {
  return { kind: "text", mime: "text/plain", text };
}

/** One input of a model. */
export interface InputSlot {
  /** Its role; absent for the primary input. */
  role?: string;
  /** The kind of media it takes. */
  kind: MediaKind;
  /** True, the default, where a call without it is refused. */
  required?: boolean;
}

/** A unit price. */
export interface Price {
  /** The capability it is for; absent for all of the model's. */
  capability?: string;
  /**
   * What is counted. Hosts understand `call`, `image`, `megapixel`, `input_megapixel`, `second` (of the output; of the
   * input where the output has no duration), `video_second`, `audio_second`, `character` (of the input; also
   * `input_char`), `token` (both ways), `input_token`, `output_token`, `step` and `gpu_second`. With any other word the
   * price is unknown to them. What is asked per 1000 or per million is the amount of one: `0.00000015`.
   */
  unit: string;
  /** Price of one unit, a decimal string. */
  amount: string;
  /** ISO 4217 code, such as `USD`. */
  currency: string;
}

/** A model as it crosses the wire. Names are unchecked text. */
export interface WireModel {
  id: string;
  name?: string;
  description?: string;
  capabilities: string[];
  options?: Record<string, unknown>;
  inputs?: Record<string, InputSlot[]>;
  pricing?: Price[];
  isFree?: boolean;
  limits?: JsonObject;
  inputFormats?: string[];
  outputFormats?: string[];
  features?: string[];
  quality?: number;
  typicalMs?: number;
}

const kind = read.word(MEDIA_KINDS);

export const readMedia: Reader<Media> = read.object({
  kind,
  mime: read.string,
  text: read.optional(read.string),
  path: read.optional(read.string),
  url: read.optional(read.string),
  role: read.optional(read.string),
  name: read.optional(read.string),
  meta: read.optional(read.json),
});

/** What is known of a medium that is not there yet. */
export type MediaFacts = Pick<Media, "kind" | "mime" | "role" | "meta">;

export const readMediaFacts: Reader<MediaFacts> = read.object({
  kind,
  mime: read.string,
  role: read.optional(read.string),
  meta: read.optional(read.json),
});

export const readInputSlot: Reader<InputSlot> = read.object({
  role: read.optional(read.string),
  kind,
  required: read.optional(read.boolean),
});

export const readPrice: Reader<Price> = read.object({
  capability: read.optional(read.string),
  unit: read.string,
  amount: read.string,
  currency: read.string,
});

export const readModel: Reader<WireModel> = read.object({
  id: read.string,
  name: read.optional(read.string),
  description: read.optional(read.string),
  capabilities: read.list(read.string),
  options: read.sparse(read.map(read.any)),
  inputs: read.sparse(read.map(read.list(readInputSlot))),
  pricing: read.sparse(read.list(readPrice)),
  isFree: read.optional(read.boolean),
  limits: read.optional(read.json),
  inputFormats: read.optional(read.list(read.string)),
  outputFormats: read.optional(read.list(read.string)),
  features: read.sparse(read.list(read.string)),
  quality: read.optional(read.unsigned(32)),
  typicalMs: read.optional(read.unsigned(64)),
});
