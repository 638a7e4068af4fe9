/**
 * The echo provider of the benchmark, with the SDK for TypeScript: `node echo.mjs [ID]`, started by a Prizm host.
 *
 * It imports the SDK as it is published, compiled into one module, which this makes in `protocol/typescript`:
 * `npm ci --ignore-scripts --no-audit --no-fund && npm run build`.
 */

import { ProviderError, serve, text } from "../../protocol/typescript/dist/index.js";

const capabilities = ["text-to-text"];

serve({
  // Many of it run at once, each by the id that it is registered by.
  id: process.argv[2] ?? "seam",
  version: "0.1.0",
  models: [
    { id: "echo", capabilities },
    { id: "hang", capabilities },
  ],
  maxInFlight: 1024,
  async transform(request, context) {
    if (request.model === "echo") return text(request.text());
    const { signal } = context;
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    throw new ProviderError("Cancelled", "cancelled");
  },
});
