/** The provider, and whoever speaks to it. */

import { FalProvider } from "../src/provider.js";
import { Remote } from "./common/host.js";

export class Host extends Remote {
  constructor() {
    super(new FalProvider(), { model: "fal-ai/flux/schnell", capability: "text-to-image" });
  }
}
