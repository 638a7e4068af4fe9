/**
 * Runs a vendor's loopback server: `node tests/vendors/main.mjs fal`. It prints its URL in a line of JSON, and
 * ends when its stdin does, so that none outlives the test that started it.
 */

import { elevenlabs } from "./elevenlabs.mjs";
import { fal } from "./fal.mjs";
import { huggingface } from "./huggingface.mjs";
import { openai } from "./openai.mjs";
import { replicate } from "./replicate.mjs";
import { Server } from "./server.mjs";

const VENDORS = { elevenlabs, fal, huggingface, openai, replicate };

const vendor = VENDORS[process.argv[2]];
if (vendor === undefined) {
  console.error(`error: which vendor? There is: ${Object.keys(VENDORS).join(", ")}`);
  process.exit(64);
}
const server = await new Server(vendor).listen();
console.log(JSON.stringify({ url: server.url }));
process.stdin
  .resume()
  .on("close", () => process.exit(0))
  .on("end", () => process.exit(0));
