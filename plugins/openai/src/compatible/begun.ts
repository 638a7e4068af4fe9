/** Tells an answer that is one JSON from a stream: by its type, or by how it begins where the type does not say. */

/** The longest first line that is waited for, in bytes. */
const MAX_LINE = 1024 * 1024;

/** An answer of which the beginning was looked at. */
export interface Begun {
  readonly isJson: boolean;
  /** All of it. */
  readonly parts: AsyncIterable<Uint8Array>;
}

/** Looks at how an answer begins, where its type is none, or that of plain text. */
export async function begun(type: string, parts: AsyncGenerator<Uint8Array>): Promise<Begun> {
  if (/json/.test(type)) return { isJson: !/ndjson|stream/.test(type), parts };
  if (type !== "" && !type.startsWith("text/plain")) return { isJson: false, parts };
  const kept: Uint8Array[] = [];
  let line = "";
  let isAll = false;
  while (isOpen(line)) {
    const { done, value } = await parts.next();
    if (done === true) {
      isAll = true;
      break;
    }
    kept.push(value);
    // Each byte a character: whether it is JSON can be told so, too.
    line = (line + Buffer.from(value).toString("latin1")).replace(/^(\u00ef\u00bb\u00bf)?\s*/, "");
  }
  const all = async function* () {
    yield* kept;
    yield* parts;
  };
  const isJson = line.startsWith("{") && (isAll || !isWhole(line.split("\n", 1)[0] ?? ""));
  return { isJson, parts: all() };
}

/** Whether the first line may be one of JSON, and goes on. */
function isOpen(line: string): boolean {
  return line === "" || (line.startsWith("{") && !line.includes("\n") && line.length < MAX_LINE);
}

/** Whether a line is JSON by itself, as in a stream of such lines. */
function isWhole(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
