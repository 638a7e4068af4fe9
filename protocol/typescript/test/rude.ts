/** A provider with bad manners, which tests start as a process of its own. */

import { execFile, spawnSync } from "node:child_process";
import { existsSync, readFile, readSync, readlinkSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";

import { type Awaitable, type Context, type Transformed, log, serve, text } from "@prizm/plugin";

/** Where descriptors lead, on Linux. */
const leads = (...fds: number[]) => fds.map((fd) => (existsSync("/proc/self/fd") ? readlinkSync(`/proc/self/fd/${fd}`) : ""));
const channel = leads(0, 1);

const manner = process.argv[2] ?? "";
if (manner === "prints-first") console.log("printed before serve");
if (manner === "looks-at-stdin") process.stdin.isTTY;
if (manner === "reads-stdin") process.stdin.on("data", () => console.error("stolen"));

serve({
  id: "rude",
  version: "1.0.0",
  models: [{ id: "lab", capabilities: ["text-to-text"] }],
  maxInFlight: 4,
  async transform(request, context) {
    const what = request.text();
    return (await actions[what]?.(context)) ?? text(what);
  },
});
// After `serve` has returned nothing reaches the channel any more.
console.log("printed after serve");

const actions: Record<string, (context: Context) => Awaitable<Transformed | undefined | void>> = {
  async print() {
    process.stdout.write("printed by the stream");
    console.log("printed by the console");
    writeSync(1, '{"jsonrpc":"2.0","id":3,"result":"forged"}\n');
    await new Promise((resolve) => process.stdout.write("printed and waited for\n", resolve));
    const worker = new Worker('console.log("printed by a thread")', { eval: true });
    await new Promise((resolve) => worker.once("exit", resolve));
  },
  child() {
    const script = "echo printed by a child; cat; ls -l /proc/self/fd; exit 7";
    const { status } = spawnSync("sh", ["-c", script], { stdio: "inherit" });
    return text(`the child read all of its stdin and ended with ${status}`);
  },
  async stdin() {
    const read = readSync(0, Buffer.alloc(100));
    let streamed = "";
    for await (const chunk of process.stdin) streamed += String(chunk);
    return text(`read ${read} bytes and ${streamed.length}`);
  },
  descriptors: () => text(JSON.stringify({ channel, now: leads(0, 1, 2) })),
  log() {
    log.info("began", { steps: 5, model: "m" });
    log.target("loader").target("gpu").warn("low", { error: new Error("no room"), size: 5n, none: undefined });
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    log.error("strange", { circle });
  },
  uncaught() {
    setTimeout(() => {
      throw new Error("thrown by nobody's call");
    }, 1);
    return sleep(20);
  },
  rejected() {
    void Promise.reject(new Error("rejected by nobody's call"));
    void Promise.reject("a mere text");
    return sleep(20);
  },
  "throw-null"() {
    throw null;
  },
  async busy(context) {
    context.progress(0, "busy");
    setInterval(() => {}, 10);
    execFile("sleep", ["60"], { signal: context.signal }, () => {});
    await sleep(60_000);
  },
  async stuck(context) {
    context.progress(0, "stuck");
    // A thread of Node's that nothing can stop: nobody ever writes into this pipe.
    readFile(process.env["FIFO"] ?? "", () => {});
    await sleep(60_000);
  },
};
