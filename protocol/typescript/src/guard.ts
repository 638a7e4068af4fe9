/**
 * The channel guard: moves the conversation to descriptors of its own, so that nothing that is printed or
 * started later can touch it. No native code: Linux and macOS open a descriptor anew by its path.
 */

import type { Socket } from "node:net";

import { note } from "./log.js";
import { fs, net } from "./node.js";
import type { Write } from "./outbox.js";
import { PipeSource, type Source, StreamSource } from "./source.js";

const { closeSync, constants, fstatSync, openSync, writeSync } = fs;
const { O_APPEND, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** The two ends of a conversation. */
export interface Channel {
  readonly source: Source;
  readonly write: Write;
}

/**
 * Takes stdin and stdout for the conversation. Afterwards the program and its children read an empty
 * stdin, and what they print on stdout goes to stderr, also past Node's own streams. Where a descriptor
 * cannot be opened anew, as a socket on Linux, only Node's streams are led elsewhere, and a line on stderr says so.
 */
export function guard(): Channel {
  return { source: takeInput(), write: takeOutput() };
}

/** Opens anew what a descriptor leads to. Node opens everything so that no child inherits it. */
function reopen(fd: number, flags: number): number | undefined {
  for (const directory of ["/proc/self/fd", "/dev/fd"]) {
    try {
      return openSync(`${directory}/${fd}`, flags);
    } catch {
      // Not on this system, or not for this kind of file.
    }
  }
  return undefined;
}

/** Closes a standard descriptor and has another file take its number, the lowest that is free. */
function replace(fd: number, open: () => number): boolean {
  closeSync(fd);
  return open() === fd;
}

function takeInput(): Source {
  const fd = reopen(0, O_RDONLY | O_NONBLOCK);
  if (fd === undefined) return new StreamSource(process.stdin);
  // Who reads stdin already would have libuv wait for a descriptor that is about to mean something else.
  if (process.getActiveResourcesInfo().includes("PipeWrap")) process.stdin.destroy();
  replace(0, () => openSync("/dev/null", O_RDONLY));
  const empty = { get: () => fs.createReadStream("/dev/null"), configurable: true, enumerable: true };
  Object.defineProperty(process, "stdin", empty);
  return isPipe(fd) ? new PipeSource(fd) : new StreamSource(fs.createReadStream("", { fd }));
}

function takeOutput(): Write {
  const isWaitedFor = isPipe(1);
  const fd = reopen(1, O_WRONLY | O_APPEND | (isWaitedFor ? O_NONBLOCK : 0));
  if (fd === undefined) return rerouted();
  const isMoved = replace(1, () => reopen(2, O_WRONLY | O_APPEND) ?? openSync("/dev/null", O_WRONLY));
  if (!isMoved) note("what is printed on stdout is lost: another thread took its number");
  return isWaitedFor ? toPipe(fd) : toFile(fd);
}

/** Whether a descriptor is a pipe or a socket, which libuv can wait for. */
function isPipe(fd: number): boolean {
  const stats = fstatSync(fd);
  return stats.isFIFO() || stats.isSocket();
}

/** Writes at once what a pipe takes, and has Node wait only for what it does not take. */
function toPipe(fd: number): Write {
  let socket: Socket | undefined;
  return (bytes, done) => {
    let written = 0;
    try {
      written = writeSync(fd, bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return done(error as Error);
    }
    if (written === bytes.length) return done();
    if (socket === undefined) {
      socket = new (net().Socket)({ fd, readable: false, writable: true });
      // The callback of the write that failed tells.
      socket.on("error", () => {});
    }
    socket.write(bytes.subarray(written), done);
  };
}

function toFile(fd: number): Write {
  return (bytes, done) => {
    try {
      for (let rest = bytes; rest.length > 0; ) rest = rest.subarray(writeSync(fd, rest));
      done();
    } catch (error) {
      done(error as Error);
    }
  };
}

/** Leads Node's own stdout to stderr, which is all that can be done where stdout cannot be moved. */
function rerouted(): Write {
  const { stdout, stderr } = process;
  const write = stdout.write.bind(stdout);
  stdout.write = stderr.write.bind(stderr);
  stdout.on("error", () => {});
  note("stdout cannot be moved: `console` goes to stderr, but what a child prints on an inherited stdout is taken for frames");
  return (bytes, done) => {
    write(bytes, done);
  };
}
