/** A provider's process, from the outside. */

import assert from "node:assert/strict";
import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

import { type Frame, inTime, initialize } from "./host.js";

/**
 * Runs a command over pipes, as hosts do; what Node gives a child are sockets. Its exit status comes out of
 * descriptor 3, and nothing but 0, 1 and 2 is left open for it.
 */
const OVER_PIPES =
  'cat | { { { "$@" 2>&4 3>&- 4>&- 5>&-; echo $? >&3; } | cat; } 4>&1 >&5 | cat >&2; } 5>&1';

/** Ways in which a command is connected. */
export const CONNECTIONS = {
  pipes: OVER_PIPES,
  /** stdout and stderr are one pipe. */
  mixed: 'cat | { "$@" 2>&1 3>&-; echo $? >&3; } | cat',
  /** Nobody reads stdout. */
  deaf: 'cat | { "$@" 3>&-; echo $? >&3; } | true',
  sockets: '"$@" 3>&-; echo $? >&3',
} as const;

export interface Options {
  readonly connection?: keyof typeof CONNECTIONS;
  readonly env?: NodeJS.ProcessEnv;
}

/** What was left when a process had ended. */
export interface End {
  readonly status: number;
  readonly stderr: string;
  /** Lines of stdout that nobody had read. */
  readonly rest: string[];
  /** Milliseconds from the call to the end. */
  readonly took: number;
}

export class Plugin {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #stderr: Promise<string>;
  readonly #status: Promise<string>;

  /** Starts the program in `rude.ts` with a way of being rude. */
  constructor(manner: string, { connection = "pipes", env = {} }: Options = {}) {
    const rude = fileURLToPath(new URL("rude.js", import.meta.url));
    const stdio: StdioOptions = ["pipe", "pipe", "pipe", "pipe"];
    const variables = { ...process.env, PRIZM_PLUGIN: "1", NODE_V8_COVERAGE: undefined, NODE_OPTIONS: undefined, ...env };
    const argv = ["-c", CONNECTIONS[connection], "sh", process.execPath, rude, manner];
    this.#child = spawn("sh", argv, { stdio, env: variables });
    const [, stdout, stderr, status] = this.#child.stdio as unknown as Readable[];
    assert.ok(stdout && stderr && status);
    this.#lines = lines(stdout);
    this.#stderr = whole(stderr);
    // Other processes hold the descriptor longer, so its end says nothing.
    this.#status = once(status, "data").then(String);
    this.#child.stdin?.on("error", () => {});
  }

  raw(text: string): void {
    this.#child.stdin?.write(text);
  }

  request(id: number, method: string, params?: unknown): void {
    this.raw(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
  }

  notify(method: string, params?: unknown): void {
    this.raw(`${JSON.stringify({ jsonrpc: "2.0", method, params })}\n`);
  }

  /** Closes the process's stdin. */
  hangUp(): void {
    this.#child.stdin?.end();
  }

  /** Reads the next line that is not blank; `undefined` at the end. */
  async line(): Promise<string | undefined> {
    const { value, done } = await inTime(this.#lines.next(), "no line came");
    return done === true ? undefined : (value as string);
  }

  /** Reads up to the next answer. Anything that is no frame fails the test. */
  async answer(): Promise<Frame> {
    for (;;) {
      const line = await this.line();
      assert.ok(line !== undefined && line.startsWith('{"jsonrpc":"2.0",'), `noise: ${String(line)}`);
      const frame = JSON.parse(line) as Frame;
      if (!("method" in frame)) return frame;
    }
  }

  async call(id: number, method: string, params?: unknown): Promise<Frame> {
    this.request(id, method, params);
    const answer = await this.answer();
    assert.equal(answer["id"], id, JSON.stringify(answer));
    return answer;
  }

  open(): Promise<Frame> {
    return this.call(0, "initialize", initialize());
  }

  /** Waits for the process to end by itself. */
  async end(): Promise<End> {
    const begun = Date.now();
    const status = Number(await inTime(this.#status, "the process did not end"));
    const took = Date.now() - begun;
    this.hangUp();
    const rest = [];
    for (let line = await this.line(); line !== undefined; line = await this.line()) rest.push(line);
    return { status, stderr: await inTime(this.#stderr, "stderr did not end"), rest, took };
  }

  /** Ends it all, where a test has seen enough. */
  async hangUpAndEnd(): Promise<End> {
    this.hangUp();
    return this.end();
  }
}

async function* lines(stream: Readable): AsyncGenerator<string> {
  let rest = "";
  stream.setEncoding("utf8");
  for await (const chunk of stream) {
    const parts = (rest + String(chunk)).split("\n");
    rest = parts.pop() ?? "";
    yield* parts.filter((line) => line !== "");
  }
  if (rest !== "") yield rest;
}

async function whole(stream: Readable): Promise<string> {
  let text = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => (text += chunk));
  await once(stream, "end");
  return text;
}
