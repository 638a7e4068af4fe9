/** What a line is, and how a frame is written. Nothing here can fail a session: what is no frame is noise. */

/** The version of the protocol that this package speaks. */
export const PROTOCOL_VERSION = "1.0";

/** The largest frame, in bytes without its line ends, that either side accepts by default. */
export const MAX_FRAME_BYTES = 8 * 1024 * 1024;

/** How deep a field of a frame may be nested. */
const MOST_NESTED = 127;

/** A JSON-RPC message. */
export type Message =
  | { readonly type: "request"; readonly id: number; readonly method: string; readonly params: Params }
  | { readonly type: "notification"; readonly method: string; readonly params: Params }
  | { readonly type: "result"; readonly id: number; readonly result: unknown }
  | { readonly type: "error"; readonly id: number; readonly error: unknown };

/** Parameters as they came; `undefined` where there are none. */
export type Params = unknown;

/** What stands for parameters that are nested so deep that they were not read. */
export const TOO_DEEP = Symbol("nested too deep");

/** Why a line is no frame. */
export type Noise =
  | "not a JSON object"
  | "not well-formed JSON"
  | "JSON, but not JSON-RPC 2.0"
  | "its id is not an integer from 0 to 2^53-1"
  | "neither a request, a notification nor a response";

/** Tells what a line is; a word where it is noise. */
export function classify(line: Buffer): Message | Noise {
  const text = line.toString("utf8");
  if (!isOf(line, text)) return line[0] === 0x7b ? "not well-formed JSON" : "not a JSON object";
  const usual = asUsual(text);
  if (usual !== undefined) return usual;
  const found = scan(text);
  if (found === undefined) return "not a JSON object";
  const envelope = parse(text, found);
  if (envelope === undefined || !found.isWhole || found.isRepeated) return "not well-formed JSON";
  if (envelope.jsonrpc !== "2.0") return "JSON, but not JSON-RPC 2.0";
  const id = found.id === undefined ? undefined : idOf(text.slice(...found.id));
  if (id === null) return "its id is not an integer from 0 to 2^53-1";
  return messageOf(envelope, id) ?? "neither a request, a notification nor a response";
}

/** Whether a text is all that its bytes say; what is no UTF-8 has become U+FFFD. */
function isOf(bytes: Buffer, text: string): boolean {
  return !text.includes("\ufffd") || Buffer.from(text).equals(bytes);
}

/** How hosts write what they ask, up to the parameters. */
const USUAL = /^\{"jsonrpc": ?"2\.0", ?(?:"id": ?(0|[1-9][0-9]{0,15}), ?)?"method": ?"([^"\\\x00-\x1f]*)", ?"params": ?/;

/** Reads what is written as hosts write it, which takes a fraction of what {@link scan} takes. */
function asUsual(text: string): Message | undefined {
  const head = USUAL.exec(text);
  if (head === null || !text.endsWith("}") || !isShallow(text, head[0].length)) return undefined;
  const id = head[1] === undefined ? undefined : Number(head[1]);
  if (id !== undefined && !Number.isSafeInteger(id)) return undefined;
  try {
    // What parses as one value is one: no field comes after it.
    const params: unknown = JSON.parse(text.slice(head[0].length, -1));
    return messageOf({ method: head[2], params }, id);
  } catch {
    return undefined;
  }
}

/** Whether there are so few brackets that nothing can be nested too deep. */
function isShallow(text: string, from: number): boolean {
  let left = MOST_NESTED;
  for (const bracket of ["{", "["]) {
    for (let at = text.indexOf(bracket, from); at !== -1; at = text.indexOf(bracket, at + 1)) {
      if ((left -= 1) < 0) return false;
    }
  }
  return true;
}

interface Envelope {
  jsonrpc?: unknown;
  id?: unknown;
  method?: unknown;
  params?: unknown;
  result?: unknown;
  error?: unknown;
}

function messageOf(envelope: Envelope, id: number | undefined): Message | undefined {
  const { method, params, result, error } = envelope;
  const isAsked = typeof method === "string" && result === undefined && error === undefined;
  if (isAsked && id !== undefined) return { type: "request", id, method, params };
  if (isAsked) return { type: "notification", method, params };
  const isAnswer = (method === undefined || method === null) && id !== undefined;
  if (isAnswer && error === undefined && result !== undefined) return { type: "result", id, result };
  if (isAnswer && result === undefined && error !== undefined) return { type: "error", id, error };
  return undefined;
}

function parse(text: string, found: Scan): Envelope | undefined {
  try {
    // Deep nesting is memory, and a stack overflow waiting for whoever walks it: it is not built.
    if (found.depth > MOST_NESTED) return undefined;
    if (found.params === undefined || found.paramsDepth <= MOST_NESTED) return JSON.parse(text) as Envelope;
    const [start, end] = found.params;
    const envelope = JSON.parse(`${text.slice(0, start)}null${text.slice(end)}`) as Envelope;
    return { ...envelope, params: TOO_DEEP };
  } catch {
    return undefined;
  }
}

