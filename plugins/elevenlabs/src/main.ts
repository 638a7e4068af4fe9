/** Hands the process to the SDK. */

import { serve } from "#prizm/plugin";

import { ElevenLabsProvider } from "./provider.js";

serve(new ElevenLabsProvider());
