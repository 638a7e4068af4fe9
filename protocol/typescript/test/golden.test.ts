/**
 * The golden messages under `protocol/examples`: what is read is printed as it was, or as its
 * `NAME.printed.json` says: defaults filled in, fields from the future dropped.
 */

import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import * as wire from "../src/wire/index.js";
import { rootOf } from "./root.js";

const EXAMPLES = join(fileURLToPath(rootOf(import.meta.url)), "../examples");

/** The types that only hosts know. */
const FOREIGN = ["Manifest", "ServiceManifest"];

const TYPES: Record<string, wire.Reader<unknown>> = {
  Accepted: wire.readAccepted,
  CancelParams: wire.readCancel,
  Chunk: wire.readChunk,
  ConfigureParams: wire.readConfigure,
  ConfigureResult: wire.readConfigureResult,
  Declaration: wire.readDeclaration,
  Empty: wire.readEmpty,
  ErrorData: wire.readErrorData,
  ErrorObject: wire.readError,
  EstimateParams: wire.readEstimate,
  EstimateResult: wire.readEstimateResult,
  Health: wire.readHealth,
  InitializeParams: wire.readInitialize,
  InputSlot: wire.readInputSlot,
  Log: wire.readLog,
  Media: wire.readMedia,
  MediaFacts: wire.readMediaFacts,
  Model: wire.readModel,
  ModelsResult: wire.readModels,
  Notification: readFrame,
  Price: wire.readPrice,
  Progress: wire.readProgress,
  Request: readFrame,
  Response: readFrame,
  Startup: wire.readStartup,
  TransformParams: wire.readTransform,
  TransformResult: wire.readResult,
  Usage: wire.readUsage,
};

const PARAMS: Record<string, wire.Reader<unknown>> = {
  initialize: wire.readInitialize,
  configure: wire.readConfigure,
  models: wire.readEmpty,
  health: wire.readEmpty,
  ping: wire.readEmpty,
  shutdown: wire.readEmpty,
  transform: wire.readTransform,
  estimate: wire.readEstimate,
  "$/cancelRequest": wire.readCancel,
  "$/progress": wire.readProgress,
  "$/chunk": wire.readChunk,
  "$/accepted": wire.readAccepted,
  "$/startup": wire.readStartup,
  "$/log": wire.readLog,
};

/** Goes by the way of the wire: one compact line, told apart, its parts read, and encoded anew. */
function readFrame(whole: unknown): unknown {
  const message = wire.classify(Buffer.from(JSON.stringify(whole)));
  assert.ok(typeof message === "object", String(message));
  return JSON.parse(wire.encode(printed(message)));
}

function printed(message: wire.Message): object {
  switch (message.type) {
    case "request":
    case "notification": {
      const { type: _, ...rest } = message;
      if (message.params !== undefined) PARAMS[message.method]?.(message.params);
      return { jsonrpc: "2.0", ...rest };
    }
    case "result":
      return { jsonrpc: "2.0", id: message.id, result: message.result };
    case "error":
      return { jsonrpc: "2.0", id: message.id, error: wire.readError(message.error) };
  }
}

function read(directory: string, file: string): unknown {
  return JSON.parse(readFileSync(join(EXAMPLES, directory, file), "utf8"));
}

test("every directory of examples has a type", () => {
  const unknown = readdirSync(EXAMPLES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !FOREIGN.includes(entry.name) && !Object.hasOwn(TYPES, entry.name))
    .map((entry) => entry.name);
  assert.deepEqual(unknown, []);
});

for (const [type, reader] of Object.entries(TYPES)) {
  const files = existsSync(join(EXAMPLES, type)) ? readdirSync(join(EXAMPLES, type)) : [];
  for (const file of files) {
    test(`${type}/${file} is printed as it was read`, () => {
      const other = file.replace(/(?:\.printed)?\.json$/, ".printed.json");
      const wanted = read(type, files.includes(other) ? other : file);
      assert.deepEqual(JSON.parse(JSON.stringify(reader(read(type, file)))), wanted);
    });
  }
}

test("frames are told apart by their directory", () => {
  for (const directory of ["Request", "Notification", "Response"]) {
    for (const file of readdirSync(join(EXAMPLES, directory))) {
      const message = wire.classify(Buffer.from(JSON.stringify(read(directory, file))));
      assert.ok(typeof message === "object", `${file}: ${String(message)}`);
      const told = message.type === "result" || message.type === "error" ? "response" : message.type;
      assert.equal(told, directory.toLowerCase(), file);
    }
  }
});
