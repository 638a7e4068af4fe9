/** The job's directory: inputs are read beneath it, outputs are made in `out/`. */

import { ProviderError, fromThrown } from "./error.js";
import { fs, path as paths } from "./node.js";
import type { Media, MediaKind } from "./wire/model.js";

const { dirname, isAbsolute, join, relative, sep } = paths;

const OUTPUTS = "out";

/** The directory of one job; `undefined` where every medium of it is text. */
export class Files {
  readonly #dir: string | undefined;

  constructor(dir: string | undefined) {
    this.#dir = dir;
  }

  get dir(): string {
    if (this.#dir !== undefined) return this.#dir;
    const message =
      "the job has no directory (`jobDir`), so it can neither read nor write files; the host must give one for " +
      "anything but text";
    throw new ProviderError("InvalidParams", message);
  }

  input(media: Media): string {
    const { path } = media;
    if (path === undefined) {
      const what = media.text === undefined ? "not in a file" : "inline text";
      throw invalid(`the ${media.kind} input is ${what}; a file is needed`);
    }
    const { dir } = this;
    const shown = JSON.stringify(path);
    if (!isPlain(path)) throw invalid(`the input's path ${shown} leaves the job's directory`);
    const file = join(dir, path);
    const [real, root] = canonical([file, dir], shown);
    if (!`${real}`.startsWith(`${root}${sep}`)) throw invalid(`the input ${shown} links out of the job's directory`);
    return file;
  }

  async read(media: Media): Promise<Buffer> {
    if (media.text !== undefined) return Buffer.from(media.text);
    const path = this.input(media);
    try {
      return await fs.promises.readFile(path);
    } catch (error) {
      throw unreadable(JSON.stringify(media.path), error);
    }
  }

  create(name: string): string {
    const outputs = join(this.dir, OUTPUTS);
    if (!isPlain(name)) {
      const message = `${JSON.stringify(name)} is no name for an output: expected a relative path without \`..\``;
      throw new ProviderError("InternalError", message);
    }
    const path = join(outputs, name);
    try {
      fs.mkdirSync(dirname(path), { recursive: true });
    } catch (error) {
      throw failed("make", dirname(path), error);
    }
    return path;
  }

  output(kind: MediaKind, mime: string, path: string): Media {
    return { kind, mime, path: this.relative(path) };
  }

  async write(kind: MediaKind, mime: string, name: string, bytes: Uint8Array | string): Promise<Media> {
    const path = this.create(name);
    const media = this.output(kind, mime, path);
    try {
      await fs.promises.writeFile(path, bytes);
    } catch (error) {
      throw failed("write", path, error);
    }
    return media;
  }

  /** Returns a path beneath the directory as the host knows it. */
  relative(path: string): string {
    const { dir } = this;
    const inside = isAbsolute(path) ? relative(dir, path).replaceAll(sep, "/") : "";
    if (isPlain(inside)) return inside;
    throw new ProviderError("InternalError", `\`${path}\` is not beneath the job's directory \`${dir}\``);
  }
}

/** Whether a path is relative and stays where it starts, on any system. */
export function isPlain(path: string): boolean {
  return !/[\\\0]/.test(path) && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

function canonical(paths: readonly string[], shown: string): string[] {
  try {
    return paths.map((path) => fs.realpathSync.native(path));
  } catch (error) {
    throw unreadable(shown, error);
  }
}

function invalid(message: string): ProviderError {
  return new ProviderError("InvalidMedia", message);
}

function unreadable(shown: string, error: unknown): ProviderError {
  const message = `the input ${shown} cannot be read: ${fromThrown(error).message}`;
  return new ProviderError("InvalidMedia", message, { cause: error });
}

function failed(verb: string, path: string, thrown: unknown): ProviderError {
  const { kind, message } = fromThrown(thrown);
  return new ProviderError(kind ?? "InternalError", `cannot ${verb} \`${path}\`: ${message}`, { cause: thrown });
}
