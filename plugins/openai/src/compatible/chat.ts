/** Answers to a text or a picture, as they come: what servers stream, in each of the ways in which they do. */

import { type Context, type Media, ProviderError, type TransformResult, log, text as textOf } from "#prizm/plugin";
import { cut, isRecord, label, records } from "#prizm/remote";

import { begun } from "./begun.js";
import { within, type Setting } from "./errors.js";
import { DONE, events } from "./events.js";
import type { Http } from "./http.js";
import { Text } from "./text.js";
import { type Counts, counted } from "./usage.js";

/** How much of a refusal is kept, in characters: more than is shown, so that no key is cut. */
const MAX_REFUSAL = 64 * 1024;

/** What came of an answer. */
export interface Answer {
  readonly outputs: readonly Media[];
  readonly counts: Counts;
  readonly meta: NonNullable<TransformResult["meta"]>;
}

/** Where an answer is heard. */
export interface Listener {
  readonly wire: Http;
  readonly context: Context;
  readonly setting: Setting;
}

/** Hears an answer to its end: a stream of events, or JSON, whatever was asked for. */
export async function hear(response: Response, { wire, context, setting }: Listener): Promise<Answer> {
  const heard = new Heard({ wire, context, setting }, response.headers);
  const { isJson, parts } = await begun(response.headers.get("content-type") ?? "", wire.parts(response));
  if (isJson) {
    await heard.take(wire.parsed(await wire.bytes(parts)));
    heard.isDone = true;
  } else {
    for await (const event of events(parts, (text) => wire.shown(text))) {
      if (event === DONE) {
        heard.isDone = true;
        break;
      }
      await heard.take(event);
    }
  }
  return heard.end();
}

class Heard {
  /** Whether the server says that this is all. */
  isDone = false;
  readonly #text: Text;
  readonly #wire: Http;
  readonly #context: Context;
  readonly #headers: Headers;
  readonly #setting: Setting;
  #id: string | undefined;
  #model: string | undefined;
  #finish: string | undefined;
  #refusal = "";
  #counts: Counts = {};
  #hasEvents = false;

  constructor({ wire, context, setting }: Listener, headers: Headers) {
    this.#wire = wire;
    this.#context = context;
    this.#headers = headers;
    this.#setting = setting;
    this.#text = new Text(context);
  }

  async take(event: unknown): Promise<void> {
    if (!isRecord(event)) return;
    if (event["error"] || event["type"] === "error") throw this.#failure(event["error"] || event);
    this.#accept(this.#named(event["id"]));
    this.#model = this.#named(event["model"]) ?? this.#model;
    // The last that is told counts: some tell with each event how many there were so far.
    const counts = counted(event["usage"] ?? inner(event["x_groq"], "usage"));
    if (Object.keys(counts).length > 0) this.#counts = counts;
    if (typeof event["type"] === "string") return this.#transcribed(event);
    if (typeof event["text"] === "string") await this.#text.push(event["text"]);
    const choices = records(event["choices"]);
    for (const choice of choices.filter(({ index }) => index === undefined || index === null || index === 0)) {
      await this.#choice(choice);
    }
  }

  async end(): Promise<Answer> {
    const text = await this.#text.end();
    if (text === "" && (this.#refusal !== "" || this.#finish === "content_filter")) {
      const message = this.#refusal === "" ? "the server's filter kept the answer back" : cut(this.#wire.hide(this.#refusal), 500);
      throw new ProviderError("ContentRejected", message, { details: { charged: "yes", providerCode: "content_filter" } });
    }
    if (text === "" && this.#finish === undefined && !(this.isDone && this.#hasEvents)) {
      const message = "the server's answer ended before it began";
      throw new ProviderError("UpstreamError", message, {
        retryable: this.#setting.isOwn,
        details: { accepted: true, charged: "unknown" },
      });
    }
    const warnings = this.#warnings();
    const meta = {
      ...(this.#id !== undefined && { requestId: this.#id }),
      ...(this.#model !== undefined && { model: this.#model }),
      ...(this.#finish !== undefined && { finishReason: this.#finish }),
      ...(warnings.length > 0 && { warnings }),
    };
    return { outputs: [textOf(text)], counts: this.#counts, meta };
  }

  async #choice(choice: Record<string, unknown>): Promise<void> {
    const delta = [choice["delta"], choice["message"]].find(isRecord) ?? {};
    const piece = contentOf(delta["content"]) || contentOf(choice["text"]);
    if (piece !== "") await this.#text.push(piece);
    else if (isThought(delta)) this.#context.report({ stage: "thinking" });
    if (typeof delta["refusal"] === "string") {
      this.#refusal = (this.#refusal + delta["refusal"]).slice(0, MAX_REFUSAL);
    }
    this.#finish = this.#named(choice["finish_reason"]) ?? this.#finish;
  }

  /** An event of a transcription: its deltas, then all of it. */
  async #transcribed(event: Record<string, unknown>): Promise<void> {
    const { type, delta, text } = event;
    if (type === "transcript.text.delta" && typeof delta === "string") await this.#text.push(delta);
    if (type !== "transcript.text.done") return;
    this.#finish = "stop";
    if (this.#text.isEmpty && typeof text === "string") await this.#text.push(text);
  }

  /** The server works on it: it is not to be asked again. */
  #accept(id: string | undefined): void {
    if (this.#hasEvents) return;
    this.#hasEvents = true;
    this.#id = this.#named(this.#headers.get("x-request-id")) ?? id;
    if (!this.#setting.isOwn) this.#context.accepted(this.#id ?? this.#context.jobId, "unknown");
  }

  /** What the server calls something, without the key, and not long. */
  #named(value: unknown): string | undefined {
    return label(this.#wire.hide(value));
  }

  #failure(error: unknown): unknown {
    const made = within(this.#wire.hide(error), this.#headers, this.#setting);
    if (!this.#hasEvents || !(made instanceof ProviderError)) return made;
    // A part of the answer was made, and may be paid for.
    const { kind, retryable, retryAfterMs, docsUrl, ...details } = made.data;
    return new ProviderError(made.kind ?? "UpstreamError", made.message, {
      retryable: retryable === true && this.#setting.isOwn,
      retryAfterMs,
      docsUrl,
      details: { ...details, charged: this.#setting.isOwn ? "no" : "unknown" },
    });
  }

  #warnings(): string[] {
    const warnings: string[] = [];
    if (this.#finish === "length") warnings.push("the answer is cut: it has as many tokens as it may have");
    if (this.#finish === "content_filter") warnings.push("the answer is cut by the server's filter");
    if (this.#finish === undefined && !this.isDone) {
      warnings.push("the server did not say that the answer is whole");
      log.debug("a stream ended without `finish_reason` and `[DONE]`");
    }
    return warnings;
  }
}

/** A text, or a list of parts that have one. */
function contentOf(content: unknown): string {
  if (typeof content === "string") return content;
  return records(content)
    .map(({ text }) => (typeof text === "string" ? text : ""))
    .join("");
}

function isThought(delta: Record<string, unknown>): boolean {
  return ["reasoning_content", "reasoning", "reasoning_text", "thinking"].some((field) => typeof delta[field] === "string" && delta[field] !== "");
}

function inner(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined;
}
