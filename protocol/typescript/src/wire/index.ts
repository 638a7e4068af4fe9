/** The messages of protocol 1.0: what is read is checked, and prints with `JSON.stringify`. */

export * from "./frame.js";
export * from "./lines.js";
export * from "./model.js";
export * from "./notices.js";
export * from "./methods.js";
export { Mismatch, type JsonObject, type Reader } from "./read.js";
