/** Hands the process to the SDK. */

import { serve } from "#prizm/plugin";

import { HuggingFaceProvider } from "./provider.js";

serve(new HuggingFaceProvider());
