/**
 * How those who serve a task are asked: the router passes a request on to them, so that each has its own shape. Here
 * are those that answer one request with the whole result.
 */

import { type Asked, body, primary, textOf, upload } from "#openai/compatible";
import { ProviderError } from "#prizm/plugin";

import type { Task } from "./known.js";
import { IMAGE } from "./options.js";
import { type Sent, json, segments } from "./wire.js";

export type TaskName = Exclude<Task, "conversational">;

/** Makes the request; `id` is the model's name where it is served. */
type Shape = (asked: Asked, id: string) => Promise<Sent>;

export const SHAPES: { readonly [T in TaskName]: Readonly<Record<string, Shape>> } = {
  "text-to-image": {
    "hf-inference": async (asked, id) => {
      const parameters = body(asked, IMAGE);
      const more = Object.keys(parameters).length > 0 ? { parameters } : {};
      return json(own(id), { inputs: await textOf(asked), ...more });
    },
    together: (asked, model) => {
      const named = body(asked, { ...IMAGE, steps: "steps" });
      return painted(asked, "together/v1/images/generations", { ...named, response_format: "base64", model });
    },
    nscale: (asked, model) => {
      const named = { ...body(asked, IMAGE), response_format: "b64_json", model };
      return painted(asked, "nscale/v1/images/generations", named);
    },
    deepinfra: (asked, model) => {
      const named = { ...body(asked, IMAGE), response_format: "b64_json", model };
      return painted(asked, "deepinfra/v1/openai/images/generations", named);
    },
  },
  "text-to-speech": {
    "hf-inference": async (asked, id) => {
      const voice = asked.request.option("voice", "string");
      if (voice !== undefined) throw ProviderError.invalidOption("voice", "none, for `hf-inference` takes no voice", voice);
      return json(own(id), { inputs: await textOf(asked) });
    },
    together: (asked, model) => {
      // It must have a voice, and each model has its own; of this one it is known.
      const voice = /kokoro/i.test(model) ? { voice: "af_alloy" } : {};
      return spoken(asked, "together/v1/audio/speech", { ...voice, ...body(asked, { voice: "voice" }), model });
    },
    deepinfra: (asked, model) =>
      spoken(asked, "deepinfra/v1/openai/audio/speech", { ...body(asked, { voice: "voice" }), model }),
  },
  "automatic-speech-recognition": {
    "hf-inference": (asked, id) => raw(asked, id, "audio"),
    deepinfra: async (asked, model) => {
      const form = new FormData();
      form.append("file", await upload(asked, primary(asked.request, "audio")));
      form.append("model", model);
      return { path: "deepinfra/v1/openai/audio/transcriptions", body: form };
    },
  },
  "image-to-text": {
    "hf-inference": (asked, id) => raw(asked, id, "image"),
  },
};

/** Where Hugging Face itself serves a model. */
function own(id: string): string {
  return `hf-inference/models/${segments(id)}`;
}

async function painted(asked: Asked, path: string, named: object): Promise<Sent> {
  return json(path, { ...named, prompt: await textOf(asked) });
}

async function spoken(asked: Asked, path: string, named: object): Promise<Sent> {
  return json(path, { ...named, input: await textOf(asked) });
}

/** A file as it is. */
async function raw(asked: Asked, id: string, kind: "audio" | "image"): Promise<Sent> {
  const media = primary(asked.request, kind);
  return { path: own(id), body: await upload(asked, media), type: media.mime };
}
