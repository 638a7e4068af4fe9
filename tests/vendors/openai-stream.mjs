/**
 * How servers that speak OpenAI's API write a stream: as OpenAI does, and in each of the ways in which others do not.
 * Every difference has a name; a test says which there are, such as `{"noDone": true, "crlf": true}`.
 */

/** Names of the differences in how a stream is written; `error` and `reasoning` have a value. */
export const VARIANTS = {
  noFinish: "no chunk has a `finish_reason`",
  noDone: "there is no `[DONE]` at the end",
  noUsage: "nobody says how many tokens there were",
  usageWithFinish: "the usage comes with the last choice, not after it",
  usageEverywhere: "each chunk has the usage so far, or null",
  noSpace: "`data:` without a space after it",
  crlf: "lines end with CR and LF",
  cr: "lines end with CR alone",
  comments: "comments and empty events in between, to keep the connection",
  emptyChoices: "chunks without choices come first and in between",
  noRole: "no chunk has a role",
  roleEverywhere: "each chunk has the role",
  nulls: "fields that are absent are null",
  parts: "the content is a list of parts",
  messages: "there are messages in place of deltas",
  bytes: "each byte comes alone, and characters are split",
  halves: "halves of a character are escaped apart",
  named: "events have names and ids",
  plain: "the answer is JSON, whatever was asked for",
  bom: "a byte order mark comes first",
  reasoning: "what the model thinks comes first, in a field of this name",
  error: "an error comes after two pieces: what it is",
  errorFirst: "an error comes before any piece: what it is",
  malformed: "a line is no JSON",
  chat: "a transcription comes as a chat does",
};

/** Cuts a text into pieces of a few characters. */
export function pieces(text) {
  return text.match(/\S+\s*|\s+/gu) ?? [];
}

/** The chunks of a chat's answer, in order. */
export function chunks({ id, model, text, finish, usage }, variant) {
  const head = { id, object: "chat.completion.chunk", created: 1_790_000_000, model };
  const nothing = variant.nulls ? { refusal: null, tool_calls: null, function_call: null, reasoning_content: null } : {};
  const all = [];
  const push = (delta, finish_reason = null) => {
    const role = variant.roleEverywhere ? { role: "assistant" } : {};
    const content = { ...role, ...nothing, ...delta };
    const choice = { index: 0, [variant.messages ? "message" : "delta"]: content, logprobs: null, finish_reason };
    const so = variant.usageEverywhere ? { usage: all.length % 2 === 0 ? null : usage } : {};
    all.push({ ...head, choices: [choice], ...so });
  };
  const content = (piece) => ({ content: variant.parts ? [{ type: "text", text: piece }] : piece });
  if (variant.emptyChoices) all.push({ ...head, choices: [], prompt_filter_results: [] });
  if (variant.errorFirst) return [...all, { error: variant.errorFirst }];
  if (!variant.noRole) push({ role: "assistant", ...(variant.nulls ? { content: null } : content("")) });
  if (variant.reasoning) for (const word of ["Let me ", "think."]) push({ [variant.reasoning]: word });
  for (const [index, piece] of (variant.halves ? [...text] : pieces(text)).entries()) {
    if (index === 2 && variant.error) return [...all, { error: variant.error }];
    const halves = variant.halves ? piece.split("") : [piece];
    for (const half of halves) push(content(half));
    if (variant.emptyChoices && index === 0) all.push({ ...head, choices: [] });
  }
  if (!variant.noFinish) push({}, finish);
  if (variant.usageWithFinish) all.at(-1).usage = usage;
  else if (!variant.noUsage && !variant.usageEverywhere) all.push({ ...head, choices: [], usage });
  return all;
}

/** The events of a transcription. */
export function transcription({ id, model, text, usage }, variant) {
  if (variant.chat) return chunks({ id, model, text, finish: "stop", usage }, variant);
  if (variant.errorFirst) return [{ error: variant.errorFirst }];
  const deltas = pieces(text).map((delta) => ({ type: "transcript.text.delta", delta, logprobs: [] }));
  return [...deltas, { type: "transcript.text.done", text, ...(variant.noUsage ? {} : { usage }) }];
}

/** Writes events as a server does, and tells of each before it is sent. */
export async function* written(events, variant, before) {
  const end = variant.crlf ? "\r\n" : variant.cr ? "\r" : "\n";
  const colon = variant.noSpace ? ":" : ": ";
  if (variant.bom) yield "\u{feff}";
  for (const [index, event] of events.entries()) {
    await before(index);
    const lines = [];
    if (variant.comments) lines.push(": OPENROUTER PROCESSING", "", "data", "", "event: ping", "");
    if (variant.named) lines.push(`event${colon}${event.type ?? "message"}`, `id${colon}${index}`, "retry: 10");
    const text = JSON.stringify(event);
    lines.push(`data${colon}${variant.malformed && index === 2 ? text.slice(0, -9) : text}`, "", "");
    yield* sent(lines.join(end), variant);
  }
  if (!variant.noDone) yield* sent(`data${colon}[DONE]${end}${end}`, variant);
}

async function* sent(text, { bytes }) {
  if (!bytes) return yield text;
  for (const byte of Buffer.from(text)) {
    await new Promise((resolve) => setImmediate(resolve));
    yield Buffer.of(byte);
  }
}
