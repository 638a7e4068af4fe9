/** The voices of an account, which `/v2/voices` lists page by page. */

import { ProviderError } from "#prizm/plugin";
import { isRecord, label, records } from "#prizm/remote";

import type { Wire } from "./wire.js";

/** A voice of the account. */
export interface Voice {
  readonly id: string;
  readonly name: string;
}

/** How many are asked for at once, which is the most that there may be, and how many pages are read. */
const PAGE = "100";
const MAX_PAGES = 20;

/** How many are told to whoever named one that there is not. */
const MAX_TOLD = 20;

/** What an id looks like: it needs no list. */
const ID = /^[A-Za-z0-9]{20}$/;

/** Reads all pages. */
export async function listVoices(wire: Wire): Promise<Voice[]> {
  const voices: Voice[] = [];
  let token: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const query = { page_size: PAGE, include_total_count: "false", ...(token !== undefined && { next_page_token: token }) };
    const body = await wire.get("/v2/voices", query);
    if (!isRecord(body)) break;
    voices.push(...records(body["voices"]).map(read).filter((voice) => voice !== undefined));
    const next = label(body["next_page_token"], 1000);
    if (body["has_more"] !== true || next === undefined || next === token) break;
    token = next;
  }
  return voices;
}

function read(one: Record<string, unknown>): Voice | undefined {
  const id = label(one["voice_id"], 100);
  return id === undefined ? undefined : { id, name: label(one["name"], 100) ?? id };
}

/** Whether a voice is named by its id. */
export function isId(voice: string): boolean {
  return ID.test(voice);
}

/** Returns the id of a voice by its name, or by what of it stands before ` - `; ids are names, too. */
export function findVoice(voices: readonly Voice[], wanted: string): string {
  const plain = wanted.toLowerCase();
  const found =
    voices.find(({ id }) => id === wanted) ??
    voices.find(({ name }) => name.toLowerCase() === plain) ??
    voices.find((voice) => shortName(voice).toLowerCase() === plain);
  if (found !== undefined) return found.id;
  const more = voices.length > MAX_TOLD ? ", …" : "";
  const told = voices.slice(0, MAX_TOLD).map(shortName).join(", ");
  const which = told === "" ? "the account lists none" : `one of ${told}${more}`;
  throw ProviderError.invalidOption("voice", `a voice of the account: ${which}`, wanted);
}

/** What people call a voice: `George` for `George - Warm, Captivating Storyteller`. */
export function shortName({ name }: Voice): string {
  return name.split(" - ")[0]?.trim() || name;
}
