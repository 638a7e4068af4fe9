/** Servers that are known by name: where they are, which key they take, and what little they do in their own way. */

import type { Ways } from "./compatible/index.js";
import type { Known, Role } from "./known.js";
import * as tables from "./tables.js";

export interface Preset extends Ways {
  readonly baseUrl: string;
  /** The variable that holds the key; none where no key is needed. */
  readonly variable?: string;
  /** Which models stand behind `chat`, `image`, `speech` and `transcription`. */
  readonly defaults: Readonly<Partial<Record<Role, string>>>;
  readonly known: readonly Known[];
}

const remote = { maxTokens: "max_tokens", asksUsage: true } as const;
/** One's own: it needs no key, costs nothing, and has the models that it lists. */
const own = { ...remote, known: [], defaults: {} } as const;

export const PRESETS = {
  openai: {
    ...remote,
    baseUrl: "https://api.openai.com/v1",
    variable: "OPENAI_API_KEY",
    known: tables.OPENAI,
    defaults: {
      chat: "gpt-6-luna",
      image: "gpt-image-2",
      speech: "gpt-4o-mini-tts",
      transcription: "gpt-transcribe",
    },
    maxTokens: "max_completion_tokens",
  },
  openrouter: {
    ...remote,
    baseUrl: "https://openrouter.ai/api/v1",
    variable: "OPENROUTER_API_KEY",
    known: tables.OPENROUTER,
    defaults: { chat: "openrouter/auto" },
  },
  together: {
    ...remote,
    baseUrl: "https://api.together.xyz/v1",
    variable: "TOGETHER_API_KEY",
    known: tables.TOGETHER,
    defaults: { chat: "openai/gpt-oss-120b" },
  },
  mistral: {
    ...remote,
    baseUrl: "https://api.mistral.ai/v1",
    variable: "MISTRAL_API_KEY",
    known: tables.MISTRAL,
    defaults: { chat: "mistral-small-latest", transcription: "voxtral-mini-latest" },
    // It says so unasked, and refuses fields that it does not know.
    asksUsage: false,
  },
  groq: {
    ...remote,
    baseUrl: "https://api.groq.com/openai/v1",
    variable: "GROQ_API_KEY",
    known: tables.GROQ,
    defaults: { chat: "openai/gpt-oss-20b", transcription: "whisper-large-v3-turbo" },
  },
  xai: {
    ...remote,
    baseUrl: "https://api.x.ai/v1",
    variable: "XAI_API_KEY",
    known: tables.XAI,
    defaults: { chat: "grok-4.3", image: "grok-imagine-image" },
  },
  ollama: { ...own, baseUrl: "http://127.0.0.1:11434/v1" },
  "llama.cpp": { ...own, baseUrl: "http://127.0.0.1:8080/v1" },
  vllm: { ...own, baseUrl: "http://127.0.0.1:8000/v1" },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof PRESETS;

export const PRESET_NAMES = Object.keys(PRESETS) as PresetName[];
