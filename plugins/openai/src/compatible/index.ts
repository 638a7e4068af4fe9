/**
 * What every server that speaks OpenAI's API has in common, whoever asks it: HTTP, how a chat is asked, answers as they
 * come, errors, pictures, and what was used. Other plugins link this directory.
 */

export { accept, metaOf, nothing } from "./answered.js";
export { type Ways, question } from "./asked.js";
export { type Answer, hear } from "./chat.js";
export { type Setting, explain } from "./errors.js";
export { Http } from "./http.js";
export { type Asked, body, primary, textOf, upload } from "./inputs.js";
export { CHAT, SEEN, choice, number, own, text, whole } from "./options.js";
export { take } from "./outputs.js";
export { sniff } from "./sniff.js";
export { Text } from "./text.js";
export { type Counts, type Long, RATED, type Rates, counted, usageOf } from "./usage.js";
