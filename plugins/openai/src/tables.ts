/**
 * Models that are known without asking, and their prices: about those of 2025, not checked since. No server but
 * OpenRouter's and Together's tells prices; the setting `prices` corrects them. How good they are, and how long they
 * take, is a guess of ours.
 */

import { type Known, type Rates, tokens } from "./known.js";
import { perMillion } from "./money.js";

/** What may be said of a model. */
type More = Omit<Known, "id" | "role" | "rates">;

const chat = (id: string, rates: Rates, quality: number, more: More = {}): Known => ({
  id,
  role: "chat",
  rates,
  quality,
  typicalMs: 3000,
  ...more,
});
const seeing = { takesImages: true };

const PAINTED: Rates = { ...tokens("5", "40", "1.25"), image_token: perMillion("10") };

export const OPENAI: readonly Known[] = [
  chat("gpt-4.1-mini", tokens("0.4", "1.6", "0.1"), 3, { ...seeing, context: 1_047_576 }),
  chat("gpt-4.1-nano", tokens("0.1", "0.4", "0.025"), 2, { ...seeing, context: 1_047_576, typicalMs: 2000 }),
  chat("gpt-4.1", tokens("2", "8", "0.5"), 4, { ...seeing, context: 1_047_576 }),
  chat("gpt-4o-mini", tokens("0.15", "0.6", "0.075"), 2, { ...seeing, context: 128_000 }),
  chat("gpt-4o", tokens("2.5", "10", "1.25"), 4, { ...seeing, context: 128_000 }),
  chat("gpt-5-nano", tokens("0.05", "0.4", "0.005"), 3, { ...seeing, context: 400_000, typicalMs: 6000 }),
  chat("gpt-5-mini", tokens("0.25", "2", "0.025"), 4, { ...seeing, context: 400_000, typicalMs: 8000 }),
  chat("gpt-5", tokens("1.25", "10", "0.125"), 5, { ...seeing, context: 400_000, typicalMs: 15_000 }),
  chat("o4-mini", tokens("1.1", "4.4", "0.275"), 4, { ...seeing, context: 200_000, typicalMs: 10_000 }),
  {
    id: "gpt-image-1",
    role: "image",
    takesImages: true,
    // A picture of medium quality; what is charged is by tokens.
    rates: { ...PAINTED, image: "0.042" },
    quality: 4,
    typicalMs: 30_000,
  },
  {
    id: "gpt-image-1-mini",
    role: "image",
    takesImages: true,
    rates: { ...tokens("2", "8", "0.2"), image_token: perMillion("2.5"), image: "0.011" },
    quality: 3,
    typicalMs: 25_000,
  },
  { id: "dall-e-3", role: "image", rates: { image: "0.04" }, quality: 3, typicalMs: 15_000 },
  { id: "gpt-4o-mini-tts", role: "speech", rates: { audio_second: "0.00025" }, quality: 4, typicalMs: 3000 },
  { id: "tts-1", role: "speech", rates: { character: perMillion("15") }, quality: 3, typicalMs: 2000 },
  { id: "tts-1-hd", role: "speech", rates: { character: perMillion("30") }, quality: 4, typicalMs: 3000 },
  {
    id: "gpt-4o-mini-transcribe",
    role: "transcription",
    rates: { ...tokens("1.25", "5"), second: "0.00005" },
    quality: 4,
    typicalMs: 3000,
  },
  {
    id: "gpt-4o-transcribe",
    role: "transcription",
    rates: { ...tokens("2.5", "10"), second: "0.0001" },
    quality: 5,
    typicalMs: 4000,
  },
  { id: "whisper-1", role: "transcription", rates: { second: "0.0001" }, quality: 3, typicalMs: 4000 },
];

export const OPENROUTER: readonly Known[] = [
  chat("openai/gpt-4.1-mini", tokens("0.4", "1.6"), 3, { ...seeing, context: 1_047_576 }),
  chat("google/gemini-2.5-flash", tokens("0.3", "2.5"), 4, { ...seeing, context: 1_048_576 }),
  chat("anthropic/claude-sonnet-4", tokens("3", "15"), 5, { ...seeing, context: 200_000 }),
];

export const TOGETHER: readonly Known[] = [
  chat("meta-llama/Llama-3.3-70B-Instruct-Turbo", tokens("0.88", "0.88"), 3, { context: 131_072 }),
  chat("Qwen/Qwen2.5-VL-72B-Instruct", tokens("1.95", "8"), 3, { ...seeing, context: 32_768 }),
  {
    id: "black-forest-labs/FLUX.1-schnell",
    role: "image",
    rates: { megapixel: "0.0027" },
    quality: 3,
    typicalMs: 3000,
  },
  { id: "openai/whisper-large-v3", role: "transcription", rates: { second: "0.000025" }, quality: 4, typicalMs: 2000 },
];

export const MISTRAL: readonly Known[] = [
  chat("mistral-small-latest", tokens("0.1", "0.3"), 3, { ...seeing, context: 131_072 }),
  chat("mistral-medium-latest", tokens("0.4", "2"), 4, { ...seeing, context: 131_072 }),
  chat("mistral-large-latest", tokens("2", "6"), 4, { context: 131_072 }),
  {
    id: "voxtral-mini-latest",
    role: "transcription",
    // 0.001 a minute, rounded up.
    rates: { second: "0.000017" },
    quality: 4,
    typicalMs: 3000,
  },
];

export const GROQ: readonly Known[] = [
  chat("llama-3.3-70b-versatile", tokens("0.59", "0.79"), 3, { context: 131_072, typicalMs: 1000 }),
  chat("llama-3.1-8b-instant", tokens("0.05", "0.08"), 2, { context: 131_072, typicalMs: 600 }),
  chat("meta-llama/llama-4-scout-17b-16e-instruct", tokens("0.11", "0.34"), 3, {
    ...seeing,
    context: 131_072,
    typicalMs: 1000,
  }),
  // 0.04 and 0.111 an hour, rounded up.
  { id: "whisper-large-v3-turbo", role: "transcription", rates: { second: "0.0000112" }, quality: 3, typicalMs: 1000 },
  { id: "whisper-large-v3", role: "transcription", rates: { second: "0.0000309" }, quality: 4, typicalMs: 1500 },
];

export const XAI: readonly Known[] = [
  chat("grok-3-mini", tokens("0.3", "0.5"), 3, { context: 131_072 }),
  chat("grok-4", tokens("3", "15"), 5, { ...seeing, context: 256_000, typicalMs: 10_000 }),
  { id: "grok-2-image", role: "image", rates: { image: "0.07" }, quality: 3, typicalMs: 8000 },
];
