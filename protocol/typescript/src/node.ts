/**
 * Node's own modules, each when it is needed: `import` has Node load all that a module leads to, and of
 * `node:fs` those are streams and promises, which take a tenth of its own start.
 */

import { createRequire } from "node:module";

/** Of Node 20.16, and much quicker than what there was before. */
const load: (name: string) => unknown = process.getBuiltinModule ?? createRequire("/");

export const fs = load("node:fs") as typeof import("node:fs");
export const path = load("node:path") as typeof import("node:path");

export function net(): typeof import("node:net") {
  return load("node:net") as typeof import("node:net");
}

export function tty(): typeof import("node:tty") {
  return load("node:tty") as typeof import("node:tty");
}

/** Milliseconds by a clock that never goes back. `performance` would be one more thing to load. */
export function now(): number {
  return process.uptime() * 1000;
}
