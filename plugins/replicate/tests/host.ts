/** The provider, and whoever speaks to it. */

import { ReplicateProvider } from "../src/provider.js";
import { Remote } from "./common/host.js";

export { said } from "./common/host.js";

export class Host extends Remote {
  constructor() {
    super(new ReplicateProvider(), { model: "black-forest-labs/flux-schnell", capability: "text-to-image" });
  }
}
