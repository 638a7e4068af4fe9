/** The models of Hugging Face's loopback: who serves each, for which task, and what chats cost. */

/** Chats, as the router lists them; prices are of a million tokens. */
export const CHATS = [
  chat("openai/gpt-oss-120b", ["text"], [
    offer("groq", { input: 0.15, output: 0.75 }, 131072),
    offer("cerebras", { input: 0.25, output: 0.69 }, 131072),
    offer("featherless-ai"),
    { ...offer("novita", { input: 0.01, output: 0.01 }), status: "error" },
  ]),
  chat("google/gemma-3-27b-it", ["text", "image"], [offer("scaleway", { input: 0.25, output: 0.5 }, 40000)]),
  chat("acme/free-7b", ["text"], [{ ...offer("publicai", { input: 0, output: 0 }), is_free: true }]),
];

function chat(id, input_modalities, providers) {
  const architecture = { input_modalities, output_modalities: ["text"] };
  return { id, object: "model", created: 1_790_000_000, owned_by: id.split("/")[0], architecture, providers };
}

function offer(provider, pricing, context_length) {
  const told = { ...(pricing && { pricing }), ...(context_length && { context_length }) };
  return { provider, status: "live", ...told, supports_tools: true, supports_structured_output: true, is_model_author: false };
}

const live = (task, providerId) => ({ status: "live", providerId, task, isModelAuthor: false });

/** Models of other tasks, and who serves each: in the order of the user's settings. */
export const OTHERS = {
  "stabilityai/stable-diffusion-xl-base-1.0": {
    "fal-ai": live("text-to-image", "fal-ai/fast-sdxl"),
    "hf-inference": live("text-to-image", "stabilityai/stable-diffusion-xl-base-1.0"),
    nscale: live("text-to-image", "stabilityai/stable-diffusion-xl-base-1.0"),
  },
  "black-forest-labs/FLUX.1-dev": {
    replicate: live("text-to-image", "black-forest-labs/flux-dev"),
    together: live("text-to-image", "black-forest-labs/FLUX.1-dev"),
    nscale: { ...live("text-to-image", "black-forest-labs/FLUX.1-dev"), status: "staging" },
    deepinfra: live("text-to-image", "black-forest-labs/FLUX-1-dev"),
  },
  "zai-org/GLM-Image": { "fal-ai": live("text-to-image", "fal-ai/glm-image") },
  "hexgrad/Kokoro-82M": {
    "fal-ai": live("text-to-speech", "fal-ai/kokoro/american-english"),
    together: live("text-to-speech", "hexgrad/Kokoro-82M"),
    deepinfra: live("text-to-speech", "hexgrad/Kokoro-82M"),
  },
  "facebook/mms-tts-eng": { "hf-inference": live("text-to-speech", "facebook/mms-tts-eng") },
  "openai/whisper-large-v3-turbo": {
    "fal-ai": live("automatic-speech-recognition", "fal-ai/whisper"),
    "hf-inference": live("automatic-speech-recognition", "openai/whisper-large-v3-turbo"),
  },
  "openai/whisper-large-v3": { deepinfra: live("automatic-speech-recognition", "openai/whisper-large-v3") },
  "nlpconnect/vit-gpt2-image-captioning": {
    "hf-inference": live("image-to-text", "nlpconnect/vit-gpt2-image-captioning"),
  },
  "BAAI/bge-small-en-v1.5": { "hf-inference": live("feature-extraction", "BAAI/bge-small-en-v1.5") },
};
