/** A job on its way to the server: what it is asked with, and by whom. */

import type { Asked, Setting } from "./compatible/index.js";
import type { Settings } from "./settings.js";
import type { Wire } from "./wire.js";

export interface Job extends Asked {
  readonly settings: Settings;
  readonly wire: Wire;
  readonly setting: Setting;
  /** The server's name of the model. */
  readonly model: string;
}
