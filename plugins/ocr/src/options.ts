/** What a job may ask for, and what Tesseract is asked then. */

import { type JsonSchema, ProviderError, type Request } from "#prizm/plugin";

import type { Language } from "./languages.js";

/** Tesseract's numbers for how text lies on a page. */
const LAYOUTS = { auto: "3", column: "4", block: "6", line: "7", word: "8", sparse: "11" } as const;

/** The forms in which a page is answered, and what each is. */
export const FORMATS = { text: "text/plain", tsv: "text/tab-separated-values", hocr: "text/html" } as const;

export type Format = keyof typeof FORMATS;

/** Resolutions that Tesseract believes. */
const LEAST_DPI = 70;
const MOST_DPI = 2400;

/** Characters and spaces, none of which ends a line. */
const CHARACTERS = "^[^\\u0000-\\u001f\\u007f]{1,1000}$";

/** Codes of languages, such as `deu+eng`. */
const LANGUAGES = "^[A-Za-z0-9_]{1,32}(\\+[A-Za-z0-9_]{1,32}){0,3}$";

/** Their JSON Schema. */
export const SCHEMA = {
  type: "object",
  additionalProperties: false,
  properties: {
    language: {
      type: "string",
      pattern: LANGUAGES,
      default: "eng",
      description: "The language, or up to four joined by `+`: `eng`, and those of the setting `dataDir`",
    },
    layout: {
      enum: Object.keys(LAYOUTS),
      default: "auto",
      description:
        "How the text lies: found out (`auto`), in one column, as one block, line or word, or anywhere and in no order " +
        "(`sparse`)",
    },
    whitelist: {
      type: "string",
      pattern: CHARACTERS,
      description: "The characters that there can be, such as `0123456789`; without it, all of the language's",
    },
    dpi: {
      type: "integer",
      minimum: LEAST_DPI,
      maximum: MOST_DPI,
      description: "The resolution of the picture; without it, what the picture says, or a guess by the size of its letters",
    },
    minConfidence: {
      type: "number",
      minimum: 0,
      maximum: 100,
      default: 0,
      description: "How sure a word must be, in percent; others are left out. Not with `hocr`",
    },
    joinLines: {
      type: "boolean",
      default: false,
      description: "Whether each paragraph becomes one line. For `text` only",
    },
    format: {
      enum: Object.keys(FORMATS),
      default: "text",
      description: "The form of the answer: the text, Tesseract's table of words and their places, or hOCR",
    },
  },
} as const satisfies JsonSchema;

/** What a job asks for. */
export interface Options {
  readonly languages: readonly Language[];
  readonly format: Format;
  readonly minConfidence: number;
  readonly joinLines: boolean;
  /** Tesseract's parameters. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Reads the options of a job; the languages are those that there is data for. */
export function readOptions({ options, option }: Request, known: ReadonlyMap<string, Language>): Options {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(SCHEMA.properties, name)) continue;
    throw ProviderError.invalidOption(name, `one of ${Object.keys(SCHEMA.properties).join(", ")}`, options[name]);
  }
  const format = word("format", FORMATS, option("format", "string", "text"));
  const minConfidence = within("minConfidence", option("minConfidence", "number", 0));
  const joinLines = option("joinLines", "boolean", false);
  if (format === "hocr" && minConfidence > 0) {
    throw ProviderError.invalidOption("minConfidence", "0 where `format` is `hocr`", minConfidence);
  }
  if (format !== "text" && joinLines) {
    throw ProviderError.invalidOption("joinLines", "false where `format` is not `text`", joinLines);
  }
  const languages = languagesOf(option("language", "string", "eng"), known);
  return { languages, format, minConfidence, joinLines, parameters: parametersOf(option) };
}

function languagesOf(given: string, known: ReadonlyMap<string, Language>): Language[] {
  const codes = new RegExp(LANGUAGES).test(given) ? [...new Set(given.split("+"))] : [];
  const found = codes.map((code) => known.get(code)).filter((language) => language !== undefined);
  if (found.length > 0 && found.length === codes.length) return found;
  const expected = `${[...known.keys()].join(", ")}, or several joined by \`+\`; \`dataDir\` can have more`;
  throw ProviderError.invalidOption("language", expected, given);
}

function parametersOf(option: Request["option"]): Record<string, string> {
  const layout = word("layout", LAYOUTS, option("layout", "string", "auto"));
  const whitelist = option("whitelist", "string");
  if (whitelist !== undefined && !new RegExp(CHARACTERS, "u").test(whitelist)) {
    throw ProviderError.invalidOption("whitelist", "1 to 1000 characters on one line", whitelist);
  }
  const dpi = option("dpi", "integer");
  return {
    tessedit_pageseg_mode: LAYOUTS[layout],
    ...(whitelist !== undefined && { tessedit_char_whitelist: whitelist }),
    ...(dpi !== undefined && { user_defined_dpi: String(within("dpi", dpi)) }),
  };
}

function word<T extends object>(name: string, words: T, given: string): keyof T {
  if (Object.hasOwn(words, given)) return given as keyof T;
  throw ProviderError.invalidOption(name, `one of ${Object.keys(words).join(", ")}`, given);
}

function within(name: "dpi" | "minConfidence", given: number): number {
  const { minimum, maximum } = SCHEMA.properties[name];
  if (given >= minimum && given <= maximum) return given;
  throw ProviderError.invalidOption(name, `a number from ${minimum} to ${maximum}`, given);
}
