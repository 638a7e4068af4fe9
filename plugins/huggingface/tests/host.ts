/** The provider, and whoever speaks to it. */

import { HuggingFaceProvider } from "../src/provider.js";
import { Remote } from "./common/host.js";

export { pieces, said } from "./common/host.js";

export class Host extends Remote {
  constructor() {
    super(new HuggingFaceProvider(), { model: "chat", capability: "text-to-text" });
  }

  /** The names of the models that it lists. */
  async listed(): Promise<string[]> {
    const { result } = await this.call("models", {});
    return (result as { models: { id: string }[] }).models.map(({ id }) => id);
  }
}
