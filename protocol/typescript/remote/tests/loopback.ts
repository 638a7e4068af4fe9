/** A loopback of a vendor: a server of `tests/vendors` of the repository, in this process. */

const VENDORS = new URL("../../../../../tests/vendors/", import.meta.url);

/** What `server.mjs` has for us. */
interface Server {
  readonly url: string;
  listen(): Promise<Server>;
  close(): Promise<void>;
  control(name: string, what: object): unknown;
  ledger(): unknown;
}

const { Server: Made } = (await import(new URL("server.mjs", VENDORS).href)) as {
  Server: new (vendor: unknown) => Server;
};

/** A request, as every loopback notes it. */
export interface Entry {
  readonly method: string;
  readonly path: string;
  readonly operation: string;
  readonly status: number | string;
}

/** Starts the vendor of this name. */
export async function serve(vendor: string): Promise<Server> {
  const made = (await import(new URL(`${vendor}.mjs`, VENDORS).href)) as Record<string, unknown>;
  return new Made(made[vendor]).listen();
}

/** The server, which ends with the test; `Ledger` is what it has seen. */
export abstract class Vendor<Ledger> {
  readonly #server: Server;

  protected constructor(server: Server) {
    this.#server = server;
  }

  get url(): string {
    return this.#server.url;
  }

  /** The settings of a provider that works with it. */
  abstract settings(more?: object): object;

  /** Says something by name, such as `fault`. */
  say(control: string, what: object = {}): void {
    this.#server.control(control, what);
  }

  get ledger(): Ledger {
    return this.#server.ledger() as Ledger;
  }

  stop(): Promise<void> {
    return this.#server.close();
  }
}
