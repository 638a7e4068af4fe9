/** What the loopback of ElevenLabs lists, and the sounds that it makes: silence, in each container. */

import { MEDIA } from "./media.mjs";

/** A model as `/v1/models` has it. */
function model(model_id, name, most, cost, more = {}) {
  return {
    model_id,
    name,
    can_be_finetuned: false,
    can_do_text_to_speech: true,
    can_do_voice_conversion: false,
    can_use_style: true,
    can_use_speaker_boost: true,
    serves_pro_voices: false,
    token_cost_factor: 1,
    description: `${name} speaks.`,
    requires_alpha_access: false,
    max_characters_request_free_user: 2500,
    max_characters_request_subscribed_user: 5000,
    maximum_text_length_per_request: most,
    languages: [{ language_id: "en", name: "English" }],
    model_rates: { character_cost_multiplier: cost },
    concurrency_group: "standard",
    ...more,
  };
}

export const MODELS = [
  model("eleven_v3", "Eleven v3", 5000, 1, { can_use_speaker_boost: false }),
  model("eleven_multilingual_v2", "Eleven Multilingual v2", 10_000, 1),
  model("eleven_flash_v2_5", "Eleven Flash v2.5", 40_000, 0.5, { can_use_style: false, concurrency_group: "turbo" }),
  model("eleven_alpha", "Eleven Alpha", 10_000, 1, { requires_alpha_access: true }),
  model("eleven_english_sts_v2", "Eleven English v2", 10_000, 1, { can_do_text_to_speech: false, can_do_voice_conversion: true }),
];

/** Voices enough for two pages of the largest size. */
export const VOICES = [
  voice("JBFqnCBsd6RMkjVDRZzb", "George - Warm, Captivating Storyteller"),
  voice("EXAVITQu4vr4xnSDxMaL", "Sarah - Mature, Reassuring, Confident"),
  ...Array.from({ length: 118 }, (_, index) => voice(`voice${`${index}`.padStart(15, "0")}`, `Voice ${index}`)),
];

function voice(voice_id, name) {
  return { voice_id, name, category: "premade", labels: { language: "en" }, samples: null, settings: null };
}

/** So many frames of silence: MPEG 1, layer III, 128 kbit/s, 44.1 kHz, mono. */
function mp3(frames) {
  const frame = Buffer.alloc(417);
  frame.set([0xff, 0xfb, 0x90, 0xc4]);
  return Buffer.concat(Array.from({ length: frames }, () => frame));
}

/** The first page of an Ogg stream of Opus. */
function ogg() {
  const head = Buffer.from("OpusHead\x01\x01\x38\x01\x80\xbb\x00\x00\x00\x00\x00", "latin1");
  const page = Buffer.alloc(28);
  page.write("OggS");
  page.set([2], 5);
  page.set([1, head.length], 26);
  return Buffer.concat([page, head]);
}

/** A sound in a format of the API. */
export function sound(format) {
  const codec = format.split("_")[0];
  if (codec === "mp3") return { bytes: mp3(40), type: "audio/mpeg" };
  if (codec === "opus") return { bytes: ogg(), type: "audio/ogg" };
  if (codec === "wav") return { bytes: MEDIA.audio.bytes, type: "audio/wav" };
  return { bytes: Buffer.alloc(16_000), type: "audio/basic" };
}
