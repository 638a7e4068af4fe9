/**
 * Models that are known without asking, and their prices, as of 28 November 2026: from the price table of LiteLLM
 * 1.110.2, which names the vendor's page or list that most are from. OpenRouter's router has no price. Together's and OpenRouter's lists tell prices themselves, and the setting `prices` corrects any.
 */

import { perMillion } from "#prizm/remote";

import type { Long, Rates } from "./compatible/index.js";
import { type Known, tokens } from "./known.js";

const chat = (id: string, rates: Rates, context: number, more: Partial<Known> = {}): Known => ({
  id,
  role: "chat",
  rates,
  context,
  ...more,
});
const seeing = { takesImages: true };

/** A question of more tokens than this costs more, and so does its answer. */
const OPENAI_LONG: Long = { above: 272_000, input: "2", output: "1.5" };
const XAI_LONG: Long = { above: 200_000, input: "2", output: "2" };

const PAINTED: Rates = { ...tokens("5", "30", "1.25"), image_token: perMillion("8") };

/**
 * From OpenAI's page of prices. What will be withdrawn within half a year is not listed, but for speech and for two
 * transcriptions.
 */
export const OPENAI: readonly Known[] = [
  chat("gpt-6-luna", tokens("0.1", "0.5", "0.01"), 922_000, { ...seeing, long: OPENAI_LONG }),
  chat("gpt-6.1-terra", tokens("1", "5", "0.05"), 922_000, { ...seeing, long: OPENAI_LONG }),
  chat("gpt-6.1-sol", tokens("2", "10", "0.1"), 922_000, { ...seeing, long: OPENAI_LONG }),
  chat("gpt-5.4-mini", tokens("0.75", "4.5", "0.075"), 272_000, seeing),
  // What a picture costs depends on how fine and large it is: the server counts the tokens.
  { id: "gpt-image-2", role: "image", takesImages: true, rates: PAINTED },
  { id: "gpt-image-2.6-flare", role: "image", takesImages: true, rates: PAINTED },
  { id: "gpt-image-2.6-sunburst", role: "image", takesImages: true, rates: PAINTED },
  // OpenAI withdraws these three on 6 January 2027, and has no other for this endpoint yet.
  { id: "gpt-4o-mini-tts", role: "speech", rates: { audio_second: "0.00025" } },
  { id: "tts-1", role: "speech", rates: { character: perMillion("15") } },
  { id: "tts-1-hd", role: "speech", rates: { character: perMillion("30") } },
  { id: "gpt-transcribe", role: "transcription", rates: { second: "0.000075" } },
  // It withdraws these two on 26 February 2027.
  { id: "gpt-4o-mini-transcribe", role: "transcription", rates: { ...tokens("1.25", "5"), second: "0.00005" } },
  { id: "whisper-1", role: "transcription", rates: { second: "0.0001" } },
];

/** Its list has hundreds, with prices; what the router chose is charged, and told with each answer. */
export const OPENROUTER: readonly Known[] = [{ id: "openrouter/auto", role: "chat", takesImages: true }];

/** From Together's own list. */
export const TOGETHER: readonly Known[] = [
  chat("openai/gpt-oss-120b", tokens("0.15", "0.6"), 131_072),
  chat("Qwen/Qwen3.5-9B", tokens("0.17", "0.25"), 262_144, seeing),
];

/** From Mistral's pages of models. */
export const MISTRAL: readonly Known[] = [
  chat("mistral-small-latest", tokens("0.15", "0.6", "0.015"), 262_144, seeing),
  chat("mistral-medium-latest", tokens("1.5", "7.5", "0.15"), 262_144, seeing),
  chat("mistral-large-latest", tokens("0.5", "1.5", "0.05"), 262_144, seeing),
  { id: "voxtral-mini-latest", role: "transcription", rates: { second: "0.00005" } },
];

/** Groq's; of these the table names a page for `qwen/qwen3.8-27b` alone. */
export const GROQ: readonly Known[] = [
  chat("openai/gpt-oss-120b", tokens("0.15", "0.6", "0.075"), 131_072),
  chat("openai/gpt-oss-20b", tokens("0.075", "0.3", "0.0375"), 131_072),
  chat("qwen/qwen3.8-27b", tokens("0.8", "4"), 131_072, seeing),
  { id: "whisper-large-v3-turbo", role: "transcription", rates: { second: "0.00001111" } },
  { id: "whisper-large-v3", role: "transcription", rates: { second: "0.00003083" } },
];

/** From xAI's own list, and its page of models. */
export const XAI: readonly Known[] = [
  chat("grok-4.3", tokens("1.25", "2.5", "0.2"), 1_000_000, { ...seeing, long: XAI_LONG }),
  chat("grok-4.7", tokens("2", "6", "0.5"), 500_000, { ...seeing, long: XAI_LONG }),
  { id: "grok-imagine-image", role: "image", rates: { image: "0.02" } },
];
