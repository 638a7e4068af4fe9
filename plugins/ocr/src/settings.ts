/** What a user sets, checked. */

import { isAbsolute } from "node:path";

import { type Config, type JsonSchema, ProviderError } from "#prizm/plugin";

/** The largest picture that is read unless it is set: A4 at 600 dpi, and a gigabyte of memory at the worst. */
const PIXELS = 40_000_000;

/** Settings that jobs work by; a job keeps those that it began with. */
export interface Settings {
  /** How many pixels a picture may have. */
  readonly maxPixels: number;
  /** Where there are more languages. */
  readonly dataDir: string | undefined;
}

/** Their JSON Schema. */
export const SCHEMA = {
  type: "object",
  properties: {
    maxPixels: {
      type: "integer",
      minimum: 1,
      maximum: 75_000_000,
      default: PIXELS,
      description: "How many pixels a picture may have; each takes up to 27 bytes of memory while it is read",
    },
    dataDir: {
      type: "string",
      description:
        "A directory with more languages, as LANGUAGE.traineddata or LANGUAGE.traineddata.gz; without it there is English",
    },
  },
} as const satisfies JsonSchema;

/** What holds before anything was set. */
export const DEFAULTS: Settings = { maxPixels: PIXELS, dataDir: undefined };

/** Reads a configuration. */
export function readSettings(config: Config): Settings {
  const { minimum, maximum } = SCHEMA.properties.maxPixels;
  const maxPixels = config.setting("maxPixels", "integer", PIXELS);
  if (maxPixels < minimum || maxPixels > maximum) throw wrong("maxPixels", `a whole number from ${minimum} to ${maximum}`);
  const dataDir = config.setting("dataDir", "string");
  if (dataDir !== undefined && (!isAbsolute(dataDir) || dataDir.includes("\0"))) {
    throw wrong("dataDir", "an absolute path");
  }
  return { maxPixels, dataDir };
}

function wrong(setting: keyof Settings, expected: string): ProviderError {
  const details = { setting, expected };
  return new ProviderError("ConfigInvalid", `setting \`${setting}\`: expected ${expected}`, { details });
}
