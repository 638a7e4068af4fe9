/**
 * A stream of events, as servers write it: by the standard, and in the ways in which they do not. Lines end with LF,
 * CR or both; `data:` may have no space after it; comments, empty events and other fields are passed over; events may
 * stand without an empty line between, and without `[DONE]` at the end.
 */

import { TransportFailure } from "#prizm/remote";

/** The longest event, in characters; a line of one is no longer. */
const MAX_EVENT = 8 * 1024 * 1024;

/** What each line of an event counts beside its characters: memory holds it, even if it is empty. */
const LINE = 16;

/** What says that there is no more. */
export const DONE = Symbol("done");

/** Yields what is in the events, and `DONE` where the server says that it is; `shown` is what a message may tell. */
export async function* events(
  parts: AsyncIterable<Uint8Array>,
  shown: (text: string) => string,
): AsyncGenerator<unknown> {
  let data: string[] = [];
  let size = 0;
  for await (const line of lines(parts)) {
    if (line === "") {
      yield* taken(data, shown);
      data = [];
      continue;
    }
    const text = /^data(?:: ?(.*))?$/s.exec(line)?.[1] ?? (line.startsWith("{") ? line : undefined);
    if (text === undefined || (text === "" && data.length === 0)) continue;
    size = LINE + text.length + (data.length === 0 ? 0 : size);
    if (size > MAX_EVENT) throw tooLong();
    data.push(text);
    if (data.length > 1 || (text !== "[DONE]" && parsed(text) === undefined)) continue;
    yield* taken(data, shown);
    data = [];
  }
  yield* taken(data, shown);
}

function* taken(data: readonly string[], shown: (text: string) => string): Generator<unknown> {
  if (data.length === 0) return;
  const text = data.join("\n");
  if (text.trim() === "[DONE]") return yield DONE;
  const value = parsed(text);
  if (value === undefined) throw new TransportFailure(`an event is no JSON: \`${shown(text)}\``, true);
  yield value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function tooLong(): TransportFailure {
  return new TransportFailure(`an event has more than ${MAX_EVENT} characters`, true);
}

/** Yields lines without their ends; a character may be split between two parts. */
async function* lines(parts: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  let isAfterCr = false;
  const cut = function* (text: string): Generator<string> {
    // A CR may be the last of one part, and its LF the first of the next.
    const more = isAfterCr && text.startsWith("\n") ? text.slice(1) : text;
    if (text !== "") isAfterCr = text.endsWith("\r");
    for (const [index, piece] of more.split(/\r\n|\n|\r/).entries()) {
      if (index > 0) {
        yield rest;
        rest = "";
      }
      rest += piece;
    }
    if (rest.length > MAX_EVENT) throw tooLong();
  };
  for await (const part of parts) yield* cut(decoder.decode(part, { stream: true }));
  yield* cut(decoder.decode());
  if (rest !== "") yield rest;
}
