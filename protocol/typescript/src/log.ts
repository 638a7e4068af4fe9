/** The author's log, as the host reads it: JSON lines on stderr. */

import { fs } from "./node.js";
import type { LogLevel } from "./wire/notices.js";

/** What is worth knowing beside the message, by name. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes to the host's log. */
export interface Logger {
  trace(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Returns a logger for one part of the provider. */
  target(name: string): Logger;
}

/** The log. `console.log` works too, and is less precise. */
export const log: Logger = logger(undefined);

function logger(target: string | undefined): Logger {
  const at = (level: LogLevel) => (message: string, fields?: LogFields) => {
    writeStderr(`${line({ level, msg: message, target, fields })}\n`);
  };
  return {
    trace: at("trace"),
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    target: (name) => logger(target === undefined ? name : `${target}::${name}`),
  };
}

interface Line {
  level: LogLevel;
  msg: string;
  target: string | undefined;
  fields: LogFields | undefined;
}

function line(of: Line): string {
  try {
    return JSON.stringify(of, printable);
  } catch {
    // Fields that refer to themselves.
    return JSON.stringify({ ...of, fields: { unprintable: Object.keys(of.fields ?? {}) } });
  }
}

function printable(_key: string, value: unknown): unknown {
  if (value instanceof Error) return value.stack ?? String(value);
  return typeof value === "bigint" ? value.toString() : value;
}

/** Tells people something about the session. */
export function note(what: string): void {
  writeStderr(`prizm-plugin: ${what}\n`);
}

/** Tells people what was thrown, with its stack. */
export function noteThrown(what: string, thrown: unknown): void {
  note(`${what}: ${thrown instanceof Error ? (thrown.stack ?? String(thrown)) : String(thrown)}`);
}

/** How often a stderr that takes nothing is tried again, a millisecond apart. */
const PATIENCE = 1000;

/** Writes before it returns, so that the last words of a process are not lost. There is nobody to tell of a failure. */
export function writeStderr(text: string): void {
  let bytes = Buffer.from(text);
  for (let tries = 0; tries < PATIENCE && bytes.length > 0; ) {
    try {
      bytes = bytes.subarray(fs.writeSync(2, bytes));
    } catch (error) {
      // Node makes a pipe non-blocking once anything uses `process.stderr`.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      tries += 1;
    }
  }
}
