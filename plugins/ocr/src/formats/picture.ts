/** What a picture says of itself before anything is decoded. */

import { ProviderError } from "#prizm/plugin";

/** A picture that may be decoded: how large that makes it, and which bytes the decoder is given. */
export interface Picture {
  /** What it is called in messages, such as `PNG`. */
  readonly format: string;
  readonly width: number;
  readonly height: number;
  /** What is decoded. It may be less than the file has. */
  readonly bytes: () => Uint8Array;
  /** What of the file is not read. */
  readonly warnings?: readonly string[];
}

/** Reads the header of one format. */
export type Look = (file: Buffer) => Picture;

/** A picture that is not as its format has it. */
export function damaged(format: string, what: string): ProviderError {
  return new ProviderError("InvalidMedia", `the ${format} is damaged: ${what}`, { details: { format } });
}

/** A picture that is as its format has it, but cannot be decoded here. */
export function unread(format: string, what: string, instead: string): ProviderError {
  return new ProviderError("InvalidMedia", `${what} cannot be read; ${instead}`, { details: { format } });
}

/** Reads numbers of a file; one beyond its end means that it is cut short. */
export class Fields {
  readonly #file: Buffer;
  readonly #format: string;
  readonly #isLittle: boolean;

  constructor(format: string, file: Buffer, isLittle: boolean) {
    this.#format = format;
    this.#file = file;
    this.#isLittle = isLittle;
  }

  u8(at: number): number {
    return this.#has(at, 1).readUInt8(at);
  }

  u16(at: number): number {
    const file = this.#has(at, 2);
    return this.#isLittle ? file.readUInt16LE(at) : file.readUInt16BE(at);
  }

  u32(at: number): number {
    const file = this.#has(at, 4);
    return this.#isLittle ? file.readUInt32LE(at) : file.readUInt32BE(at);
  }

  i32(at: number): number {
    return this.u32(at) | 0;
  }

  #has(at: number, bytes: number): Buffer {
    if (at >= 0 && at + bytes <= this.#file.length) return this.#file;
    throw damaged(this.#format, "it is cut short");
  }
}
