/** The loopback of OpenAI's API for these tests: `tests/vendors` of the repository, in this process. */

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
const { openai } = (await import(new URL("openai.mjs", VENDORS).href)) as { openai: unknown };

/** A job as the loopback took it. */
export interface Submission {
  readonly id: string;
  readonly kind: string;
  readonly model: string;
  readonly fields: Record<string, unknown>;
  readonly files: readonly { field: string; name: string; type: string; bytes: number; sha256: string }[];
}

/** What the loopback has seen. */
export interface Ledger {
  readonly submissions: readonly Submission[];
  readonly charges: readonly { id: string; model: string; usage: Record<string, unknown> }[];
  readonly closed: readonly string[];
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
    return new Loopback(await new Made(openai).listen());
  }

  get url(): string {
    return this.#server.url;
  }

  /** The settings of a provider that works with it. */
  settings(more: object = {}): object {
    return { apiKey: "loopback-key", baseUrl: `${this.url}/v1`, modelsLifetime: 0, ...more };
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
