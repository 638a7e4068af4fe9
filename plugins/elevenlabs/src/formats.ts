/** Formats of sounds: ElevenLabs's own words, `codec_rate_bitrate`, and short ones for what is usual. */

const MP3 = ["mp3_22050_32", "mp3_24000_48", "mp3_44100_32", "mp3_44100_64", "mp3_44100_96", "mp3_44100_128", "mp3_44100_192"];
const OPUS = ["opus_48000_32", "opus_48000_64", "opus_48000_96", "opus_48000_128", "opus_48000_192"];
const WAV = ["wav_8000", "wav_16000", "wav_22050", "wav_24000", "wav_32000", "wav_44100", "wav_48000"];

/** The usual one of each, which every plan has. */
const SHORT: Readonly<Record<string, string>> = { mp3: "mp3_44100_128", opus: "opus_48000_96", wav: "wav_24000" };

/** What speech can be. Raw samples are left out: a file of them does not say what it is. */
export const SPEECH_FORMATS = ["mp3", "opus", "wav", ...MP3, ...OPUS, ...WAV] as const;

/** What other sounds can be. */
export const SOUND_FORMATS = ["mp3", "opus", ...MP3, ...OPUS] as const;

/** Returns ElevenLabs's word for a format. */
export function formatNamed(format: string): string {
  return SHORT[format] ?? format;
}

/** Whether a format can come while it is made: a file of WAV says at its beginning how long it is. */
export function isStreamed(format: string): boolean {
  return !format.startsWith("wav_");
}

/** How many seconds so many bytes play, where every second has as many. */
export function secondsOf(format: string, bytes: number): number | undefined {
  const [codec, , bitrate] = format.split("_");
  return codec === "mp3" && bitrate !== undefined ? bytes / (Number(bitrate) * 125) : undefined;
}
