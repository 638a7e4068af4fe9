/** The loopback of fal for these tests: `tests/vendors` of the repository, in this process. */

const VENDORS = new URL("../../../../tests/vendors/", import.meta.url);

/** What `server.mjs` has for us. */
interface Server {
  readonly url: string;
  listen(): Promise<Server>;
  close(): Promise<void>;
  control(name: string, what: object): unknown;
  ledger(): Ledger;
}

const { Server: Made } = (await import(new URL("server.mjs", VENDORS).href)) as {
  Server: new (vendor: unknown) => Server;
};
const { fal } = (await import(new URL("fal.mjs", VENDORS).href)) as { fal: unknown };

/** What the loopback has seen. */
export interface Ledger {
  readonly submissions: readonly {
    requestId: string;
    endpoint: string;
    input: Record<string, unknown>;
    headers: Record<string, string>;
  }[];
  readonly cancels: readonly { requestId: string; told: string }[];
  readonly charges: readonly { requestId: string; endpoint: string; units: number }[];
  readonly uploads: readonly {
    type: string;
    bytes: number;
    sha256: string;
    parts: number;
    hadKey: boolean;
    lifecycle?: string;
  }[];
  readonly downloads: readonly string[];
  readonly journal: readonly { method: string; path: string; operation: string; status: number | string }[];
}

/** The server, which ends with the test. */
export class Loopback {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Loopback> {
    return new Loopback(await new Made(fal).listen());
  }

  get url(): string {
    return this.#server.url;
  }

  /** The settings of a provider that works with it. */
  settings(more: object = {}): object {
    const { url } = this;
    const addresses = { queueUrl: `${url}/queue`, restUrl: `${url}/rest`, platformUrl: `${url}/platform/v1` };
    return { apiKey: "loopback-key", pollMs: 1, modelsLifetime: 0, ...addresses, ...more };
  }

  /** Says something by name, such as `fault`. */
  say(control: string, what: object = {}): void {
    this.#server.control(control, what);
  }

  get ledger(): Ledger {
    return this.#server.ledger();
  }

  stop(): Promise<void> {
    return this.#server.close();
  }
}
