/** The provider, and whoever speaks to it. */

import { ElevenLabsProvider } from "../src/provider.js";
import { Remote } from "./common/host.js";

export { said } from "./common/host.js";

export class Host extends Remote {
  constructor() {
    super(new ElevenLabsProvider(), { model: "eleven_multilingual_v2", capability: "text-to-audio" });
  }
}

/** A text as an input. */
export const text = (text: string) => ({ inputs: [{ kind: "text", mime: "text/plain", text }] as const });
