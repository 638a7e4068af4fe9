/** Trained data: the English that is installed along, and what a directory of the user's has. */

import { readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";

import { ProviderError } from "#prizm/plugin";

import type { Trained } from "./engine.js";
import { whole } from "./files.js";

/** The largest file of trained data, and what it may unpack to, in bytes. */
const MOST_PACKED = 64 * 2 ** 20;
const MOST_UNPACKED = 256 * 2 ** 20;

const NAME = /^([A-Za-z][A-Za-z0-9_]{0,31})\.traineddata(?:\.gz)?$/;

/** Data of other uses than reading, which the neural recogniser does not take. */
const NOT_LANGUAGES = new Set(["osd", "equ"]);

/** A language that can be read. */
export interface Language {
  /** Tesseract's word for it, such as `eng` or `chi_sim`. */
  readonly code: string;
  /** Where its data is. */
  readonly path: string;
  /** Whether it comes with this provider; else it is the user's. */
  readonly isBundled: boolean;
}

/** The one that is installed along. It is looked for when it is needed. */
export const ENGLISH: Language = { code: "eng", path: "@tesseract.js-data/eng", isBundled: true };

/** Lists the languages of a directory; a setting that names none is `ConfigInvalid`. */
export async function languagesIn(directory: string): Promise<Map<string, Language>> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    const { message } = error as Error;
    const details = { setting: "dataDir", expected: "a directory that can be listed" };
    throw new ProviderError("ConfigInvalid", `setting \`dataDir\` cannot be listed: ${message}`, { details });
  }
  const byCode = new Map<string, Language>();
  for (const name of names.sort()) {
    const code = NAME.exec(name)?.[1];
    if (code === undefined || NOT_LANGUAGES.has(code) || byCode.has(code)) continue;
    byCode.set(code, { code, path: join(directory, name), isBundled: false });
  }
  return byCode;
}

/** Reads the data of a language. */
export async function load({ code, path, isBundled }: Language): Promise<Trained> {
  try {
    const bytes = await whole(isBundled ? bundled(code) : path, MOST_PACKED);
    const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const data: Uint8Array = isPacked ? await promisify(gunzip)(bytes, { maxOutputLength: MOST_UNPACKED }) : bytes;
    if (!isNeural(Buffer.from(data.buffer, data.byteOffset, data.byteLength))) throw new Error("it has no neural model");
    return { code, data };
  } catch (error) {
    const { message } = error as Error;
    if (isBundled) throw missing(`the trained data of \`${code}\` cannot be read: ${message}`);
    throw wrongData(path, message);
  }
}

/** Which part of trained data is the neural model; 23 more can be there. */
const NEURAL = 17;
const MOST_PARTS = 64;

/** Tells whether trained data has what it is needed for: of several languages Tesseract leaves out silently what it cannot use. */
function isNeural(data: Buffer): boolean {
  const table = 4 + (NEURAL + 1) * 8;
  if (data.length < table) return false;
  const parts = data.readUInt32LE(0);
  const start = data.readBigInt64LE(table - 8);
  return parts > NEURAL && parts <= MOST_PARTS && start >= table && start < data.length;
}

/** Data of the user's that Tesseract cannot use. */
export function wrongData(path: string, why: string): ProviderError {
  const message = `setting \`dataDir\`: \`${path}\` cannot be used: ${why}`;
  return new ProviderError("ConfigInvalid", message, { details: { setting: "dataDir" } });
}

/** Something of the installation is not there. */
export function missing(what: string): ProviderError {
  const message = `${what}; install it anew by \`npm ci --ignore-scripts\` in the provider's directory`;
  return new ProviderError("ResourceExhausted", message, { retryable: false });
}

/** The smaller of the two of the package: the neural recogniser's, in whole numbers. */
function bundled(code: string): string {
  const manifest = createRequire(import.meta.url).resolve(`@tesseract.js-data/${code}/package.json`);
  return join(dirname(manifest), "4.0.0_best_int", `${code}.traineddata.gz`);
}
