/** Bytes to lines, in bounded memory. */

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** How much of an oversized line is kept, to tell which call it belongs to. */
const HEAD_BYTES = 4096;

/** Takes what a {@link LineDecoder} hands out. */
export interface LineSink {
  /** A line within the limit, without its line end; never blank. Its bytes are valid until this returns. */
  line(bytes: Buffer): void;
  /** A line over the limit: its first bytes and its length. The rest of it has been discarded. */
  oversized(head: Buffer, size: number): void;
}

/**
 * Cuts a stream of bytes into lines.
 *
 * A line ends in LF or CRLF; blank lines and a byte order mark at the very start are skipped. No more
 * than `limit` bytes are ever held: what is longer is counted and discarded up to its end.
 */
export class LineDecoder {
  /** May change between two lines. */
  limit: number;
  readonly #sink: LineSink;
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Bytes of the current line that were thrown away; the line is oversized when it is not 0. */
  #discarded = 0;
  #atStart = true;

  constructor(limit: number, sink: LineSink) {
    this.limit = limit;
    this.#sink = sink;
  }

  /** Takes the next bytes and hands out every line that they complete. */
  feed(bytes: Buffer): void {
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(LINE_FEED, start);
      if (end === -1) break;
      const isWhole = this.#heldBytes === 0 && end - start <= this.limit;
      if (isWhole) this.#emit(bytes.subarray(start, end));
      else {
        this.#hold(bytes.subarray(start, end));
        this.finish();
      }
      start = end + 1;
    }
    if (start < bytes.length) this.#hold(bytes.subarray(start));
  }

  /** Ends the line, also at the end of the stream, where it has no line end. */
  finish(): void {
    const held = Buffer.concat(this.#held, this.#heldBytes);
    const size = this.#heldBytes + this.#discarded;
    const isOversized = this.#discarded > 0;
    this.#held = [];
    this.#heldBytes = 0;
    this.#discarded = 0;
    if (!isOversized) return this.#emit(held);
    this.#atStart = false;
    this.#sink.oversized(held, size);
  }

  #hold(bytes: Buffer): void {
    if (this.#discarded === 0 && this.#heldBytes + bytes.length <= this.limit) {
      // Copied: the caller may fill its buffer anew, and a slice would keep all of it.
      this.#held.push(Buffer.from(bytes));
      this.#heldBytes += bytes.length;
      return;
    }
    const total = this.#heldBytes + this.#discarded + bytes.length;
    if (this.#discarded === 0) {
      const head = Buffer.concat([...this.#held, bytes]).subarray(0, Math.min(HEAD_BYTES, this.limit));
      this.#held = [Buffer.from(head)];
      this.#heldBytes = head.length;
    }
    this.#discarded = total - this.#heldBytes;
  }

  #emit(line: Buffer): void {
    const isFirst = this.#atStart;
    this.#atStart = false;
    let start = 0;
    let end = line.length;
    if (isFirst && line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf) start = 3;
    if (line[end - 1] === CARRIAGE_RETURN) end -= 1;
    for (let index = start; index < end; index += 1) {
      if (!isBlank(line[index])) return this.#sink.line(line.subarray(start, end));
    }
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);
}
