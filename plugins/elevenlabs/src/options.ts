/** The options of each kind of model: their schemas, and what ElevenLabs calls them. */

import { SOUND_FORMATS, SPEECH_FORMATS } from "./formats.js";

/** What a model is for: each has an endpoint of its own. */
export type Role = "speech" | "sound" | "transcription";

type Schema = Readonly<Record<string, unknown>>;

const text = (description: string, more: object = {}): Schema => ({ type: "string", description, ...more });
const number = (description: string, minimum: number, maximum: number, more: object = {}): Schema => ({
  type: "number",
  description,
  minimum,
  maximum,
  ...more,
});
const whole = (description: string, minimum: number, maximum: number): Schema => ({
  type: "integer",
  description,
  minimum,
  maximum,
});
const choice = (description: string, values: readonly string[], more: object = {}): Schema => ({
  type: "string",
  description,
  enum: values,
  ...more,
});
const flag = (description: string, more: object = {}): Schema => ({ type: "boolean", description, ...more });

const own = "; without it, the voice's own setting";
const format = (values: readonly string[]) =>
  choice("The format of the file; 192 kbit/s and WAV from 44.1 kHz on need a larger plan", values, { default: "mp3" });
const seed = (most: number) => whole("What its choices begin with; without it, a random number", 0, most);
const language = (otherwise: string) =>
  text(`The language, as ISO 639 has it, such as \`en\`; without it, ${otherwise}`, { pattern: "^[a-z]{2,3}$" });

/** The options of each role. */
export const OPTIONS = {
  speech: {
    voice: text("Whose voice: its name, or its id; without it, the one of the settings", { minLength: 1 }),
    format: format(SPEECH_FORMATS),
    speed: number(`How fast it is spoken; 1 is as usual${own}`, 0.7, 1.2),
    stability: number(`How even it is; less is livelier${own}`, 0, 1),
    similarity: number(`How close it keeps to the voice${own}`, 0, 1),
    style: number(`How much the speaker's style is exaggerated${own}`, 0, 1),
    speakerBoost: flag(`Whether it is made more like the speaker, which takes longer${own}`),
    language: language("what the text is in"),
    textNormalization: choice("Whether numbers and the like are spelt out", ["auto", "on", "off"], { default: "auto" }),
    previousText: text("What was said before, for the flow; without it, nothing"),
    nextText: text("What will be said after, for the flow; without it, nothing"),
    seed: seed(2 ** 32 - 1),
  },
  sound: {
    format: format(SOUND_FORMATS),
    durationSeconds: number("How long it is; without it, what suits the text", 0.5, 30),
    promptInfluence: number("How closely it keeps to the text", 0, 1, { default: 0.3 }),
    loop: flag("Whether its end goes over into its beginning", { default: false }),
  },
  transcription: {
    language: language("the model finds out"),
    timestamps: choice("Whether it is told when each word is said", ["none", "word"], { default: "word" }),
    diarize: flag("Whether it is told who says each word", { default: false }),
    speakers: whole("How many speak at most; without it, as many as the model can tell apart", 1, 32),
    audioEvents: flag("Whether laughter and the like are written down", { default: true }),
    temperature: number("How freely it chooses; without it, the model's own choice", 0, 2),
    seed: seed(2 ** 31 - 1),
  },
} as const satisfies Record<Role, Readonly<Record<string, Schema>>>;

/** Returns the whole schema of a role's options, but for those that a model has not. */
export function schemaOf(role: Role, lacks: readonly string[] = []): Record<string, unknown> {
  const all: Readonly<Record<string, Schema>> = OPTIONS[role];
  const properties = Object.fromEntries(Object.entries(all).filter(([name]) => !lacks.includes(name)));
  return { type: "object", additionalProperties: false, properties };
}

/** ElevenLabs's names of options, by role and ours; `format` and `voice` are part of the address. */
export const NAMES = {
  speech: {
    language: "language_code",
    textNormalization: "apply_text_normalization",
    previousText: "previous_text",
    nextText: "next_text",
    seed: "seed",
  },
  voice: {
    speed: "speed",
    stability: "stability",
    similarity: "similarity_boost",
    style: "style",
    speakerBoost: "use_speaker_boost",
  },
  sound: { durationSeconds: "duration_seconds", promptInfluence: "prompt_influence", loop: "loop" },
  transcription: {
    language: "language_code",
    timestamps: "timestamps_granularity",
    diarize: "diarize",
    speakers: "num_speakers",
    audioEvents: "tag_audio_events",
    temperature: "temperature",
    seed: "seed",
  },
} as const;

/** Our names, by ElevenLabs's. */
export const OURS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Object.values(NAMES).flatMap((names) => Object.entries(names).map(([ours, theirs]) => [theirs, ours])),
  ),
  voice_id: "voice",
  output_format: "format",
};
