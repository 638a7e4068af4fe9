/** The provider, and whoever speaks to it. */

import { OpenAiProvider } from "../src/provider.js";
import { Remote } from "./common/host.js";

export { pieces, said } from "./common/host.js";

export class Host extends Remote {
  constructor() {
    super(new OpenAiProvider(), { model: "chat", capability: "text-to-text" });
  }
}
