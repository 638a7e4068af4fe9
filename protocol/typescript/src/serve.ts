/** The process around a session: its standard streams, its errors and its exit code. */

import { guard } from "./guard.js";
import { note, noteThrown, writeStderr } from "./log.js";
import { fs, tty } from "./node.js";
import type { Provider } from "./provider.js";
import { Session } from "./session.js";

/** Set to `1` for every plugin. */
const COOKIE = "PRIZM_PLUGIN";

/** Exit code of a plugin that a person started by hand: `EX_USAGE` of sysexits.h. */
const RUN_BY_HAND = 64;

/** How long work of Node's threads may go on after the session, in milliseconds. */
const THREADS_GRACE = 100;

/**
 * Runs a provider in this process until the host is done with it.
 *
 * Call it first in the program. It takes stdin and stdout for itself before it returns: what the program
 * or a child of it prints afterwards goes to stderr, and they read an empty stdin.
 *
 * The exit code is 0 when the host said `exit` or is gone, 1 when the channel failed, and 64 when a
 * person started the program by hand.
 */
export function serve(provider: Provider): void {
  if (process.env[COOKIE] !== "1" || isTerminal()) {
    const { id } = provider;
    writeStderr(`\`${id}\` is a Prizm provider, which Prizm starts. Try: prizm run ${id} INPUT\n`);
    process.exit(RUN_BY_HAND);
  }
  const { source, write } = guard();
  process.on("uncaughtException", (thrown) => noteThrown("uncaught exception", thrown));
  process.on("unhandledRejection", (thrown) => noteThrown("unhandled rejection", thrown));
  new Session(provider, source, write).ended.then(
    () => leave(0),
    (error: Error) => {
      note(error.message);
      leave(1);
    },
  );
}

function isTerminal(): boolean {
  return fs.fstatSync(0).isCharacterDevice() && tty().isatty(0);
}

/**
 * Ends the process. Node waits for its threads, and a thread that reads from a device or asks a server of
 * names can take for ever; then the process is killed.
 */
function leave(code: number): void {
  const isBusy = () => process.getActiveResourcesInfo().some((name) => name.includes("Req"));
  if (!isBusy()) process.exit(code);
  setTimeout(() => {
    if (!isBusy()) process.exit(code);
    process.emit("exit", code);
    process.kill(process.pid, "SIGKILL");
  }, THREADS_GRACE);
}
