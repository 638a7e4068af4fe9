/** Requests that are sent once, and answers that are no success: nothing on the way repeats a job or hides a status. */

import { HttpFailure, jsonOrText } from "./http.js";
import { hidden } from "./redact.js";

/** How much of a refusal is read, in bytes, and for how long, in milliseconds. */
const MAX_REFUSAL = 64 * 1024;
const PATIENCE = 3000;

/** Where Node keeps what sends its requests. */
const GLOBAL = Symbol.for("undici.globalDispatcher.1");

interface Dispatcher {
  dispatch(options: unknown, handler: unknown): boolean;
}

/**
 * Does what `fetch` does, but sends nothing twice: Node's own repeats a request, with its body, to a server that
 * answers 421. That status is then the answer.
 */
export async function fetchOnce(input: string | URL | Request, init: RequestInit): Promise<Response> {
  let sent = 0;
  const dispatcher: Dispatcher = {
    dispatch(options, handler) {
      sent += 1;
      if (sent > 1) throw new Error("the request would be sent twice");
      // Node makes it with the first request, so it is there by now.
      return (globalThis as unknown as Record<symbol, Dispatcher>)[GLOBAL]?.dispatch(options, handler) ?? false;
    },
  };
  try {
    return await fetch(input, { ...init, dispatcher } as RequestInit);
  } catch (thrown) {
    throw sent > 1 ? new HttpFailure(421, new Headers(), undefined) : thrown;
  }
}

/** Makes a failure of an answer that is no success, whatever becomes of its body; it has the key nowhere. */
export async function refusal(response: Response, key: string | undefined): Promise<HttpFailure> {
  const body = jsonOrText(await beginning(response), key);
  const headers = new Headers();
  response.headers.forEach((value, name) => headers.set(name, hidden(value, key)));
  return new HttpFailure(response.status, headers, body);
}

/** Reads what comes soon of a body, and no more than is worth it. */
async function beginning({ body }: Response): Promise<string> {
  if (body === null) return "";
  const reader = body.getReader();
  const leave = () => void reader.cancel().catch(() => {});
  const late = setTimeout(leave, PATIENCE);
  const kept: Uint8Array[] = [];
  try {
    for (let size = 0; size < MAX_REFUSAL; ) {
      const { done, value } = await reader.read();
      if (done) break;
      kept.push(value as Uint8Array);
      size += (value as Uint8Array).length;
    }
  } catch {
    // The status says enough.
  } finally {
    clearTimeout(late);
    leave();
  }
  return Buffer.concat(kept).subarray(0, MAX_REFUSAL).toString();
}
