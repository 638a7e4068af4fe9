/**
 * What every vendor's loopback server stands on: HTTP without dependencies, a ledger of what was asked,
 * faults by script, and a control endpoint by which tests in any language say and see all that.
 *
 * Nothing in it sleeps: a state advances when it is asked for, or when a test says so.
 */

import { createServer } from "node:http";

/** The largest body that is taken, in bytes. */
const MAX_BODY = 256 * 1024 * 1024;

/** A refusal: what is thrown becomes the answer. */
export class Refusal extends Error {
  constructor(status, body, headers = {}) {
    super(`${status}`);
    Object.assign(this, { status, body, headers });
  }
}

/**
 * A vendor: `name`, `route(request)` which returns the operation of a request and what answers it, `state()` which
 * a test may see, and `control`, what a test may say by name.
 *
 * @typedef {{name: string, route: Function, state: () => object, control: Record<string, Function>}} Vendor
 */

/** A server on a free port of the loopback, which ends with `close`. */
export class Server {
  /** Every request in order: its operation, and how it was answered. */
  journal = [];
  #faults = [];
  #http;
  #vendor;

  /** @param {(server: Server) => Vendor} vendor */
  constructor(vendor) {
    this.#http = createServer((request, response) => {
      this.#serve(request, response).catch((error) => response.destroy(error));
    });
    // What a test leaves open is closed with the server.
    this.#http.keepAliveTimeout = 0;
    this.#vendor = vendor(this);
  }

  async listen(port = 0) {
    await new Promise((resolve) => this.#http.listen(port, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.#http.address().port}`;
    return this;
  }

  async close() {
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  /**
   * Makes the next `times` requests of an operation go wrong, after `after` that do not. A fault is an answer
   * (`status`, `headers`, `body`), or `how`: `reset` before the headers, `cut` within the body, `stall`
   * until the client hangs up, `drip` byte by byte, `flood` without an end. `done: true` does the work first,
   * and only the answer is lost.
   */
  fault({ operation, times = 1, after = 0, ...what }) {
    this.#faults.push({ operation, times, after, ...what });
  }

  /** What a test sees. */
  ledger() {
    return { ...this.#vendor.state(), journal: this.journal };
  }

  control(name, body) {
    if (name === "fault") return this.fault(body);
    const what = this.#vendor.control[name];
    if (what === undefined) throw new Refusal(404, { detail: `there is no control \`${name}\`` });
    return what(body);
  }

  #faultFor(operation) {
    for (const fault of this.#faults.filter((fault) => fault.operation === operation)) {
      if (fault.after > 0) {
        fault.after -= 1;
        return undefined;
      }
      fault.times -= 1;
      if (fault.times <= 0) this.#faults.splice(this.#faults.indexOf(fault), 1);
      return fault;
    }
    return undefined;
  }

  async #serve(incoming, response) {
    const url = new URL(incoming.url, this.url);
    const bytes = await body(incoming);
    const request = {
      method: incoming.method,
      path: decodeURI(url.pathname),
      query: url.searchParams,
      headers: incoming.headers,
      bytes,
      /** Whether the client has gone, and when it does. */
      isClosed: () => response.destroyed,
      closed: new Promise((resolve) => response.once("close", resolve)),
    };
    if (request.path.startsWith("/control/")) return this.#controlled(request, response);
    const entry = { method: request.method, path: request.path + url.search, operation: undefined, status: undefined };
    this.journal.push(entry);
    let answer;
    let fault;
    try {
      const { operation, handle } = this.#vendor.route(request);
      entry.operation = operation;
      fault = this.#faultFor(operation);
      answer = fault === undefined || fault.done ? await handle() : {};
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      answer = thrown;
    }
    if (fault?.status !== undefined) answer = fault;
    entry.status = fault?.how ?? answer.status ?? 200;
    await send(response, answer, fault?.how);
  }

  async #controlled(request, response) {
    const name = request.path.slice("/control/".length);
    try {
      const said = request.bytes.length === 0 ? {} : JSON.parse(request.bytes.toString());
      const told = name === "ledger" ? this.ledger() : await this.control(name, said);
      await send(response, { body: told ?? {} });
    } catch (thrown) {
      const answer = thrown instanceof Refusal ? thrown : { status: 400, body: { detail: String(thrown) } };
      await send(response, answer);
    }
  }
}

async function body(incoming) {
  const parts = [];
  let size = 0;
  for await (const part of incoming) {
    size += part.length;
    if (size > MAX_BODY) throw new Error("the body is too large");
    parts.push(part);
  }
  return Buffer.concat(parts);
}

async function send(response, { status = 200, headers = {}, body = {}, stream }, how) {
  if (how === "reset") return response.destroy();
  if (how === "stall") return new Promise((resolve) => response.on("close", resolve));
  const isBytes = body instanceof Uint8Array;
  const isText = typeof body === "string";
  const bytes = isBytes || isText ? Buffer.from(body) : Buffer.from(JSON.stringify(body));
  const type = stream ? "text/event-stream" : isText ? "text/plain" : "application/json";
  const all = { "content-type": type, ...headers };
  if (how === "flood") return flood(response, status, all);
  if (stream === undefined) all["content-length"] = bytes.length;
  response.writeHead(status, all);
  if (how === "cut") return cut(response, bytes);
  const parts = stream ?? [bytes];
  for await (const part of how === "drip" ? drip(parts) : parts) {
    if (response.destroyed) break;
    response.write(part);
  }
  response.end();
}

/** Sends half of a body, so that it is seen, and hangs up. */
function cut(response, bytes) {
  return new Promise((resolve) => {
    response.write(bytes.subarray(0, bytes.length >> 1), () => resolve(response.destroy()));
  });
}

async function* drip(parts) {
  for await (const part of parts) {
    for (const byte of Buffer.from(part)) {
      await new Promise((resolve) => setImmediate(resolve));
      yield Buffer.of(byte);
    }
  }
}

async function flood(response, status, headers) {
  response.writeHead(status, headers);
  response.setMaxListeners(0);
  const much = Buffer.alloc(64 * 1024, 32);
  while (!response.destroyed) {
    if (response.write(much)) await new Promise((resolve) => setImmediate(resolve));
    else await new Promise((resolve) => response.once("drain", resolve).once("close", resolve));
  }
}
