/** What providers of remote vendors share: HTTP in bounded memory, money, and what both say to users. */

export { checkOptions } from "./check.js";
export { type Bounds, download } from "./download.js";
export { HttpFailure, TransportFailure, jsonOrText, transportFailure, whole } from "./http.js";
export { decimal, divided, perMillion, reckoned, sum, times } from "./money.js";
export { hidden, redacted } from "./redact.js";
export { clean } from "./schema.js";
export { fetchOnce, refusal } from "./send.js";
export { count, cut, isRecord, isSmall, label, records, short, word } from "./values.js";
export { retryAfter } from "./wait.js";