/** Returns the number that a JSON text is; `null` where it is no id. */
function idOf(text: string): number | null {
  const id = /^(0|[1-9][0-9]*)$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(id) ? id : null;
}

/** Returns the id of a request that was cut off after `head`, where it can be told. Hosts put it before the bulk. */
export function idOfTruncatedRequest(head: Buffer): number | undefined {
  // The last character may be cut in two; what stands before it counts.
  const text = head.toString("utf8");
  const found = scan(text);
  if (found?.id === undefined || found.isAnswer) return undefined;
  return idOf(text.slice(...found.id)) ?? undefined;
}

type Span = [start: number, end: number];

/** What is seen of an object's outermost fields, without reading their values. */
interface Scan {
  id?: Span;
  params?: Span;
  isAnswer: boolean;
  isRepeated: boolean;
  isWhole: boolean;
  /** How deep the fields are nested, apart from `params`. */
  depth: number;
  paramsDepth: number;
}

const ENVELOPE = new Set(["jsonrpc", "id", "method", "params", "result", "error"]);

/** Looks over the outermost fields as far as the text is well-formed; `undefined` where it is no object. */
function scan(text: string): Scan | undefined {
  let at = skipBlanks(text, 0);
  if (text[at] !== "{") return undefined;
  const found: Scan = { isAnswer: false, isRepeated: false, isWhole: false, depth: 0, paramsDepth: 0 };
  const seen = new Set<string>();
  at = skipBlanks(text, at + 1);
  while (text[at] === '"') {
    const keyEnd = endOfString(text, at);
    const key = keyOf(text.slice(at, keyEnd));
    at = skipBlanks(text, keyEnd);
    if (text[at] !== ":") return found;
    const start = skipBlanks(text, at + 1);
    const value = endOfValue(text, start);
    if (key === "params") found.paramsDepth = value.depth;
    else found.depth = Math.max(found.depth, value.depth);
    if (ENVELOPE.has(key)) found.isRepeated ||= seen.has(key);
    seen.add(key);
    if (key === "result" || key === "error") found.isAnswer = true;
    if (value.end === undefined) return found;
    if (key === "id") found.id = [start, value.end];
    if (key === "params") found.params = [start, value.end];
    at = skipBlanks(text, value.end);
    if (text[at] !== ",") break;
    at = skipBlanks(text, at + 1);
  }
  found.isWhole = text[at] === "}";
  return found;
}

function keyOf(literal: string): string {
  if (!literal.includes("\\")) return literal.slice(1, -1);
  try {
    return String(JSON.parse(literal));
  } catch {
    return literal;
  }
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) return at;
    at += 1;
  }
}

/** Returns where the string that starts at `from` ends; the text's length where it does not. */
function endOfString(text: string, from: number): number {
  let at = from + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote === -1) return text.length;
    let slashes = 0;
    while (text.charCodeAt(quote - 1 - slashes) === 0x5c) slashes += 1;
    at = quote + 1;
    if (slashes % 2 === 0) return at;
  }
}

/** Returns where a value ends, if it does, and how deep it is nested. */
function endOfValue(text: string, from: number): { end: number | undefined; depth: number } {
  let level = 0;
  let depth = 0;
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = endOfString(text, at) - 1;
    else if (code === 0x7b || code === 0x5b) depth = Math.max(depth, (level += 1));
    else if (level > 0 && (code === 0x7d || code === 0x5d)) level -= 1;
    else if (level === 0 && isAfterValue(code)) return { end: at, depth };
    at += 1;
    if (level === 0 && (code === 0x22 || code === 0x7d || code === 0x5d)) return { end: at, depth };
  }
  return { end: undefined, depth };
}

/** Whether a bare value, such as a number, ends before this: a comma, a closing brace or a blank. */
function isAfterValue(code: number): boolean {
  return code === 0x2c || code === 0x7d || code === 0x20 || code === 0x09 || code === 0x0d;
}

/**
 * Writes a message as a frame: a line feed before it, so that text printed without one spoils
 * nothing, and one after. It throws where the message cannot be JSON.
 */
export function encode(message: object): string {
  return `\n${wellFormed(JSON.stringify(message))}\n`;
}

/** Half a surrogate pair is written as an escape that no strict reader takes; U+FFFD stands for it. */
function wellFormed(json: string): string {
  if (!json.includes("\\ud")) return json;
  return json.replace(/\\(?:ud[89a-f][0-9a-f]{2}|.)/g, (escape) => (escape.startsWith("\\ud") ? "\\ufffd" : escape));
}
